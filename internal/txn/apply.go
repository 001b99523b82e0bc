package txn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Apply carries out all of the operations below dir, or none. A dir that does
// not exist is made, with its parents; if the run fails, they are gone again.
// A file that holds its data already is left alone, its time stamp included,
// and a file to delete that is not there is no fault.
//
// Until the journal is committed, ctx cancels and nothing has changed. After
// it the run goes on to its end; what fails then is undone, and if that fails
// too, the journal stays for Recover and the error says so. Folders that the
// deletions emptied go as well.
func Apply(ctx context.Context, dir string, ops []Op) error {
	ops, err := ordered(ops)
	if err != nil {
		return err
	}
	if len(ops) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return unchanged(err)
	}
	made, err := makeFolder(dir)
	if err == nil {
		err = applyIn(ctx, dir, ops)
	}
	if err != nil {
		for i := len(made) - 1; i >= 0; i-- {
			os.Remove(made[i]) // only if empty: a journal that has to stay keeps its folder
		}
	}
	return err
}

func applyIn(ctx context.Context, dir string, ops []Op) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return unchanged(plain(dir, "opening the folder", err))
	}
	defer root.Close()
	d := newDisk(root)
	defer d.Close()
	return apply(ctx, d, ops)
}

// makeFolder makes dir and what is missing above it, and returns what it made,
// outermost first.
func makeFolder(dir string) (made []string, err error) {
	var missing []string
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			return nil, unchanged(obstacle(at, info.Mode(), "a folder"))
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return nil, unchanged(plain(at, "looking", err))
		}
		missing = append(missing, at)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := os.Mkdir(missing[i], folderMode); err != nil {
			return made, unchanged(plain(missing[i], "making the folder", err))
		}
		made = append(made, missing[i])
	}
	return made, nil
}

func unchanged(err error) error { return fmt.Errorf("%w; nothing was changed", err) }

// An original is what an entry replaces.
type original struct {
	info fs.FileInfo // nil if there is no file
	data []byte      // what undo puts back; Recover has none, and undoes nothing
}

type transaction struct {
	files     files
	entries   []entry
	originals []original // one an entry
	made      []string   // folders, in the order in which they were made
	ownFolder bool       // whether .kgen itself was missing
	replacing bool       // whether the old files are being touched
}

func apply(ctx context.Context, f files, ops []Op) error {
	t := &transaction{files: f}
	if err := t.prepare(ctx, ops); err != nil {
		return unchanged(err)
	}
	if len(t.entries) == 0 {
		return nil
	}
	if err := t.commit(ctx); err != nil {
		return t.withdraw(err)
	}
	if err := t.carryOut(t.entries); err != nil {
		return t.undo(err)
	}
	return t.finish()
}

// prepare reads what is there, drops what needs no change, and refuses what
// can be known to fail.
func (t *transaction) prepare(ctx context.Context, ops []Op) error {
	var errs []error
	changed := &Changed{}
	if err := t.noJournal(); err != nil {
		return err
	}
	absent := map[string]bool{} // folders that are not there, nor what would be in them
	for _, op := range ops {
		if err := ctx.Err(); err != nil {
			return err
		}
		dir := path.Dir(op.Path)
		var old []byte
		var info fs.FileInfo
		err := fs.ErrNotExist
		if !absent[dir] {
			old, info, err = t.files.Read(op.Path, op.Seen.data())
		}
		had := err == nil
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		if !op.Seen.matches(old, had) {
			changed.Paths = append(changed.Paths, op.Path)
			continue
		}
		if op.Delete && !had || !op.Delete && had && bytes.Equal(old, op.Data) {
			continue
		}
		e := entry{path: op.Path, temp: tempPath(op.Path, len(t.entries)), delete: op.Delete, had: had}
		if !op.Delete {
			e.data = op.Data
		}
		was := original{info: info, data: old}
		if had {
			e.was = newDigest(old)
		}
		if had && info.Mode().Perm()&0o222 == 0 {
			errs = append(errs, fmt.Errorf("%s is read-only; make it writable and run again", op.Path))
		}
		if !had && !absent[dir] {
			_, err := t.files.Lstat(dir)
			absent[dir] = errors.Is(err, fs.ErrNotExist)
		}
		if !absent[dir] {
			if err := t.tempFree(e.temp); err != nil {
				errs = append(errs, err)
			}
		}
		t.entries, t.originals = append(t.entries, e), append(t.originals, was)
	}
	if len(t.entries) > 0 {
		errs = append(errs, t.checkFolders()...)
	}
	if len(changed.Paths) > 0 {
		errs = append(errs, changed)
	}
	return distinct(errs)
}

