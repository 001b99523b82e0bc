package trees

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A File is a manifest in a folder of the tree.
type File struct {
	// Path is relative to the tree, with slashes.
	Path    string
	Objects []Object
}

// An Object is one document of a manifest, as it is written there.
type Object struct {
	APIVersion, Kind, Namespace, Name string
	Text                              string
}

// ID names an object among all others; two of a tree never share one.
func (o Object) ID() string {
	return strings.Join([]string{o.APIVersion, o.Kind, o.Namespace, o.Name}, " ")
}

// Read reads the manifests that the kustomizations from the root of a
// repository down name, in their order. It takes what kgen writes, line by line,
// and nothing else: an object that it cannot name is an error.
func Read(root string) ([]File, error) {
	var files []File
	var folder func(dir string) error
	folder = func(dir string) error {
		kustomization := path.Join(dir, "kustomization.yaml")
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(kustomization)))
		if err != nil {
			return err
		}
		for _, name := range resources(string(text)) {
			at := path.Join(dir, name)
			if !strings.HasSuffix(name, ".yaml") {
				if err := folder(at); err != nil {
					return err
				}
				continue
			}
			data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(at)))
			if err != nil {
				return err
			}
			objects, err := Objects(data)
			if err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			files = append(files, File{at, objects})
		}
		return nil
	}
	return files, folder(".")
}

// resources are the entries of a kustomization's list of resources.
func resources(text string) []string {
	var out []string
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		entry, listed := strings.CutPrefix(line, "- ")
		switch {
		case !strings.HasPrefix(line, " ") && !listed:
			in = line == "resources:"
		case in && listed:
			out = append(out, entry)
		}
	}
	return out
}

// Objects splits manifests into their documents. It reads what kgen and
// kustomize print: block style, with kind and metadata at the left margin.
func Objects(data []byte) ([]Object, error) {
	var out []Object
	var text strings.Builder
	line := 0
	end := func() error {
		defer text.Reset()
		if bareLines(text.String()) == "" {
			return nil // nothing, or comments alone
		}
		o := object(text.String())
		if o.Kind == "" || o.Name == "" {
			return fmt.Errorf("the document that ends on line %d has no kind, or no name", line)
		}
		out = append(out, o)
		return nil
	}
	for l := range bytes.Lines(data) {
		line++
		if string(bytes.TrimRight(l, "\n")) == "---" {
			if err := end(); err != nil {
				return nil, err
			}
			continue
		}
		text.Write(l)
	}
	return out, end()
}

func object(text string) Object {
	o := Object{Text: text}
	metadata := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case key == "apiVersion":
			o.APIVersion = value
		case key == "kind":
			o.Kind = value
		case metadata && key == "  name":
			o.Name = strings.Trim(value, `"'`)
		case metadata && key == "  namespace":
			o.Namespace = value
		}
		if line != "" && line[0] != ' ' && line[0] != '#' {
			metadata = line == "metadata:"
		}
	}
	return o
}

// withoutNamespace is the object's text without the namespace of its metadata.
func (o Object) withoutNamespace() string {
	return strings.Replace(o.Text, "\n  namespace: "+o.Namespace+"\n", "\n", 1)
}

// Write writes a tree of files, by their paths, below a folder that it makes.
func Write(dir string, tree map[string]string) error {
	if _, err := os.Stat(dir); err == nil {
		return &fs.PathError{Op: "write a tree to", Path: dir, Err: fs.ErrExist}
	}
	for name, text := range tree {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ObjectsOf are the objects of files, in their order.
func ObjectsOf(files []File) []Object {
	var out []Object
	for _, f := range files {
		out = append(out, f.Objects...)
	}
	return out
}
