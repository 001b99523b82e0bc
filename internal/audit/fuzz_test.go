package audit

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/source"
)

// FuzzAudit: whatever comes in on the standard input, an audit of it ends, and
// every finding in every form of output can be printed.
func FuzzAudit(f *testing.F) {
	for _, r := range Rules() {
		bad, _ := r.Examples()
		var all []byte
		for _, file := range bad.Files {
			if filepath.Ext(file.Path) == ".yaml" && filepath.Base(file.Path) != "kgen.yaml" {
				all = append(append(all, "---\n"...), file.Data...)
			}
		}
		f.Add(all)
	}
	built, err := os.ReadFile(filepath.Join("testdata", "stream.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(built)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := source.Read(context.Background(), bytes.NewReader(data), []string{"-"})
		if err != nil {
			t.Fatal(err)
		}
		w := &World{Inventory: inventory.New(set.Objects, nil), Source: set}
		r, err := Run(context.Background(), w, Options{Today: today})
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range Formats {
			var out bytes.Buffer
			if err := r.Write(&out, form, Printing{Checklist: true}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
