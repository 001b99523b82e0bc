package prompt

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/terminal"
	"golang.org/x/term"
)

// Survey asks a person at a terminal: an answer that will not do is asked for
// again, `?` shows the question's help, lists are picked from by arrow keys.
type Survey struct {
	in, out *os.File
	err     io.Writer
}

// NewSurvey returns an Asker for the terminal behind in and out.
func NewSurvey(in, out *os.File, err io.Writer) *Survey { return &Survey{in, out, err} }

// Text asks for one line.
func (s *Survey) Text(ctx context.Context, q Text) (string, error) {
	p := &survey.Input{Message: q.Message + ":", Help: q.Help, Default: q.hint()}
	typed, err := show[string](ctx, s, p, func(typed any) error {
		_, err := q.settle(typed.(string))
		return err
	})
	if err != nil {
		return "", err
	}
	return q.settle(typed)
}

// listed is how many options are shown at once.
const listed = 12

// Choose asks for options of a list.
func (s *Survey) Choose(ctx context.Context, q Choice) ([]string, error) {
	about := func(_ string, i int) string { return q.Options[i].About }
	if q.Many {
		return show[[]string](ctx, s, &survey.MultiSelect{
			Message: q.Message + ":", Help: q.Help, Options: q.values(), Default: q.Default, Description: about, PageSize: listed,
		}, nil)
	}
	p := &survey.Select{Message: q.Message + ":", Help: q.Help, Options: q.values(), Description: about, PageSize: listed}
	if len(q.Default) > 0 {
		p.Default = q.Default[0]
	}
	chosen, err := show[string](ctx, s, p, nil)
	if err != nil {
		return nil, err
	}
	return []string{chosen}, nil
}

// Confirm asks for yes or no.
func (s *Survey) Confirm(ctx context.Context, q YesNo) (bool, error) {
	return show[bool](ctx, s, &survey.Confirm{Message: q.Message, Help: q.Help, Default: q.Default}, nil)
}

// Done returns nil: a person types only what is asked for.
func (s *Survey) Done(context.Context) error { return nil }

// show puts one prompt on the terminal. When the context ends first, the
// terminal is given back as it was found: survey, still waiting for a key,
// cannot do that itself any more.
func show[T any](ctx context.Context, s *Survey, p survey.Prompt, check survey.Validator) (T, error) {
	before, stateErr := term.GetState(int(s.in.Fd()))
	answer, err := await(ctx, func() (T, error) {
		var answer T
		options := []survey.AskOpt{survey.WithStdio(s.in, s.out, s.err)}
		if check != nil {
			options = append(options, survey.WithValidator(check))
		}
		err := survey.AskOne(p, &answer, options...)
		return answer, err
	})
	switch {
	case errors.Is(err, ErrInterrupted):
		if stateErr == nil {
			_ = term.Restore(int(s.in.Fd()), before)
		}
		_, _ = io.WriteString(s.out, "\x1b[?25h\r\n") // shows the cursor again
		return answer, ErrInterrupted
	case errors.Is(err, terminal.InterruptErr), errors.Is(err, io.EOF):
		return answer, ErrInterrupted
	}
	return answer, err
}
