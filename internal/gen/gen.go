// Package gen renders the model into the tree of files that kgen writes.
//
// It works in three steps. newApp resolves the model: defaults, names, both
// ends of every edge. Methods on App and Service decide what each file says and
// hand templates the plain values to print. The tables in files.go say which
// template makes which path, and when. Environments are resolved and laid out in
// the same way, each as a tree or as patches: see Environment.
//
// Rendering is a function of the model and the templates alone: no clock, no
// randomness, no environment, no map order.
package gen

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/template"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/templates"
)

// Options changes how a model is rendered.
type Options struct {
	// Templates holds a user's own copies of single templates, under the paths
	// of the built-in ones, which they replace.
	Templates fs.FS
	// Known holds files that were rendered before: what comes out with the
	// same bytes need not be parsed again.
	Known *tree.Tree
	// Without reports files that are to be left out, each with its entry in the
	// kustomization beside it; nil leaves out none. A folder whose kustomization
	// is left out is no longer built, one that has nothing left to build has none.
	Without func(path string) bool
	// Settled are services that need not be rendered. Nil is none of them. A model
	// with environments has none: see Touched.
	Settled *Settled

	// alone has text/template run every template, and gaveUp is told which ones the
	// executor left to it: so tests hold the one against the other.
	alone  bool
	gaveUp func(template string)
}

// Render returns every file that the model asks for, but for kgen.yaml itself
// and kgen's own notes below .kgen. The model must have passed spec.Validate.
// Every YAML file is parsed again before it counts as rendered; an error names
// template, path and line.
func Render(n *spec.Network, o Options) (*tree.Tree, error) {
	set, err := parseTemplates(o.Templates)
	if err != nil {
		return nil, err
	}
	a := newApp(n)
	if len(n.Spec.Environments) == 0 {
		a.settled = o.Settled
	}
	if err := a.resolveEnvironments(n); err != nil {
		return nil, err
	}
	without := o.Without
	if without == nil {
		without = func(string) bool { return false }
	}
	base := plan(a, ".", without)
	outputs := slices.Concat(base.outputs, planGuides(a, without), delivery(a, without))
	for _, e := range a.Environments {
		if e.OwnTree() {
			outputs = append(outputs, plan(e.App, e.Dir(), without).outputs...)
		}
	}
	r := renderer{set: set, options: o, out: tree.New()}
	r.files(outputs)
	if r.problems == nil && a.Patched() {
		r.overlays(a, base, without)
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return r.out, nil
}

// A renderer fills a tree.
type renderer struct {
	set       *template.Template
	executors []*executor
	options   Options
	out       *tree.Tree
	problems  diag.List
}

func (r *renderer) fail(err error) { r.problems.Errorf("", "template", "", "%s", err) }

// each runs work for every index below n, several at once, and gives each
// worker an executor of its own. Errors are reported in the order of the indices.
func (r *renderer) each(n int, work func(i int, x *executor) error) {
	errs := make([]error, n)
	workers := min(runtime.GOMAXPROCS(0), n)
	for len(r.executors) < workers {
		r.executors = append(r.executors, newExecutor(r.set, r.options))
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				errs[i] = work(i, r.executors[w])
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			r.fail(err)
		}
	}
}

// files renders files into the tree.
func (r *renderer) files(outputs []output) {
	data := make([][]byte, len(outputs))
	r.each(len(outputs), func(i int, x *executor) (err error) {
		data[i], err = outputs[i].render(x, r.options.Known)
		return err
	})
	for i, f := range outputs {
		if data[i] == nil {
			continue // said already
		}
		if err := r.out.Add(f.path, data[i]); err != nil {
			r.fail(err)
		}
	}
}

// overlays renders the environments that patch the base. Each one's own tree is
// rendered as well, but only what differs from the base is kept and read.
func (r *renderer) overlays(a *App, base layout, without func(string) bool) {
	here := base.built()
	var outputs []output
	for _, e := range a.Environments {
		if e.OwnTree() {
			continue
		}
		there := plan(e.App, ".", without).built()
		texts := make([][]byte, len(there))
		r.each(len(there), func(i int, x *executor) error {
			text, err := there[i].text(x)
			if old, ok := r.out.File(there[i].path); err == nil && (!ok || !bytes.Equal(old, text)) {
				texts[i] = bytes.Clone(text)
			}
			return err
		})
		if len(r.problems) > 0 {
			return
		}
		var now []source
		same := map[string]bool{}
		for i, text := range texts {
			if text == nil {
				same[there[i].path] = true
			} else {
				now = append(now, source{there[i], text})
			}
		}
		var old []source
		for _, o := range here {
			if text, ok := r.out.File(o.path); ok && !same[o.path] {
				old = append(old, source{o, text})
			}
		}
		made, err := e.overlay(base.top, old, now, without)
		if err != nil {
			r.fail(fmt.Errorf("%s: %w", e.Dir(), err))
			continue
		}
		outputs = append(outputs, made...)
	}
	r.files(outputs)
}

