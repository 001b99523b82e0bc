//go:build unix

package txn

import (
	"io/fs"
	"os"
	"syscall"
)

// openNow makes opening a pipe return at once. It means nothing to a file.
const openNow = syscall.O_NONBLOCK

// keepOwner gives f the owner and group of another file, or at least the group.
// Who may not give files away, which is nearly everybody, remains the owner.
func keepOwner(f *os.File, like fs.FileInfo) {
	want, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	if f.Chown(int(want.Uid), int(want.Gid)) != nil {
		f.Chown(-1, int(want.Gid))
	}
}
