package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/tree"
)

// kind is what stands at a path.
type kind int

const (
	nothing kind = iota
	file
	folder
	link
	other // a device, pipe or socket
)

// named is one name in a folder.
type named struct {
	name string
	kind kind
}

// store is where files are: the disk, or a tree in memory. Paths are as the
// person wrote them, cleaned; a relative one is below the place that the
// process works in.
type store interface {
	// list gives what is in a folder, sorted by name.
	list(dir string) ([]named, error)
	// look says what is at a path, without following a link.
	look(path string) kind
	// real is where a path leads when every link on it is followed, and what is there.
	real(path string) (string, kind)
	// read gives a file's bytes: an error if there are more than MostBytes.
	read(path string) ([]byte, error)
	// join and dir take paths apart and together.
	join(dir, name string) string
	dir(path string) string
	base(path string) string
}

var errTooLarge = fmt.Errorf("is larger than %d MiB", MostBytes>>20)

// disk is the file system.
type disk struct{}

func (disk) list(dir string) ([]named, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]named, len(entries))
	for i, e := range entries {
		names[i] = named{e.Name(), kindOf(e.Type())}
	}
	return names, nil
}

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return file
	case mode.IsDir():
		return folder
	case mode&fs.ModeSymlink != 0:
		return link
	}
	return other
}

func (disk) look(path string) kind {
	info, err := os.Lstat(path)
	if err != nil {
		return nothing
	}
	return kindOf(info.Mode())
}

func (disk) real(path string) (string, kind) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", nothing
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", nothing
	}
	return real, disk{}.look(real)
}

func (disk) read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > MostBytes {
		return nil, errTooLarge
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if len(data) > MostBytes {
			return nil, errTooLarge
		}
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data)+512)
		}
	}
}

func (disk) join(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

func (disk) dir(path string) string  { return filepath.Dir(path) }
func (disk) base(path string) string { return filepath.Base(path) }

// memory is a tree.
type memory struct {
	tree    *tree.Tree
	folders map[string][]named
}

func newMemory(t *tree.Tree) memory {
	m := memory{tree: t, folders: map[string][]named{".": nil}}
	for _, name := range t.Paths() {
		m.add(name, file)
	}
	for _, names := range m.folders {
		slices.SortFunc(names, func(a, b named) int { return strings.Compare(a.name, b.name) })
	}
	return m
}

func (m memory) add(name string, k kind) {
	dir := path.Dir(name)
	if _, known := m.folders[dir]; !known {
		m.folders[dir] = nil
		m.add(dir, folder)
	}
	m.folders[dir] = append(m.folders[dir], named{path.Base(name), k})
}

func (m memory) list(dir string) ([]named, error) {
	names, ok := m.folders[dir]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	return names, nil
}

func (m memory) look(path string) kind {
	if _, ok := m.folders[path]; ok {
		return folder
	}
	if _, ok := m.tree.File(path); ok {
		return file
	}
	return nothing
}

func (m memory) real(path string) (string, kind) { return path, m.look(path) }

func (m memory) read(path string) ([]byte, error) {
	data, ok := m.tree.File(path)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if len(data) > MostBytes {
		return nil, errTooLarge
	}
	return data, nil
}

func (memory) join(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

func (memory) dir(p string) string  { return path.Dir(p) }
func (memory) base(p string) string { return path.Base(p) }

// within reports whether path is dir or below it; both are clean.
func within(path, dir string) bool {
	if dir == "." {
		return path != ".." && !strings.HasPrefix(path, "../") && !filepath.IsAbs(path)
	}
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}
