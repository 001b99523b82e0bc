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
func syncAll(d *disk, paths []string) error {
	folders := []string{"."}
	for _, p := range paths {
		if dir := path.Dir(p); dir != folders[len(folders)-1] {
			folders = append(folders, dir)
		}
	}
	synced := map[uint64]bool{}
	for _, p := range folders {
		dir, err := d.folder(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its last file has gone, and it with that
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
