package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/audit"
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
)

type auditFlags struct {
	judging
	outputs   []string
	rules     []string
	skip      []string
	failOn    *choice
	explain   string
	checklist bool
	fix       bool
}

// Until which severity of findings a run ends with 1.
const (
	failOnError   = "error"
	failOnWarning = "warning"
	failOnNever   = "never"
)

func newAudit(sh *shell) *cobra.Command {
	flags := auditFlags{failOn: newChoice(failOnError, failOnError, failOnWarning, failOnNever)}
	cmd := &cobra.Command{
		Use:   "audit [PATH...]",
		Short: "Judge manifests by rules that know the whole",
		Long: `Audit runs every rule over manifests: over the repository that holds kgen.yaml,
or over whatever PATH names: a folder with a kustomization, which is built, other
folders, files, or - for the standard input. kgen.yaml says what is meant, where
there is one; without it, and for manifests without workloads, a rule that lacks
what it needs says that it was not checked.

A finding has the place in the source, through kustomize where possible, the line,
what is the matter and the way out. It is taken for granted where kgen.yaml says so
under audit.suppress, or an object in its annotation kgen.dev/audit-suppress, with
the reason and perhaps a last day.

-o chooses the form, again and again: text, json, sarif, junit, github; with =FILE
it goes into a file. Audit ends with 1 if there is a finding of the severity that
--fail-on names, or a worse one.

--fix mends what kgen can mend by itself: files that are not as kgen.yaml says are
generated, as kgen generate does; findings about what was written by hand, or is
kgen.yaml's to decide, are left.`,
		Example: `  kgen audit
  kgen audit --checklist --fail-on warning
  kgen audit -o text -o sarif=audit.sarif -o junit=audit.xml
  helm template shop ./chart | kgen audit -
  kgen audit --explain NP04`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.explain != "" {
				return runExplainRule(sh, flags.explain)
			}
			return runAudit(cmd.Context(), sh, cmd, flags, args)
		},
	}
	addJudging(cmd, sh, &flags.judging)
	fs := cmd.Flags()
	fs.StringArrayVarP(&flags.outputs, "output", "o", nil, "print it as `FORMAT[=FILE]`: text, json, sarif, junit, github; may be repeated")
	fs.StringSliceVar(&flags.rules, "rule", nil, "run these `RULES` alone: NP05, or NP for all of a group; may be repeated")
	fs.StringSliceVar(&flags.skip, "skip", nil, "leave these `RULES` out; may be repeated")
	choose(cmd, flags.failOn, "fail-on", "", "end with 1 at findings of this severity")
	fs.StringVar(&flags.explain, "explain", "", "print what `RULE` looks at, with examples; all lists the rules")
	fs.BoolVar(&flags.checklist, "checklist", false, "judge the items of the practice guide too")
	fs.BoolVar(&flags.fix, "fix", false, "mend what can be mended safely")
	var formats []string
	for _, f := range audit.Formats {
		formats = append(formats, string(f))
	}
	complete(cmd, "output", formats...)
	must(cmd.RegisterFlagCompletionFunc("rule", completeRules))
	must(cmd.RegisterFlagCompletionFunc("skip", completeRules))
	must(cmd.RegisterFlagCompletionFunc("explain", completeRules))
	return cmd
}

