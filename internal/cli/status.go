package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/plan"
)

type statusFlags struct {
	writing
	all bool
}

func newStatus(sh *shell) *cobra.Command {
	var flags statusFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which files are edited, missing, stale or behind kgen.yaml",
		Long: `Status tells of each file of the repository how it stands to what kgen last wrote
and to what kgen.yaml makes now. It writes nothing.

  clean      as kgen wrote it, and as kgen.yaml makes it
  edited     changed by hand; kgen has nothing new to say to it
  missing    deleted by hand; kgen generate --restore brings it back
  new        not written yet
  behind     as kgen wrote it; kgen.yaml or the templates have moved on
  mergeable  changed by hand, and kgen generate has something new to merge into it
  conflict   changed by hand in the lines that kgen generate would change
  stale      not made any more: kgen generate deletes it
  orphaned   not made any more, but changed by hand, and left to you
  not ours   in the way: kgen did not write it

Files that are clean are only counted, unless --all lists them.`,
		Example: `  kgen status
  kgen status --all -o json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), sh, flags) },
	}
	cmd.Flags().BoolVarP(&flags.all, "all", "a", false, "list the clean files too")
	addRendering(cmd, &flags.rendering)
	addOutput(cmd, sh)
	return cmd
}

// state is how a file stands, in a word; see newStatus.
func state(c plan.Change) string {
	switch c.Action {
	case plan.Create:
		return "new"
	case plan.Update:
		return "behind"
	case plan.Merge:
		return "mergeable"
	case plan.Delete:
		return "stale"
	case plan.Keep:
		return "edited"
	case plan.Missing:
		return "missing"
	case plan.Orphaned:
		return "orphaned"
	case plan.Conflict:
		if c.Foreign {
			return "not ours"
		}
		return "conflict"
	}
	return "clean"
}

// stated is one file as status -o json prints it.
type stated struct {
	Path  string `json:"path"`
	State string `json:"state"`
}

func runStatus(ctx context.Context, sh *shell, flags statusFlags) error {
	r, err := sh.openToRead(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := r.generation(ctx, flags.writing)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	out := []stated{}
	for _, c := range s.states() {
		counts[c.State]++
		if flags.all || c.State != "clean" {
			out = append(out, c)
		}
	}
	sh.warn(s.lacking())
	if sh.format.word == "json" {
		return sh.document(struct {
			Files  []stated       `json:"files"`
			Counts map[string]int `json:"counts"`
		}{out, counts})
	}
	lines := bufio.NewWriterSize(sh.Out, 1<<16) // a table writes each cell by itself
	table := tabwriter.NewWriter(lines, 0, 0, 2, ' ', 0)
	for _, c := range out {
		fmt.Fprintf(table, "%s\t%s\n", c.State, c.Path)
	}
	if err := errors.Join(table.Flush(), lines.Flush()); err != nil {
		return err
	}
	if text := s.elsewhere(); text != "" {
		sh.say("%s", text)
	}
	sh.say("%s clean%s", files(counts["clean"]), advice(counts))
	return nil
}

// states are the files of the repository and how they stand. What an obstacle
// hides is not ours.
func (s *step) states() []stated {
	hidden := map[string]bool{}
	for _, c := range s.listed() {
		hidden[c.Path] = c.Action == plan.Conflict && s.obstructed(c.Path)
	}
	var out []stated
	for _, c := range s.plan.Changes {
		if c.Path == plan.BasePath {
			continue // kgen's own notes of all this
		}
		word := state(c)
		if hidden[c.Path] {
			word = "not ours"
		}
		out = append(out, stated{c.Path, word})
	}
	return out
}

// advice is what to run next, if anything.
func advice(counts map[string]int) string {
	pending := slices.ContainsFunc([]string{"new", "behind", "mergeable", "stale"}, func(word string) bool { return counts[word] > 0 })
	switch {
	case counts["conflict"]+counts["not ours"] > 0:
		return "; kgen generate --dry-run says what is in conflict"
	case pending:
		return "; kgen diff shows what kgen generate would do"
	}
	return ""
}
