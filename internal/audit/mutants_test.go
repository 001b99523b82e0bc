package audit

import (
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/tree"
)

// A mutant is a clean example in which one constraint is broken in what was
// rendered. The rule that it names has to find it.
type mutant struct {
	Rule       string // the one that has to fire
	Constraint string // the one of K1 to K33 that is broken
	Name       string // what was done
	Example    string // the example's folder
	Dir        string // the folder to audit; "" for the top
	Break      func(*tree.Tree) error
	Also       []string // rules that have to fire as well: what is broken breaks more
}

// leastMutants is how many there are to be in all, and of how many constraints.
const (
	leastMutants     = 150
	leastConstraints = 30
)

// TestMutantsAreCaught breaks clean examples in one way at a time: the rule that
// is meant for it finds it, and no rule fires that has no reason to.
func TestMutantsAreCaught(t *testing.T) {
	mutants := slices.Concat(networkMutants, meshMutants, admittedMutants, doorMutants, portMutants, monitorMutants)
	constraints := map[string]int{}
	for i, m := range mutants {
		constraints[m.Constraint]++
		if i%stride != 0 {
			continue
		}
		t.Run(m.Rule+"/"+strings.ReplaceAll(m.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			files := tree.New()
			for p, data := range exampleTree(t, m.Example).All() {
				files.Set(p, data)
			}
			dir := m.Dir
			if dir == "" {
				dir = "."
			}
			if err := m.Break(files); err != nil {
				t.Fatal(err)
			}
			r := audited(t, files, dir)
			got := fired(r)
			if !slices.Contains(got, m.Rule) {
				t.Errorf("%s does not see it; fired: %v", m.Rule, got)
			}
			want := append([]string{m.Rule}, m.Also...)
			for _, id := range got {
				if !slices.Contains(want, id) {
					t.Errorf("%s fires too:\n%s", id, strings.Join(open(r), "\n"))
				}
			}
			for _, id := range m.Also {
				if !slices.Contains(got, id) {
					t.Errorf("%s was to fire too", id)
				}
			}
		})
	}
	t.Logf("%d mutants of %d constraints", len(mutants), len(constraints))
	if len(mutants) < leastMutants || len(constraints) < leastConstraints {
		t.Errorf("%d mutants of %d constraints; at least %d of %d are wanted", len(mutants), len(constraints), leastMutants, leastConstraints)
	}
}
