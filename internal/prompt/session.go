package prompt

import (
	"context"
	"errors"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// session is one run of questions. What nobody answered is collected, so that
// it is reported all at once.
type session struct {
	ctx      context.Context
	ask      Asker
	missing  diag.List
	warnings diag.List
}

// place says where an answer belongs: the key in kgen.yaml, and the flag that
// gives it.
type place struct{ key, flag string }

// text asks one question whose answer parse reads. Where nobody answers and
// there is no default, it notes the place as missing and returns the zero value.
func text[T any](s *session, at place, q Text, parse func(string) (T, error)) (T, error) {
	v, _, err := answered(s, at, q, parse)
	return v, err
}

// answered is text, and tells whether anybody has answered. An optional
// question may go unanswered without being missed.
func answered[T any](s *session, at place, q Text, parse func(string) (T, error)) (v T, given bool, err error) {
	q.Check = func(answer string) error {
		_, err := parse(answer)
		return err
	}
	answer, err := s.ask.Text(s.ctx, q)
	switch {
	case errors.Is(err, ErrUnanswered):
		if !q.Optional {
			s.miss(at)
		}
		return v, false, nil
	case err != nil, answer == "":
		return v, err == nil, err
	}
	v, err = parse(answer)
	return v, true, err
}

// done ends the questions: everything that is missing, or an answer too many.
func (s *session) done() error {
	if err := s.missing.Err(); err != nil {
		return err
	}
	return s.ask.Done(s.ctx)
}

func (s *session) miss(at place) {
	s.missing.Errorf(at.key, "missing", "give "+at.flag, "nobody answered, and there is no default")
}

// one asks for one option of a list.
func (s *session) one(q Choice) (string, error) {
	chosen, err := s.ask.Choose(s.ctx, q)
	if err != nil {
		return "", err
	}
	return strings.Join(chosen, ""), nil
}

// checked makes a parser of a check.
func checked(check func(string) error) func(string) (string, error) {
	return func(s string) (string, error) { return s, check(s) }
}

// faults returns what spec.Validate finds wrong at a path or below it, without
// the path: the question names the place.
func faults(n *spec.Network, path string) error {
	var errs []error
	for _, d := range spec.Validate(n).Errors() {
		if rest, below := strings.CutPrefix(d.Path, path); below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			d.Path = ""
			errs = append(errs, errors.New(d.String()))
		}
	}
	return errors.Join(errs...)
}

// nobody reports whether nobody can answer. Then a question that may go without
// an answer is not prepared either: who says nothing says no.
func (s *session) nobody() bool {
	_, none := s.ask.(Defaults)
	return none
}
