// Package prompt asks for what flags did not answer and puts the answers
// together to a model. Who answers is behind Asker: a person at a terminal,
// lines on a pipe, or nobody.
package prompt

import (
	"context"
	"errors"
	"strings"
)

var (
	// ErrInterrupted is returned when the person at the terminal gives up
	// (Ctrl-C, Ctrl-D) or the context ends. The Asker must not be used again.
	ErrInterrupted = errors.New("interrupted")
	// ErrUnanswered is returned by Text when nobody answers and there is no
	// default, even if the answer may be empty: nobody has said that it is.
	ErrUnanswered = errors.New("an answer is needed")
)

// An Asker puts questions and returns answers that passed the question's own check.
type Asker interface {
	// Text asks for one line. It returns ErrUnanswered where there is none.
	Text(ctx context.Context, q Text) (string, error)
	// Choose asks for one option, or for any number of them if q.Many, and
	// returns their values in the order of the options.
	Choose(ctx context.Context, q Choice) ([]string, error)
	// Confirm asks for yes or no.
	Confirm(ctx context.Context, q YesNo) (bool, error)
	// Done is told that there are no more questions. An answer that is left
	// over is an error: it was meant for another question than was asked.
	Done(ctx context.Context) error
}

// Text is a question that one line answers.
type Text struct {
	Message, Help string
	// Default holds when nobody answers.
	Default string
	// Suggest is what an empty line answers, where that is more than Default:
	// a person has then seen it. "" means Default.
	Suggest string
	// Optional: the empty answer is one. It is given by the word none, or by an
	// empty line if nothing is suggested.
	Optional bool
	// Check says why an answer that is not empty will not do. It may be nil.
	Check func(string) error
}

// suggested is what an empty line answers.
func (q Text) suggested() string {
	if q.Suggest != "" {
		return q.Suggest
	}
	return q.Default
}

// none is the word for the empty answer to an optional question.
const none = "none"

// hint shows what an empty line answers.
func (q Text) hint() string {
	if hint := q.suggested(); hint != "" || !q.Optional {
		return hint
	}
	return none
}

// settle turns what was typed into the answer, or says why it will not do.
func (q Text) settle(typed string) (string, error) {
	answer := strings.TrimSpace(typed)
	switch {
	case answer == "":
		answer = q.suggested()
	case answer == none && q.Optional:
		answer = ""
	}
	return answer, q.accept(answer)
}

// unanswered is the answer of nobody.
func (q Text) unanswered() (string, error) {
	if q.Default == "" {
		return "", ErrUnanswered
	}
	return q.Default, q.accept(q.Default)
}

func (q Text) accept(answer string) error {
	switch {
	case answer == "" && q.Optional:
		return nil
	case answer == "":
		return ErrUnanswered
	case q.Check == nil:
		return nil
	}
	return q.Check(answer)
}

// Option is one entry of a list.
type Option struct {
	Value, About string
}

// Choice is a question that a list answers.
type Choice struct {
	Message, Help string
	Options       []Option // at least one
	// Default is one of the options, or any number of them if Many.
	Default []string
	Many    bool
}

func (q Choice) values() []string {
	values := make([]string, len(q.Options))
	for i, o := range q.Options {
		values[i] = o.Value
	}
	return values
}

// YesNo is a question that yes or no answers.
type YesNo struct {
	Message, Help string
	Default       bool
}

// Defaults is the Asker that asks nobody: every answer is the default.
type Defaults struct{}

// Text returns the question's default.
func (Defaults) Text(_ context.Context, q Text) (string, error) { return q.unanswered() }

// Choose returns the question's default.
func (Defaults) Choose(_ context.Context, q Choice) ([]string, error) { return q.Default, nil }

// Confirm returns the question's default.
func (Defaults) Confirm(_ context.Context, q YesNo) (bool, error) { return q.Default, nil }

// Done returns nil: nobody is there to say too much.
func (Defaults) Done(context.Context) error { return nil }

// await returns what f returns, or ErrInterrupted as soon as the context ends.
// A read cannot be called off, so f may then still be waiting for its line.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var zero T
	if ctx.Err() != nil {
		return zero, ErrInterrupted
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return zero, ErrInterrupted
	}
}
