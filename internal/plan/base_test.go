package plan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"kgen.dev/kgen/internal/tree"
)

func TestFormatBase(t *testing.T) {
	in := treeOf(t,
		"networking/a.yaml", "kind: Service\n",
		"empty", "",
		"crlf", "a\r\nb\r\n",
		"cut", "a\n\nno newline",
		"archive", "x\n-- y --\nz\n",
		"archive-crlf", "-- y --\r\n",
		"merge", "<<<<<<< ours\n=======\n>>>>>>> theirs\n",
		`"quoted"`, "a\n",
		" spaced", "a\n",
	)
	want := `# What kgen last wrote, so that it can tell its own lines from yours.
# Written by kgen: commit it, do not edit it.
-- " spaced" --
:a
-- "\"quoted\"" --
:a
-- "archive" --
:x
:-- y --
:z
-- "archive-crlf" --
:-- y --` + "\r" + `
-- crlf --
a` + "\r" + `
b` + "\r" + `
-- "cut" --
:a
:
!no newline
-- empty --
-- "merge" --
:<<<<<<< ours
:=======
:>>>>>>> theirs
-- networking/a.yaml --
kind: Service
`
	got, err := FormatBase(in)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	back, err := ParseBase(got)
	if err != nil {
		t.Fatal(err)
	}
	if !same(in, back.Tree) {
		t.Errorf("read back: %q", back.Paths())
	}
	names := []string{}
	for _, f := range txtar.Parse(got).Files {
		names = append(names, f.Name)
	}
	if d := cmp.Diff([]string{`" spaced"`, `"\"quoted\""`, `"archive"`, `"archive-crlf"`, "crlf", `"cut"`, "empty", `"merge"`, "networking/a.yaml"}, names); d != "" {
		t.Errorf("txtar reads other files:\n%s", d)
	}
	bad := tree.New()
	bad.Set("../x", nil)
	if _, err := FormatBase(bad); err == nil || err.Error() != `"../x" is not a clean relative path` {
		t.Errorf("err = %v", err)
	}
}

