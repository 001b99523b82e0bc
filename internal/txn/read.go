package txn

import (
	"errors"
	"io/fs"
	"os"
	"slices"
)

// Read returns those of the files that exist below root, by path. It follows
// no link: what stands where a file or a folder should is returned as an
// obstacle, in path order. The error is for what could not be read at all.
func Read(root *os.Root, paths []string) (map[string][]byte, []*Obstacle, error) {
	d := newDisk(root)
	defer d.Close()
	found := make(map[string][]byte, len(paths))
	var obstacles []*Obstacle
	var errs []error
	for _, p := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		if p == "." || !fs.ValidPath(p) {
			errs = append(errs, checkPath(p))
			continue
		}
		data, _, err := d.Read(p)
		var o *Obstacle
		switch {
		case err == nil:
			found[p] = data
		case errors.As(err, &o):
			if !slices.ContainsFunc(obstacles, func(x *Obstacle) bool { return *x == *o }) {
				obstacles = append(obstacles, o)
			}
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return found, obstacles, errors.Join(errs...)
}
