package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/specfile"
)

type initFlags struct {
	rendering
	platformFlags
	from   string
	yes    bool
	dryRun bool
}

func newInit(sh *shell) *cobra.Command {
	var flags initFlags
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Start a repository: kgen.yaml and the manifests that it makes",
		Long: `Init asks about an application and its platform, writes the answers to kgen.yaml
in DIR (made if it is missing; by default the current folder), and beside it the
manifests that kgen.yaml makes.

A flag answers its question, which is then not asked. On a terminal the rest is
asked there, with help on "?", and nothing is written before the list of files
is confirmed. Otherwise answers are read from the standard input, one a line, in
the order of the questions; an empty line, or the end of the input, is the
default, and an answer left over is an error. --yes asks nothing at all. What then
has no answer and no default is an error that names all of it.

Nothing is written in a folder that has a kgen.yaml, or any of the files that
would be made.`,
		Example: `  kgen init shop
  kgen init shop --yes --domain shop.example.com --mesh sidecar --issuer letsencrypt-prod \
    --service web,port=80:8080,host=shop.example.com,calls=api --service api,port=9000/grpc
  kgen init shop --from kgen.yaml`,
		Args:              atMost("DIR"),
		ValidArgsFunction: onlyDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flagsExclude(cmd, "from", flags.platformFlags.names()...); err != nil {
				return err
			}
			if err := flags.wrong.Err(); err != nil {
				return err
			}
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return runInit(cmd.Context(), sh, dir, flags)
		},
	}
	flags.platformFlags.add(cmd)
	cmd.Flags().StringVar(&flags.from, "from", "", "take the whole kgen.yaml from `FILE`, or from the standard input for -")
	must(cmd.MarkFlagFilename("from", "yaml", "yml", "json"))
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "ask nothing: take the defaults, and write without confirmation")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing, and list what would be written")
	addRendering(cmd, &flags.rendering)
	addOutput(cmd, sh)
	cmd.Flags().SortFlags = false
	return cmd
}

func runInit(ctx context.Context, sh *shell, dir string, flags initFlags) error {
	at, err := filepath.Abs(sh.path(dir))
	if err != nil {
		return err
	}
	if err := sh.mustBeNew(ctx, at); err != nil {
		return err
	}
	var model *specfile.File
	if flags.from != "" {
		model, err = sh.modelFrom(ctx, flags.from)
	} else {
		model, err = sh.askModel(ctx, at, flags)
	}
	if err != nil {
		return err
	}
	r, err := sh.open(ctx, at)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := r.step(ctx, writing{rendering: flags.rendering}, nil, model.Network, model.Data)
	if err != nil {
		return err
	}
	if err := s.mustBeNew(); err != nil {
		return err
	}
	if flags.dryRun {
		return sh.rehearse(s)
	}
	if !flags.yes {
		if err := sh.confirm(ctx, proposal{
			step: s, summary: prompt.Summary(model.Network),
			answers: string(model.Data), again: "kgen init --from FILE takes what stands above from a file",
		}); err != nil {
			return err
		}
	}
	if err := sh.perform(ctx, s); err != nil {
		return err
	}
	sh.sayNext(dir, s)
	return nil
}

// everythingElse tells where to say what no question asks.
const everythingElse = "everything else is a key in kgen.yaml"

// modelFrom reads a whole kgen.yaml from a file, or from the standard input.
func (sh *shell) modelFrom(ctx context.Context, name string) (*specfile.File, error) {
	if name == "-" {
		data, err := readLimited(answers{ctx, sh.In})
		if err != nil {
			return nil, fmt.Errorf("--from -: %w", err)
		}
		return sh.parseFrom("standard input", data)
	}
	data, err := readFile(ctx, sh.path(name))
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	return sh.parseFrom(sh.shown(sh.path(name)), data)
}

// readFile reads a file that may be a pipe whose other end nobody opens: an
// interrupt ends the wait, and the process's end the rest.
func readFile(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		if err != nil {
			done <- result{nil, err}
			return
		}
		data, err := readLimited(f)
		done <- result{data, errors.Join(err, f.Close())}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// parseFrom reads a model that --from gives. What is empty there is not for
// kgen init to write: it is what kgen init was given.
func (sh *shell) parseFrom(name string, data []byte) (*specfile.File, error) {
	file, err := sh.parse(name, data)
	var list diag.List
	if !errors.As(err, &list) {
		return file, err
	}
	for i := range list {
		if list[i].Code == "empty-file" {
			list[i].Fix = "give a file that describes a network, as kgen help model shows, or leave out --from to be asked"
		}
	}
	return nil, list
}

// mustBeNew refuses a folder that is a repository already, before anybody is
// asked anything.
func (sh *shell) mustBeNew(ctx context.Context, dir string) error {
	r, err := sh.open(ctx, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	name := filepath.Join(dir, modelFile)
	_, err = os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return &refusal{note: "nothing was written", reasons: diag.List{{
		File: sh.shown(name), Severity: diag.Error, Code: "in-the-way", Message: "is there already",
		Fix: "edit it and run kgen generate, or extend it with kgen add service",
	}}}
}

// mustBeNew refuses a folder that has any file which the step would make, even
// one that holds the same: it is somebody else's.
func (s *step) mustBeNew() error {
	list := s.obstacles()
	for _, c := range s.plan.Changes {
		if c.Action != plan.Create {
			list = append(list, inTheWay(s.at(c.Path)))
		}
	}
	if len(list) == 0 {
		return nil
	}
	list.Sort()
	return &refusal{reasons: list, note: "nothing was written"}
}

// sayNext says what was made and what to do with it.
func (sh *shell) sayNext(dir string, s *step) {
	sh.say("\n%s. Next:", tally(s.plan, past))
	if dir != "." {
		sh.say("  cd %s", dir)
	}
	sh.say("  kgen build                # the manifests, as kustomize build prints them")
	sh.say("  kgen add service NAME     # the next service")
	sh.say("  kgen generate             # after you have edited kgen.yaml")
	sh.say("  kgen reach                # who may talk to whom, and kgen audit what is wrong")
	sh.say("  kgen help model           # %s", everythingElse)
}
