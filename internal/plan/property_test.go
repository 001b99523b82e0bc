package plan_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// A story is one repository's: a model, the edits of a person, and a change of
// the model. It is told from a seed.
type story struct {
	before, after *spec.Network
	disk          *tree.Tree // what the person made of the files
	edits         []string
}

// outcome is what became of it.
type outcome struct{ conflict, merged, kept, missing, stale, broken bool }

// CI tells five thousand of them.
var howMany = flag.Int("stories", 150, "how many stories TestStories tells")

func TestStories(t *testing.T) {
	stories := *howMany
	var mu sync.Mutex
	counts := map[string]int{}
	var wg sync.WaitGroup
	const tellers = 4
	for w := range tellers {
		wg.Go(func() {
			for seed := w; seed < stories; seed += tellers {
				o := tell(t, uint64(seed))
				mu.Lock()
				for what, is := range map[string]bool{
					"conflict": o.conflict, "merged": o.merged, "kept": o.kept, "missing": o.missing, "stale": o.stale, "broken by hand": o.broken,
				} {
					if is {
						counts[what]++
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("of %d stories: %v", stories, counts)
	// A suite in which hardly anything happens would prove nothing.
	for what, least := range map[string]int{"conflict": stories / 50, "merged": stories / 5, "kept": stories / 5, "missing": stories / 20, "stale": stories / 50} {
		if counts[what] < least {
			t.Errorf("only %d stories have %s", counts[what], what)
		}
	}
}

// FuzzStories tells stories for ever.
func FuzzStories(f *testing.F) {
	f.Add(uint64(5000))
	f.Fuzz(func(t *testing.T, seed uint64) { tell(t, seed) })
}

func tell(t *testing.T, seed uint64) (o outcome) {
	random := rand.New(rand.NewPCG(seed, 7))
	s := &story{before: model(random)}
	wrote := rendered(t, s.before, nil)
	s.disk = tree.New()
	for path, data := range wrote.All() {
		s.disk.Set(path, data)
	}
	for range 1 + random.IntN(4) {
		s.edit(random, wrote)
	}
	s.after = changed(random, s.before)
	fail := func(format string, args ...any) {
		t.Errorf("seed %d (%s): %s", seed, strings.Join(s.edits, "; "), fmt.Sprintf(format, args...))
	}
	base := plan.NewBase(wrote)
	p := planned(t, base, s.disk, s.after)
	for _, c := range p.Changes {
		switch c.Action {
		case plan.Conflict:
			o.conflict = true
		case plan.Merge:
			o.merged = true
		case plan.Keep:
			o.kept = true
		case plan.Missing:
			o.missing = true
		case plan.Orphaned:
			o.stale = true
		}
		if c.Action.Writes() && c.Action != plan.Delete {
			checkLines(fail, c, s.disk, wrote)
		}
	}
	if o.conflict {
		return o // nothing is written
	}
	result := executed(s.disk, p)
	for path, data := range s.disk.All() {
		if _, ours := wrote.File(path); ours {
			continue
		}
		if got, _ := result.File(path); !bytes.Equal(got, data) {
			fail("%s was the person's own", path)
		}
	}
	for path := range wrote.All() {
		_, had := s.disk.File(path)
		if _, has := result.File(path); has && !had {
			fail("%s was deleted, and is back", path)
		}
	}
	archive, _ := result.File(plan.BasePath)
	again, err := plan.ParseBase(archive)
	if err != nil {
		fail("the base: %v", err)
		return o
	}
	for _, c := range planned(t, again, result, s.after).Writes() {
		fail("a second run would %s %s (%s)", c.Action, c.Path, c.Reason)
	}
	if _, err := kustomize.BuildTree(result, "."); err != nil {
		if _, before := kustomize.BuildTree(s.disk, "."); before == nil {
			fail("it no longer builds: %v", err)
		}
		o.broken = true
	}
	return o
}

// checkLines holds that no line of the person's vanishes from a file that is
// written, and that none comes back which the person took out.
func checkLines(fail func(string, ...any), c plan.Change, disk, wrote *tree.Tree) {
	mine, _ := disk.File(c.Path)
	base, had := wrote.File(c.Path)
	if !had || bytes.Equal(mine, base) {
		return
	}
	have, was, is := counts(mine), counts(base), counts(c.After.Data)
	for line, n := range have {
		if was[line] == 0 && is[line] < n {
			fail("%s: the line %q is gone (%s)", c.Path, line, c.Action)
		}
	}
}

func counts(text []byte) map[string]int {
	out := map[string]int{}
	for line := range strings.Lines(string(text)) {
		out[strings.TrimRight(line, "\r\n")]++
	}
	return out
}

// executed is the disk after a plan.
func executed(disk *tree.Tree, p *plan.Plan) *tree.Tree {
	out := tree.New()
	for path, data := range disk.All() {
		out.Set(path, data)
	}
	for _, op := range p.Ops() {
		if op.Delete {
			out.Remove(op.Path)
		} else {
			out.Set(op.Path, op.Data)
		}
	}
	return out
}

func planned(t *testing.T, base *plan.Base, disk *tree.Tree, n *spec.Network) *plan.Plan {
	t.Helper()
	in := plan.Input{Base: base, Disk: disk}
	deleted := base.Missing(disk)
	in.Wanted = rendered(t, n, func(path string) bool {
		if slices.Contains(deleted, path) {
			in.Missing = append(in.Missing, path)
			return true
		}
		return false
	})
	p, err := plan.Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rendered(t *testing.T, n *spec.Network, without func(string) bool) *tree.Tree {
	t.Helper()
	out, err := gen.Render(n, gen.Options{Without: without})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// model is a small application.
func model(random *rand.Rand) *spec.Network {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	if random.IntN(3) > 0 {
		n.Spec.Mesh.Provider = spec.Istio
	}
	for i := range 1 + random.IntN(3) {
		n.Spec.Services = append(n.Spec.Services, service(random, i))
	}
	calls(random, n)
	if random.IntN(6) == 0 {
		n.Spec.Environments = []spec.Environment{{Name: "staging", Services: []spec.EnvironmentService{{Name: "s0", Replicas: 5}}}}
		n.Spec.Services[0].Canary = nil
	}
	return n
}

func service(random *rand.Rand, i int) spec.Service {
	s := spec.Service{Name: fmt.Sprintf("s%d", i), Ports: []spec.Port{{Port: spec.PortNumber(8000 + random.IntN(3))}}}
	if random.IntN(2) == 0 {
		s.Metrics = &spec.Metrics{Port: 9090}
	}
	return s
}

// calls connects the services anew, and starts canaries where a mesh carries them.
func calls(random *rand.Rand, n *spec.Network) {
	for i := range n.Spec.Services {
		s := &n.Spec.Services[i]
		s.Calls, s.Canary = nil, nil
		for j := range n.Spec.Services {
			if i != j && random.IntN(2) == 0 {
				s.Calls = append(s.Calls, spec.Call{Service: n.Spec.Services[j].Name})
			}
		}
		if n.Spec.Mesh.Provider == spec.Istio && random.IntN(3) == 0 {
			s.Canary = &spec.Canary{Version: "v2", Weight: spec.Percent(random.IntN(101))}
		}
	}
}

// changed is what becomes of the model: services come and go, and ports change.
func changed(random *rand.Rand, n *spec.Network) *spec.Network {
	out := *n
	out.Spec.Services = slices.Clone(n.Spec.Services)
	out.Spec.Environments = nil
	for range 1 + random.IntN(2) {
		switch k := random.IntN(len(out.Spec.Services)); random.IntN(4) {
		case 0:
			if len(out.Spec.Services) > 1 {
				out.Spec.Services = slices.Delete(slices.Clone(out.Spec.Services), k, k+1)
			}
		case 1:
			out.Spec.Services[k].Ports = []spec.Port{{Port: spec.PortNumber(8000 + random.IntN(9))}}
		case 2:
			out.Spec.Services = append(out.Spec.Services, service(random, 3+random.IntN(100)))
		}
	}
	out.Spec.Services = slices.CompactFunc(out.Spec.Services, func(a, b spec.Service) bool { return a.Name == b.Name })
	calls(random, &out)
	return &out
}

// edit does one thing that people do to generated files.
func (s *story) edit(random *rand.Rand, wrote *tree.Tree) {
	paths := slices.DeleteFunc(s.disk.Paths(), func(p string) bool { return strings.HasPrefix(path.Base(p), "mine-") })
	if len(paths) == 0 {
		return
	}
	// Half of all edits go where kgen edits too.
	at := paths[random.IntN(len(paths))]
	if lists := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return path.Base(p) != "kustomization.yaml" }); random.IntN(3) == 0 && len(lists) > 0 {
		at = lists[random.IntN(len(lists))]
	}
	data, _ := s.disk.File(at)
	lines := strings.SplitAfter(string(data), "\n")
	lines = lines[:len(lines)-1]
	if len(lines) == 0 {
		return
	}
	k := random.IntN(len(lines))
	mark := fmt.Sprintf("%d", random.IntN(1000))
	edits := []struct {
		name string
		make func() bool
	}{
		{"comment", func() bool {
			lines = slices.Insert(lines, k, "# mine "+mark+"\n")
			return true
		}},
		{"blank line", func() bool {
			lines = slices.Insert(lines, k, "\n")
			return true
		}},
		{"trailing comment", func() bool {
			if !strings.HasSuffix(at, ".yaml") || strings.Contains(lines[k], "|") || strings.TrimSpace(lines[k]) == "" {
				return false
			}
			lines[k] = strings.TrimSuffix(lines[k], "\n") + " # mine " + mark + "\n"
			return true
		}},
		{"number", func() bool {
			i := slices.IndexFunc(lines[k:], func(l string) bool { return strings.Contains(l, "ort: 80") })
			if i < 0 {
				return false
			}
			lines[k+i] = strings.Replace(lines[k+i], "ort: 80", "ort: 70", 1)
			return true
		}},
		{"label", func() bool {
			i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "  name: ") })
			if i < 0 || !strings.HasSuffix(at, ".yaml") {
				return false
			}
			lines = slices.Insert(lines, i, "  annotations:\n    mine: \""+mark+"\"\n")
			return !strings.Contains(string(data), "  annotations:")
		}},
		{"line deleted", func() bool {
			lines = slices.Delete(lines, k, k+1)
			return true
		}},
		{"end", func() bool {
			lines = append(lines, "# mine "+mark+"\n")
			return true
		}},
		{"file deleted", func() bool {
			s.disk.Remove(at)
			return true
		}},
		{"entry", func() bool {
			if path.Base(at) != "kustomization.yaml" || strings.HasPrefix(at, "environments/") {
				return false
			}
			name := "mine-" + mark + ".yaml"
			own := path.Join(path.Dir(at), name)
			if _, twice := s.disk.File(own); twice {
				return false
			}
			s.disk.Set(own, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine-"+strings.ReplaceAll(path.Dir(at), "/", "-")+mark+"\n"))
			i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "- ") })
			if i < 0 {
				return false
			}
			i += random.IntN(len(lines) - i + 1)
			lines = slices.Insert(lines, i, "- "+name+"\n")
			return true
		}},
		{"object", func() bool {
			if !strings.HasSuffix(at, ".yaml") || path.Base(at) == "kustomization.yaml" {
				return false
			}
			lines = append(lines, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine-"+strings.ReplaceAll(strings.TrimSuffix(at, ".yaml"), "/", "-")+mark+"\n")
			return true
		}},
		{"CRLF", func() bool {
			for i := range lines {
				lines[i] = strings.TrimSuffix(strings.TrimSuffix(lines[i], "\n"), "\r") + "\r\n"
			}
			return true
		}},
	}
	e := edits[random.IntN(len(edits))]
	if !e.make() {
		return
	}
	s.edits = append(s.edits, e.name+" in "+at)
	if e.name != "file deleted" {
		s.disk.Set(at, []byte(strings.Join(lines, "")))
	}
}
