// Package txn changes many files of one folder as if it were one step. A
// journal with the whole new contents is synced into .kgen/ first; its rename
// into place is the commit point. A run that is killed before it has changed
// nothing, one that is killed after it is finished by the next Recover. No
// path leads out of the folder: not through "..", nor a link, nor a device.
//
// A file that is replaced keeps its mode, and its owner as far as the system
// allows. It is a new file under the old name: another name that was linked to
// it (a hard link) keeps the old contents, since it may be outside.
//
// Apply and Recover expect that the caller holds the folder's Lock.
package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	// Folder is where the journal lives, below the folder that is changed.
	Folder = ".kgen"

	journalPath     = Folder + "/journal"
	journalTempPath = Folder + "/journal.tmp"

	// tempPrefix begins the name that a file is written under, beside its
	// place, before it is renamed there. Its number in the journal follows, so
	// that Recover knows where to look without walking the repository.
	tempPrefix = ".kgen.tmp."

	fileMode   fs.FileMode = 0o644 // less the umask
	folderMode fs.FileMode = 0o755

	// maxFile is in bytes, far above what kgen writes. A file that is made to
	// look endless must not take the memory.
	maxFile = 1 << 30
)

// Journals are the files that a run leaves which was killed, below the folder.
func Journals() []string { return []string{journalPath, journalTempPath} }

// Op is one file's wish: to hold Data, or not to be there.
type Op struct {
	Path   string // slash-separated, relative to the folder, fs.ValidPath
	Data   []byte
	Delete bool
	// Seen is what the caller found at Path when it decided. Apply refuses when
	// the file is another by now: somebody has saved it in between. Nil asks
	// for no such check.
	Seen *Seen
}

// Seen is a file as it was: its contents, or that there was none.
type Seen struct {
	Exists bool
	Data   []byte
}

func (s *Seen) matches(data []byte, exists bool) bool {
	return s == nil || s.Exists == exists && bytes.Equal(s.Data, data)
}

// data is what a reader may expect.
func (s *Seen) data() []byte {
	if s == nil {
		return nil
	}
	return s.Data
}

// tempPath is where entry number i is written before it is renamed to p.
func tempPath(p string, i int) string {
	return path.Join(path.Dir(p), tempPrefix+strconv.Itoa(i))
}

// ordered checks the operations against each other and returns them by path.
func ordered(ops []Op) ([]Op, error) {
	var errs []error
	byPath := make(map[string]bool, len(ops))
	for _, op := range ops {
		if err := checkPath(op.Path); err != nil {
			errs = append(errs, err)
		} else if byPath[op.Path] {
			errs = append(errs, fmt.Errorf("%s is changed twice in one step", op.Path))
		}
		byPath[op.Path] = true
	}
	for _, op := range ops {
		for dir := path.Dir(op.Path); dir != "." && dir != "/"; dir = path.Dir(dir) {
			if byPath[dir] {
				errs = append(errs, fmt.Errorf("%s is changed as a file and holds %s", dir, op.Path))
			}
		}
	}
	sorted := slices.Clone(ops)
	slices.SortFunc(sorted, func(a, b Op) int { return strings.Compare(a.Path, b.Path) })
	return sorted, errors.Join(errs...)
}

// checkPath says why no transaction touches p, or nil. Below .git there are
// files that make git run programs; a journal that came with a clone must not
// be able to write them.
func checkPath(p string) error {
	if p == "." || !fs.ValidPath(p) {
		return fmt.Errorf("%q is not a clean relative path", p)
	}
	for name := range strings.SplitSeq(p, "/") {
		if isGit(name) {
			return fmt.Errorf("%s is git's own; kgen does not write there", p)
		}
	}
	if p == Folder || p == journalPath || p == journalTempPath || strings.HasPrefix(path.Base(p), tempPrefix) {
		return fmt.Errorf("%s is a name that kgen needs for itself while it writes", p)
	}
	return nil
}

// isGit tells that some file system takes name for ".git": it may fold case,
// cut dots and spaces at the end and what follows a colon, know a long name by
// a short one, or overlook characters that nobody sees.
func isGit(name string) bool {
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, ". ")
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	name = strings.ToLower(name)
	return name == ".git" || name == "git~1"
}
