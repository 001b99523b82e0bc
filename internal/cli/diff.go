package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/plan"
)

type diffFlags struct {
	writing
	environments string
	edits        bool
	reach        bool
	form         *choice
	context      int
}

func newDiff(sh *shell) *cobra.Command {
	flags := diffFlags{form: newChoice("text", "text", "json", "markdown")}
	cmd := &cobra.Command{
		Use:   "diff [PATH...]",
		Short: "Show what kgen generate would change, line by line",
		Long: `Diff prints a unified diff, which patch and git apply take, of what kgen generate
would do, and exits with 1 if that is anything. It writes nothing. PATH limits it
to files or folders of the repository.

A conflict is not in it, because kgen generate would write nothing: it is named,
and --conflict=markers shows both sides of it.

With --edits it prints what you have made of kgen's files instead: the lines
between what kgen wrote last and what is there.

With --env it compares what two environments build instead, resource by resource;
a single name is compared with the root.

With --reach it compares who may talk to whom: now, and in PATH, a folder, or in a
git revision (HEAD, if none is named), or in two folders, the earlier one first. It
prints what opens and what closes, with
-o markdown as a comment for a pull request; --env chooses the environment.`,
		Example: `  kgen diff
  kgen diff networking/network-policies
  kgen diff --edits
  kgen diff --env staging,production
  kgen diff --reach main -o markdown`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.context < 0 {
				return fmt.Errorf("--context %d: give a number of lines from 0", flags.context)
			}
			if flags.reach {
				if err := flagsExclude(cmd, "reach", "edits", "conflict", "templates", "context"); err != nil {
					return err
				}
				if len(args) > 2 {
					return fmt.Errorf("--reach compares with one folder or revision, or two folders, and there are %d", len(args))
				}
				return runDiffReach(cmd.Context(), sh, cmd, flags, args)
			}
			if flags.form.word == "markdown" {
				return errors.New("-o markdown is for --reach")
			}
			if cmd.Flags().Changed("env") {
				if err := flagsExclude(cmd, "env", "edits", "conflict", "templates"); err != nil {
					return err
				}
				return runDiffEnvironments(cmd.Context(), sh, flags, args)
			}
			return runDiff(cmd.Context(), sh, flags, args)
		},
	}
	cmd.Flags().StringVar(&flags.environments, "env", "", "compare what two environments build: `NAME[,NAME]`")
	cmd.Flags().BoolVar(&flags.edits, "edits", false, "show what you have changed by hand in the files that kgen wrote")
	cmd.Flags().IntVarP(&flags.context, "context", "U", 3, "show `LINES` of context")
	cmd.Flags().BoolVar(&flags.reach, "reach", false, "compare who may talk to whom with a git revision or another folder")
	must(cmd.RegisterFlagCompletionFunc("env", completeEnvironments(sh)))
	addWriting(cmd, &flags.writing)
	cmd.Flags().VarP(&formAndFormat{flags.form, sh}, "output", "o", "how to print it")
	complete(cmd, "output", flags.form.words...)
	return cmd
}

// formAndFormat is -o with more words than elsewhere; json reaches the run's
// own, so that its errors are told in that form.
type formAndFormat struct {
	*choice
	sh *shell
}

// Set implements pflag.Value.
func (f *formAndFormat) Set(word string) error {
	if err := f.choice.Set(word); err != nil {
		return err
	}
	if word != "json" {
		word = "text"
	}
	return f.sh.format.Set(word)
}

// difference is what becomes of one file or resource, as -o json prints it.
type difference struct {
	Path    string       `json:"path"`
	Action  plan.Action  `json:"action"`
	Reason  string       `json:"reason,omitempty"`
	Clashes []plan.Clash `json:"clashes,omitempty"`
	Hunks   []merge.Hunk `json:"hunks"`
}

