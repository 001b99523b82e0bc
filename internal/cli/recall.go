package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/index"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/txn"
)

// indexFrom is from how many files on kgen remembers what it has seen: fewer are
// looked at in less time than the memory takes.
var indexFrom = 500

// maker identifies this kgen by its version and its program file: another one may
// render otherwise. It is empty where that cannot be told.
var maker = sync.OnceValue(func() string {
	name, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", kgenVersion(), info.Size(), info.ModTime().UnixNano())
})

// A recollection is what a run need not look at or make again: of the files of
// services that a change of the model does not touch, those that the index knows
// to be as the last run left them.
type recollection struct {
	settled *plan.Settled
	exists  map[string]txn.Stamp // the settled files by path; their stamps, the zero one where that is to be taken anew
	touched map[string]bool      // stems of the services whose files are looked at and made
	base    *plan.Base           // what kgen last wrote of all others
}

// recall looks what has changed since the last run, if that left an index; nil
// asks for everything to be looked at. What is not certain is not recalled.
func (r *repo) recall(root *os.Root, flags writing, before *specfile.File, after *spec.Network) *recollection {
	if before == nil || r.recovered || len(flags.restore) > 0 || len(flags.renames) > 0 || flags.templates != "" || maker() == "" {
		return nil
	}
	if _, err := root.Lstat(templatesFolder); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	x := index.Read(root)
	if x == nil || x.Maker != maker() || x.Model != index.SumOf(before.Data) {
		return nil
	}
	names, ok := gen.Touched(before.Network, after)
	if !ok {
		return nil
	}
	found, _, err := txn.Read(root, []string{plan.BasePath})
	if err != nil {
		return nil
	}
	archive := found[plan.BasePath]
	if !x.Base.Of(root, archive) {
		return nil
	}
	m := &recollection{settled: &plan.Settled{Archive: archive}, exists: make(map[string]txn.Stamp, len(x.Files)), touched: map[string]bool{}}
	for name := range names {
		m.touched[gen.Stem(name)] = true
	}
	made := map[string]bool{}
	for _, s := range after.Spec.Services {
		made[gen.Stem(s.Name)] = true
	}
	for _, f := range x.Files {
		if stem, own := gen.OwnFile(f.Path); own && (f.Unwanted || !made[stem]) {
			m.touched[stem] = true
		}
	}
	again, ok := m.compare(root, x)
	if !ok {
		return nil
	}
	var others []plan.Part
	for _, f := range x.Files {
		stem, own := gen.OwnFile(f.Path)
		if !own || m.touched[stem] {
			others = append(others, f.Part)
			continue
		}
		m.settled.Parts = append(m.settled.Parts, f.Part)
		if again[f.Path] {
			f.Stamp = txn.Stamp{}
		}
		m.exists[f.Path] = f.Stamp
	}
	if m.base, err = plan.BaseOf(archive, others); err != nil {
		return nil
	}
	return m
}

// compare reads the files that the file system tells something new of. Those that
// hold what they did are again as they were; the services that others belong to
// are touched. ok is false if what was wanted cannot be told.
func (m *recollection) compare(root *os.Root, x *index.Index) (again map[string]bool, ok bool) {
	var parts []plan.Part
	var paths []string
	for _, i := range x.Changed(root) {
		f := x.Files[i]
		if stem, own := gen.OwnFile(f.Path); own && !m.touched[stem] {
			parts, paths = append(parts, f.Part), append(paths, f.Path)
		}
	}
	written, err := plan.BaseOf(m.settled.Archive, parts)
	if err != nil {
		return nil, false
	}
	disk, _, err := plan.ReadDisk(root, paths)
	if err != nil {
		return nil, false
	}
	again = map[string]bool{}
	for path, was := range written.All() {
		now, exists := disk.File(path)
		stem, _ := gen.OwnFile(path)
		switch {
		case exists && string(now) == string(was):
			again[path] = true
		default:
			m.touched[stem] = true
		}
	}
	return again, true
}

// rendered is what rendering may leave out.
func (m *recollection) rendered() *gen.Settled {
	if m == nil {
		return nil
	}
	return &gen.Settled{
		Service: func(name string) bool { return !m.touched[gen.Stem(name)] },
		Exists:  func(path string) bool { _, ok := m.exists[path]; return ok },
	}
}

// len is how many files are settled.
func (m *recollection) len() int {
	if m == nil {
		return 0
	}
	return len(m.exists)
}

// remember leaves the next run an index of what this one has carried out. A run
// without one takes longer and is otherwise the same, so that no failure here is
// worth a word.
func (r *repo) remember(s *step) {
	if len(s.plan.Parts) < indexFrom || s.own != nil || maker() == "" {
		return
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return
	}
	defer root.Close()
	x := &index.Index{Maker: maker(), Model: index.SumOf(s.text), Files: make([]index.File, 0, len(s.plan.Parts))}
	if len(s.plan.Writes()) == 0 {
		if old := index.Read(root); old != nil && old.Maker == x.Maker && old.Model == x.Model && old.Base.Of(root, s.plan.Archive) {
			return // nothing has changed, and what was looked at in vain costs the next run no more
		}
	}
	fresh, unwanted := map[string]bool{}, map[string]bool{}
	for _, c := range s.plan.Changes {
		switch c.Action {
		case plan.Unchanged, plan.Create, plan.Update:
			fresh[c.Path] = c.After.Exists && c.From == "" // what was moved may hold a person's lines
		case plan.Keep, plan.Merge: // the archive has what was wanted
		default:
			unwanted[c.Path] = true
		}
	}
	for _, part := range s.plan.Parts {
		f := index.File{Part: part, Unwanted: unwanted[part.Path]}
		if s.recalled != nil {
			if stamp, ok := s.recalled.exists[part.Path]; ok {
				f.Stamp = stamp
				fresh[part.Path] = stamp == (txn.Stamp{})
			}
		}
		x.Files = append(x.Files, f)
	}
	_ = x.Write(root, s.plan.Archive, fresh)
}
