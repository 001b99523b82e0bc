package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/kustomize"
)

func newBuild(sh *shell) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build the manifests, as kustomize build does",
		Long: `Build runs kustomize inside kgen and prints what stock kustomize build prints,
byte for byte: the manifests to apply to a cluster. DIR is any folder with a
kustomization.yaml; without it, the folder that holds kgen.yaml is built, or the
environment that --env names.`,
		Example: `  kgen build | kubectl apply --server-side -f -
  kgen build --env staging`,
		Args:              atMost("DIR"),
		ValidArgsFunction: onlyDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("env") && environment == "" {
				return errors.New("--env is empty: name an environment, or leave it out to build the root")
			}
			if environment != "" && len(args) > 0 {
				return fmt.Errorf("--env %s and the folder %s are two things to build: leave one out", environment, args[0])
			}
			return runBuild(cmd.Context(), sh, environment, args)
		},
	}
	cmd.Flags().StringVarP(&environment, "env", "e", "", "build the environment `NAME`")
	must(cmd.RegisterFlagCompletionFunc("env", completeEnvironments(sh)))
	return cmd
}

// onlyDirs completes an argument with folders.
func onlyDirs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func runBuild(ctx context.Context, sh *shell, environment string, args []string) error {
	dir, err := sh.buildDir(ctx, environment, args)
	if err != nil {
		return err
	}
	// Building cannot be told to stop, but it writes nothing: an interrupted
	// run leaves it behind.
	type built struct {
		manifests []byte
		err       error
	}
	done := make(chan built, 1)
	go func() {
		manifests, err := kustomize.Build(dir)
		done <- built{manifests, err}
	}()
	var b built
	if err := sh.during("building "+sh.shown(dir), func() error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b = <-done:
			return nil
		}
	}); err != nil {
		return err
	}
	if b.err != nil {
		return fmt.Errorf("build %s: %w", sh.shown(dir), b.err)
	}
	_, err = sh.Out.Write(b.manifests)
	return err
}

// buildDir is the folder to build. What an interrupted run left there is put
// right first.
func (sh *shell) buildDir(ctx context.Context, environment string, args []string) (string, error) {
	dir := sh.path(".")
	if len(args) > 0 {
		dir = sh.path(args[0])
	}
	root, err := findRoot(dir)
	switch {
	case err == nil:
		r, err := sh.share(ctx, root)
		if err != nil {
			return "", err
		}
		defer r.Close()
		if environment != "" {
			model, err := r.model()
			if err != nil {
				return "", err
			}
			return r.environmentDir(model.Network, environment)
		}
	case len(args) == 0:
		return "", err
	}
	if len(args) == 0 {
		dir = root
	}
	return dir, nil
}
