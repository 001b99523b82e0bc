package audit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// today is the date of every audit in these tests.
const today = "2026-01-01"

// audited runs every rule over the folder dir of a tree ("." for all of it). A
// kgen.yaml at the tree's top is the model, for the environment that dir is of.
func audited(t testing.TB, files *tree.Tree, dir string) *Result {
	t.Helper()
	w, suppressions := world(t, files, dir)
	r, err := Run(context.Background(), w, Options{Today: today, Suppressions: suppressions})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// world is what is audited of a folder of a tree.
func world(t testing.TB, files *tree.Tree, dir string) (*World, []Suppression) {
	t.Helper()
	var model *spec.Network
	var file *specfile.File
	if data, has := files.File("kgen.yaml"); has {
		var errs diag.List
		if file, errs = specfile.Parse("kgen.yaml", data); errs.Err() != nil {
			t.Fatal(errs)
		}
		model = file.Network
		if folder, environment, ok := strings.Cut(dir, "/"); ok && folder == "environments" {
			var err error
			if model, err = model.For(environment); err != nil {
				t.Fatal(err)
			}
		}
	}
	set, err := source.FromTree(context.Background(), files, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range set.Findings.Errors() {
		if d.Code != source.MissingEntry && d.Code != source.DuplicateEntry {
			t.Fatal(d)
		}
	}
	w := &World{Inventory: inventory.New(set.Objects, model), Source: set}
	if len(w.Unreadable) > 0 {
		t.Fatal(w.Unreadable)
	}
	var suppressions []Suppression
	if file != nil {
		w.ModelAt = func(path string) manifest.Position {
			line, column := file.Locate(path)
			return manifest.Position{File: "kgen.yaml", Line: line, Column: column}
		}
		if a := file.Network.Spec.Audit; a != nil {
			for _, s := range a.Suppress {
				suppressions = append(suppressions, Suppression{Suppression: s})
			}
		}
	}
	return w, suppressions
}

// open are the findings that are not suppressed, one line each.
func open(r *Result) []string {
	var out []string
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Suppressed == nil {
			out = append(out, f.String())
		}
	}
	return out
}

// fired are the rules with open findings.
func fired(r *Result) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Suppressed == nil && !slices.Contains(out, f.Rule.ID) {
			out = append(out, f.Rule.ID)
		}
	}
	slices.Sort(out)
	return out
}

// TestRulesFireOnTheirExamples: each rule's bad example breaks that rule and no
// other, and its good one none.
func TestRulesFireOnTheirExamples(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			bad, good := rule.Examples()
			if len(bad.Files) == 0 || len(good.Files) == 0 {
				t.Fatalf("examples/%s.txtar has no bad/ or no good/", rule.ID)
			}
			r := audited(t, treeOf(t, bad), ".")
			if diff := cmp.Diff([]string{rule.ID}, fired(r)); diff != "" {
				t.Errorf("the bad example (-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
			}
			for _, f := range r.Findings {
				if f.Line == 0 || f.File == "" {
					t.Errorf("a finding has no place: %s", f.String())
				}
			}
			r = audited(t, treeOf(t, good), ".")
			if found := open(r); len(found) > 0 {
				t.Errorf("the good example:\n%s", strings.Join(found, "\n"))
			}
			// The good example is judged by the rule, not passed over.
			for _, s := range r.Skipped {
				if s.Rule == rule && s.What == "" {
					t.Errorf("the good example is not checked: %s", s.Why)
				}
			}
		})
	}
}

func treeOf(t testing.TB, e Example) *tree.Tree {
	t.Helper()
	files := tree.New()
	for _, f := range e.Files {
		if err := files.Add(f.Path, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestRulesAreWhole: every rule says all that its page needs, and the catalogue
// of the guide's items knows every item that it names.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	items := map[string]bool{}
	for _, i := range Guide {
		items[i.ID] = false
	}
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
		if _, err := (spec.Suppression{Rule: r.ID, Reason: "x"}).Check(); err != nil {
			t.Errorf("%s is no ID", r.ID)
		}
		if r.Title == "" || strings.HasSuffix(r.Title, ".") || len(r.Doc) < 80 || r.check == nil || len(r.Items) == 0 && !strings.HasPrefix(r.ID, "EX") {
			t.Errorf("%s lacks a title, a page, a check or an item of the guide", r.ID)
		}
		if r.Severity != diag.Error && r.Severity != diag.Warning {
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		}
		for _, i := range r.Items {
			if _, known := items[i]; !known {
				t.Errorf("%s stands for %s, which the guide does not have", r.ID, i)
			}
			items[i] = true
		}
	}
	for _, i := range Guide {
		for _, id := range i.Deciders {
			if r, known := Find(id); !known || !slices.Contains(r.Items, i.ID) {
				t.Errorf("%s is decided by %s, which does not stand for it", i.ID, id)
			}
		}
	}
	for i, covered := range items {
		if !covered {
			t.Errorf("no rule stands for %s", i)
		}
	}
	files, err := fs.Glob(exampleFiles, "examples/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if id := strings.TrimSuffix(path.Base(name), ".txtar"); !seen[id] {
			t.Errorf("%s is of no rule", name)
		}
	}
}

// examples are the repositories of /examples, each read once.
func exampleTree(t testing.TB, name string) *tree.Tree {
	t.Helper()
	files := tree.New()
	top := os.DirFS(filepath.Join("..", "..", "examples", name))
	err := fs.WalkDir(top, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(top, file)
		return errors.Join(err, files.Add(file, data))
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestExamplesAreClean: nothing that kgen renders for its examples, and for each
// of their environments, breaks any rule.
func TestExamplesAreClean(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	environments := 0
	for _, e := range entries {
		files := exampleTree(t, e.Name())
		dirs := []string{"."}
		for p := range files.All() {
			if parts := strings.Split(p, "/"); len(parts) > 2 && parts[0] == "environments" {
				if dir := path.Join(parts[0], parts[1]); !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
					environments++
				}
			}
		}
		for _, dir := range dirs {
			t.Run(path.Join(e.Name(), dir), func(t *testing.T) {
				if found := open(audited(t, files, dir)); len(found) > 0 {
					t.Error(strings.Join(found, "\n"))
				}
			})
		}
	}
	if environments < 5 {
		t.Errorf("only %d environments were audited", environments)
	}
}
