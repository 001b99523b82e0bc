package txn

import (
	"errors"
	"os"

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
// takes a fraction of one fsync each.
func syncAll(d *disk, _ []string) error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
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
