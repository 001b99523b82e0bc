package txn

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Changed is that somebody has saved files since they were read, or removed
// them, or made them. Apply has then changed nothing.
type Changed struct {
	Paths []string // all of them, sorted
}

func (c *Changed) Error() string {
	if len(c.Paths) == 1 {
		return c.Paths[0] + " has changed since kgen read it; run again to take the change into account"
	}
	return strings.Join(c.Paths, ", ") + " have changed since kgen read them; run again to take the changes into account"
}

// unsaved tells that two descriptions of one path, nil for no file, are of the
// same file with the same contents.
func unsaved(was, now fs.FileInfo) bool {
	if was == nil || now == nil {
		return was == nil && now == nil
	}
	return os.SameFile(was, now) && was.Mode() == now.Mode() && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime())
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
