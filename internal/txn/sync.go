package txn

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// syncEach syncs file by file, then folder by folder. What has been removed
// cannot be synced: the folder that it was in is, or the one above that.
func syncEach(sync func(path string) error, paths []string) error {
	for _, all := range [][]string{paths, foldersOf(paths)} {
		for _, p := range all {
			if err := sync(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// foldersOf are the folders of these files and all above them, up to ".": each may
// be as new as the file, and a folder without its name in the one above is lost.
func foldersOf(paths []string) []string {
	folders := map[string]bool{".": true}
	for _, p := range paths {
		for dir := path.Dir(p); !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(folders))
}
