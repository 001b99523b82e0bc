package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// reader reads the arguments of one run. It stops when its context ends.
type reader struct {
	ctx            context.Context
	store          store
	set            Set
	listings       map[string][]named
	kinds          map[string]map[string]kind // of the listings, by name
	reals          map[string]string          // folders, with their links followed
	files          map[string]*parsed
	kustomizations map[string]*kustomization
	named          map[string]bool // files that a kustomization names
	linked         map[string]bool // what the links that one names lead to
	done           map[string]bool // files whose objects are in the set
	exact          bool            // whether kustomize takes all for the same is to be judged
}

func newReader(ctx context.Context, s store) *reader {
	return &reader{ctx: ctx, store: s, listings: map[string][]named{}, kinds: map[string]map[string]kind{}, reals: map[string]string{}, files: map[string]*parsed{},
		kustomizations: map[string]*kustomization{}, named: map[string]bool{}, linked: map[string]bool{}, done: map[string]bool{}}
}

// stopped carries the end of the context out of the reading.
type stopped struct{ err error }

// stop, deferred, turns the end of the context into the error that is returned.
func stop(err *error) {
	if end := recover(); end != nil {
		s, ok := end.(stopped)
		if !ok {
			panic(end)
		}
		*err = s.err
	}
}

func read(ctx context.Context, s store, stdin io.Reader, args []string) (set *Set, err error) {
	r := newReader(ctx, s)
	defer func() {
		if err != nil {
			set = nil
		}
	}()
	defer stop(&err)
	if len(args) == 0 {
		args = []string{"."}
	}
	stdinRead := false
	for _, arg := range args {
		switch {
		case arg == "-" && stdin != nil:
			if !stdinRead {
				r.stdin(stdin)
			}
			stdinRead = true
		case arg == "":
			r.find(manifest.Position{}, "argument", "name a file or a folder, or - for the standard input", "an argument is empty")
		default:
			r.argument(arg)
		}
	}
	r.orphans()
	r.idle()
	r.orders()
	slices.SortFunc(r.set.Kustomizations, func(a, b *Kustomization) int { return strings.Compare(a.Dir, b.Dir) })
	for i, k := range r.set.Kustomizations {
		told := *k // not as a part of what it was read from, which would be kept with all its files
		r.set.Kustomizations[i] = &told
	}
	r.set.Findings.Sort()
	r.set.Findings = slices.Compact(r.set.Findings)
	return &r.set, nil
}

func (r *reader) alive() {
	if err := r.ctx.Err(); err != nil {
		panic(stopped{context.Cause(r.ctx)})
	}
}

func (r *reader) find(at manifest.Position, code, fix, format string, args ...any) {
	r.set.Findings = append(r.set.Findings, diag.Diagnostic{File: at.File, Line: at.Line, Column: at.Column,
		Severity: diag.Error, Code: code, Fix: fix, Message: fmt.Sprintf(format, args...)})
}

// report puts a file's findings into the set, once.
func (r *reader) report(p *parsed) {
	if !p.reported {
		p.reported = true
		r.set.Findings = append(r.set.Findings, p.findings...)
	}
}

func (r *reader) stdin(in io.Reader) {
	data, err := readAll(in)
	r.alive()
	if err != nil {
		r.find(manifest.Position{File: stdinName}, "unreadable", "", "%s", cause(err))
		return
	}
	objects, findings, claimed := parseStream(data)
	findings = append(findings, repeated(objects)...)
	r.set.Claimed = claimed
	r.set.Objects = append(r.set.Objects, objects...)
	r.set.Findings = append(r.set.Findings, findings...)
}

