package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/bench/trees"
)

// fixtures are the repositories, charts and trees that the programs work on,
// made when first asked for, below one folder.
type fixtures struct {
	dir, kgen string
	made      map[int][]trees.File
}

func (f *fixtures) at(n int, name string) string {
	return filepath.Join(f.dir, strconv.Itoa(n), name)
}

// repository is kgen's of n services, with its model beside it.
func (f *fixtures) repository(ctx context.Context, n int) (string, []trees.File, error) {
	at := f.at(n, "repository")
	if files, made := f.made[n]; made {
		return at, files, nil
	}
	if err := os.MkdirAll(f.at(n, ""), 0o755); err != nil {
		return "", nil, err
	}
	files, err := trees.Rendered(ctx, f.kgen, f.at(n, ""), n)
	if err != nil {
		return "", nil, err
	}
	f.made[n] = files
	return at, files, nil
}

// chart is a Helm chart of n services.
func (f *fixtures) chart(ctx context.Context, n int) (string, []trees.File, error) {
	_, files, err := f.repository(ctx, n)
	if err != nil {
		return "", nil, err
	}
	at := f.at(n, "chart")
	if _, err := os.Stat(at); err == nil {
		return at, files, nil
	}
	sample, err := trees.Sample(ctx, f.kgen, filepath.Join(f.at(n, "sample")))
	if err != nil {
		return "", nil, err
	}
	chart, err := trees.NewChart(sample, files, n)
	if err != nil {
		return "", nil, err
	}
	return at, files, trees.Write(at, chart)
}

// layout is a repository's objects arranged in another way.
func (f *fixtures) layout(ctx context.Context, n int, name string) (string, error) {
	_, files, err := f.repository(ctx, n)
	if err != nil {
		return "", err
	}
	l, err := trees.LayoutNamed(name)
	if err != nil {
		return "", err
	}
	at := f.at(n, "layout-"+name)
	err = trees.Write(at, l.Arrange(files))
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return at, err
}

// A snapshot is what a folder's files hold, by path: digests, so that it stays
// small.
type snapshot map[string]digest

type digest struct {
	sum [sha256.Size]byte
	// written is when, and which file it is: a file written anew with the same
	// bytes has another.
	written int64
}

func snap(dir string) (snapshot, error) {
	s := snapshot{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && name == filepath.Join(dir, ".kgen", "cache") {
			return fs.SkipDir // no part of the repository
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		sum, err := sumOf(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		s[filepath.ToSlash(rel)] = digest{sum, info.ModTime().UnixNano()}
		return err
	})
	return s, err
}

func sumOf(name string) (sum [sha256.Size]byte, err error) {
	data, err := os.ReadFile(name)
	return sha256.Sum256(data), err
}

// changed are the files that one snapshot has and the other has not, or whose
// digests differ as far as differ looks, in the order of their names.
func (s snapshot) changed(other snapshot, differ func(a, b digest) bool) []string {
	names := map[string]bool{}
	for name, a := range s {
		if b, there := other[name]; !there || differ(a, b) {
			names[name] = true
		}
	}
	for name := range other {
		if _, there := s[name]; !there {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func otherBytes(a, b digest) bool { return a.sum != b.sum }

func writtenAnew(a, b digest) bool { return a != b }

// sameFiles holds two folders to the same files with the same bytes.
func sameFiles(want, got string) error {
	a, err := snap(want)
	if err != nil {
		return err
	}
	b, err := snap(got)
	if err != nil {
		return err
	}
	if names := a.changed(b, otherBytes); len(names) > 0 {
		return fmt.Errorf("%d files of %s are not as in %s: %s", len(names), got, want, few(names))
	}
	return nil
}

// sameBytes holds two files to the same bytes, and says where they part.
func sameBytes(want, got string) error {
	a, err := os.ReadFile(want)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(got)
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return fmt.Errorf("the bytes differ from line %d on: %q, and %q", 1+bytes.Count(a[:at], []byte("\n")), lineAt(a, at), lineAt(b, at))
}

// lineAt is the line that holds a byte.
func lineAt(text []byte, at int) string {
	line := text[bytes.LastIndexByte(text[:at], '\n')+1:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return string(line)
}

func few(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
