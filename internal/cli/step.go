package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// A step is all that one run would change, and what it has to say about it.
// What is listed of the plan is what is carried out.
type step struct {
	repo  *repo
	plan  *plan.Plan
	own   *ownTemplates // that had a part in it, or nil
	links diag.List     // what stands where a file should and is none
	made  int           // how many files the model makes
	verb  bool          // it changes kgen.yaml as well

	lostBase bool // kgen has worked here, and there is no archive

	recalled *recollection // what the plan leaves out, or nil
	text     []byte        // of the kgen.yaml that the step follows
}

// attributes tell git which of kgen's own files people do not write: their
// lines stay as they are, and pull requests show them folded.
const attributes = "base.txtar linguist-generated -text\nschema.json linguist-generated -text\n"

// step compares what a model makes with what is there and what kgen wrote
// last. A model text that is not nil is to become kgen.yaml. Before is the
// kgen.yaml that is there, where the change from it to the model is all that has
// to be followed up; nil has everything looked at.
func (r *repo) step(ctx context.Context, flags writing, before *specfile.File, n *spec.Network, model []byte) (*step, error) {
	s := &step{repo: r, verb: model != nil, text: model}
	in := plan.Input{Base: plan.NewBase(tree.New()), Own: tree.New(), Resolution: flags.resolution()}
	root, err := os.OpenRoot(r.dir)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, err
	}
	in.Disk = tree.New()
	if !missing {
		defer root.Close()
		if err := r.sh.during("reading the files of "+r.sh.shown(r.dir), func() error {
			if s.recalled = r.recall(root, flags, before, n); s.recalled != nil {
				in.Base, in.Settled = s.recalled.base, s.recalled.settled
				if in.Disk, s.links, err = plan.ReadDisk(root, in.Base.Paths()); err != nil {
					return err
				}
				if !r.unfinished(in.Base, nil, in.Disk) {
					in.Disk.Set(plan.BasePath, in.Settled.Archive)
					return nil
				}
				s.recalled, in.Settled = nil, nil
			}
			return r.read(ctx, root, s, &in)
		}); err != nil {
			return nil, err
		}
	}
	in.Renamed = renamed(in.Base.Tree, flags.renames)
	deleted := map[string]bool{} // by a person, and to stay so
	for _, path := range in.Base.Missing(in.Disk) {
		deleted[path] = !s.obstructed(path) && !flags.restores(path)
	}
	for fresh, old := range in.Renamed {
		deleted[fresh] = deleted[fresh] || deleted[old]
	}
	if in.Wanted, err = r.render(flags.rendering, s, n, gen.Options{
		Known:   in.Base.Tree,
		Settled: s.recalled.rendered(),
		Without: func(path string) bool {
			if deleted[path] {
				in.Missing = append(in.Missing, path) // it may be asked for more than once
			}
			return deleted[path]
		},
	}); err != nil {
		return nil, err
	}
	s.made = in.Wanted.Len() + s.recalled.len()
	in.Own.Set(schemaFile, specfile.Schema())
	if model != nil {
		in.Own.Set(modelFile, model)
	}
	if !missing {
		rest := slices.DeleteFunc(append(plan.Paths(in.Own, in.Wanted), plan.BasePath, attributesFile), func(path string) bool {
			_, read := in.Base.File(path)
			return read || path == plan.BasePath && s.recalled != nil
		})
		more, links, err := plan.ReadDisk(root, rest)
		if err != nil {
			return nil, err
		}
		for path, data := range more.All() {
			in.Disk.Set(path, data)
		}
		s.links = joined(s.links, links)
	}
	if _, exists := in.Disk.File(attributesFile); !exists {
		in.Own.Set(attributesFile, []byte(attributes)) // what a person has made of it stays
	}
	_, archived := in.Disk.File(plan.BasePath)
	_, known := in.Disk.File(schemaFile)
	s.lostBase = known && !archived
	err = r.sh.during("comparing "+files(s.made), func() (err error) {
		s.plan, err = plan.Make(in)
		return err
	})
	return s, err
}

// read reads what kgen last wrote and what is there of it.
func (r *repo) read(ctx context.Context, root *os.Root, s *step, in *plan.Input) error {
	var failed, err error
	in.Base, failed = plan.ReadBase(root)
	if failed != nil {
		in.Base = plan.NewBase(tree.New())
	}
	if in.Disk, s.links, err = plan.ReadDisk(root, in.Base.Paths()); err != nil {
		return err
	}
	if !r.unfinished(in.Base, failed, in.Disk) {
		return nil
	}
	in.Stages = func(path string) (ours, theirs []byte, ok bool) { return r.bothSides(ctx, path) }
	if in.Base, failed = r.mergedBase(ctx, in.Base, failed); failed != nil {
		return failed
	}
	in.Disk, s.links, err = plan.ReadDisk(root, in.Base.Paths())
	return err
}

