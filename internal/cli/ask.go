package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/specfile"
)

// asker is who answers questions: nobody with --yes, a person if there is one
// at a terminal, otherwise the lines of the standard input.
func (sh *shell) asker(yes bool) prompt.Asker {
	in, _ := sh.In.(*os.File)
	out, _ := sh.Err.(*os.File)
	switch {
	case yes:
		return prompt.Defaults{}
	case sh.interactive() && os.Getenv("TERM") != "dumb": // which answers no question about its cursor
		return prompt.NewSurvey(in, out, sh.Err)
	}
	lines := prompt.NewLines(sh.In, sh.Err)
	lines.Typed = isTerminal(sh.In)
	return lines
}

// askModel asks for what the flags of init do not say, and writes the answers
// down as a kgen.yaml.
func (sh *shell) askModel(ctx context.Context, dir string, flags initFlags) (*specfile.File, error) {
	preset := flags.preset
	preset.Folder = filepath.Base(dir)
	n, warnings, err := prompt.Init(ctx, sh.asker(flags.yes), preset)
	if err != nil {
		return nil, err
	}
	sh.warn(warnings)
	// Formatting and reading back leaves one way from a text to a model.
	return sh.parse(sh.shown(filepath.Join(dir, modelFile)), specfile.Format(n))
}

// A proposal is what a person at the terminal is asked to agree to.
type proposal struct {
	step    *step
	summary string // what it is about
	answers string // what holds the answers, for another time
	again   string // and how they are used then
	careful bool   // something is lost, so that a mere Enter means no
}

// confirm shows a person at a terminal what is about to be written, and asks.
// Whoever says no gets the answers back.
func (sh *shell) confirm(ctx context.Context, p proposal) error {
	if !sh.interactive() {
		return nil
	}
	if err := p.step.refused(); err != nil {
		sh.record(p.step.listed(), false)
		return err
	}
	sh.report.seen = true
	fmt.Fprintln(sh.Err)
	if err := writeShort(sh.Err, p.step.plan.Writes(), coloured(sh.Err)); err != nil {
		return err
	}
	if p.summary != "" {
		fmt.Fprintf(sh.Err, "\n%s\n", p.summary)
	}
	yes, err := sh.asker(false).Confirm(ctx, prompt.YesNo{
		Message: fmt.Sprintf("Write %s?", files(len(p.step.plan.Writes()))), Default: !p.careful,
		Help: "Nothing is written before you say yes. If you say no, your answers are printed, for another time.",
	})
	if err != nil || yes {
		return err
	}
	if p.answers == "" {
		return refuse("nothing was written, as you said", p.again)
	}
	to := sh.Out
	if sh.format.word == "json" { // which has the standard output to itself
		to = sh.Err
	}
	if _, err := fmt.Fprintln(to, strings.TrimRight(p.answers, "\n")); err != nil {
		return err
	}
	return refuse("nothing was written, as you said", p.again)
}
