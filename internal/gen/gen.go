// Package gen renders the model into the tree of files that kgen writes.
//
// It works in three steps. newApp resolves the model: defaults, names, both
// ends of every edge. Methods on App and Service decide what each file says and
// hand templates the plain values to print. The tables in files.go say which
// template makes which path, and when.
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
	outputs := plan(newApp(n))
	errs := make([]error, len(outputs))
	data := make([][]byte, len(outputs))
	workers := min(runtime.GOMAXPROCS(0), len(outputs))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var buf bytes.Buffer
			for i := w; i < len(outputs); i += workers {
				data[i], errs[i] = outputs[i].render(set, &buf, o.Known)
			}
		})
	}
	wg.Wait()
	var problems diag.List
	out := tree.New()
	for i, f := range outputs {
		if errs[i] != nil {
			problems.Errorf("", "template", "", "%s", errs[i])
			continue
		}
		if err := out.Add(f.path, data[i]); err != nil {
			problems.Errorf("", "template", "", "%s", err)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// An output is one file to be rendered.
type output struct {
	path     string
	template string
	data     any
}

func (o output) render(set *template.Template, buf *bytes.Buffer, known *tree.Tree) ([]byte, error) {
	buf.Reset()
	if err := set.ExecuteTemplate(buf, o.template, o.data); err != nil {
		return nil, fmt.Errorf("%s: %w", o.path, err)
	}
	text := bytes.TrimLeft(buf.Bytes(), "\n")
	text = append(bytes.TrimRight(text, "\n"), '\n')
	if known != nil {
		if old, ok := known.File(o.path); ok && bytes.Equal(old, text) {
			return old, nil
		}
	}
	out := bytes.Clone(text)
	if strings.HasSuffix(o.path, ".yaml") {
		if _, err := manifest.Parse(o.path, out); err != nil {
			return nil, fmt.Errorf("template %s does not render YAML: %w", o.template, err)
		}
	}
	return out, nil
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