// argument reads one file or folder.
func (r *reader) argument(arg string) {
	path := r.store.join("", arg)
	at := manifest.Position{File: arg}
	what := r.store.look(path)
	if what == link {
		_, what = r.store.real(path)
	}
	switch what {
	case nothing:
		if address(arg) {
			r.find(manifest.Position{}, Address, "download it and name the file or folder", "%s is an address, and kgen fetches nothing", arg)
			return
		}
		r.find(at, "missing", "name a file or a folder, or - for the standard input", "there is no such file or folder")
	case other:
		r.find(at, "unreadable", "write it to a file, or pipe it into kgen with -", "is neither a file nor a folder")
	case file:
		if isKustomization(r.store.base(path)) {
			r.build(r.store.dir(path))
			return
		}
		p := r.load(path, r.store.dir(path))
		r.take(p)
	case folder:
		r.folder(path)
	}
}

// take puts a file's objects into the set, once.
func (r *reader) take(p *parsed) {
	if r.done[p.path] {
		return
	}
	r.done[p.path] = true
	if p.findings.Err() == nil {
		p.findings = append(p.findings, repeated(p.objects)...)
	}
	r.report(p)
	r.set.Objects = append(r.set.Objects, p.objects...)
}

// folder reads a folder: the kustomization in it, or everything below it.
func (r *reader) folder(dir string) {
	if r.hasKustomization(dir) {
		r.build(dir)
		return
	}
	var dirs, files []string
	r.walk(dir, dir, map[string]bool{}, &dirs, &files)
	// The kustomizations that no other one here goes through are built.
	below := map[string]bool{}
	for _, d := range dirs {
		k := r.gather(d, nil)
		for _, e := range k.Entries {
			if k.Dir != e.Target && e.Target != "" {
				below[e.Target] = true
			}
		}
	}
	for _, d := range dirs {
		if k := r.kustomizations[d]; !below[d] && !k.component {
			r.build(d)
		}
	}
	for _, f := range files {
		if r.named[f] {
			continue
		}
		p := r.load(f, dir)
		if strings.HasSuffix(f, ".json") && foreign(p) {
			continue
		}
		r.take(p)
	}
}

// foreign reports whether a JSON file holds nothing of Kubernetes: JSON is what
// many a tool keeps its settings in.
func foreign(p *parsed) bool {
	if len(p.objects) > 0 {
		return false
	}
	for _, d := range p.findings {
		if d.Code != "not-an-object" {
			return false
		}
	}
	return true
}

// walk collects the folders with kustomizations and the files to read below a
// folder. A folder with a kustomization is that kustomization's, with all in it,
// but for kustomizations further down.
func (r *reader) walk(dir, top string, seen map[string]bool, dirs, files *[]string) {
	r.alive()
	real := r.real(dir)
	if seen[real] {
		return
	}
	seen[real] = true
	owned := r.hasKustomization(dir)
	if owned {
		*dirs = append(*dirs, dir)
	}
	for _, n := range r.list(dir) {
		path := r.store.join(dir, n.name)
		if strings.HasPrefix(n.name, ".") {
			continue
		}
		what := n.kind
		if what == link {
			target, leads := r.store.real(path)
			if !within(target, r.real(top)) {
				if leads == folder || yamlName(n.name) {
					r.find(manifest.Position{File: path}, "outside", "name what it leads to as an argument of its own", "this link leads out of %s, and is not followed", top)
				}
				continue
			}
			// What is inside is met where it really is.
			continue
		}
		switch {
		case what == folder:
			r.walk(path, top, seen, dirs, files)
		case what == file && !owned && !isKustomization(n.name) && n.name != "kgen.yaml" && (yamlName(n.name) || strings.HasSuffix(n.name, ".json")):
			*files = append(*files, path)
		case what == other && yamlName(n.name):
			r.find(manifest.Position{File: path}, "unreadable", "remove it, or write it to a file", "is neither a file nor a folder")
		}
	}
}

