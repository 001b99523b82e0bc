package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Outcome is what Recover found to do.
type Outcome string

const (
	// Nothing: no run was interrupted.
	Nothing Outcome = "nothing"
	// Discarded: a run was interrupted before it had changed anything.
	Discarded Outcome = "discarded"
	// Finished: a run was interrupted half way, and is complete now.
	Finished Outcome = "finished"
)

// Recovered tells what Recover did.
type Recovered struct {
	Outcome Outcome  `json:"outcome"`
	Paths   []string `json:"paths,omitempty"` // files written or removed to finish
}

// String is one sentence for the user, empty if there was nothing to do.
func (r Recovered) String() string {
	switch r.Outcome {
	case Discarded:
		return "an earlier run was interrupted before it changed anything; its leftovers are removed"
	case Finished:
		return fmt.Sprintf("an earlier run was interrupted; it is finished now (files left to do: %d)", len(r.Paths))
	}
	return ""
}

// Recover brings the folder to a whole state after a run that was killed: the
// new one if its journal was committed, otherwise the old one. A file that is
// neither as it was before that run nor as the run wanted it belongs to a
// person: then nothing is written and the error names each such file. It may
// be interrupted and run again. A dir that does not exist needs nothing.
func Recover(dir string) (Recovered, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Recovered{Outcome: Nothing}, nil
	}
	if err != nil {
		return Recovered{Outcome: Nothing}, plain(dir, "opening the folder", err)
	}
	defer root.Close()
	d := newDisk(root)
	defer d.Close()
	return recovery(d)
}

func recovery(f files) (Recovered, error) {
	r := Recovered{Outcome: Nothing}
	if info, err := f.Lstat(Folder); errors.Is(err, fs.ErrNotExist) {
		return r, nil
	} else if err != nil {
		return r, err
	} else if !info.IsDir() {
		return r, obstacle(Folder, info.Mode(), "a folder")
	}
	if err := discard(f, &r); err != nil {
		return r, err
	}
	journal, _, err := f.Read(journalPath, nil)
	if errors.Is(err, fs.ErrNotExist) {
		// A run that is killed around its journal leaves an empty folder.
		if f.RemoveFolder(Folder) == nil {
			r.Outcome = Discarded
		}
		return r, nil
	}
	if err != nil {
		return r, err
	}
	entries, err := parseJournal(journal)
	if err != nil {
		return r, fmt.Errorf("%s is damaged: %w; compare the files with your version control, then delete it", journalPath, err)
	}
	// Before anything can be refused, so that whoever gives the run up by
	// deleting its journal has no temporary files left.
	if err := removeTemps(f, entries); err != nil {
		return r, unfinished(err)
	}
	t := &transaction{files: f}
	if err := t.outstanding(entries); err != nil {
		return r, err
	}
	if err := t.resume(entries); err != nil {
		return r, unfinished(err)
	}
	r.Outcome = Finished
	for _, e := range t.entries {
		r.Paths = append(r.Paths, e.path)
	}
	return r, nil
}

func unfinished(err error) error {
	return fmt.Errorf("finishing an interrupted run: %w; run `kgen recover` once the cause is gone", err)
}

// discard removes a journal that was never committed, be it whole or torn, or that
// was taken back: then temporary files may be left of it.
func discard(f files, r *Recovered) error {
	info, err := f.Lstat(journalTempPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return obstacle(journalTempPath, info.Mode(), "a file")
	}
	journal, _, err := f.Read(journalTempPath, nil)
	if err != nil {
		return err
	}
	if entries, err := parseJournal(journal); err == nil {
		if err := removeTemps(f, entries); err != nil {
			return fmt.Errorf("removing what an interrupted run has left: %w; run `kgen recover` once the cause is gone", err)
		}
	}
	if err := f.Remove(journalTempPath); err != nil {
		return err
	}
	r.Outcome = Discarded
	return nil
}

// outstanding takes up the entries that are not done, and refuses those whose
// file a person has changed.
func (t *transaction) outstanding(entries []entry) error {
	var errs []error
	for _, e := range entries {
		now, info, err := t.files.Read(e.path, e.data)
		missing := errors.Is(err, fs.ErrNotExist)
		switch {
		case err != nil && !missing:
			errs = append(errs, err)
		case e.delete && missing, !e.delete && !missing && bytes.Equal(now, e.data):
			// done
		case missing, e.had && newDigest(now) == e.was:
			t.entries, t.originals = append(t.entries, e), append(t.originals, original{info: info})
		default:
			errs = append(errs, fmt.Errorf("%s was edited after a run of kgen was interrupted; "+
				"to finish that run, move the file away, run `kgen recover`, and bring the edit back; "+
				"to give it up, delete %s", e.path, journalPath))
		}
	}
	return distinct(errs)
}

// resume does what carryOut and finish would have done. The run may have been
// killed right after it had committed its journal, before that was on the disk.
func (t *transaction) resume(entries []entry) error {
	if err := t.files.Sync(Folder); err != nil {
		return err
	}
	if err := t.carryOut(entries); err != nil {
		return err
	}
	removeEmptied(t.files, entries)
	if err := t.files.Remove(journalPath); err != nil {
		return err
	}
	t.files.Sync(Folder)
	t.files.RemoveFolder(Folder) // only if the run that broke had made it and left it empty
	return nil
}
