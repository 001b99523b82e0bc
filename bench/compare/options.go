package main

import (
	"flag"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/bench/peers"
)

type options struct {
	sizes    []int // of the pairs with a peer; none: the size or sizes that each pair's goal is for
	from, to int   // of `kgen add service`
	small    int   // of what is to grow in a straight line,
	large    int   // and what it grows to
	runs     int
	timeout  time.Duration
	budget   time.Duration
	pairs    *regexp.Regexp
	output   string
	write    string

	ours, kustomize, helm, kubeScore string // programs; "" is built, and ours is kgen
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(stderr)
	var (
		sizes  = f.String("n", "", "numbers of services for the pairs with a peer (default: for each pair those that its goal is for)")
		add    = f.String("add", "10:1000", "numbers of services before `kgen add service`")
		growth = f.String("growth", "1000:10000", "numbers of services between which builds and audits are to grow in a straight line")
		pairs  = f.String("pairs", "", "only the pairs that this regular expression finds")
		small  = f.Bool("small", false, "few services, and one run of each: for the results, not the times")
	)
	f.IntVar(&o.runs, "runs", 5, "runs of each program of a pair; once only where one takes minutes")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "end a run that takes longer, and say that it does")
	f.DurationVar(&o.budget, "budget", 5*time.Minute, "begin no further run of a pair that has taken so long")
	f.StringVar(&o.output, "o", "text", "how to print: text or json")
	f.StringVar(&o.write, "write", "", "also write the tables into this page, between its markers")
	f.StringVar(&o.ours, "kgen", "", "kgen's program (default: built from the source here)")
	f.StringVar(&o.kustomize, "kustomize", "", "kustomize's (default: "+peers.Kustomize.Version+", built once)")
	f.StringVar(&o.helm, "helm", "", "Helm's (default: "+peers.Helm.Version+", built once)")
	f.StringVar(&o.kubeScore, "kube-score", "", "kube-score's (default: "+peers.KubeScore.Version+", built once)")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	if *small {
		*sizes, *add, *growth, o.runs = "5,20", "5:20", "5:20", 1
	}
	var err error
	if *sizes != "" {
		if o.sizes, err = numbers(*sizes, ","); err != nil {
			return o, fmt.Errorf("-n %w", err)
		}
	}
	if o.from, o.to, err = two(*add); err != nil {
		return o, fmt.Errorf("-add %w", err)
	}
	if o.small, o.large, err = two(*growth); err != nil {
		return o, fmt.Errorf("-growth %w", err)
	}
	if o.pairs, err = regexp.Compile(*pairs); err != nil {
		return o, fmt.Errorf("-pairs: %w", err)
	}
	if o.runs < 1 {
		return o, fmt.Errorf("-runs %d: at least 1", o.runs)
	}
	if o.output != "text" && o.output != "json" {
		return o, fmt.Errorf("-o %s: it is text or json", o.output)
	}
	return o, nil
}

// sizesOr are the sizes of a pair with a peer: those asked for, or its own.
func (o options) sizesOr(own ...int) []int {
	if len(o.sizes) > 0 {
		return o.sizes
	}
	return own
}

// least is the fewest services that every pair can do with: below it, those
// called would be the callers.
const least = 5

func numbers(list, separator string) ([]int, error) {
	var out []int
	for _, text := range strings.Split(list, separator) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least {
			return nil, fmt.Errorf("%s: %q is no number of services, which are at least %d", list, text, least)
		}
		out = append(out, n)
	}
	return out, nil
}

// two reads a smaller and a larger number.
func two(text string) (small, large int, err error) {
	n, err := numbers(text, ":")
	if err != nil {
		return 0, 0, err
	}
	if len(n) != 2 || n[0] >= n[1] {
		return 0, 0, fmt.Errorf("%s: it is a smaller and a larger number of services, such as 10:1000", text)
	}
	return n[0], n[1], nil
}
