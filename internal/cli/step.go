package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// A step is all that one run would change: the manifests, and the files that
// are kgen's own. What is listed of it is what is carried out.
type step struct {
	repo   *repo
	wanted *tree.Tree
	base   *tree.Tree
	plan   *plan.Plan
	own    *ownTemplates // that had a part in it, or nil
	links  diag.List     // what stands where a file should and is none

	ops     []txn.Op
	changes []plan.Change // those that are more than Unchanged, by path
}

// step compares what a model makes with what is there and what kgen wrote
// last. A model text that is not nil is to become kgen.yaml.
func (r *repo) step(rendering rendering, n *spec.Network, model []byte) (*step, error) {
	s := &step{repo: r, base: tree.New()}
	root, err := os.OpenRoot(r.dir)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, err
	}
	if !missing {
		defer root.Close()
		if s.base, err = plan.ReadBase(root); err != nil {
			return nil, err
		}
	}
	if s.wanted, s.own, err = r.wanted(rendering, n, s.base); err != nil {
		return nil, err
	}
	disk := tree.New()
	if !missing {
		paths := append(plan.Paths(s.base, s.wanted), modelFile, schemaFile, plan.BasePath)
		if disk, s.links, err = plan.ReadDisk(root, paths); err != nil {
			return nil, err
		}
	}
	s.plan = plan.Make(s.base, disk, s.wanted)
	if s.ops, err = s.plan.Ops(); err != nil {
		return nil, err
	}
	for _, c := range s.plan.Changes {
		if c.Action != plan.Unchanged {
			s.changes = append(s.changes, c)
		}
	}
	if i := slices.IndexFunc(s.ops, func(op txn.Op) bool { return op.Path == plan.BasePath }); i >= 0 {
		s.note(disk, s.ops[i])
	}
	s.write(disk, schemaFile, specfile.Schema())
	if model != nil {
		s.write(disk, modelFile, model)
	}
	slices.SortFunc(s.changes, func(a, b plan.Change) int { return strings.Compare(a.Path, b.Path) })
	return s, nil
}

// write puts a file of kgen's own into the step, unless it is there already.
func (s *step) write(disk *tree.Tree, path string, data []byte) {
	old, exists := disk.File(path)
	if exists && bytes.Equal(old, data) {
		return
	}
	op := txn.Op{Path: path, Data: data, Seen: &txn.Seen{Exists: exists, Data: old}}
	s.ops = append(s.ops, op)
	s.note(disk, op)
}

// note lists the write of a file of kgen's own.
func (s *step) note(disk *tree.Tree, op txn.Op) {
	c := plan.Change{Path: op.Path, Action: plan.Create, Reason: "new"}
	if _, exists := disk.File(op.Path); exists {
		c.Action, c.Reason = plan.Update, "it follows the other files"
	}
	s.changes = append(s.changes, c)
}

// refused is why the step must not be carried out at all, or nil: files that
// kgen would have to change and that somebody else has made or changed.
func (s *step) refused() error {
	list := s.obstacles()
	for _, c := range s.plan.Conflicts() {
		if _, ours := s.base.File(c.Path); ours {
			list = append(list, s.finding(c, "edited",
				"was edited by hand, and kgen has something new to write there",
				"save your version elsewhere, delete the file and run again; what has to stay goes into kgen.yaml or a template"))
		} else {
			list = append(list, inTheWay(s.at(c.Path)))
		}
	}
	if len(list) == 0 {
		return nil
	}
	list.Sort()
	return &refusal{reasons: list, note: "nothing was written"}
}

// kept is what the step leaves as it is because somebody has edited it.
func (s *step) kept() diag.List {
	var list diag.List
	for _, c := range s.plan.With(plan.Keep) {
		list = append(list, s.finding(c, "edited", "was edited by hand, and is left as it is",
			"put the change into kgen.yaml or a template; or delete the file and run kgen generate to have kgen's own back"))
	}
	for _, c := range s.plan.With(plan.StaleEdited) {
		list = append(list, s.finding(c, "edited", "is not needed any more, but was edited by hand and is left as it is",
			"delete it, or keep it elsewhere"))
	}
	list.Sort()
	return list
}

// listed is changes as they are shown: what an obstacle keeps from happening is
// a conflict.
func (s *step) listed() []plan.Change {
	out := slices.Clone(s.changes)
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

func (s *step) finding(c plan.Change, code, fact, fix string) diag.Diagnostic {
	return diag.Diagnostic{File: s.at(c.Path), Severity: diag.Error, Code: code, Message: fact, Fix: fix}
}

// inTheWay is a file that kgen would make and somebody else has made.
func inTheWay(path string) diag.Diagnostic {
	return diag.Diagnostic{
		File: path, Severity: diag.Error, Code: "in-the-way",
		Message: "is in the way: kgen did not write it", Fix: "move it elsewhere or delete it, and run again",
	}
}
