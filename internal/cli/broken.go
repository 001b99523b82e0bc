package cli

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/plan"
)

// broken are the files with a person's edits that keep the repository from
// being built: those that cannot be read, and kustomizations that list a file
// twice or one that is not there.
func (s *step) broken() diag.List {
	after := map[string]bool{}
	for _, c := range s.plan.Changes {
		after[c.Path] = c.After.Exists && c.Action != plan.Missing && c.Action != plan.Delete
	}
	var list diag.List
	for _, c := range s.plan.With(plan.Keep, plan.Merge) {
		if path.Ext(c.Path) != ".yaml" {
			continue
		}
		v, err := manifest.ParseValue(c.Path, c.After.Data)
		if _, objects := manifest.Parse(c.Path, c.After.Data); err != nil && objects != nil {
			list = append(list, s.unreadable(c.Path, objects))
		}
		if path.Base(c.Path) == "kustomization.yaml" {
			list = append(list, s.unlisted(c.Path, v, after)...)
		}
	}
	return list
}

// unreadable places what is wrong with a file's YAML.
func (s *step) unreadable(file string, err error) diag.Diagnostic {
	d := diag.Diagnostic{File: s.at(file), Severity: diag.Warning, Code: "unreadable", Message: err.Error(), Fix: "correct it: the repository cannot be built"}
	var list diag.List
	if errors.As(err, &list) && len(list) > 0 {
		d.Line, d.Column, d.Message = list[0].Line, list[0].Column, list[0].Message
	}
	return d
}

// unlisted are the entries of a kustomization's resources that cannot be built.
func (s *step) unlisted(file string, v manifest.Value, after map[string]bool) diag.List {
	resources, _ := v.Field("resources")
	var list diag.List
	var seen []string
	for _, item := range resources.Items {
		name, _ := item.Scalar.(string)
		at := path.Join(path.Dir(file), name)
		what := ""
		switch known, ours := after[at]; {
		case name == "":
			continue
		case slices.Contains(seen, name):
			what = "lists " + name + " twice"
		case ours && !known, !ours && s.absent(at, after):
			what = "lists " + name + ", which is not there"
		}
		seen = append(seen, name)
		if what != "" {
			list = append(list, diag.Diagnostic{
				File: s.at(file), Severity: diag.Warning, Code: "unlisted", Message: what, Fix: "take the entry out: the repository cannot be built",
			})
		}
	}
	return list
}

// absent reports whether there is neither such a file nor such a folder. An
// address of a repository is taken for one that is.
func (s *step) absent(at string, after map[string]bool) bool {
	if !fs.ValidPath(at) || after[path.Join(at, "kustomization.yaml")] {
		return false
	}
	if _, remote, _ := cutLast(path.Base(at), "?ref="); remote != path.Base(at) {
		return false
	}
	_, err := os.Stat(filepath.Join(s.repo.dir, filepath.FromSlash(at)))
	return errors.Is(err, fs.ErrNotExist) && path.Ext(at) == ".yaml"
}