// An output is one file to be rendered.
type output struct {
	path     string
	template string
	data     any
}

// text executes the template. The result lives in the executor.
func (o output) text(x *executor) ([]byte, error) {
	text, err := x.execute(o.template, o.data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.path, err)
	}
	text = bytes.TrimLeft(text, "\n")
	return append(bytes.TrimRight(text, "\n"), '\n'), nil
}

func (o output) render(x *executor, known *tree.Tree) ([]byte, error) {
	text, err := o.text(x)
	if err != nil {
		return nil, err
	}
	if known != nil {
		if old, ok := known.File(o.path); ok && bytes.Equal(old, text) {
			return old, nil
		}
	}
	out := bytes.Clone(text)
	if ext := path.Ext(o.path); ext == ".yaml" || ext == ".yml" {
		if err := o.parse(out); err != nil {
			return nil, fmt.Errorf("template %s does not render YAML: %w", o.template, err)
		}
	}
	return out, nil
}

// parse reads what was rendered: Kubernetes objects, the list of a patch, or what
// another tool is told, which stands below names that begin with a dot.
func (o output) parse(data []byte) error {
	if o.template == patchTemplate || strings.HasPrefix(o.path, ".") {
		_, err := manifest.ParseValue(o.path, data)
		return err
	}
	_, err := manifest.Parse(o.path, data)
	return err
}

// part reports a template that others include. What includes it ends its line.
func part(name string) bool { return strings.HasPrefix(path.Base(name), "_") }

func parseOne(set *template.Template, name, text string) error {
	if part(name) {
		text = strings.TrimRight(text, "\n")
	}
	if strings.TrimSpace(text) == "" {
		// text/template keeps the old body where the new one is empty.
		return fmt.Errorf("is empty; to leave a file out, change the model, or keep a comment in it")
	}
	_, err := set.New(name).Parse(text)
	return err
}

// parseTemplates reads the built-in templates and lays the user's over them.
// Templates are known by their whole path.
func parseTemplates(own fs.FS) (*template.Template, error) {
	set := template.New("").Funcs(funcs()).Option("missingkey=error")
	if err := readTemplates(templates.FS, func(name, text string) error {
		return parseOne(set, name, text)
	}); err != nil {
		return nil, err
	}
	if own == nil {
		return set, nil
	}
	var problems diag.List
	err := readTemplates(own, func(name, text string) error {
		if set.Lookup(name) == nil {
			fix := "kgen templates export shows the names"
			if near := diag.Nearest(name, Templates()); near != "" {
				fix = "did you mean " + near + "?"
			}
			problems = append(problems, diag.Diagnostic{File: name, Severity: diag.Error, Code: "unknown-template", Message: "replaces no template of kgen's", Fix: fix})
			return nil
		}
		if err := parseOne(set, name, text); err != nil {
			problems = append(problems, diag.Diagnostic{File: name, Severity: diag.Error, Code: "template", Message: strings.TrimPrefix(err.Error(), "template: ")})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading templates: %w", err)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return set, nil
}

// maxTemplate is the size of the largest template that is read, in bytes.
const maxTemplate = 1 << 20

func readTemplates(fsys fs.FS, each func(name, text string) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".tmpl") {
			return err
		}
		info, err := fs.Stat(fsys, name) // what a link leads to
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxTemplate {
			return fmt.Errorf("%s: a regular file of at most %d bytes is wanted", name, maxTemplate)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return each(name, string(text))
	})
}

// Templates lists the paths of the built-in templates, sorted.
func Templates() []string {
	var names []string
	// Reading an embedded file system does not fail.
	_ = readTemplates(templates.FS, func(name, _ string) error {
		names = append(names, name)
		return nil
	})
	return names
}
