package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
}

// judge reads what the arguments name: nothing means the repository that the
// run was started in. What cannot be read ends the run with all of it; tolerated
// are findings of the codes that the caller judges itself.
func (sh *shell) judge(ctx context.Context, cmd *cobra.Command, f judging, args []string, tolerated ...string) (*judged, error) {
	if err := f.check(cmd, args); err != nil {
		return nil, err
	}
	// The standard input is read first: nobody is to wait for a lock while a person types.
	stdin, err := sh.stdin(args)
	if err != nil {
		return nil, err
	}
	j := &judged{env: f.environment}
	release, err := j.locate(ctx, sh, f, args)
	if err != nil {
		return nil, err
	}
	defer release()
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
// there until release.
func (j *judged) locate(ctx context.Context, sh *shell, f judging, args []string) (release func(), err error) {
	release = func() {}
	root, err := j.root(sh, args)
	if err != nil {
		return release, err
	}
	var r *repo
	if root != "" {
		if r, err = sh.share(ctx, root); err != nil {
			return release, err
		}
		release = r.Close
		j.repo = root
	}
	if err := j.readModel(sh, r, f); err != nil {
		release()
		return func() {}, err
	}
	return release, nil
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