// completeRules offers the rules with their titles.
func completeRules(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, r := range audit.Rules() {
		out = append(out, cobra.CompletionWithDesc(r.ID, r.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// printing is one output of a run.
type printing struct {
	format audit.Format
	file   string // "" for the standard output
}

// printings reads the values of -o.
func (sh *shell) printings(values []string) ([]printing, error) {
	if len(values) == 0 {
		return []printing{{format: audit.Text}}, nil
	}
	var out []printing
	var wrong diag.List
	fault := func(format string, args ...any) {
		wrong = append(wrong, diag.Diagnostic{Severity: diag.Error, Code: "usage", Message: fmt.Sprintf(format, args...)})
	}
	standard := ""
	files := map[string]bool{} // by where they are, however they are spelt
	for _, value := range values {
		word, file, named := strings.Cut(value, "=")
		p := printing{audit.Format(word), file}
		at := sh.path(file)
		if abs, err := filepath.Abs(at); err == nil {
			at = abs
		}
		switch {
		case !slices.Contains(audit.Formats, p.format):
			fault("-o %s: %q is not one of text, json, sarif, junit, github", value, word)
		case named && file == "":
			fault("-o %s: name the file behind =", value)
		case !named && standard != "":
			fault("-o %s: %s goes to the standard output already; write this one to a file: -o %s=FILE", value, standard, word)
		case named && (file == "-" || strings.HasPrefix(file, "=")):
			fault("-o %s: leave =FILE out for the standard output", value)
		case files[at] && named:
			fault("-o %s: the file is named twice", value)
		}
		if !named {
			standard = word
		}
		files[at] = named
		out = append(out, p)
	}
	return out, wrong.Err()
}

// judgedByRules are findings about sources that rules judge by themselves.
var judgedByRules = []string{source.MissingEntry, source.DuplicateEntry}

func runAudit(ctx context.Context, sh *shell, cmd *cobra.Command, flags auditFlags, args []string) error {
	outputs, err := sh.printings(flags.outputs)
	if err != nil {
		return err
	}
	for _, p := range outputs {
		if p.file == "" && p.format == audit.JSON {
			must(sh.format.Set("json"))
		}
	}
	if flags.fix {
		if err := sh.fix(ctx, flags, args); err != nil {
			return err
		}
	}
	tolerated := judgedByRules
	if !audit.Runs("RP01", flags.rules, flags.skip) {
		tolerated = nil // nobody else would say what is missing
	}
	// What is read, what kgen.yaml makes and the lines that are shown are of one state.
	j, err := sh.judgeHeld(ctx, cmd, flags.judging, args, func(j *judged) error {
		// Before the rest, so that not everything is in memory twice.
		return sh.compare(ctx, j)
	}, tolerated...)
	if err != nil {
		return err
	}
	defer j.Close()
	if err := sh.spares(j, outputs); err != nil {
		return err
	}
	result, err := sh.audited(ctx, j, audit.Options{Rules: flags.rules, Skip: flags.skip})
	if err != nil {
		return err
	}
	texts := make([]bytes.Buffer, len(outputs))
	for i, p := range outputs {
		if err := sh.printAudit(&texts[i], result, p, flags.checklist, j.source.Claimed); err != nil {
			return err
		}
	}
	j.Close() // who reads the output in a pager keeps nobody from writing
	for i, p := range outputs {
		if err := sh.deliver(p, texts[i].Bytes()); err != nil {
			return err
		}
	}
	worst := result.Count(diag.Error)
	if flags.failOn.word == failOnWarning {
		worst += result.Count(diag.Warning)
	}
	if worst > 0 && flags.failOn.word != failOnNever {
		return &refusal{}
	}
	return nil
}

// spares refuses to write an output in the place of a file that was read.
func (sh *shell) spares(j *judged, outputs []printing) error {
	for _, p := range outputs {
		if p.file == "" {
			continue
		}
		there, err := os.Stat(sh.path(p.file))
		if err != nil {
			continue
		}
		for _, o := range j.source.Objects {
			if read, err := os.Stat(o.File); err == nil && !j.source.Claimed[o.File] && os.SameFile(read, there) {
				return fmt.Errorf("-o %s=%s: that file is among those that are audited; name another", p.format, p.file)
			}
		}
	}
	return nil
}

// fix brings the repository's files in step with kgen.yaml, as kgen generate
// does: what else is wrong was written by hand, or is kgen.yaml's to decide.
func (sh *shell) fix(ctx context.Context, flags auditFlags, args []string) error {
	j := &judged{}
	root, err := j.root(sh, args)
	switch {
	case err != nil:
		return err
	case root == "" || !j.whole || flags.bare || flags.model != "":
		return errors.New("--fix mends the repository of a kgen.yaml: look at one as a whole, without --model and --no-model")
	}
	r, err := sh.open(ctx, root)
	if err != nil {
		return err
	}
	defer r.Close()
	talk := *sh
	talk.Out, talk.format = sh.Err, newFormat() // what is done is talk here; what was asked for is the audit
	r.sh = &talk
	s, err := r.generation(ctx, writing{})
	if err != nil {
		return err
	}
	if err := talk.perform(ctx, s); err != nil {
		return err
	}
	sh.say("%s", tally(s.plan, past))
	return nil
}

// audited runs the rules, with what the model suppresses and how far the files
// are from what it makes.
func (sh *shell) audited(ctx context.Context, j *judged, o audit.Options) (*audit.Result, error) {
	o.Today = time.Now().Format(spec.DateForm)
	world := &audit.World{Inventory: j.inventory, Source: j.source}
	if j.model != nil {
		world.ModelAt = j.modelAt
		if a := j.model.Network.Spec.Audit; a != nil {
			for i, s := range a.Suppress {
				o.Suppressions = append(o.Suppressions, audit.Suppression{Suppression: s, Position: j.modelAt(fmt.Sprintf("audit.suppress[%d]", i))})
			}
		}
	}
	if err := sh.compare(ctx, j); err != nil {
		return nil, err
	}
	world.Drift = j.drift
	var result *audit.Result
	err := sh.during("auditing", func() (err error) {
		result, err = audit.Run(ctx, world, o)
		return err
	})
	return result, err
}

// drifted says of a file that kgen generate would change how it differs. What
// a person has made of a file, and kgen leaves, is no drift.
var drifted = map[plan.Action]string{
	plan.Create:   "is missing",
	plan.Update:   "is not as kgen.yaml says",
	plan.Merge:    "is not as kgen.yaml says",
	plan.Delete:   "is made by nothing any more",
	plan.Conflict: "was edited by hand in lines that kgen.yaml has changed",
}

// compare finds out what kgen generate would change, once, where what is judged
// is all that a model makes.
func (sh *shell) compare(ctx context.Context, j *judged) error {
	if !j.whole || j.repo == "" || j.model == nil || j.drift != nil {
		return nil
	}
	drift, err := sh.drift(ctx, j)
	j.drift = drift
	return err
}

// drift is what kgen generate would change in the repository, which it holds
// for that long if the caller does not.
func (sh *shell) drift(ctx context.Context, j *judged) (*audit.Drift, error) {
	dir := j.repo
	if len(j.held) == 0 {
		if _, err := j.hold(ctx, sh, dir); err != nil {
			return nil, err
		}
		defer j.Close()
	}
	quiet := *sh
	quiet.report, quiet.Err = report{}, io.Discard // warnings about the model were told when it was read
	s, err := (&repo{sh: &quiet, dir: dir, unlock: func() {}}).generation(ctx, writing{})
	if err != nil {
		return nil, err
	}
	drift := &audit.Drift{}
	for _, c := range s.plan.Changes {
		if what := drifted[c.Action]; what != "" && !strings.HasPrefix(c.Path, ".kgen/") {
			drift.Files = append(drift.Files, audit.Drifted{Path: sh.shown(filepath.Join(dir, filepath.FromSlash(c.Path))), What: what})
		}
	}
	return drift, nil
}

func (sh *shell) printAudit(w io.Writer, r *audit.Result, p printing, checklist bool, claimed map[string]bool) error {
	how := audit.Printing{Checklist: checklist, Version: kgenVersion(), Line: sourceLines(claimed)}
	how.Colour = p.file == "" && p.format == audit.Text && sh.colour
	return r.Write(w, p.format, how)
}

// deliver puts an output where it was asked for.
func (sh *shell) deliver(p printing, text []byte) error {
	if p.file != "" {
		return writeOutput(sh.path(p.file), text)
	}
	sh.report.printed = p.format == audit.JSON
	_, err := sh.Out.Write(text)
	return err
}

// sourceLines gives lines of files, each file read once. A file that a comment
// of the standard input has named is none that anybody asked to be read.
func sourceLines(claimed map[string]bool) func(file string, line int) (string, bool) {
	files := map[string][]string{}
	return func(file string, line int) (string, bool) {
		if claimed[file] {
			return "", false
		}
		lines, known := files[file]
		if !known {
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Size() <= source.MostBytes {
				if data, err := os.ReadFile(file); err == nil {
					scan := bufio.NewScanner(bytes.NewReader(data))
					scan.Buffer(nil, source.MostBytes+1)
					for scan.Scan() {
						lines = append(lines, scan.Text())
					}
				}
			}
			files[file] = lines
		}
		if line < 1 || line > len(lines) {
			return "", false
		}
		return lines[line-1], true
	}
}

// runExplainRule prints a rule's own documentation, or lists the rules.
func runExplainRule(sh *shell, id string) error {
	if id == "all" {
		t := table{columns: []string{"RULE", "SEVERITY", "ITEMS", "WHAT IS WRONG"}}
		for _, r := range audit.Rules() {
			t.add(one(r.ID), one(string(r.Severity)), one(strings.Join(r.Items, " ")), one(r.Title))
		}
		return t.print(sh.Out)
	}
	rule, known := audit.Find(id)
	if !known {
		return audit.Unknown(id)
	}
	_, err := io.WriteString(sh.Out, rule.Markdown())
	return err
}
