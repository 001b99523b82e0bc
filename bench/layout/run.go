package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/bench/measure"
	"kgen.dev/kgen/bench/peers"
	"kgen.dev/kgen/bench/report"
	"kgen.dev/kgen/bench/trees"
)

type options struct {
	sizes   []int
	layouts []trees.Layout
	// at are the sizes at which fewer layouts are built, by name; at the others
	// all are.
	at        map[int][]string
	runs      int
	timeout   time.Duration
	budget    time.Duration
	kgen      string
	kustomize string
	keep      string
	write     string
}

func flags(args []string, messages io.Writer) (options, error) {
	o := options{}
	f := flag.NewFlagSet("layout", flag.ContinueOnError)
	f.SetOutput(messages)
	sizes := f.String("n", "10,100,300", "numbers of services")
	layouts := f.String("layouts", strings.Join(trees.Names(), ","), "the layouts, of those named here")
	at := map[int][]string{}
	f.Func("at", "SIZE=LAYOUTS: another number of services, at which only these of the layouts are built; may be repeated", func(text string) error {
		size, names, _ := strings.Cut(text, "=")
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 || names == "" {
			return errors.New("it is a number of services and the names of layouts, such as 1000=naive,leaves-fifo")
		}
		at[n] = strings.Split(names, ",")
		return nil
	})
	f.IntVar(&o.runs, "runs", 1, "turns: runs of each layout at each number of services")
	f.DurationVar(&o.timeout, "timeout", 30*time.Minute, "end a build that takes longer")
	f.DurationVar(&o.budget, "budget", 10*time.Minute, "begin no further turn at a number of services that has taken so long")
	f.StringVar(&o.kgen, "kgen", "", "kgen's binary (default: built from the source here)")
	f.StringVar(&o.kustomize, "kustomize", "", "kustomize's binary (default: "+peers.Kustomize.String()+", built once)")
	f.StringVar(&o.keep, "keep", "", "make the trees in this folder and leave them there")
	f.StringVar(&o.write, "write", "", "also write the table into this page, between its markers")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	for _, name := range strings.Split(*layouts, ",") {
		l, err := trees.LayoutNamed(name)
		if err != nil {
			return o, err
		}
		o.layouts = append(o.layouts, l)
	}
	for _, n := range strings.Split(*sizes, ",") {
		size, err := strconv.Atoi(n)
		if err != nil || size < 1 {
			return o, fmt.Errorf("-n %s: %q is no number of services", *sizes, n)
		}
		o.sizes = append(o.sizes, size)
	}
	o.at = at
	for _, n := range slices.Sorted(maps.Keys(at)) {
		if slices.Contains(o.sizes, n) {
			return o, fmt.Errorf("-at %d: -n has all layouts built at %d", n, n)
		}
		for _, name := range at[n] {
			if !slices.ContainsFunc(o.layouts, func(l trees.Layout) bool { return l.Name == name }) {
				return o, fmt.Errorf("-at %d: layout %q is not among those that are built", n, name)
			}
		}
		o.sizes = append(o.sizes, n)
	}
	slices.Sort(o.sizes)
	o.sizes = slices.Compact(o.sizes)
	if o.runs < 1 {
		return o, fmt.Errorf("-runs %d: at least 1", o.runs)
	}
	return o, nil
}

// layoutsAt are those that are built at a number of services, in their order.
func (o options) layoutsAt(n int) []trees.Layout {
	names, fewer := o.at[n]
	if !fewer {
		return o.layouts
	}
	var out []trees.Layout
	for _, l := range o.layouts {
		if slices.Contains(names, l.Name) {
			out = append(out, l)
		}
	}
	return out
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := flags(args, progress)
	if err != nil {
		return err
	}
	work := o.keep
	if work == "" {
		if work, err = os.MkdirTemp("", "kgen-layout-"); err != nil {
			return err
		}
		defer os.RemoveAll(work)
	} else if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	if o.kgen == "" {
		if o.kgen, err = peers.Kgen(ctx, work); err != nil {
			return err
		}
	}
	if o.kustomize == "" {
		if o.kustomize, err = peers.Kustomize.Build(ctx); err != nil {
			return err
		}
	}
	t := table{layouts: o.layouts, sizes: o.sizes, runs: map[cell][]measure.Run{}}
	for _, n := range o.sizes {
		if err := t.size(ctx, o, work, n, progress); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(out, t.text()); err != nil {
		return err
	}
	if o.write != "" {
		return report.Write(o.write, "layouts", report.Machine(peers.Kustomize)+" "+t.turns()+"\n\n"+t.text())
	}
	return nil
}

// size measures the layouts at one number of services, in turn.
func (t table) size(ctx context.Context, o options, work string, n int, progress io.Writer) error {
	dir := filepath.Join(work, strconv.Itoa(n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files, err := trees.Rendered(ctx, o.kgen, dir, n)
	if err != nil {
		return err
	}
	layouts := o.layoutsAt(n)
	for _, l := range layouts {
		if err := trees.Write(filepath.Join(dir, l.Name), l.Arrange(files)); err != nil {
			return err
		}
	}
	late := map[string]bool{} // what has not ended once is not tried again
	start := time.Now()
	for turn := range o.runs {
		if turn > 0 && time.Since(start) > o.budget {
			break
		}
		for _, l := range layouts {
			if late[l.Name] {
				continue
			}
			built := filepath.Join(dir, l.Name+".yaml")
			r, err := measure.Do(ctx, measure.Command{
				Args: []string{o.kustomize, "build", filepath.Join(dir, l.Name)}, Stdout: built, Timeout: o.timeout,
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(progress, "%d services, %s: %s\n", n, l.Name, measure.Seconds(r.CPU()))
			t.runs[cell{l.Name, n}] = append(t.runs[cell{l.Name, n}], r)
			if late[l.Name] = r.TimedOut; r.TimedOut {
				continue
			}
			if err := check(l, files, built); err != nil {
				return fmt.Errorf("%d services, layout %s: %w", n, l.Name, err)
			}
		}
	}
	return nil
}

// check holds what was built against the objects that it was built from.
func check(l trees.Layout, files []trees.File, built string) error {
	data, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	got, err := trees.Objects(data)
	if err != nil {
		return err
	}
	return l.Check(files, got)
}
