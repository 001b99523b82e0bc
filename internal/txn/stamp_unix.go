//go:build linux || darwin || freebsd || netbsd || openbsd

package txn

import "golang.org/x/sys/unix"

// stamp is that of a file in the folder used last.
func stamp(d *disk, name string) Stamp {
	dir, err := d.descriptor()
	if err != nil {
		return Stamp{}
	}
	var s unix.Stat_t
	for {
		err := unix.Fstatat(dir, name, &s, unix.AT_SYMLINK_NOFOLLOW)
		if err == unix.EINTR {
			continue
		}
		if err != nil || s.Mode&unix.S_IFMT != unix.S_IFREG {
			return Stamp{}
		}
		return Stamp{Size: s.Size, Modified: s.Mtim.Nano(), Changed: s.Ctim.Nano(), Inode: uint64(s.Ino)}
	}
}
