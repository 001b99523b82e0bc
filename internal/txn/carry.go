package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// carryOut makes the changes of a committed journal. All new contents are on
// the disk before the first rename, so no power cut leaves half a file in a
// file's place; and a rename over a file whose contents are on the disk is no
// flush of its own (ext4's auto_da_alloc, a large factor for small files).
//
// The journal's entries are all that it holds, of which those of the transaction
// are left to do. When it returns nil all of them are on the disk: also what an
// earlier run had got to before it was killed.
func (t *transaction) carryOut(journal []entry) error {
	var temps []string
	there := map[string]bool{} // folders that were seen or made in this pass
	for i, e := range t.entries {
		if e.delete {
			continue
		}
		if dir := path.Dir(e.path); !there[dir] {
			if err := t.makeFolders(dir); err != nil {
				return err
			}
			there[dir] = true
		}
		temps = append(temps, e.temp)
		if err := t.files.WriteNew(e.temp, [][]byte{e.data}, t.originals[i].info); err != nil {
			return err
		}
	}
	if len(temps) > 0 {
		if err := t.files.SyncAll(temps); err != nil {
			return err
		}
	}
	if err := t.asFound(); err != nil {
		return err
	}
	t.replacing = true
	for i, e := range t.entries {
		if e.delete {
			continue
		}
		if err := t.files.Rename(e.temp, e.path, t.originals[i].info); err != nil {
			return t.allChanged(err, i)
		}
	}
	for i, e := range t.entries {
		if !e.delete || t.originals[i].info == nil {
			continue
		}
		if err := t.files.Delete(e.path, t.originals[i].info); err != nil {
			return t.allChanged(err, i)
		}
	}
	return t.files.SyncAll(pathsOf(journal))
}

// asFound is a Changed of every file that somebody has saved since it was read.
// The first rename and each one after it look again; but what is seen here leaves
// every file as it was, so that there is nothing to put back.
func (t *transaction) asFound() error {
	made := map[string]bool{}
	for _, dir := range t.made {
		made[dir] = true
	}
	changed := &Changed{}
	for i, e := range t.entries {
		if made[path.Dir(e.path)] {
			continue
		}
		now, err := t.files.Lstat(e.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			now = nil
		case err != nil:
			return err
		}
		if !unsaved(t.originals[i].info, now) {
			changed.Paths = append(changed.Paths, e.path)
		}
	}
	if len(changed.Paths) > 0 {
		slices.Sort(changed.Paths)
		return changed
	}
	return nil
}

func pathsOf(entries []entry) []string {
	paths := make([]string, len(entries))
	for i, e := range entries {
		paths[i] = e.path
	}
	return paths
}

// allChanged completes a Changed at one entry with the others that no step has
// reached and that somebody has saved as well.
func (t *transaction) allChanged(err error, at int) error {
	var changed *Changed
	if !errors.As(err, &changed) {
		return err
	}
	all := &Changed{Paths: changed.Paths}
	for i, e := range t.entries {
		reached := i <= at && e.delete == t.entries[at].delete || !e.delete && t.entries[at].delete
		if reached {
			continue
		}
		now, err := t.files.Lstat(e.path)
		if err != nil {
			now = nil
		}
		if (err == nil || errors.Is(err, fs.ErrNotExist)) && !unsaved(t.originals[i].info, now) {
			all.Paths = append(all.Paths, e.path)
		}
	}
	slices.Sort(all.Paths)
	return all
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
	if !t.replacing {
		return t.retract(cause)
	}
	err := t.restore()
	if err == nil {
		err = t.files.Remove(journalPath)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// The cause is told, not wrapped: its kind would promise that nothing has changed.
		return fmt.Errorf("%v; putting the old files back failed too: %w; run `kgen recover` once the cause is gone: it completes the change", cause, err)
	}
	return t.withdrawn(cause)
}

// retract takes a commit back that no replacement has followed. First of all the
// journal is none any more, so that whatever fails after that is no more than a
// matter of tidying up, for Recover as well.
func (t *transaction) retract(cause error) error {
	err := t.files.Rename(journalPath, journalTempPath, nil)
	if err == nil {
		err = t.files.Sync(Folder)
	}
	if err != nil {
		return fmt.Errorf("%v; taking the run back failed too: %w; run `kgen recover` once the cause is gone: it completes the change", cause, err)
	}
	if err = t.restore(); err == nil {
		err = t.files.Remove(journalTempPath)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%v; no file was changed, but tidying up failed too: %w; run `kgen recover` once the cause is gone", cause, err)
	}
	return t.withdrawn(cause)
}

// withdrawn ends a run whose journal was taken back. Where that is not sure to
// be on the disk, a power cut brings the journal back, and Recover goes forward.
func (t *transaction) withdrawn(cause error) error {
	if err := t.files.Sync(Folder); err != nil {
		return fmt.Errorf("%v; nothing was changed, but taking it back is not on the disk: %w; "+
			"see to the disk: if it fails now, `kgen recover` may complete the change", cause, err)
	}
	if t.ownFolder {
		t.files.RemoveFolder(Folder)
	}
	return unchanged(cause)
}

// restore removes what was made before it writes what was there, because the
// cause may have been a full disk. What cannot be put back keeps nothing else
// from it. A crash in the middle of it leaves the journal, and Recover goes
// forward from there.
func (t *transaction) restore() error {
	errs := []error{removeTemps(t.files, t.entries)}
	if t.replacing {
		for _, had := range []bool{false, true} {
			for i, e := range t.entries {
				if e.had != had {
					continue
				}
				errs = append(errs, t.restoreOne(e, t.originals[i]))
			}
		}
	}
	for i := len(t.made) - 1; i >= 0; i-- {
		t.files.RemoveFolder(t.made[i]) // stays if somebody has put a file into it
	}
	// All of them: what was not replaced has a temporary file less.
	return distinct(append(errs, t.files.SyncAll(pathsOf(t.entries))))
}

// restoreOne undoes a change if it was made, and leaves alone what is neither
// the old nor the new file: somebody has saved it in this instant.
func (t *transaction) restoreOne(e entry, was original) error {
	now, info, err := t.files.Read(e.path, e.data)
	gone := errors.Is(err, fs.ErrNotExist)
	var theirs *Obstacle
	switch {
	case errors.As(err, &theirs) && theirs.Path == e.path:
		return nil
	case err != nil && !gone:
		return err
	case gone && e.had && t.folderGone(e.path):
		// Whoever has taken the folder away has the new file in it, or brings it back.
		return fmt.Errorf("%s is not there any more", path.Dir(e.path))
	case gone != e.delete, !gone && !bytes.Equal(now, e.data):
		return nil
	case !e.had:
		return t.files.Delete(e.path, info)
	}
	// Synced before the rename: the journal knows the old contents only by
	// their hash, so Recover could not tell a torn file from an edited one.
	if err := t.files.WriteNew(e.temp, [][]byte{was.data}, was.info); err != nil {
		return err
	}
	if err := t.files.Sync(e.temp); err != nil {
		return err
	}
	err = t.files.Rename(e.temp, e.path, info)
	var changed *Changed
	if errors.As(err, &changed) {
		return t.files.Remove(e.temp)
	}
	return err
}

func (t *transaction) folderGone(p string) bool {
	_, err := t.files.Lstat(path.Dir(p))
	return errors.Is(err, fs.ErrNotExist)
}

// removeTemps removes what a broken run left beside the files, if anything.
func removeTemps(f files, entries []entry) error {
	var errs []error
	for _, e := range entries {
		if err := f.Remove(e.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return distinct(errs)
}