// tempFree refuses to take a name that is in use: Recover would remove it.
func (t *transaction) tempFree(temp string) error {
	_, err := t.files.Lstat(temp)
	switch {
	case err == nil:
		return fmt.Errorf("%s is in the way: kgen writes under this name before it renames; move it", temp)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// distinct joins the errors, each message once: a linked folder is in the way
// of every file below it.
func distinct(errs []error) error {
	said := map[string]bool{}
	var out []error
	for _, err := range errs {
		if err != nil && !said[err.Error()] {
			said[err.Error()] = true
			out = append(out, err)
		}
	}
	return errors.Join(out...)
}

// noJournal refuses to write over an earlier run that nobody has recovered.
func (t *transaction) noJournal() error {
	for _, p := range []string{journalPath, journalTempPath} {
		_, err := t.files.Lstat(p)
		if err == nil {
			return fmt.Errorf("%s: an earlier run was interrupted; run `kgen recover` first", p)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	_, err := t.files.Lstat(Folder)
	t.ownFolder = errors.Is(err, fs.ErrNotExist)
	return nil
}

// checkFolders asks of each folder that will be written in, or of the nearest
// above it that exists, whether that is allowed.
func (t *transaction) checkFolders() []error {
	asked := map[string]bool{}
	var errs []error
	folders := []string{Folder}
	for _, e := range t.entries {
		folders = append(folders, path.Dir(e.path))
	}
	for _, dir := range folders {
		for ; !asked[dir]; dir = path.Dir(dir) {
			asked[dir] = true
			err := t.files.Writable(dir)
			if !errors.Is(err, fs.ErrNotExist) || dir == "." {
				errs = append(errs, err)
				break
			}
		}
	}
	return errs
}

// commit puts the journal on the disk. When it returns nil, the change will
// happen whatever becomes of this process.
func (t *transaction) commit(ctx context.Context) error {
	if t.ownFolder {
		if err := t.files.Mkdir(Folder); err != nil {
			return err
		}
	}
	journal := formatJournal(t.entries)
	if size := length(journal); size > maxFile {
		return fmt.Errorf("%d MiB are to be written, and kgen writes no more than %d at once", size>>20, maxFile>>20)
	}
	if err := t.files.WriteNew(journalTempPath, journal, nil); err != nil {
		return err
	}
	if err := t.files.Sync(journalTempPath); err != nil {
		return err
	}
	if err := t.enoughSpace(); err != nil {
		return err
	}
	if t.ownFolder {
		if err := t.files.Sync("."); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.files.Rename(journalTempPath, journalPath, nil); err != nil {
		return err
	}
	return t.files.Sync(Folder) // no file may change before the journal is sure to be found
}

// enoughSpace compares what the writes take with what the journal has left:
// all of the new files stand beside the old ones before the first goes.
func (t *transaction) enoughSpace() error {
	free, size, ok := t.files.Free()
	if !ok {
		return nil
	}
	var need int64
	for _, e := range t.entries {
		need += (int64(len(e.data)) + size - 1) / size
	}
	if need > free {
		return fmt.Errorf("no space left on the device: %d KiB are needed and %d KiB are free; make room and run again",
			need*size/1024, free*size/1024)
	}
	return nil
}

// withdraw takes back a journal that no write has followed.
func (t *transaction) withdraw(cause error) error {
	for _, p := range []string{journalTempPath, journalPath} {
		if err := t.files.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w; %w: run `kgen recover` once the cause is gone", cause, err)
		}
	}
	return t.withdrawn(cause)
}
