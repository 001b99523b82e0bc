package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
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
	case sh.interactive():
		return prompt.NewSurvey(in, out, sh.Err)
	}
	return prompt.NewLines(sh.In, sh.Err)
}

// askModel asks for what the flags of init do not say, and writes the answers
// down as a kgen.yaml.
func (sh *shell) askModel(ctx context.Context, dir string, flags initFlags) (*specfile.File, error) {
	preset := flags.preset
	preset.Folder = filepath.Base(dir)
	n, err := prompt.Init(ctx, sh.asker(flags.yes), preset)
	if err != nil {
		return nil, err
	}
	// Formatting and reading back leaves one way from a text to a model.
	return sh.parse(sh.shown(filepath.Join(dir, modelFile)), specfile.Format(n))
}

// confirm shows a person at a terminal what is about to be written, and asks.
func (sh *shell) confirm(ctx context.Context, s *step, n *spec.Network) error {
	if !sh.interactive() {
		return nil
	}
	sh.report.seen = true
	sh.say("\n%s", prompt.Summary(n))
	if err := writeChanges(sh.Err, s.changes, coloured(sh.Err)); err != nil {
		return err
	}
	yes, err := sh.asker(false).Confirm(ctx, prompt.YesNo{Message: fmt.Sprintf("Write %s?", files(len(s.changes))), Default: true})
	if err != nil {
		return err
	}
	if !yes {
		return refuse("nothing was written, as you said", "")
	}
	return nil
}
