package gen

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// Overlay is the kustomization of an environment that patches the base.
type Overlay struct {
	Environment *Environment
	Resources   []string
	Patches     []Patch
}

// Patch is one file that changes or removes one resource of the base.
type Patch struct {
	Environment *Environment
	Path        string // below the environment's folder
	File        string // the base's, that holds the resource
	Object      *manifest.Object
	Operations  []Operation // none removes the resource
}

// NamePattern and NamespacePattern match this resource alone: kustomize takes
// the names in a target for regular expressions, in which a dot is any letter.
func (p Patch) NamePattern() string      { return regexp.QuoteMeta(p.Object.Name) }
func (p Patch) NamespacePattern() string { return regexp.QuoteMeta(p.Object.Namespace) }

// Version is the version of the resource's API.
func (p Patch) Version() string { return path.Base(p.Object.APIVersion) }

// Extra is a resource that only the environment has.
type Extra struct {
	Environment *Environment
	File        string // in which it would stand in the base
	Text        string
}

// document is one resource of a rendered file.
type document struct {
	*manifest.Object
	template string
	text     string // with its comments
}

// identity is what kustomize knows a resource by.
type identity struct{ group, kind, namespace, name string }

func (d document) identity() identity {
	return identity{d.Group(), d.Kind, d.Namespace, d.Name}
}

// source is a rendered file of a tree.
type source struct {
	output
	text []byte
}

// overlay lists the files of an environment that patches the base: what it takes
// to make the files there of the files here, both of them those that are built.
// top is what the base builds, seen from its own folder.
func (e *Environment) overlay(top []string, here, there []source, without func(string) bool) ([]output, error) {
	old, err := documents(here)
	if err != nil {
		return nil, err
	}
	now, err := documents(there)
	if err != nil {
		return nil, err
	}
	index := make(map[identity]document, len(now))
	for _, d := range now {
		index[d.identity()] = d
	}
	o := Overlay{Environment: e}
	for _, dir := range top {
		o.Resources = append(o.Resources, path.Join("../..", dir))
	}
	var files []output
	names := fileNames{e.App.Namespace, map[string]bool{}}
	place := func(template, name string, data any) bool {
		file := output{path.Join(e.Dir(), name), template, data}
		if without(file.path) {
			return false
		}
		files = append(files, file)
		return true
	}
	had := make(map[identity]bool, len(old))
	for _, d := range old {
		had[d.identity()] = true
		p := Patch{Environment: e, Path: names.of("patches", d), File: d.File, Object: d.Object}
		template := removalTemplate
		if other, ok := index[d.identity()]; ok {
			template = patchTemplate
			if p.Operations, err = d.into(other); err != nil {
				return nil, err
			}
			if len(p.Operations) == 0 {
				continue
			}
		}
		if place(template, p.Path, p) {
			o.Patches = append(o.Patches, p)
		}
	}
	for _, d := range now {
		if had[d.identity()] {
			continue
		}
		name := names.of("resources", d)
		if place(extraTemplate, name, Extra{e, d.File, d.text}) {
			o.Resources = append(o.Resources, name)
		}
	}
	if len(o.Resources) > 0 {
		place(overlayTemplate, "kustomization.yaml", o)
	}
	return files, nil
}

// into is how a resource becomes the same resource of another tree.
func (d document) into(other document) ([]Operation, error) {
	old, err := d.Value()
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", d.template, err)
	}
	now, err := other.Value()
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", other.template, err)
	}
	var change difference
	change.between("", old, now)
	return change, nil
}

// documents takes files apart.
func documents(files []source) ([]document, error) {
	var out []document
	for _, f := range files {
		for _, text := range split(f.text) {
			objects, err := manifest.Parse(f.path, text)
			if err != nil {
				return nil, fmt.Errorf("template %s does not render YAML: %w", f.template, err)
			}
			for _, o := range objects {
				d := document{o, f.template, string(text)}
				if len(objects) > 1 { // the items of a List
					if d.text, err = written(o); err != nil {
						return nil, fmt.Errorf("template %s: %w", f.template, err)
					}
				}
				out = append(out, d)
			}
		}
	}
	return out, nil
}

// split cuts a file between its documents.
func split(text []byte) [][]byte {
	var parts [][]byte
	start, at := 0, 0
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("---")); ok && len(bytes.TrimSpace(rest)) == 0 {
			parts = append(parts, text[start:at])
			start = at + len(line)
		}
		at += len(line)
	}
	return append(parts, text[start:])
}

// written is an object written anew.
func written(o *manifest.Object) (string, error) {
	v, err := o.Value()
	if err != nil {
		return "", err
	}
	text, err := writeValue(0, &v)
	return strings.TrimPrefix(text, "\n"), err
}

// fileNames gives each resource of an overlay a file of its own.
type fileNames struct {
	home  string // the namespace that needs no mention
	taken map[string]bool
}

// of names a resource's file by kind and name, which no hyphen in a kind can
// confuse, in a folder for each namespace but the application's own.
func (n fileNames) of(folder string, d document) string {
	if d.Namespace != n.home {
		folder = path.Join(folder, fileWord(d.Namespace))
	}
	name := path.Join(folder, fileWord(strings.ToLower(d.Kind)+"-"+d.Name)+".yaml")
	if n.taken[name] { // by the kind of that name of another group
		name = path.Join(folder, fileWord(strings.ToLower(d.Kind)+"."+d.Group()+"-"+d.Name)+".yaml")
	}
	n.taken[name] = true
	return name
}

// fileWord keeps what is no letter, digit, hyphen or dot out of a file's name: a
// user's template may name a resource as it likes.
func fileWord(s string) string {
	return strings.Trim(noFileName.ReplaceAllString(s, "_"), ".")
}

var noFileName = regexp.MustCompile(`[^A-Za-z0-9.-]`)