func runDiff(ctx context.Context, sh *shell, flags diffFlags, args []string) error {
	r, err := sh.openToRead(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	only, err := r.selection(args)
	if err != nil {
		return err
	}
	s, err := r.generation(ctx, flags.writing)
	if err != nil {
		return err
	}
	for i, name := range args {
		one := writing{restore: only.restore[i : i+1]}
		if !s.touches(func(c plan.Change) bool { return one.restores(c.Path) }) {
			return fmt.Errorf("%s: kgen makes no such file; kgen status --all lists them", name)
		}
	}
	differences := []difference{}
	for _, c := range s.plan.Changes {
		if len(args) > 0 && !only.restores(c.Path) {
			continue
		}
		if d, differs := differenceIn(c, flags); differs {
			differences = append(differences, d)
		}
	}
	var found diag.List
	if !flags.edits {
		found = findings(s.refused())
	}
	if err := sh.printDiff(differences, found); err != nil {
		return err
	}
	if len(found)+len(differences) > 0 {
		return &refusal{reasons: found}
	}
	if flags.edits {
		sh.say("no file is edited")
	} else {
		sh.say("%s and the files agree", modelFile)
	}
	return nil
}

// differenceIn is what is to be shown of one file, if anything.
func differenceIn(c plan.Change, flags diffFlags) (difference, bool) {
	d := difference{Path: c.Path, Action: c.Action, Reason: c.Reason, Clashes: c.Clashes, Hunks: []merge.Hunk{}}
	if flags.edits {
		if !c.Wrote.Exists || c.Foreign {
			return d, false
		}
		d.Action, d.Reason, d.Clashes = plan.Update, "edited by hand", nil
		if !c.Before.Exists {
			d.Action, d.Reason = plan.Delete, "deleted by hand"
		}
		d.Hunks = merge.Hunks(c.Wrote.Data, c.Before.Data, flags.context)
		return d, len(d.Hunks) > 0
	}
	if c.Action.Writes() && c.Path != plan.BasePath && c.Path != schemaFile {
		d.Hunks = merge.Hunks(c.Before.Data, c.After.Data, flags.context)
	}
	return d, c.Action.Writes() || c.Action == plan.Conflict
}

// selection turns paths from the command line into paths of the repository.
func (r *repo) selection(args []string) (writing, error) {
	var w writing
	root, err := filepath.EvalSymlinks(r.dir)
	if err != nil {
		return w, err
	}
	for _, arg := range args {
		abs, err := filepath.Abs(r.sh.path(arg))
		if err != nil {
			return w, err
		}
		rel, err := filepath.Rel(r.dir, abs)
		if err != nil || !filepath.IsLocal(rel) {
			if rel, err = filepath.Rel(root, abs); err != nil || !filepath.IsLocal(rel) {
				return w, fmt.Errorf("%s is not in the repository at %s", arg, r.sh.shown(r.dir))
			}
		}
		w.restore = append(w.restore, filepath.ToSlash(rel))
	}
	return w, nil
}

func (sh *shell) printDiff(differences []difference, found diag.List) error {
	if sh.format.word == "json" {
		return sh.document(struct {
			Files       []difference `json:"files"`
			Diagnostics diag.List    `json:"diagnostics"`
		}{differences, append(append(diag.List{}, sh.report.warnings...), found...)})
	}
	quiet := slices.DeleteFunc(slices.Clone(differences), func(d difference) bool { return len(d.Hunks) > 0 || d.Action == plan.Conflict })
	for _, d := range differences {
		if err := writeDiff(sh.Out, d, sh.colour); err != nil {
			return err
		}
	}
	for _, d := range quiet {
		sh.say("%s follows; its lines are kgen's own notes", d.Path)
	}
	return nil
}

// writeDiff prints one file's diff with the names that git gives: /dev/null for
// a file that is not there.
func writeDiff(w io.Writer, d difference, colour bool) error {
	if len(d.Hunks) == 0 {
		return nil
	}
	before, after := "a/"+d.Path, "b/"+d.Path
	switch d.Action {
	case plan.Create:
		before = "/dev/null"
	case plan.Delete:
		after = "/dev/null"
	}
	head := fmt.Sprintf("--- %s\n+++ %s\n", before, after)
	if colour {
		head = fmt.Sprintf("\x1b[1m--- %s\x1b[0m\n\x1b[1m+++ %s\x1b[0m\n", before, after)
	}
	var b strings.Builder
	b.WriteString(head)
	for _, h := range d.Hunks {
		if text := h.String(); colour {
			b.WriteString(painted(text))
		} else {
			b.WriteString(text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// painted is a hunk with the colours that git gives it.
func painted(hunk string) string {
	var b strings.Builder
	for line := range strings.Lines(hunk) {
		text := strings.TrimSuffix(line, "\n")
		code := ""
		switch {
		case strings.HasPrefix(text, "@@"):
			code = "\x1b[36m"
		case strings.HasPrefix(text, "-"):
			code = "\x1b[31m"
		case strings.HasPrefix(text, "+"):
			code = "\x1b[32m"
		}
		if code == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString(code + text + "\x1b[0m\n")
	}
	return b.String()
}
