package draw_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/internal/draw"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/specfile"
)

// example is one of the examples as it stands in the repository.
func example(t *testing.T, name string) *inventory.Inventory {
	t.Helper()
	dir := filepath.Join("..", "..", "examples", name)
	set, err := source.Read(context.Background(), nil, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Findings.Err(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "kgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file, errs := specfile.Parse("kgen.yaml", data)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return inventory.New(set.Objects, file.Network)
}

func TestExamplesAllowWhatIsMeantAndNothingElse(t *testing.T) {
	for _, name := range []string{"hello", "guide", "online-boutique", "ambient", "ingress-no-mesh", "mixed", "progressive"} {
		t.Run(name, func(t *testing.T) {
			inv := example(t, name)
			sheet := draw.Of(inv, connections(inv))
			if len(sheet.Links) == 0 {
				t.Fatal("nothing is drawn")
			}
			for _, l := range sheet.Links {
				if !l.Denied.IsEmpty() || !l.Undeclared.IsEmpty() {
					t.Errorf("%s -> %s: denied %s, undeclared %s", l.From, l.To, l.Denied.Text(), l.Undeclared.Text())
				}
			}
		})
	}
}

func connections(inv *inventory.Inventory) *reach.Connections {
	var all []*reach.Workload
	for _, w := range append(append([]*inventory.Workload{}, inv.Workloads...), inv.Parties...) {
		all = append(all, &w.Workload)
	}
	return inv.Policies.Connections(reach.All, all)
}
