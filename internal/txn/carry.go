package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// carryOut makes the changes of a committed journal. All new contents are on
// the disk before the first rename, so no power cut leaves half a file in a
// file's place; and a rename over a file whose contents are on the disk is no
// flush of its own (ext4's auto_da_alloc, a large factor for small files).
func (t *transaction) carryOut() error {
	var temps []string
	for _, e := range t.entries {
		if e.delete {
			continue
		}
		if err := t.makeFolders(path.Dir(e.path)); err != nil {
			return err
		}
		mode, err := t.modeOf(e)
		if err != nil {
			return err
		}
		temps = append(temps, e.temp)
		if err := t.files.WriteNew(e.temp, e.data, mode); err != nil {
			return err
		}
	}
	if len(temps) > 0 {
		if err := t.files.SyncAll(temps); err != nil {
			return err
		}
	}
	t.replacing = true
	paths := make([]string, len(t.entries))
	for i, e := range t.entries {
		paths[i] = e.path
		if e.delete {
			continue
		}
		if err := t.files.Rename(e.temp, e.path); err != nil {
			return err
		}
	}
	for _, e := range t.entries {
		if !e.delete {
			continue
		}
		if err := t.files.Remove(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return t.files.SyncAll(paths)
}

// modeOf is the mode of the file that is replaced, or that of a new file.
func (t *transaction) modeOf(e entry) (fs.FileMode, error) {
	if !e.had {
		return fileMode, nil
	}
	info, err := t.files.Lstat(e.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileMode, nil
	case err != nil:
		return 0, err
	}
	return info.Mode().Perm(), nil
}

// makeFolders makes a folder and what is missing above it.
func (t *transaction) makeFolders(dir string) error {
	if dir == "." {
		return nil
	}
	info, err := t.files.Lstat(dir)
	if err == nil && !info.IsDir() {
		return obstacle(dir, info.Mode(), "a folder")
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := t.makeFolders(path.Dir(dir)); err != nil {
		return err
	}
	t.made = append(t.made, dir)
	return t.files.Mkdir(dir)
}

// finish is what is left once everything new is on the disk.
func (t *transaction) finish() error {
	removeEmptied(t.files, t.entries)
	if err := t.files.Remove(journalPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("every file was written, but %w; run `kgen recover` once the cause is gone", err)
	}
	// If the removal is lost with the power, Recover finds everything done.
	t.files.Sync(Folder)
	if t.ownFolder {
		t.files.RemoveFolder(Folder)
	}
	return nil
}

// removeEmptied removes the folders that the deletions emptied, and those
// above them as far as they are empty. One that cannot be removed stays: git
// does not see it either.
func removeEmptied(f files, entries []entry) {
	for _, e := range entries {
		if !e.delete {
			continue
		}
		for dir := path.Dir(e.path); dir != "." && f.RemoveFolder(dir) == nil; dir = path.Dir(dir) {
		}
	}
}

// undo puts everything back after a failure and returns the whole story.
func (t *transaction) undo(cause error) error {
	err := t.restore()
	if err == nil {
		err = t.files.Remove(journalPath)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; putting the old files back failed too: %w; run `kgen recover` once the cause is gone: it completes the change", cause, err)
	}
	t.files.Sync(Folder)
	if t.ownFolder {
		t.files.RemoveFolder(Folder)
	}
	return unchanged(cause)
}

// restore removes what was made before it writes what was there, because the
// cause may have been a full disk. A crash in the middle of it leaves the
// journal, and Recover goes forward from there.
func (t *transaction) restore() error {
	if err := removeTemps(t.files, t.entries); err != nil {
		return err
	}
	var paths []string
	if t.replacing {
		for _, had := range []bool{false, true} {
			for i, e := range t.entries {
				if e.had != had {
					continue
				}
				paths = append(paths, e.path)
				if err := t.restoreOne(e, t.originals[i]); err != nil {
					return err
				}
			}
		}
	}
	for i := len(t.made) - 1; i >= 0; i-- {
		t.files.RemoveFolder(t.made[i]) // stays if somebody has put a file into it
	}
	return t.files.SyncAll(paths)
}

// restoreOne undoes a change if it was made, and leaves alone what is neither
// the old nor the new file: somebody has saved it in this instant.
func (t *transaction) restoreOne(e entry, was original) error {
	now, _, err := t.files.Read(e.path)
	gone := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !gone:
		return err
	case gone != e.delete, !gone && !bytes.Equal(now, e.data):
		return nil
	case !e.had:
		return t.files.Remove(e.path)
	}
	// Synced before the rename: the journal knows the old contents only by
	// their hash, so Recover could not tell a torn file from an edited one.
	if err := t.files.WriteNew(e.temp, was.data, was.mode); err != nil {
		return err
	}
	if err := t.files.Sync(e.temp); err != nil {
		return err
	}
	return t.files.Rename(e.temp, e.path)
}

// removeTemps removes what a broken run left beside the files, if anything.
func removeTemps(f files, entries []entry) error {
	for _, e := range entries {
		if err := f.Remove(e.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
