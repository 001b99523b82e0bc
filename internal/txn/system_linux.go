package txn

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// syncOpen syncs a file or a folder. Some file systems cannot sync a folder
// and say EINVAL: there is nothing more to be had from them.
func syncOpen(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}

// syncAll syncs the whole file system once, which for thousands of small files
// takes a fraction of one fsync each. Another one may be mounted at a folder.
//
// It waits until everything is written, but not every failed write comes to be
// known: before Linux 5.8 syncfs tells of none (syncfs(2)), and since then of
// those that no other process's syncfs has been told of already. With such a disk a
// run can end well whose files are damaged after the next start.
func syncAll(d *disk, paths []string) error {
	synced := map[uint64]bool{}
	for _, p := range foldersOf(paths) {
		dir, err := d.folder(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its last file has gone, and it with that: the one above knows
		}
		if err != nil {
			return err
		}
		if err := syncDevice(dir, synced); err != nil {
			return err
		}
	}
	return nil
}

// syncDevice syncs the file system that a folder is on, unless it is in synced.
func syncDevice(dir *os.Root, synced map[uint64]bool) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		return err
	}
	if synced[uint64(s.Dev)] {
		return nil
	}
	synced[uint64(s.Dev)] = true
	return unix.Syncfs(int(f.Fd()))
}

// writable asks the kernel, which knows of read-only mounts and of who runs this.
func writable(folder *os.File) error {
	return unix.Faccessat(int(folder.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// freeBlocks asks the file system. One that has no size of its own tells zero
// blocks in all; then nothing is known.
func freeBlocks(folder *os.File) (blocks, size int64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(folder.Fd()), &s); err != nil || s.Blocks == 0 || s.Bsize <= 0 {
		return 0, 0, false
	}
	free := s.Bavail
	if os.Geteuid() == 0 {
		free = s.Bfree
	}
	return int64(free), int64(s.Bsize), true
}

// openIn opens a file in the folder used last, as os.Root does but for asking
// whether it can be waited for: files never can.
func openIn(d *disk, name string, flag int, mode fs.FileMode) (*os.File, error) {
	fd, err := openat(d, name, flag, mode)
	if err != nil {
		return nil, &fs.PathError{Op: "openat", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

func openat(d *disk, name string, flag int, mode fs.FileMode) (fd int, err error) {
	dir, err := d.descriptor()
	if err != nil {
		return -1, err
	}
	for {
		fd, err = unix.Openat(dir, name, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(mode.Perm()))
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// contents are those of a plain file, as Read returns them: opened without
// following a link or waiting for a pipe, and looked at only then. Whatever is not
// as usual is left to Read, which tells what it is.
func contents(d *disk, p string) ([]byte, error) {
	if _, err := d.folder(path.Dir(p)); err != nil {
		return nil, err
	}
	fd, err := openat(d, path.Base(p), os.O_RDONLY|openNow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, plain(p, "looking", err)
	}
	if err == nil {
		data, ok := all(fd)
		unix.Close(fd)
		if ok {
			return data, nil
		}
	}
	data, _, err := d.Read(p, nil)
	return data, err
}

// all reads a file of at most maxFile bytes to its end; ok is false if it is no
// plain file, or a larger one, or cannot be read.
func all(fd int) (data []byte, ok bool) {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil || s.Mode&unix.S_IFMT != unix.S_IFREG || s.Size > maxFile {
		return nil, false
	}
	data = make([]byte, 0, s.Size+1) // one more, to see the end
	for {
		n, err := unix.Read(fd, data[len(data):cap(data)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || len(data)+n > int(s.Size):
			return nil, false // it has grown meanwhile
		case n == 0:
			return data[:len(data):len(data)], true
		}
		data = data[:len(data)+n]
	}
}
