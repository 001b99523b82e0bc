package txn

import (
	"io/fs"
	"os"
	"path"
)

// A Stamp is what the file system tells of a file without opening it, times in
// nanoseconds since 1970. Whoever writes to the file changes it, at the latest
// with the next tick of the file system's clock. The zero Stamp is of no plain
// file, or of a system that does not tell.
type Stamp struct {
	Size, Modified, Changed int64
	Inode                   uint64
}

// Stamps are those of files below root, in the order of the paths. A file that
// is not there, or stands behind a link, has the zero Stamp.
func Stamps(root *os.Root, paths []string) []Stamp {
	out := make([]Stamp, len(paths))
	inStretches(root, paths, func(d *disk, i int) {
		p := paths[i]
		if p == "." || !fs.ValidPath(p) {
			return
		}
		if _, err := d.folder(path.Dir(p)); err == nil {
			out[i] = stamp(d, path.Base(p))
		}
	})
	return out
}

// Note writes a file of kgen's own whose loss is none: whole or not at all, but
// in no journal and synced by nobody. The folder that it stands in, and the one
// above that, are made if they are missing. Prepare is called before the file has
// its place and returns what is to be in it, given the time at which that began
// by the file system's clock.
func Note(root *os.Root, p string, prepare func(now int64) []byte) (err error) {
	d := newDisk(root)
	defer d.Close()
	t := &transaction{files: d}
	if err := t.makeFolders(path.Dir(p)); err != nil {
		return err
	}
	clock, temp := p+".clock", p+".tmp"
	for _, left := range []string{clock, temp} {
		d.Remove(left)
	}
	if err := d.WriteNew(clock, nil, nil); err != nil {
		return err
	}
	now := Stamps(root, []string{clock})[0].Changed
	if err := d.Remove(clock); err != nil {
		return err
	}
	if err := d.WriteNew(temp, [][]byte{prepare(now)}, nil); err != nil {
		return err
	}
	was, err := d.Lstat(p)
	if err != nil {
		was = nil // Rename tells what else it is
	}
	if err := d.Rename(temp, p, was); err != nil {
		d.Remove(temp)
		return err
	}
	return nil
}
