package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/build"
)

// buildFlags are the flags of kgen build.
type buildFlags struct {
	environment string
	verify      bool
	verbose     bool
}

func newBuild(sh *shell) *cobra.Command {
	var flags buildFlags
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build the manifests, as kustomize build does",
		Long: `Build prints what stock kustomize build prints, byte for byte: the manifests to
apply to a cluster. DIR is any folder with a kustomization.yaml; without it, the
folder that holds kgen.yaml is built, or the environment that --env names.

What kgen itself writes, and every kustomization of resources, namespace,
labels, commonAnnotations, JSON6902 and strategic merge patches and components,
is built by kgen in a time that grows with the number of resources, and not with
its square as kustomize's does. Everything else is built by kustomize, inside
kgen: one folder of the build where nothing outside it changes or follows what
it holds, and otherwise all of it. --verbose says on the standard error who built
what, and why; --verify builds both ways, compares, and fails if they differ.`,
		Example: `  kgen build | kubectl apply --server-side -f -
  kgen build --env staging
  kgen build --verify > /dev/null`,
		Args:              atMost("DIR"),
		ValidArgsFunction: onlyDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("env") && flags.environment == "" {
				return errors.New("--env is empty: name an environment, or leave it out to build the root")
			}
			if err := localFolder(args); err != nil {
				return err
			}
			if flags.environment != "" && len(args) > 0 {
				return fmt.Errorf("--env %s and the folder %s are two things to build: leave one out", flags.environment, args[0])
			}
			return runBuild(cmd.Context(), sh, flags, args)
		},
	}
	cmd.Flags().StringVarP(&flags.environment, "env", "e", "", "build the environment `NAME`")
	cmd.Flags().BoolVar(&flags.verify, "verify", false, "build with kustomize too, and fail if it prints something else")
	cmd.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "say whether kgen or kustomize built it, and why")
	must(cmd.RegisterFlagCompletionFunc("env", completeEnvironments(sh)))
	return cmd
}

// localFolder refuses an argument that no folder can have: kustomize would fetch
// an address, which kgen never does.
func localFolder(args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case args[0] == "":
		return errors.New("the folder to build is empty: name one, or leave it out to build the root")
	case strings.Contains(args[0], "://"):
		return fmt.Errorf("%s is an address, and kgen fetches nothing: clone it, and name the folder", args[0])
	}
	return nil
}

// onlyDirs completes an argument with folders.
func onlyDirs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func runBuild(ctx context.Context, sh *shell, flags buildFlags, args []string) error {
	run := build.Run
	if flags.verify {
		run = build.Verify
	}
	r, err := sh.build(ctx, flags.environment, args, run)
	if err != nil {
		return err
	}
	switch {
	case flags.verify && r.Because != "":
		fmt.Fprintln(sh.Err, "nothing to compare: built by kustomize alone: "+r.Why())
	case flags.verbose:
		fmt.Fprintln(sh.Err, r.Path())
	}
	_, err = r.WriteTo(sh.Out)
	return err
}

// build runs a build of the folder that the arguments name, and lets nobody
// write in its repository until all of it is read. The manifests are printed
// after that: whoever takes them may take their time.
func (sh *shell) build(ctx context.Context, environment string, args []string, run func(context.Context, string) (*build.Result, error)) (*build.Result, error) {
	dir, release, err := sh.buildDir(ctx, environment, args)
	if err != nil {
		return nil, err
	}
	defer release()
	var r *build.Result
	if err := sh.during("building "+sh.shown(dir), func() (err error) {
		r, err = run(ctx, dir)
		return err
	}); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, notBuilt(sh.shown(dir), err)
	}
	if r.Position.File != "" {
		r.Position.File = sh.shown(r.Position.File)
	}
	for i := range r.Apart {
		r.Apart[i].Dir, r.Apart[i].Position.File = sh.shown(r.Apart[i].Dir), sh.shown(r.Apart[i].Position.File)
	}
	return r, nil
}

// notBuilt is the error that a folder was not built: a refusal if the two ways
// to build it differ, which is no fault of what was given.
func notBuilt(dir string, err error) error {
	var differs *build.Difference
	if errors.As(err, &differs) {
		return refuse(fmt.Sprintf("build %s: %s", dir, differs), "this is a mistake of kgen's: please report it with the files of the build")
	}
	// What names the folder once more says nothing by that.
	var failed *fs.PathError
	if errors.As(err, &failed) && err == error(failed) && (failed.Op == "stat" || failed.Op == "build") {
		err = failed.Err
	}
	return fmt.Errorf("build %s: %w", dir, err)
}

// buildDir is the folder to build, in whose repository, if it is in one, nobody
// writes until release. What an interrupted run left there is put right first.
func (sh *shell) buildDir(ctx context.Context, environment string, args []string) (dir string, release func(), err error) {
	dir, release = sh.path("."), func() {}
	if len(args) > 0 {
		dir = sh.path(args[0])
	}
	root, err := findRoot(dir)
	if err != nil {
		if len(args) == 0 {
			return "", nil, err
		}
		return dir, release, nil // whatever is wrong with it, kustomize says
	}
	r, err := sh.share(ctx, root)
	if err != nil {
		return "", nil, err
	}
	switch {
	case environment != "":
		dir, err = r.builtEnvironment(environment)
	case len(args) == 0:
		dir = root
	}
	if err != nil {
		r.Close()
		return "", nil, err
	}
	return dir, r.Close, nil
}

// builtEnvironment is the folder that builds one of the model's environments.
func (r *repo) builtEnvironment(name string) (string, error) {
	model, err := r.model()
	if err != nil {
		return "", err
	}
	return r.environmentDir(model.Network, name)
}
