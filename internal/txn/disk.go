package txn

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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
	// Read returns a plain file; anything else there is an Obstacle. Where it
	// holds what it is expected to, these are the very bytes of expected.
	Read(path string, expected []byte) ([]byte, fs.FileInfo, error)
	// WriteNew makes a file that must not exist, and leaves none if it fails.
	// Its contents come in pieces, in their order.
	// It has the mode of the file like, and its owner as far as the system
	// allows that; without one it is an ordinary new file.
	WriteNew(path string, data [][]byte, like fs.FileInfo) error
	// Rename gives a file the name of another in the same folder, which must
	// still be as was describes it, or for nil still be missing: if somebody
	// has saved it since, that is a Changed.
	Rename(from, to string, was fs.FileInfo) error
	// Delete removes a file that must still be as was describes it.
	Delete(path string, was fs.FileInfo) error
	Mkdir(path string) error
	// Remove removes a file of kgen's own.
	Remove(path string) error
	// RemoveFolder removes a folder only if it is empty.
	RemoveFolder(path string) error
	// Sync puts one file's contents, or one folder's names, on the disk.
	Sync(path string) error
	// SyncAll does so for all of these files, their folders and those above them.
	// A path that does not exist has its removal synced.
	SyncAll(paths []string) error
	// Writable says why names in a folder cannot be changed, as far as the system tells.
	Writable(folder string) error
	// Free is the space left, in blocks and bytes a block; ok is false if unknown.
	Free() (blocks, size int64, ok bool)
}

// disk is files on the real disk, below one os.Root. It holds the chain of
// folders down to the one used last, each opened through its parent and seen
// to be no link, so that work in path order opens each folder once.
type disk struct {
	root  *os.Root
	names []string
	chain []*os.Root // chain[i] is the folder names[i]
	last  string     // names joined
	open  *os.File   // the folder used last, or nil until its descriptor is asked for
	fd    int        // that of open
}

func newDisk(root *os.Root) *disk { return &disk{root: root, last: "."} }

// Close lets go of the chain; the root stays open.
func (d *disk) Close() { d.cut(0) }

func (d *disk) cut(n int) {
	d.letGo()
	for _, r := range d.chain[n:] {
		r.Close()
	}
	d.chain, d.names = d.chain[:n], d.names[:n]
	d.last = path.Join(d.names...)
	if n == 0 {
		d.last = "."
	}
}

func (d *disk) letGo() {
	if d.open != nil {
		d.open.Close()
		d.open = nil
	}
}

// descriptor is that of the folder used last, until the next folder is.
func (d *disk) descriptor() (int, error) {
	if d.open == nil {
		f, err := d.top().Open(".")
		if err != nil {
			return -1, err
		}
		d.open, d.fd = f, int(f.Fd())
	}
	return d.fd, nil
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

func (d *disk) Read(p string, expected []byte) ([]byte, fs.FileInfo, error) {
	info, err := d.Lstat(p)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, obstacle(p, info.Mode(), "a file")
	}
	if info.Size() > maxFile {
		return nil, nil, fmt.Errorf("%s has %d MiB, and kgen writes no file of more than %d; move it out of the way", p, info.Size()>>20, maxFile>>20)
	}
	// What was a file a moment ago may be a pipe by now: openNow does not wait for its other end.
	f, err := d.top().OpenFile(path.Base(p), os.O_RDONLY|openNow, 0)
	if err != nil {
		return nil, nil, plain(p, "reading", err)
	}
	defer f.Close()
	if got, err := f.Stat(); err != nil || !os.SameFile(info, got) {
		return nil, nil, fmt.Errorf("%s was exchanged while kgen read it; run again", p)
	}
	if expected != nil && info.Size() == int64(len(expected)) {
		same, err := holds(f, expected)
		if err == nil && !same {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil || same {
			return expected, info, plain(p, "reading", err)
		}
	}
	buf := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, nil, plain(p, "reading", err)
	}
	return buf.Bytes(), info, nil
}

// holds reports whether a file has these contents and no more, without a second copy of them.
func holds(f io.Reader, contents []byte) (bool, error) {
	chunk := make([]byte, min(len(contents)+1, 1<<17))
	for {
		n, err := f.Read(chunk)
		if !bytes.HasPrefix(contents, chunk[:n]) {
			return false, nil
		}
		contents = contents[n:]
		if errors.Is(err, io.EOF) {
			return len(contents) == 0, nil
		}
		if err != nil {
			return false, err
		}
	}
}

func (d *disk) WriteNew(p string, data [][]byte, like fs.FileInfo) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	mode := fileMode
	if like != nil {
		mode = like.Mode().Perm() & 0o700 // the others' part only once the owner is right
	}
	f, err := openIn(d, name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return plain(p, "writing", err)
	}
	err = write(f, data)
	if err == nil && like != nil {
		keepOwner(f, like)
		err = f.Chmod(like.Mode().Perm()) // whatever the umask
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(plain(p, "writing", err), dir.Remove(name))
	}
	return err
}

// write gathers small pieces, so that many of them are few system calls.
func write(f *os.File, pieces [][]byte) error {
	if len(pieces) == 1 {
		_, err := f.Write(pieces[0])
		return err
	}
	w := bufio.NewWriterSize(f, 1<<18)
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Rename looks and renames; no system offers the two in one step. A save that
// falls into the microseconds between them is lost.
func (d *disk) Rename(from, to string, was fs.FileInfo) error {
	dir, name, err := d.parent(to)
	if err != nil {
		return err
	}
	if err := still(dir, to, was); err != nil {
		return err
	}
	return plain(to, "replacing", dir.Rename(path.Base(from), name))
}

func (d *disk) Delete(p string, was fs.FileInfo) error {
	dir, name, err := d.parent(p)
	if err != nil {
		return err
	}
	if err := still(dir, p, was); err != nil {
		return err
	}
	return plain(p, "removing", dir.Remove(name))
}

// still says how what is at p now differs from what was there, or nil.
func still(dir *os.Root, p string, was fs.FileInfo) error {
	now, err := dir.Lstat(path.Base(p))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		now = nil
	case err != nil:
		return plain(p, "looking", err)
	case !now.Mode().IsRegular():
		return obstacle(p, now.Mode(), "a file")
	}
	if !unsaved(was, now) {
		return &Changed{Paths: []string{p}}
	}
	return nil
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
	f, err := dir.OpenFile(name, os.O_RDONLY|openNow, 0)
	if err != nil {
		return plain(p, "syncing", err)
	}
	defer f.Close()
	return plain(p, "syncing", syncOpen(f))
}

func (d *disk) SyncAll(paths []string) error {
	d.cut(0) // a folder that was exchanged for a link since is seen before the next step
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
