package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"text/tabwriter"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
)

// report is what a run did to files, or would do: printed as text while the
// run goes on, or as one JSON document at its end.
type report struct {
	listed   bool // there is something to report, even if the list is empty
	seen     bool // by the person at the terminal, who was asked about it
	brief    bool // what stays as it is is not listed
	printed  bool // as a document of the command's own
	written  bool
	changes  []plan.Change
	warnings diag.List
	notes    []string
	removed  []plan.Resource
}

// document is a report as -o json prints it.
type document struct {
	Written bool     `json:"written"`
	Files   []file   `json:"files"`
	Notes   []string `json:"notes,omitempty"`
	// Removed is what a cluster keeps until it is deleted there.
	Removed     []plan.Resource `json:"removed,omitempty"`
	Diagnostics diag.List       `json:"diagnostics"`
}

type file struct {
	Path   string `json:"path"`
	Action string `json:"action"`
	Reason string `json:"reason,omitempty"`
}

// record keeps changes for the document that -o json prints.
func (sh *shell) record(changes []plan.Change, written bool) {
	sh.report.listed, sh.report.written, sh.report.changes = true, written, changes
}

// list records changes, and prints them unless they are for a document.
func (sh *shell) list(changes []plan.Change, written bool) error {
	sh.record(changes, written)
	if sh.report.brief {
		changes = slices.DeleteFunc(slices.Clone(changes), func(c plan.Change) bool { return !c.Action.Writes() && c.Action != plan.Conflict })
	}
	if sh.format.word == "json" || sh.quiet || sh.report.seen && sh.screen {
		return nil
	}
	return writeChanges(sh.Out, changes, sh.colour)
}

// print completes a run's report. In JSON it is the whole of it, errors
// included, so that what is on the standard output is one document either way.
func (r *report) print(sh *shell, errs diag.List) error {
	if sh.format.word != "json" || r.printed || !r.listed && len(errs) == 0 {
		return nil
	}
	doc := document{
		Written:     r.written,
		Files:       make([]file, 0, len(r.changes)),
		Notes:       r.notes,
		Removed:     r.removed,
		Diagnostics: append(append(diag.List{}, r.warnings...), errs...),
	}
	for _, c := range r.changes {
		doc.Files = append(doc.Files, file{Path: c.Path, Action: string(c.Action), Reason: c.Reason})
	}
	return writeJSON(sh.Out, doc)
}

// document prints a command's own JSON document, which is then the only one.
func (sh *shell) document(v any) error {
	sh.report.printed = true
	return writeJSON(sh.Out, v)
}

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// writeChanges prints one change a line: the action, the path, and why a file
// is left as it is.
func writeChanges(w io.Writer, changes []plan.Change, colour bool) error {
	lines := bufio.NewWriterSize(w, 1<<16) // a table writes each cell by itself
	table := tabwriter.NewWriter(lines, 0, 0, 2, ' ', 0)
	for _, c := range changes {
		action := string(c.Action)
		if colour {
			action = paint(c.Action) + action + "\x1b[0m"
		}
		if c.Action.Writes() {
			fmt.Fprintf(table, "%s\t%s\n", action, c.Path)
		} else {
			fmt.Fprintf(table, "%s\t%s\t(%s)\n", action, c.Path, c.Reason)
		}
	}
	return errors.Join(table.Flush(), lines.Flush())
}

// shortList is how many lines a person reads before the summary has gone.
const shortList = 20

// writeShort prints changes so that what follows stays on the screen: one a
// line if they are few, otherwise counted by folder.
func writeShort(w io.Writer, changes []plan.Change, colour bool) error {
	if len(changes) <= shortList {
		return writeChanges(w, changes, colour)
	}
	return writeChanges(w, byFolder(changes), colour)
}

// byFolder puts the changes of one kind in one folder together, in the order of
// the first. Those of the top folder, and one that is alone, keep their names.
func byFolder(changes []plan.Change) []plan.Change {
	type group struct {
		action plan.Action
		folder string
	}
	counts := map[group]int{}
	of := func(c plan.Change) group { return group{c.Action, path.Dir(c.Path)} }
	for _, c := range changes {
		counts[of(c)]++
	}
	var out []plan.Change
	for _, c := range changes {
		g := of(c)
		n := counts[g]
		switch {
		case n == 0:
			continue
		case n > 1 && g.folder != ".":
			c.Path = fmt.Sprintf("%s in %s", files(n), g.folder)
			counts[g] = 0
		}
		out = append(out, c)
	}
	return out
}

// paint is the colour of an action, of one length for all, so that columns
// stay where they are: green for what comes, yellow for what changes, red for
// what goes or is in the way.
func paint(a plan.Action) string {
	switch a {
	case plan.Create:
		return "\x1b[32m"
	case plan.Update, plan.Merge, plan.Keep, plan.Missing, plan.Orphaned:
		return "\x1b[33m"
	}
	return "\x1b[31m"
}
