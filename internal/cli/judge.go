package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/audit"
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// judging are the flags of the commands that look at manifests and judge them,
// kgen's own or anybody's.
type judging struct {
	environment string
	model       string
	bare        bool
}

func addJudging(cmd *cobra.Command, sh *shell, f *judging) {
	flags := cmd.Flags()
	flags.StringVarP(&f.environment, "env", "e", "", "look at the environment `NAME`")
	flags.StringVar(&f.model, "model", "", "take what is meant from `FILE`, a kgen.yaml; default: the one of the repository that is looked at")
	flags.BoolVar(&f.bare, "no-model", false, "look at the manifests alone")
	must(cmd.RegisterFlagCompletionFunc("env", completeEnvironments(sh)))
	must(cmd.MarkFlagFilename("model", "yaml", "yml"))
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
}

// judged is what is looked at: manifests, what they amount to, and what the
// model says is meant.
type judged struct {
	source    *source.Set
	inventory *inventory.Inventory
	model     *specfile.File // nil without one
	network   *spec.Network  // the model as it is for the environment; nil without one
	repo      string         // the repository's folder, "" where the manifests are of none
	env       string         // the environment, "" for the root
	whole     bool           // what is looked at is what the model makes, all of it
	drift     *audit.Drift   // what kgen generate would change; nil where that was not compared
	held      []*repo        // the repositories that nobody writes in until Close; that of the model first
}

// Close lets other runs write where this one looked.
func (j *judged) Close() {
	for _, r := range j.held {
		r.Close()
	}
	j.held = nil
}

// judge is judgeHeld for a caller that reads nothing more of what is looked at.
func (sh *shell) judge(ctx context.Context, cmd *cobra.Command, f judging, args []string, tolerated ...string) (*judged, error) {
	j, err := sh.judgeHeld(ctx, cmd, f, args, nil, tolerated...)
	if err != nil {
		return nil, err
	}
	j.Close()
	return j, nil
}

// judgeHeld reads what the arguments name: nothing means the repository that the
// run was started in. What cannot be read ends the run with all of it; tolerated
// are findings of the codes that the caller judges itself. Until Close nobody
// writes in the repositories that hold what was read, so that what the caller
// reads besides is of the same state. located, if there is one, is called when the
// model is known and nothing else is read yet.
func (sh *shell) judgeHeld(ctx context.Context, cmd *cobra.Command, f judging, args []string, located func(*judged) error, tolerated ...string) (_ *judged, err error) {
	if err := f.check(cmd, args); err != nil {
		return nil, err
	}
	// The standard input is read first: nobody is to wait for a lock while a person types.
	stdin, err := sh.stdin(args)
	if err != nil {
		return nil, err
	}
	j := &judged{env: f.environment}
	defer func() {
		if err != nil {
			j.Close()
		}
	}()
	if err := j.locate(ctx, sh, f, args); err != nil {
		return nil, err
	}
	if located != nil {
		if err := located(j); err != nil {
			return nil, err
		}
	}
	paths, err := j.paths(sh, args)
	if err != nil {
		return nil, err
	}
	if err := sh.during("reading "+strings.Join(shownAll(sh, paths), " "), func() (err error) {
		j.source, err = source.Read(ctx, stdin, shownAll(sh, paths))
		return err
	}); err != nil {
		return nil, err
	}
	if err := sh.took(j.source, tolerated); err != nil {
		return nil, err
	}
	return j, j.take(sh)
}

