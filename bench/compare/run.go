package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"kgen.dev/kgen/bench/peers"
	"kgen.dev/kgen/bench/report"
	"kgen.dev/kgen/bench/trees"
)

// A bench is one call of compare.
type bench struct {
	options
	fixtures
	programs map[string]string // of the peers, once they are at hand
}

// program is the path of a peer, built where it is not given.
func (b *bench) program(ctx context.Context, p peers.Peer) (string, error) {
	if at := b.programs[p.Name]; at != "" {
		return at, nil
	}
	at, err := p.Build(ctx)
	b.programs[p.Name] = at
	return at, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kgen-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.ours == "" {
		if o.ours, err = peers.Kgen(ctx, dir); err != nil {
			return err
		}
	}
	b := &bench{
		options:  o,
		fixtures: fixtures{dir: dir, kgen: o.ours, made: map[int][]trees.File{}},
		programs: map[string]string{peers.Kustomize.Name: o.kustomize, peers.Helm.Name: o.helm, peers.KubeScore.Name: o.kubeScore},
	}
	var results []result
	for _, m := range b.pairs() {
		if !o.pairs.MatchString(m.name) {
			continue
		}
		p, err := m.make(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		p.goal = goals[m.name]
		r, err := p.run(ctx, o.runs, o.timeout, o.budget, stderr)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return fmt.Errorf("-pairs %s: there is no such pair", o.pairs)
	}
	if o.output == "json" {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(document(results)); err != nil {
			return err
		}
	} else if _, err := io.WriteString(stdout, text(results)); err != nil {
		return err
	}
	if o.write == "" {
		return nil
	}
	return report.Write(o.write, "comparison", report.Machine(peers.Kustomize, peers.Helm, peers.KubeScore)+"\n\n"+text(results))
}
