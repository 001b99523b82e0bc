// Package cli is the command line: it reads flags, calls the packages that do
// the work, and prints what they did. One file a command; the streams come in
// from outside, errors go out at one place, and the tree of commands is built
// anew for each run, so that nothing is left behind between two.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// IO is where a run reads answers and says things: what was asked for on Out,
// talk on Err.
type IO struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// StdIO returns the streams of the process.
func StdIO() IO { return IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr} }

// interactive reports whether a person can be asked: answers come from a
// terminal, and the questions show on one.
func (s IO) interactive() bool { return isTerminal(s.In) && isTerminal(s.Err) }

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// coloured reports whether a stream shows colours: a terminal that has them,
// whose user has not asked for none (no-color.org).
func coloured(stream any) bool {
	return isTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Main runs one command line, without the program's name, and returns the exit
// code (see exitCodesTopic). Cancelling ctx is an interrupt.
func Main(ctx context.Context, std IO, args []string) int {
	out := &output{to: std.Out}
	sh := &shell{
		IO: IO{In: std.In, Out: out, Err: std.Err}, format: newFormat(), patience: patience,
		screen: isTerminal(std.Out), colour: coloured(std.Out), talkScreen: isTerminal(std.Err),
	}
	root := newRoot(sh)
	root.SetIn(std.In)
	root.SetOut(out)
	root.SetErr(std.Err)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.failed
	}
	return sh.finish(ctx, err)
}

// output is the standard output, remembering the first write that failed: what
// a run was asked for and could not print is an error, whoever printed it.
type output struct {
	to     io.Writer
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil && o.failed == nil {
		o.failed = err
	}
	return n, err
}

// shell is one run: its streams, the flags that every command has, and what
// there is to tell at the end.
type shell struct {
	IO
	dir        string // -C
	quiet      bool   // -q
	format     *choice
	screen     bool // Out is a terminal
	colour     bool // and shows colours
	talkScreen bool // Err is a terminal
	patience   func() <-chan time.Time
	report     report
}

func newRoot(sh *shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "kgen",
		Short: "Turn one description of an application's network into its Kubernetes manifests",
		Long: `kgen turns kgen.yaml, a short description of an application's services, into a
complete Kubernetes networking repository: network policies, service mesh,
ingress, services, metrics and alerts. It keeps that repository in step as the
application grows.

Every command works from any folder below the one that holds kgen.yaml.`,
		Example: `  kgen init shop
  kgen -C shop add service payments --port 8080 --called-by checkout
  kgen -C shop build | kubectl diff -f -`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if sh.dir == "" {
				return nil
			}
			info, err := os.Stat(sh.dir)
			if err == nil && !info.IsDir() {
				err = fmt.Errorf("%s is not a folder", sh.dir)
			}
			if err != nil {
				return fmt.Errorf("-C: %w", err)
			}
			return nil
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.StringVarP(&sh.dir, "chdir", "C", "", "work as if started in `DIR`; other relative paths start there too")
	flags.BoolVarP(&sh.quiet, "quiet", "q", false, "say nothing but warnings, errors and what was asked for")
	must(root.MarkPersistentFlagDirname("chdir"))
	flags.SortFlags = false

	root.AddCommand(
		newInit(sh),
		newAdd(sh),
		newRemove(sh),
		newRename(sh),
		newSet(sh),
		newCanary(sh),
		newList(sh),
		newGenerate(sh),
		newDiff(sh),
		newStatus(sh),
		newBuild(sh),
		newReach(sh),
		newExplain(sh),
		newAudit(sh),
		newTest(sh),
		newGraph(sh),
		newReport(sh),
		newRecover(sh),
		newSchema(sh),
		newTemplates(sh),
		newCompletion(sh),
		newVersion(sh),
	)
	root.AddCommand(topics()...)
	root.SetHelpCommand(newHelp(root))
	return root
}

// must holds what only a mistake in a command's own definition can break.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
