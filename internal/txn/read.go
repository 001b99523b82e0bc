package txn

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
)

// Read returns those of the files that exist below root, by path. It follows
// no link: what stands where a file or a folder should is returned as an
// obstacle, in path order. The error is for what could not be read at all.
func Read(root *os.Root, paths []string) (map[string][]byte, []*Obstacle, error) {
	sorted := slices.Compact(slices.Sorted(slices.Values(paths)))
	data, failed := readAll(root, sorted)
	found := make(map[string][]byte, len(sorted))
	var obstacles []*Obstacle
	var errs []error
	for i, p := range sorted {
		err := failed[i]
		var o *Obstacle
		switch {
		case err == nil:
			found[p] = data[i]
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

// apiece is how many files a reader takes at least: fewer are read in less time
// than a second one takes to open its folders.
const apiece = 64

// inStretches does something with each path, several at once, each worker with a
// stretch of neighbours and with a disk of its own.
func inStretches(root *os.Root, paths []string, do func(d *disk, i int)) {
	workers := max(1, min(runtime.GOMAXPROCS(0), len(paths)/apiece))
	var wg sync.WaitGroup
	for w := range workers {
		from, to := w*len(paths)/workers, (w+1)*len(paths)/workers
		wg.Go(func() {
			d := newDisk(root)
			defer d.Close()
			for i := from; i < to; i++ {
				do(d, i)
			}
		})
	}
	wg.Wait()
}

// readAll reads files. The results stand in the order of the paths.
func readAll(root *os.Root, paths []string) (data [][]byte, failed []error) {
	data, failed = make([][]byte, len(paths)), make([]error, len(paths))
	inStretches(root, paths, func(d *disk, i int) {
		if p := paths[i]; p == "." || !fs.ValidPath(p) {
			failed[i] = checkPath(p)
		} else {
			data[i], failed[i] = contents(d, p)
		}
	})
	return data, failed
}