// renamed are the files that a service's new name gives other paths, and those
// that a kgen before this one wrote elsewhere: new to old.
func renamed(base *tree.Tree, names map[string]string) map[string]string {
	out := map[string]string{}
	for file := range base.All() {
		if dir, ok := strings.CutSuffix(file, "networking/namespace.yaml"); ok && (dir == "" || strings.HasPrefix(dir, "environments/")) {
			out[dir+"networking/namespace/namespace.yaml"] = file
		}
	}
	for old, now := range names {
		for file := range base.All() {
			dir, name := path.Split(file)
			if name == gen.FileName(old) {
				out[dir+gen.FileName(now)] = file
				continue
			}
			// An overlay's files are called after the kind and the name of what they patch.
			kind, object, _ := strings.Cut(strings.TrimSuffix(name, ".yaml"), "-")
			if rest, ok := strings.CutPrefix(object, old); ok && strings.HasPrefix(dir, "environments/") && (rest == "" || rest[0] == '.') {
				out[dir+kind+"-"+now+rest+".yaml"] = file
			}
		}
	}
	return out
}

// joined are the findings of two lists, each once.
func joined(a, b diag.List) diag.List {
	out := slices.Clone(a)
	for _, d := range b {
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// obstructed reports whether something that is no folder stands above a path,
// or something that is no file at it: then nobody has deleted anything there.
func (s *step) obstructed(path string) bool {
	return slices.ContainsFunc(s.links, func(link diag.Diagnostic) bool {
		return path == link.File || strings.HasPrefix(path, link.File+"/")
	})
}

// refused is why the step must not be carried out at all, or nil: files that
// kgen would have to change and that somebody else has made or changed.
func (s *step) refused() error {
	list := s.obstacles()
	for _, c := range s.plan.Conflicts() {
		list = append(list, s.conflict(c)...)
	}
	if len(list) == 0 {
		return nil
	}
	if s.lostBase {
		list = append(list, diag.Diagnostic{
			File: s.at(plan.BasePath), Severity: diag.Error, Code: "missing", Message: "is gone, and with it what tells your edits from kgen's lines",
			Fix: "bring it back from version control: git checkout -- " + plan.BasePath,
		})
	}
	list.Sort()
	return &refusal{reasons: list, note: "nothing was written"}
}

// conflict tells of a file that kgen would have to change and must not: one
// finding for each place in it.
func (s *step) conflict(c plan.Change) diag.List {
	d := diag.Diagnostic{File: s.at(c.Path), Severity: diag.Error, Code: "conflict", Message: c.Reason}
	switch {
	case c.Foreign:
		d = inTheWay(d.File)
		d.Fix += "; or keep it as it is, with --conflict=ours"
		return diag.List{d}
	case len(c.Clashes) == 0:
		d.Fix = "settle it in the file, or delete the file and run kgen generate --restore " + c.Path
		return diag.List{d}
	}
	if c.From != "" {
		d.File = s.at(c.From)
	}
	var list diag.List
	for _, clash := range c.Clashes {
		d.Line = clash.Line
		d.Message = c.Reason
		if clash.Count > 1 {
			d.Message += fmt.Sprintf(" (lines %d to %d)", clash.Line, clash.Line+clash.Count-1)
		}
		d.Fix = "choose with --conflict=ours or theirs, or have both written with --conflict=markers"
		if !s.verb {
			d.Fix += "; kgen diff --conflict=markers shows them"
		}
		list = append(list, d)
	}
	return list
}

// stale warns of files that nothing makes any more and that a person has edited.
func (s *step) stale() diag.List {
	var list diag.List
	for _, c := range s.plan.With(plan.Orphaned) {
		d := diag.Diagnostic{
			File: s.at(c.Path), Severity: diag.Warning, Code: "stale",
			Message: "is not needed any more, but was edited by hand and is left as it is", Fix: "delete it, or keep it elsewhere",
		}
		if kustomization, own := s.unbuilt(c); kustomization != "" {
			d.Message += "; it is no longer listed in " + s.at(kustomization) + ", so nothing in it is built"
			if len(own) > 0 {
				d.Message += ", your own " + strings.Join(own, ", ") + " included"
				d.Fix = "move what is yours to a file that you list there, and delete this one"
			}
		}
		list = append(list, d)
	}
	return list
}

// listed is the changes as they are shown: what an obstacle keeps from
// happening is a conflict.
func (s *step) listed() []plan.Change {
	out := s.plan.Listed()
	for i := range out {
		for _, link := range s.links {
			if p := out[i].Path; p == link.File || strings.HasPrefix(p, link.File+"/") {
				out[i].Action, out[i].Reason = plan.Conflict, link.File+": "+link.Message
			}
		}
	}
	return out
}

// obstacles are the links, placed as a person at this place would write it.
func (s *step) obstacles() diag.List {
	list := slices.Clone(s.links)
	for i := range list {
		list[i].File = s.at(list[i].File)
	}
	return list
}

// at gives a path below the repository's folder as a person at this place
// would write it, as findings in kgen.yaml are.
func (s *step) at(path string) string {
	return s.repo.sh.shown(filepath.Join(s.repo.dir, filepath.FromSlash(path)))
}

// inTheWay is a file that kgen would make and somebody else has made.
func inTheWay(path string) diag.Diagnostic {
	return diag.Diagnostic{
		File: path, Severity: diag.Error, Code: "in-the-way",
		Message: "is in the way: kgen did not write it", Fix: "move it elsewhere or delete it, and run again",
	}
}
