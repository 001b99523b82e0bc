package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/cli"
)

// mustSucceed runs one command line in this process and returns its output.
func mustSucceed(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Main(context.Background(), cli.IO{In: strings.NewReader(""), Out: &out, Err: &errs}, args); code != 0 {
		t.Fatalf("kgen %v: exit %d\n%s", args, code, errs.String())
	}
	return out.Bytes()
}

// stamps are the files of a folder as the file system tells one writing of a file
// from another: which file it is, and when its contents and what is known of it changed.
func stamps(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	out := map[string]fs.FileInfo{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(rel)], err = d.Info()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestUntouched holds every verb to the files that it lists: all others are the
// same files as before, with the times that they had, and those that it lists are
// few however many services there are.
func TestUntouched(t *testing.T) {
	const services = 40
	dir := filepath.Join(t.TempDir(), "repository")
	from := filepath.Join(t.TempDir(), "kgen.yaml")
	text := strings.Replace(model(services), "metrics: {port: 9090}\n", "metrics: {port: 9090}\n    canary: {version: v2, weight: 10}\n", 1)
	if err := os.WriteFile(from, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	mustSucceed(t, "init", dir, "--from", from, "--yes")
	old := time.Now().Add(-time.Hour)
	for name := range stamps(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		args []string
		most int // files that are written
	}{
		{[]string{"generate"}, 0},
		{[]string{"add", "service", "payments", "--port", "8080", "--called-by", "service-0001", "--yes"}, 16},
		{[]string{"generate"}, 0},
		{[]string{"canary", "set", "service-0000", "50", "--yes"}, 5},
		{[]string{"set", "service", "service-0002", "replicas=3", "--yes"}, 5},
		{[]string{"generate", "--restore", "monitoring"}, 0},
		{[]string{"remove", "service", "payments", "--yes"}, 16},
	} {
		t.Run(strings.Join(step.args, " "), func(t *testing.T) {
			before := stamps(t, dir)
			var report struct {
				Files []struct{ Path, Action string }
			}
			if err := json.Unmarshal(mustSucceed(t, slices.Concat([]string{"-C", dir}, step.args, []string{"-o", "json"})...), &report); err != nil {
				t.Fatal(err)
			}
			var listed []string
			for _, f := range report.Files {
				listed = append(listed, f.Path)
			}
			slices.Sort(listed)
			if len(listed) > step.most {
				t.Errorf("%d files are listed, and at most %d have to change:\n%s", len(listed), step.most, strings.Join(listed, "\n"))
			}
			after := stamps(t, dir)
			touched := []string{}
			for name, now := range after {
				was, had := before[name]
				if !had || !os.SameFile(was, now) || !was.ModTime().Equal(now.ModTime()) || was.Mode() != now.Mode() {
					touched = append(touched, name)
				}
			}
			for name := range before {
				if _, still := after[name]; !still {
					touched = append(touched, name)
				}
			}
			slices.Sort(touched)
			if diff := cmp.Diff(append([]string{}, listed...), touched); diff != "" {
				t.Errorf("files (-listed +touched):\n%s", diff)
			}
		})
	}
}