func TestParseBaseRefuses(t *testing.T) {
	const way = "; restore the file from version control; or delete it, and every generated file that is not up to date is shown as a conflict once"
	tests := []struct{ name, archive, want string }{
		{"empty", "", ".kgen/base.txtar:1: this is no archive that kgen wrote"},
		{"another archive", "-- a --\nx\n", ".kgen/base.txtar:1: this is no archive that kgen wrote"},
		{"a conflict, one side broken", baseHead + "-- a --\nx\n<<<<<<< HEAD\n-- a --\n=======\nz\n>>>>>>> other\n", ".kgen/base.txtar:5: an unresolved merge conflict"},
		{"a conflict in a quoted file", baseHead + "-- \"a\" --\n:x\n||||||| base\n", ".kgen/base.txtar:5: an unresolved merge conflict"},
		{"half a resolution", baseHead + "-- a --\nx\n=======\n", ".kgen/base.txtar:5: an unresolved merge conflict"},
		{"out of the folder", baseHead + "-- a --\n-- ../x --\n", `.kgen/base.txtar:4: "../x" is not a clean relative path`},
		{"absolute", baseHead + "-- /etc/passwd --\n", `.kgen/base.txtar:3: "/etc/passwd" is not a clean relative path`},
		{"quoted and absolute", baseHead + "-- \"/etc/passwd\" --\n", `.kgen/base.txtar:3: "/etc/passwd" is not a clean relative path`},
		{"a backward path", baseHead + "-- a/../b --\n", `.kgen/base.txtar:3: "a/../b" is not a clean relative path`},
		{"no name", baseHead + "--  --\n", `.kgen/base.txtar:3: "" is no file name that kgen writes`},
		{"a broken quote", baseHead + "-- \"a --\n", `.kgen/base.txtar:3: "a is no quoted name`},
		{"the model", baseHead + "-- kgen.yaml --\n", ".kgen/base.txtar:3: kgen.yaml is yours: no archive makes it kgen's to delete"},
		{"git", baseHead + "-- .git/config --\n", ".kgen/base.txtar:3: .git/config is git's own"},
		{"itself", baseHead + "-- .kgen/base.txtar --\n", ".kgen/base.txtar:3: .kgen/base.txtar is kgen's own"},
		{"twice", baseHead + "-- a --\nx\n-- b --\n-- a --\n", ".kgen/base.txtar:6: a is in the archive twice"},
		{"twice, once in quotes", baseHead + "-- a --\nx\n-- \"a\" --\n:y\n", ".kgen/base.txtar:5: a is in the archive twice"},
		{"no colon", baseHead + "-- \"a\" --\nx\n", ".kgen/base.txtar:4: a line that kgen did not write, in a"},
		{"two last lines", baseHead + "-- \"a\" --\n!x\n!y\n", ".kgen/base.txtar:5: a line that kgen did not write, in a"},
		{"cut off", baseHead + "-- a --\nx", ".kgen/base.txtar:4: the archive breaks off in the middle of a line"},
		{"text in front", baseHead + "x\n-- a --\n", ".kgen/base.txtar:3: text before the first file"},
		{"line ends", "# What kgen last wrote\r\n", ".kgen/base.txtar:1: its line ends were changed to CRLF (write `/.kgen/base.txtar -text` into .gitattributes)"},
		{"line ends of a name", baseHead + "-- a --\r\n", ".kgen/base.txtar:3: its line ends were changed to CRLF (write `/.kgen/base.txtar -text` into .gitattributes)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseBase([]byte(tt.archive))
			if err == nil {
				t.Fatal("accepted")
			}
			if d := cmp.Diff(tt.want+way, err.Error()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestParseBaseOfAMerge reads both sides of a conflict that git has left in the archive.
func TestParseBaseOfAMerge(t *testing.T) {
	got, err := ParseBase([]byte(baseHead + "-- a --\nx\n<<<<<<< HEAD\ny\n-- b --\n=======\nz\n-- c --\n>>>>>>> other\nend\n"))
	if err != nil {
		t.Fatal(err)
	}
	one, two := treeOf(t, "a", "x\ny\n", "b", "end\n"), treeOf(t, "a", "x\nz\n", "c", "end\n")
	if len(got.Sides) != 2 || !same(got.Sides[0], one) || !same(got.Sides[1], two) {
		t.Errorf("the sides are %v", got.Sides)
	}
	if !same(got.Tree, treeOf(t, "a", "x\ny\n", "b", "end\n", "c", "end\n")) {
		t.Errorf("both together are %v", got.Tree)
	}
}

func TestReadBase(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if got, err := ReadBase(root); err != nil || got.Len() != 0 {
		t.Errorf("without an archive: %v, %v", got, err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".kgen"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../kgen.yaml", filepath.Join(dir, ".kgen", "base.txtar")); err != nil {
		t.Fatal(err)
	}
	want := ".kgen/base.txtar is a symbolic link, but a file has to be there; move it out of the way"
	if _, err := ReadBase(root); err == nil || err.Error() != want {
		t.Errorf("err = %v", err)
	}
}

// FuzzBase takes any two files through the archive and back, byte for byte.
func FuzzBase(f *testing.F) {
	f.Add("a", []byte("x\n"), []byte("y"))
	f.Add("\"a\" ", []byte("-- b --\n"), []byte("\n"))
	f.Add("a\nb\xff", []byte(":x\n!y\n# z\n"), []byte("<<<<<<< \n"))
	f.Add("-- a --", []byte("-- \r\n-- b --\r"), []byte("-- b --"))
	f.Add("\u2028", []byte("--  --\n-- --\n"), []byte("\r"))
	f.Fuzz(func(t *testing.T, path string, one, two []byte) {
		in := tree.New()
		if checkBasePath(path) != nil || path == "b" {
			return
		}
		in.Set(path, one)
		in.Set("b", two)
		archive, err := FormatBase(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := ParseBase(archive)
		if err != nil {
			t.Fatalf("%v in\n%s", err, archive)
		}
		if d := cmp.Diff(in.Paths(), out.Paths()); d != "" {
			t.Fatal(d)
		}
		if !same(in, out.Tree) {
			t.Errorf("other contents; the archive is\n%q", archive)
		}
		if n := len(txtar.Parse(archive).Files); n != 2 {
			t.Errorf("txtar reads %d files", n)
		}
	})
}

// FuzzParseBase reads any text: what is accepted means the same when written again.
func FuzzParseBase(f *testing.F) {
	f.Add("-- a --\nx\n")
	f.Add("-- \"a\" --\n:x\n!y\n-- b --\n")
	f.Add("# more\n-- ../a --\n")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := ParseBase([]byte(baseHead + body))
		if err != nil {
			return
		}
		archive, err := FormatBase(got.Tree)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseBase(archive)
		if err != nil {
			t.Fatal(err)
		}
		if !same(got.Tree, again.Tree) {
			t.Errorf("another tree from\n%q", archive)
		}
	})
}

// BenchmarkBase is 6,000 files, 10 MB.
func BenchmarkBase(b *testing.B) {
	in := tree.New()
	for i := range 6000 {
		in.Set(fmt.Sprintf("networking/services/service-%04d.yaml", i), bytes.Repeat([]byte("    some: line of a manifest\n"), 58))
	}
	archive, err := FormatBase(in)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Format", func(b *testing.B) {
		b.SetBytes(int64(len(archive)))
		for b.Loop() {
			if _, err := FormatBase(in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Parse", func(b *testing.B) {
		b.SetBytes(int64(len(archive)))
		for b.Loop() {
			if _, err := ParseBase(archive); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func same(a, b *tree.Tree) bool {
	if a.Len() != b.Len() {
		return false
	}
	for path, data := range a.All() {
		if other, ok := b.File(path); !ok || !bytes.Equal(data, other) {
			return false
		}
	}
	return true
}
