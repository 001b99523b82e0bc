package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"kgen.dev/kgen/bench/measure"
)

// A pair is two programs, or one at two sizes, that run in turn: A B A B.
type pair struct {
	a, b side
	goal goal
	// most is how many turns are taken at most, however many are asked for; 0
	// where there is no such bound.
	most int
	// same holds the results of a turn against each other; nil where each side's
	// own check is all. It is not asked where a side did not end in time.
	same func() error
}

// A side is one program of a pair.
type side struct {
	name     string
	services int
	command  measure.Command
	// prepare comes before each run, and check after it; neither is measured.
	prepare, check func(context.Context) error
}

func (s side) String() string {
	if s.services == 0 {
		return s.name
	}
	return fmt.Sprintf("%s, %d services", s.name, s.services)
}

func (p pair) String() string { return p.a.String() + " / " + p.b.String() }

// A result is what the runs of a pair took.
type result struct {
	pair pair
	a, b []measure.Run // turn by turn; equally many
}

// run takes turns until there were enough, or until the pair has taken more
// than the budget. What did not end in time is not tried again.
func (p pair) run(ctx context.Context, runs int, timeout, budget time.Duration, progress io.Writer) (result, error) {
	r := result{pair: p}
	start := time.Now()
	if p.most > 0 {
		runs = min(runs, p.most)
	}
	for turn := range runs {
		if turn > 0 && time.Since(start) > budget {
			break
		}
		a, err := p.a.run(ctx, timeout)
		if err != nil {
			return r, fmt.Errorf("%s: %w", p.a, err)
		}
		b, err := p.b.run(ctx, timeout)
		if err != nil {
			return r, fmt.Errorf("%s: %w", p.b, err)
		}
		r.a, r.b = append(r.a, a), append(r.b, b)
		fmt.Fprintf(progress, "%s: %s / %s\n", p, measure.Seconds(a.CPU()), measure.Seconds(b.CPU()))
		if a.TimedOut || b.TimedOut {
			break
		}
		if p.same != nil {
			if err := p.same(); err != nil {
				return r, fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	return r, nil
}

func (s side) run(ctx context.Context, timeout time.Duration) (measure.Run, error) {
	if s.prepare != nil {
		if err := s.prepare(ctx); err != nil {
			return measure.Run{}, err
		}
	}
	c := s.command
	c.Timeout = timeout
	r, err := measure.Do(ctx, c)
	if err != nil || r.TimedOut || s.check == nil {
		return r, err
	}
	return r, s.check(ctx)
}
