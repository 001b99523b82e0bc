package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// files is every operation that a transaction makes on a disk. It stands as an
// interface so that a test can break a run before and after each of them.
// Paths are slash-separated and relative to one folder.
type files interface {
	// Lstat describes what is at path, not what it links to.
	Lstat(path string) (fs.FileInfo, error)
	// Read returns a plain file; anything else there is an Obstacle.
	Read(path string) ([]byte, fs.FileInfo, error)
	// WriteNew makes a file that must not exist, and leaves none if it fails.
	WriteNew(path string, data []byte, mode fs.FileMode) error
	// Rename replaces a file by another of the same folder.
	Rename(from, to string) error
	Mkdir(path string) error
	Remove(path string) error
	// RemoveFolder removes a folder only if it is empty.
	RemoveFolder(path string) error
	// Sync puts one file's contents, or one folder's names, on the disk.
	Sync(path string) error
	// SyncAll does so for all of these files and their folders.
	SyncAll(paths []string) error
	// Writable says why names in a folder cannot be changed, as far as the system tells.
	Writable(folder string) error
	// Free is the space left, in blocks and bytes a block; ok is false if unknown.
	Free() (blocks, size int64, ok bool)
}

// An Obstacle is something in the way of a file or folder of kgen's: a link, a
// device, a folder instead of a file. It is neither followed nor replaced.
type Obstacle struct {
	Path  string
	Found string // "a symbolic link"
	Want  string // "a file" or "a folder"
}

func (o *Obstacle) Error() string {
	return fmt.Sprintf("%s is %s, but %s has to be there; move it out of the way", o.Path, o.Found, o.Want)
}

func obstacle(path string, mode fs.FileMode, want string) *Obstacle {
	found := "a file"
	switch {
	case mode&fs.ModeSymlink != 0:
		found = "a symbolic link"
	case mode.IsDir():
		found = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		found = "a named pipe"
	case mode&fs.ModeSocket != 0:
		found = "a socket"
	case mode&(fs.ModeDevice|fs.ModeIrregular) != 0:
		found = "a device"
	}
	return &Obstacle{Path: path, Found: found, Want: want}
}

// disk is files on the real disk, below one os.Root. It holds the chain of
// folders down to the one used last, each opened through its parent and seen
// to be no link, so that work in path order opens each folder once.
type disk struct {
	root  *os.Root
	names []string
	chain []*os.Root // chain[i] is the folder names[i]
	last  string     // names joined
}

func newDisk(root *os.Root) *disk { return &disk{root: root, last: "."} }

// Close lets go of the chain; the root stays open.
func (d *disk) Close() { d.cut(0) }

func (d *disk) cut(n int) {
	for _, r := range d.chain[n:] {
		r.Close()
	}
	d.chain, d.names = d.chain[:n], d.names[:n]
	d.last = path.Join(d.names...)
	if n == 0 {
		d.last = "."
	}
}

func (d *disk) top() *os.Root {
	if len(d.chain) == 0 {
		return d.root
	}
	return d.chain[len(d.chain)-1]
}

// folder opens the folder at path, component by component.
func (d *disk) folder(p string) (*os.Root, error) {
	if p == d.last {
		return d.top(), nil
	}
	if p == "." {
		d.cut(0)
		return d.root, nil
	}
	names := strings.Split(p, "/")
	same := 0
	for same < len(names) && same < len(d.names) && names[same] == d.names[same] {
		same++
	}
	d.cut(same)
	for _, name := range names[same:] {
		at := path.Join(d.last, name)
		parent := d.top()
		info, err := parent.Lstat(name)
		if err != nil {
			return nil, plain(at, "looking", err)
		}
		if !info.IsDir() {
			return nil, obstacle(at, info.Mode(), "a folder")
		}
		child, err := parent.OpenRoot(name)
		if err != nil {
			return nil, plain(at, "opening", err)
		}
		if got, err := child.Stat("."); err != nil || !os.SameFile(info, got) {
			child.Close()
			return nil, fmt.Errorf("%s was exchanged while kgen looked at it; run again", at)
		}
		d.chain, d.names, d.last = append(d.chain, child), append(d.names, name), at
	}
	return d.top(), nil
}

func (d *disk) parent(p string) (*os.Root, string, error) {
	dir, err := d.folder(path.Dir(p))
	return dir, path.Base(p), err
}

func (d *disk) Lstat(p string) (fs.FileInfo, error) {
	dir, name, err := d.parent(p)
	if err != nil {
		return nil, err
	}
	info, err := dir.Lstat(name)
	return info, plain(p, "looking", err)
}

func (d *disk) Read(p string) ([]byte, fs.FileInfo, error) {
	info, err := d.Lstat(p)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, obstacle(p, info.Mode(), "a file")
	}
	f, err := d.top().Open(path.Base(p))
	if err != nil {
		return nil, nil, plain(p, "reading", err)
	}
	defer f.Close()
	if got, err := f.Stat(); err != nil || !os.SameFile(info, got) {
		return nil, nil, fmt.Errorf("%s was exchanged while kgen read it; run again", p)
	}
	buf := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := buf.ReadFrom(f); err != nil {
		return nil, nil, plain(p, "reading", err)
	}
	return buf.Bytes(), info, nil
}

func (d *disk) WriteNew(p string, data []byte, mode fs.FileMode) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return plain(p, "writing", err)
	}
	_, err = f.Write(data)
	if err == nil && mode != fileMode {
		err = f.Chmod(mode) // a file that is put back had its mode whatever the umask
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(plain(p, "writing", err), dir.Remove(name))
	}
	return err
}

func (d *disk) Rename(from, to string) error {
	dir, name, err := d.parent(to)
	if err != nil {
		return err
	}
	return plain(to, "replacing", dir.Rename(path.Base(from), name))
}

func (d *disk) Mkdir(p string) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	return plain(p, "making the folder", dir.Mkdir(name, folderMode))
}

func (d *disk) Remove(p string) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	return plain(p, "removing", dir.Remove(name))
}

func (d *disk) RemoveFolder(p string) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	info, err := dir.Lstat(name)
	if err != nil {
		return plain(p, "removing", err)
	}
	if !info.IsDir() {
		return obstacle(p, info.Mode(), "a folder")
	}
	return plain(p, "removing", dir.Remove(name))
}

func (d *disk) Sync(p string) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	f, err := dir.Open(name)
	if err != nil {
		return plain(p, "syncing", err)
	}
	defer f.Close()
	return plain(p, "syncing", syncOpen(f))
}

func (d *disk) SyncAll(paths []string) error {
	return plain(d.root.Name(), "syncing", syncAll(d, paths))
}

func (d *disk) Writable(p string) error {
	dir, err := d.folder(p)
	if err != nil {
		return err
	}
	f, err := dir.Open(".")
	if err != nil {
		return plain(p, "opening", err)
	}
	defer f.Close()
	if p == "." {
		p = d.root.Name()
	}
	return plain(p, "writing into the folder", writable(f))
}

func (d *disk) Free() (blocks, size int64, ok bool) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	return freeBlocks(f)
}

// plain says where and what once: os names only the last component, and
// repeats the system call's name.
func plain(p, doing string, err error) error {
	if err == nil {
		return nil
	}
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	}
	return fmt.Errorf("%s: %s: %w", p, doing, err)
}
