package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kgen": main})
}

// TestScripts runs testdata/script. Beside the commands of testscript, a script has
//
//	exits CODE PROGRAM ARG...  runs a program, which must end with CODE
//	listing DIR FILE           writes what DIR holds: modes, links, sums of contents
//	same A B                   compares two folders or files, contents and modes
//	silent                     the last program wrote nothing on the standard error
//	json FILE                  checks that FILE is one JSON document
//	append FILE MORE           puts the contents of MORE at the end of FILE
//	fill FILE BYTES TEXT       writes lines of TEXT up to a size
//	replace FILE OLD NEW       replaces a text, in which \n is a line's end, that is there once
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"listing": writeListing,
			"same":    same,
			"silent":  silent,
			"json":    isJSON,
			"append":  appendTo,
			"fill":    fill,
			"replace": replace,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var failed *exec.ExitError
		if !errors.As(err, &failed) {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func silent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: silent")
	}
	if said := ts.ReadFile("stderr"); said != "" {
		ts.Fatalf("said:\n%s", said)
	}
}

func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("%s is not one JSON document:\n%s", args[0], text)
	}
}

func appendTo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FILE MORE")
	}
	text := ts.ReadFile(args[0]) + ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fill FILE BYTES TEXT")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := strings.Repeat(args[2]+"\n", size/(len(args[2])+1)+1)[:size]
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o666))
}

func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	old, now := strings.ReplaceAll(args[1], `\n`, "\n"), strings.ReplaceAll(args[2], `\n`, "\n")
	if n := strings.Count(text, old); n != 1 {
		ts.Fatalf("%s holds %q %d times:\n%s", args[0], old, n, text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, old, now, 1)), 0o666))
}

func writeListing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listing DIR FILE")
	}
	text, err := listing(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] same A B")
	}
	a, err := listing(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := listing(ts.MkAbs(args[1]))
	ts.Check(err)
	diff := cmp.Diff(a, b)
	switch {
	case diff != "" && !neg:
		ts.Fatalf("%s and %s differ:\n%s", args[0], args[1], diff)
	case diff == "" && neg:
		ts.Fatalf("%s and %s are the same:\n%s", args[0], args[1], a)
	}
}

// listing says a line for each file below a folder: its mode, its path, and
// where it leads or the sum of what it holds.
func listing(top string) (string, error) {
	var text strings.Builder
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		content := ""
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			content, err = os.Readlink(path)
		case d.Type().IsRegular():
			var data []byte
			data, err = os.ReadFile(path)
			content = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		fmt.Fprintf(&text, "%s %s %s\n", info.Mode(), filepath.ToSlash(rel), content)
		return err
	})
	return text.String(), err
}