func yamlName(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// list is what is in a folder; nothing if it cannot be read, which is a finding.
func (r *reader) list(dir string) []named {
	if names, ok := r.listings[dir]; ok {
		return names
	}
	r.alive()
	names, err := r.store.list(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.find(manifest.Position{File: dir}, "unreadable", "", "%s", cause(err))
	}
	kinds := make(map[string]kind, len(names))
	for _, n := range names {
		kinds[n.name] = n.kind
	}
	r.listings[dir], r.kinds[dir] = names, kinds
	return names
}

// look is what stands at a path, by the listing of its folder.
func (r *reader) look(path string) kind {
	dir, name := r.store.dir(path), r.store.base(path)
	if dir == path || name == ".." || name == "." {
		return r.store.look(path)
	}
	if _, ok := r.kinds[dir]; !ok {
		if r.store.look(dir) == nothing {
			return nothing
		}
		r.list(dir)
	}
	return r.kinds[dir][name]
}

func (r *reader) hasKustomization(dir string) bool {
	for _, n := range r.list(dir) {
		if isKustomization(n.name) && n.kind != folder {
			return true
		}
	}
	return false
}

// real is a folder's path with every link followed.
func (r *reader) real(dir string) string {
	if real, ok := r.reals[dir]; ok {
		return real
	}
	real, _ := r.store.real(dir)
	r.reals[dir] = real
	return real
}

// inside reports whether a file is really in or below a folder.
func (r *reader) inside(path, dir string, what kind) bool {
	if what == link {
		real, _ := r.store.real(path)
		return within(real, r.real(dir))
	}
	return within(r.real(r.store.dir(path)), r.real(dir))
}

// read gives a regular file's bytes.
func (r *reader) read(path string) ([]byte, error) {
	r.alive()
	what := r.look(path)
	if what == link {
		_, what = r.store.real(path)
	}
	if what != file {
		return nil, errors.New("is no file")
	}
	return r.store.read(path)
}

// load reads and parses a file, once.
func (r *reader) load(path, dir string) *parsed {
	if p, ok := r.files[path]; ok {
		return p
	}
	p := &parsed{path: path}
	r.files[path] = p
	data, err := r.read(path)
	p.take(data, err)
	if r.exact {
		p.inexact, p.inexactAt = inexact(p)
	}
	return p
}

// take parses what was read, or notes that it could not be.
func (p *parsed) take(data []byte, err error) {
	if err != nil {
		p.findings = diag.List{{File: p.path, Severity: diag.Error, Code: "unreadable", Message: cause(err)}}
		return
	}
	p.data = data
	p.objects, p.findings = parse(p.path, data)
	p.odd = oddity(p.path, p.objects)
}

// cause is an error without the path, which the finding names already.
func cause(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}

// orphans notes for every kustomization gone through what lies beside it that
// none names.
func (r *reader) orphans() {
	for _, k := range r.set.Kustomizations {
		r.beside(r.kustomizations[k.Dir], k.Dir)
	}
}

// leadsBelow reports whether some entry is below a folder.
func (k *kustomization) leadsBelow(dir string) bool {
	return slices.ContainsFunc(k.Entries, func(e Entry) bool { return strings.HasPrefix(e.Target, dir+"/") })
}

func (r *reader) beside(k *kustomization, dir string) {
	for _, n := range r.list(dir) {
		path := r.store.join(dir, n.name)
		switch {
		case strings.HasPrefix(n.name, "."):
		case n.kind == folder && r.hasKustomization(path):
			if _, through := r.kustomizations[path]; !through {
				k.Unreached = append(k.Unreached, path)
				if k.leadsBelow(path) {
					r.beside(k, path) // what it names there has neighbours
				}
			}
		case n.kind == folder:
			r.beside(k, path)
		case n.kind == file && yamlName(n.name) && !isKustomization(n.name) && n.name != "kgen.yaml" && !r.named[path] && !r.linked[r.store.join(r.real(dir), n.name)]:
			if p := r.load(path, dir); !foreign(p) {
				k.Orphans = append(k.Orphans, path)
			}
		}
	}
}
