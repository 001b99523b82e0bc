//go:build !linux

package txn

import (
	"io/fs"
	"os"
)

// syncOpen syncs a file or a folder. Not every system can sync a folder, and
// none that cannot loses a rename for want of it.
func syncOpen(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil && !info.IsDir() {
		return err
	}
	return nil
}

// syncAll has no call that syncs everything.
func syncAll(d *disk, paths []string) error { return syncEach(d.Sync, paths) }

// writable leaves it to the first write to find out.
func writable(*os.File) error { return nil }

// freeBlocks leaves it to the first write to find out.
func freeBlocks(*os.File) (blocks, size int64, ok bool) { return 0, 0, false }

// openIn opens a file in the folder used last.
func openIn(d *disk, name string, flag int, mode fs.FileMode) (*os.File, error) {
	return d.top().OpenFile(name, flag, mode)
}

// contents are those of a plain file.
func contents(d *disk, p string) ([]byte, error) {
	data, _, err := d.Read(p, nil)
	return data, err
}
