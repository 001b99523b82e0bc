package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/txn"
)

// templatesFolder is where a repository keeps its own copies of templates.
const templatesFolder = txn.Folder + "/templates"

// keepTemplates is how copies of templates come to be used, for help and hints.
const keepTemplates = "keep your copies in " + templatesFolder + " and they are always used"

// ownTemplates are a user's own copies of templates.
type ownTemplates struct {
	files fs.FS
	names []string // of the templates in it
	dir   string   // as a person at this place would write it
	kept  bool     // by the repository: every run uses them
}

// templates gives the user's templates that a run uses, or nil: those of the
// folder that the flag names, otherwise those that the repository keeps.
// The caller calls done after their last use.
func (r *repo) templates(flag string) (own *ownTemplates, done func(), err error) {
	kept := filepath.Join(r.dir, filepath.FromSlash(templatesFolder))
	if flag == "" {
		return r.keptTemplates(kept)
	}
	dir := r.sh.path(flag)
	info, err := os.Stat(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("--templates: %w", err)
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("--templates: %s is not a folder", dir)
	}
	if own, err := os.Stat(kept); err == nil && os.SameFile(own, info) {
		return r.keptTemplates(kept)
	}
	own = &ownTemplates{files: os.DirFS(dir), dir: r.sh.shown(dir)}
	if err := own.list(); err != nil {
		return nil, nil, err
	}
	return own, func() {}, own.fit()
}

// keptTemplates opens the repository's own templates. They come with a clone,
// so no link in them is followed.
func (r *repo) keptTemplates(dir string) (*ownTemplates, func(), error) {
	shown := r.sh.shown(dir)
	repo, err := os.OpenRoot(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer repo.Close()
	info, err := repo.Lstat(templatesFolder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, func() {}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", shown, err)
	case !info.IsDir():
		return nil, nil, diag.List{noTemplate(shown, "is not a folder")}
	}
	root, err := repo.OpenRoot(templatesFolder)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", shown, err)
	}
	own := &ownTemplates{files: root.FS(), dir: shown, kept: true}
	if err := own.list(); err != nil {
		root.Close()
		return nil, nil, err
	}
	if err := own.fit(); err != nil {
		root.Close()
		return nil, nil, err
	}
	return own, func() { root.Close() }, nil
}

// list finds the templates, and refuses what is no plain file where the folder
// is the repository's.
func (o *ownTemplates) list() error {
	var wrong diag.List
	err := fs.WalkDir(o.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".tmpl") {
			return err
		}
		if o.kept && !d.Type().IsRegular() {
			wrong = append(wrong, noTemplate(o.at(name), "is not a regular file"))
		}
		o.names = append(o.names, name)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: reading templates: %w", o.dir, err)
	}
	return wrong.Err()
}

func noTemplate(file, fact string) diag.Diagnostic {
	return diag.Diagnostic{
		File: file, Severity: diag.Error, Code: "template",
		Message: fact + "; kgen follows no links and reads no devices", Fix: "put the templates themselves there",
	}
}

// fit refuses a folder of which nothing has the name of a template: it is
// likely the wrong one. Where any fits, rendering names those that do not.
func (o *ownTemplates) fit() error {
	known := gen.Templates()
	isKnown := func(name string) bool { return slices.Contains(known, name) }
	if o.kept && len(o.names) == 0 || slices.ContainsFunc(o.names, isKnown) {
		return nil
	}
	d := diag.Diagnostic{
		File: o.dir, Severity: diag.Error, Code: "unknown-template",
		Message: "holds no template (NAME.tmpl)", Fix: "kgen templates export writes all of kgen's",
	}
	if len(o.names) > 0 {
		d.Message = fmt.Sprintf("none of the %s in it has the path of a template of kgen's", files(len(o.names)))
		d.Fix = "kgen templates export shows the paths"
	}
	for _, name := range o.names {
		if below, rest, found := strings.Cut(name, "/"); found && isKnown(rest) {
			d.Fix = "did you mean " + o.at(below) + "?"
			break
		}
	}
	return diag.List{d}
}

// at is where a template stands, as a person at this place would write it.
func (o *ownTemplates) at(name string) string { return path.Join(filepath.ToSlash(o.dir), name) }