// stdin is what the standard input holds, if an argument asks for it, up to a
// byte more than source.Read takes.
func (sh *shell) stdin(args []string) (io.Reader, error) {
	if !slices.Contains(args, "-") {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(sh.In, source.MostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the standard input: %w", err)
	}
	return bytes.NewReader(data), nil
}

// take makes the inventory, and says what cannot be part of it.
func (j *judged) take(sh *shell) error {
	j.inventory = inventory.New(j.source.Objects, j.network)
	if len(j.inventory.Unreadable) > 0 {
		return j.inventory.Unreadable
	}
	return nil
}

// took says what could not be read; errors end the run.
func (sh *shell) took(set *source.Set, tolerated []string) error {
	left := slices.DeleteFunc(slices.Clone(set.Findings), func(d diag.Diagnostic) bool { return slices.Contains(tolerated, d.Code) })
	sh.warn(left.Warnings())
	if err := left.Err(); err != nil {
		return err
	}
	if len(set.Objects) == 0 {
		if err := set.Findings.Err(); err != nil {
			return err // what is missing is then the reason
		}
		return errors.New("there is no Kubernetes object to look at; name files or folders with manifests, or - for the standard input")
	}
	return nil
}

func (f *judging) check(cmd *cobra.Command, args []string) error {
	switch {
	case cmd.Flags().Changed("env") && f.environment == "":
		return errors.New("--env is empty: name an environment, or leave it out for the root")
	case f.bare && f.model != "":
		return errors.New("--no-model and --model exclude each other: leave one out")
	case f.environment != "" && len(args) > 0:
		return fmt.Errorf("--env %s and the path %s are two things to look at: leave one out", f.environment, args[0])
	}
	return nil
}

// locate finds the repository and its model, and keeps others from writing
// there, and in whatever repository an argument is below, until Close.
func (j *judged) locate(ctx context.Context, sh *shell, f judging, args []string) error {
	root, err := j.root(sh, args)
	if err != nil {
		return err
	}
	var r *repo
	if root != "" {
		if r, err = j.hold(ctx, sh, root); err != nil {
			return err
		}
		j.repo = root
	}
	for _, arg := range args {
		around := repositoryAround(sh, arg)
		if around == "" {
			continue
		}
		// A folder further up that may not be looked into is not the user's own.
		if _, err := j.hold(ctx, sh, around); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return j.readModel(sh, r, f)
}

// hold shares a repository, once however its path is spelt.
func (j *judged) hold(ctx context.Context, sh *shell, root string) (*repo, error) {
	this, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	for _, r := range j.held {
		if other, err := os.Stat(r.dir); err == nil && os.SameFile(this, other) {
			return r, nil
		}
	}
	r, err := sh.share(ctx, root)
	if err != nil {
		return nil, err
	}
	j.held = append(j.held, r)
	return r, nil
}

// repositoryAround is the repository that a file or folder is in, links
// followed; "" for the standard input, for what is in none, and for what is not
// there, which whoever reads it says better.
func repositoryAround(sh *shell, arg string) string {
	if arg == "-" {
		return ""
	}
	at, err := filepath.Abs(sh.path(arg))
	if err != nil {
		return ""
	}
	if at, err = filepath.EvalSymlinks(at); err != nil {
		return ""
	}
	if info, err := os.Stat(at); err != nil {
		return ""
	} else if !info.IsDir() {
		at = filepath.Dir(at)
	}
	root, err := findRoot(at)
	if err != nil {
		return ""
	}
	return root
}

// root is the repository that is looked at, "" for none: the one that the run
// was started in where no path is given, otherwise the one that a path is the
// top of, or an environment of.
func (j *judged) root(sh *shell, args []string) (string, error) {
	if len(args) == 0 {
		root, err := findRoot(sh.path("."))
		if _, none := errors.AsType[errNoModel](err); none {
			j.whole = false
			return "", nil
		}
		j.whole = err == nil
		return root, err
	}
	for _, arg := range args {
		if arg == "-" {
			continue
		}
		abs, err := filepath.Abs(sh.path(arg))
		if err != nil {
			return "", err
		}
		if filepath.Base(abs) == modelFile {
			abs = filepath.Dir(abs) // the file stands for what it describes
		}
		if _, err := os.Lstat(filepath.Join(abs, modelFile)); err == nil {
			j.whole = len(args) == 1
			return abs, nil
		}
		if top := filepath.Dir(filepath.Dir(abs)); filepath.Base(filepath.Dir(abs)) == filepath.Dir(gen.EnvironmentDir("x")) {
			if _, err := os.Lstat(filepath.Join(top, modelFile)); err == nil {
				j.env, j.whole = filepath.Base(abs), len(args) == 1
				return top, nil
			}
		}
	}
	return "", nil
}

func (j *judged) readModel(sh *shell, r *repo, f judging) error {
	switch {
	case f.bare:
		return nil
	case f.model != "":
		data, err := readRegular(sh.path(f.model))
		if err != nil {
			return err
		}
		if j.model, err = sh.parse(f.model, data); err != nil {
			return err
		}
	case r == nil:
		if f.environment != "" {
			return errNoModel{sh.path(".")}
		}
		return nil
	default:
		var err error
		if j.model, err = r.model(); err != nil {
			return err
		}
	}
	j.network = j.model.Network
	if j.env == "" {
		return nil
	}
	var err error
	j.network, err = j.model.Network.For(j.env)
	return err
}

// paths are what is read.
func (j *judged) paths(sh *shell, args []string) ([]string, error) {
	if len(args) > 0 {
		var out []string
		for _, arg := range args {
			if arg != "-" {
				arg = sh.path(arg)
			}
			if filepath.Base(arg) == modelFile {
				arg = filepath.Dir(arg)
			}
			out = append(out, arg)
		}
		return out, nil
	}
	switch {
	case j.repo == "":
		return []string{sh.path(".")}, nil
	case j.env != "":
		r := &repo{sh: sh, dir: j.repo}
		dir, err := r.environmentDir(j.model.Network, j.env)
		return []string{dir}, err
	}
	return []string{j.repo}, nil
}

// shownAll gives paths as a person at this place would write them.
func shownAll(sh *shell, paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		if out[i] = p; p != "-" {
			out[i] = sh.shown(p)
		}
	}
	return out
}

// modelAt gives the place in kgen.yaml of a path below spec.
func (j *judged) modelAt(path string) manifest.Position {
	if j.model == nil {
		return manifest.Position{}
	}
	line, column := j.model.Locate(path)
	return manifest.Position{File: j.model.Name, Line: line, Column: column}
}

// readRegular reads a model from a file that a person names.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := readLimited(f)
	return data, errors.Join(err, f.Close())
}
