package record

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded are the folders whose every test has a row.
var recorded = []string{".", "mesh"}

// declared are the rows that the tests' sources open accounts for, with nothing
// but what the sources say.
func declared(root string) (rows []Row, err error) {
	names := constants()
	for _, folder := range recorded {
		files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("%s has %d files of tests: %v", folder, len(files), err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, d := range parsed.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") || f.Name.Name == "TestMain" {
					continue
				}
				row, err := opened(f, names)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", filepath.Base(file), f.Name.Name, err)
				}
				row.Test = strings.TrimPrefix(filepath.ToSlash(folder)+"."+f.Name.Name, "..")
				rows = append(rows, row)
			}
		}
	}
	return slices.SortedFunc(slices.Values(rows), byPlace), nil
}

// opened is what a test's one call of record.Start says.
func opened(f *ast.FuncDecl, areas map[string]Area) (Row, error) {
	var rows []Row
	var failed error
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 3 || !selects(call.Fun, "Start") {
			return true
		}
		area, known := call.Args[1].(*ast.SelectorExpr)
		what, literal := call.Args[2].(*ast.BasicLit)
		if !known || areas[area.Sel.Name] == "" || !literal {
			failed = fmt.Errorf("record.Start wants an area of package record and a literal")
			return false
		}
		text, err := strconv.Unquote(what.Value)
		if err != nil {
			failed = err
		}
		rows = append(rows, Row{Area: areas[area.Sel.Name], What: text})
		return true
	})
	if failed == nil && len(rows) != 1 {
		failed = fmt.Errorf("it calls record.Start %d times; every test here opens its account once", len(rows))
	}
	if failed != nil {
		return Row{}, failed
	}
	return rows[0], nil
}

// selects reports whether an expression is record.name.
func selects(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	from, ok := s.X.(*ast.Ident)
	return ok && from.Name == "record"
}

// constants are the areas by their names in Go: those of the table without spaces.
func constants() map[string]Area {
	out := map[string]Area{}
	for _, a := range areas {
		words := strings.Fields(string(a))
		for i, w := range words {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
		out[strings.Join(words, "")] = a
	}
	return out
}

// TestDocumentHasEveryTest: a test without a row is not told of, and a row
// without a test is of the past. What a row says of versions and of the number of
// checks, its test holds it to when it runs.
func TestDocumentHasEveryTest(t *testing.T) {
	root, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	want, err := declared(root)
	if err != nil {
		t.Fatal(err)
	}
	path, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := setBlock(path, checks, func(block string) (string, error) { return prune(block, want) }); err != nil {
			t.Fatal(err)
		}
		return // the others may still be about to write theirs
	}
	rows, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if rows[i].Checks == 0 {
			t.Errorf("%s counts no check", rows[i].Test)
		}
		rows[i] = Row{Area: rows[i].Area, Test: rows[i].Test, What: rows[i].What}
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("%s has other tests than there are; go test ./... -update writes it (-tests +there):\n%s", Document, diff)
	}
}

// prune takes the rows away whose tests are gone.
func prune(block string, tests []Row) (string, error) {
	rows, err := parse(block)
	if err != nil {
		return "", err
	}
	return table(slices.DeleteFunc(rows, func(r Row) bool {
		return !slices.ContainsFunc(tests, func(test Row) bool { return test.Test == r.Test })
	})), nil
}

func TestOpened(t *testing.T) {
	for _, tt := range []struct {
		name, body, want string // the row, or the error
	}{
		{"a test", "record.Start(t, record.FrontDoor, \"a \\\"door\\\"\")", `Front door: a "door"`},
		{"inside", "if !namespace.Inside(t) { return }\nrecord.Start(t, record.Mesh, `calls`)", "Mesh: calls"},
		{"none", "t.Log()", "it calls record.Start 0 times"},
		{"two", "record.Start(t, record.Mesh, \"a\")\nrecord.Start(t, record.Mesh, \"b\")", "it calls record.Start 2 times"},
		{"a variable", "record.Start(t, record.Mesh, what)", "wants an area of package record and a literal"},
		{"another area", "record.Start(t, record.Moon, \"a\")", "wants an area of package record and a literal"},
		{"somebody else's", "other.Start(t, record.Mesh, \"a\")", "it calls record.Start 0 times"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc TestX(t *testing.T) {\n"+tt.body+"\n}\n", 0)
			if err != nil {
				t.Fatal(err)
			}
			row, err := opened(file.Decls[0].(*ast.FuncDecl), constants())
			got := fmt.Sprintf("%s: %s", row.Area, row.What)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("it is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNoTagsHideTests: one command runs every test there is.
func TestNoTagsHideTests(t *testing.T) {
	root, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		seen++
		for _, group := range file.Comments {
			for _, c := range group.List {
				if tag, found := strings.CutPrefix(c.Text, "//go:build "); found && tag != "linux" && tag != "unix" {
					t.Errorf("%s stands behind %q", path, tag)
				}
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("%d files of tests: %v", seen, err)
	}
}
