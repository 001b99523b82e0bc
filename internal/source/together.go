package source

import (
	"runtime"
	"sync"
	"sync/atomic"

	"go.yaml.in/yaml/v3"
)

// fewest files that are worth reading at once.
const fewest = 8

// together reads and parses the files of a list of paths at once, so that load
// finds them. What is no plain file, or there already, is left to load.
func (r *reader) together(dir string, list *yaml.Node) {
	var files []*parsed
	for _, c := range items(list) {
		if c = deref(c); c == nil || c.Kind != yaml.ScalarNode || c.Value == "" {
			continue
		}
		path := r.store.join(dir, c.Value)
		if _, ok := r.files[path]; !ok && r.look(path) == file && r.inside(path, dir, file) {
			p := &parsed{path: path}
			r.files[path] = p
			files = append(files, p)
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(files)/fewest+1)
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for r.ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				files[i].take(r.store.read(files[i].path))
				if r.exact {
					files[i].inexact, files[i].inexactAt = inexact(files[i])
					files[i].data = nil // what was judged once
				}
			}
		})
	}
	all.Wait()
	r.alive()
}
