package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"kgen.dev/kgen/bench/measure"
	"kgen.dev/kgen/bench/peers"
	"kgen.dev/kgen/bench/trees"
)

// A maker makes a pair; its name is what -pairs looks at. Pairs are made one
// after the other, so that only those asked for need their programs and trees.
type maker struct {
	name string
	make func(context.Context) (pair, error)
}

// pairs lists what is compared, in the order in which it is printed.
func (b *bench) pairs() []maker {
	var out []maker
	add := func(name string, make func(context.Context) (pair, error)) {
		out = append(out, maker{name, make})
	}
	for _, n := range b.sizesOr(300, 1000) {
		add(fmt.Sprintf("kgen build / kustomize build, %d", n), func(ctx context.Context) (pair, error) { return b.againstKustomize(ctx, n) })
	}
	for _, n := range b.sizesOr(1000) {
		add(fmt.Sprintf("kgen build / helm template, %d", n), func(ctx context.Context) (pair, error) { return b.againstHelm(ctx, n) })
	}
	for _, n := range b.sizesOr(1000) {
		add(fmt.Sprintf("kgen init / cp -r, %d", n), func(ctx context.Context) (pair, error) { return b.againstCopy(ctx, n) })
	}
	for _, n := range b.sizesOr(1000) {
		add(fmt.Sprintf("kgen generate / kgen init, %d", n), func(ctx context.Context) (pair, error) { return b.nothingToDo(ctx, n) })
	}
	add(fmt.Sprintf("kgen add service, %d / %d", b.to, b.from), b.addService)
	add(fmt.Sprintf("kgen build, %d / %d", b.large, b.small), b.buildGrows)
	add(fmt.Sprintf("kgen audit, %d / %d", b.large, b.small), b.auditGrows)
	for _, n := range b.sizesOr(300) {
		add(fmt.Sprintf("kgen audit / kube-score, %d", n), func(ctx context.Context) (pair, error) { return b.againstKubeScore(ctx, n) })
	}
	for _, n := range b.sizesOr(300) {
		add(fmt.Sprintf("kustomize build: kgen's layout / naive layout, %d", n), func(ctx context.Context) (pair, error) { return b.layouts(ctx, n) })
	}
	add("start: kgen --help / helm --help", func(ctx context.Context) (pair, error) { return b.starts(ctx, "--help") })
	add("start: kgen __complete / helm __complete", func(ctx context.Context) (pair, error) { return b.starts(ctx, "__complete", "") })
	return out
}

// build is `kgen build` of a repository of n services, and where its output goes.
func (b *bench) build(ctx context.Context, n int) (side, string, error) {
	at, _, err := b.repository(ctx, n)
	out := b.at(n, "kgen.out")
	return side{name: "kgen build", services: n, command: measure.Command{Args: []string{b.kgen, "build"}, Dir: at, Stdout: out}}, out, err
}

// againstKustomize holds bytes to bytes.
func (b *bench) againstKustomize(ctx context.Context, n int) (pair, error) {
	ours, got, err := b.build(ctx, n)
	if err != nil {
		return pair{}, err
	}
	stock, err := b.program(ctx, peers.Kustomize)
	if err != nil {
		return pair{}, err
	}
	want := b.at(n, "kustomize.out")
	p := pair{a: ours, b: side{name: "kustomize build", services: n, command: measure.Command{
		Args: []string{stock, "build", "."}, Dir: ours.command.Dir, Stdout: want,
	}}}
	p.same = func() error { return sameBytes(want, got) }
	if n >= 1000 {
		p.most = 1 // kustomize takes minutes
	}
	return p, nil
}

// againstHelm holds each object of the chart to the lines of kgen's.
func (b *bench) againstHelm(ctx context.Context, n int) (pair, error) {
	ours, _, err := b.build(ctx, n)
	if err != nil {
		return pair{}, err
	}
	helm, err := b.program(ctx, peers.Helm)
	if err != nil {
		return pair{}, err
	}
	chart, files, err := b.chart(ctx, n)
	if err != nil {
		return pair{}, err
	}
	out := b.at(n, "helm.out")
	p := pair{a: ours, b: side{name: "helm template", services: n, command: measure.Command{
		Args: []string{helm, "template", trees.Namespace, chart}, Stdout: out,
	}}}
	p.b.check = func(context.Context) error {
		data, err := os.ReadFile(out)
		if err != nil {
			return err
		}
		got, err := trees.Objects(data)
		if err != nil {
			return err
		}
		return trees.SameText(trees.ObjectsOf(files), got)
	}
	return p, nil
}

// fresh clears the way for a folder that is to be made anew. What was there is
// moved aside, not removed: file systems are slow for a while after that.
func fresh(at string) func(context.Context) error {
	return func(context.Context) error {
		if _, err := os.Stat(at); err != nil {
			return nil // nothing is in the way
		}
		aside, err := os.MkdirTemp(filepath.Dir(at), "aside-")
		if err != nil {
			return err
		}
		return os.Rename(at, filepath.Join(aside, filepath.Base(at)))
	}
}

// init is `kgen init` of n services into a folder of its own.
func (b *bench) init(ctx context.Context, n int) (side, error) {
	repository, _, err := b.repository(ctx, n)
	if err != nil {
		return side{}, err
	}
	at := b.at(n, "init")
	return side{
		name: "kgen init", services: n,
		command: measure.Command{Args: append([]string{b.kgen}, trees.Init(b.at(n, "model.yaml"), at)...)},
		prepare: fresh(at),
		check:   func(context.Context) error { return sameFiles(repository, at) },
	}, nil
}

// againstCopy compares making a repository with copying it, which is the least
// that writing it can take.
func (b *bench) againstCopy(ctx context.Context, n int) (pair, error) {
	init, err := b.init(ctx, n)
	if err != nil {
		return pair{}, err
	}
	at := b.at(n, "copy")
	p := pair{a: init, b: side{
		name: "cp -r", services: n,
		command: measure.Command{Args: []string{"cp", "-r", b.at(n, "repository"), at}},
		prepare: fresh(at),
	}}
	return p, nil
}

// nothingToDo is `kgen generate` where all is as it should be: no file may be
// written, not even with the same bytes.
func (b *bench) nothingToDo(ctx context.Context, n int) (pair, error) {
	init, err := b.init(ctx, n)
	if err != nil {
		return pair{}, err
	}
	at := b.at(n, "repository")
	before, err := snap(at)
	if err != nil {
		return pair{}, err
	}
	p := pair{b: init, a: side{
		name: "kgen generate, nothing to do", services: n,
		command: measure.Command{Args: []string{b.kgen, "generate"}, Dir: at},
	}}
	p.a.check = func(context.Context) error {
		after, err := snap(at)
		if err != nil {
			return err
		}
		if names := before.changed(after, writtenAnew); len(names) > 0 {
			return fmt.Errorf("%d files were written: %s", len(names), few(names))
		}
		return nil
	}
	return p, nil
}

// addService adds a service that nobody calls and that calls the first one, to
// few and to many: what is written has to be the same files.
func (b *bench) addService(ctx context.Context) (pair, error) {
	var wrote [2][]string
	one := func(i, n int) (side, error) {
		repository, _, err := b.repository(ctx, n)
		if err != nil {
			return side{}, err
		}
		before, err := snap(repository)
		if err != nil {
			return side{}, err
		}
		at := b.at(n, "add")
		return side{
			name: "kgen add service", services: n,
			command: measure.Command{
				Args: []string{b.kgen, "add", "service", "newcomer", "--yes", "--port", "80:8080", "--calls", trees.Service(0), "--metrics", "9090"},
				Dir:  at,
			},
			prepare: func(ctx context.Context) error {
				if err := fresh(at)(ctx); err != nil {
					return err
				}
				if err := os.CopyFS(at, os.DirFS(repository)); err != nil {
					return err
				}
				// A repository in use: the run before this one was in the same place.
				return exec.CommandContext(ctx, b.kgen, "-C", at, "generate", "-q").Run()
			},
			check: func(context.Context) error {
				after, err := snap(at)
				if err != nil {
					return err
				}
				wrote[i] = before.changed(after, otherBytes)
				if _, err := os.Stat(filepath.Join(at, "networking", "services", "newcomer.yaml")); err != nil {
					return err
				}
				return nil
			},
		}, nil
	}
	many, err := one(0, b.to)
	if err != nil {
		return pair{}, err
	}
	some, err := one(1, b.from)
	if err != nil {
		return pair{}, err
	}
	p := pair{a: many, b: some, same: func() error {
		if !slices.Equal(wrote[0], wrote[1]) {
			return fmt.Errorf("the files written are not the same: %s, and %s", few(wrote[0]), few(wrote[1]))
		}
		return nil
	}}
	return p, nil
}

func (b *bench) buildGrows(ctx context.Context) (pair, error) {
	large, _, err := b.build(ctx, b.large)
	if err != nil {
		return pair{}, err
	}
	small, _, err := b.build(ctx, b.small)
	return pair{a: large, b: small}, err
}

// audit is `kgen audit` of a repository with which there is nothing to find
// fault: a warning too is a wrong result.
func (b *bench) audit(ctx context.Context, n int) (side, error) {
	at, _, err := b.repository(ctx, n)
	return side{name: "kgen audit", services: n, command: measure.Command{
		Args: []string{b.kgen, "audit", "--fail-on", "warning"}, Dir: at, Stdout: b.at(n, "audit.out"),
	}}, err
}

func (b *bench) auditGrows(ctx context.Context) (pair, error) {
	large, err := b.audit(ctx, b.large)
	if err != nil {
		return pair{}, err
	}
	small, err := b.audit(ctx, b.small)
	return pair{a: large, b: small}, err
}

// againstKubeScore gives kube-score what kgen audit builds for itself. It ends
// with 1 where it has something to say, and it has.
func (b *bench) againstKubeScore(ctx context.Context, n int) (pair, error) {
	audit, err := b.audit(ctx, n)
	if err != nil {
		return pair{}, err
	}
	score, err := b.program(ctx, peers.KubeScore)
	if err != nil {
		return pair{}, err
	}
	build, built, err := b.build(ctx, n)
	if err != nil {
		return pair{}, err
	}
	if _, err := build.run(ctx, b.timeout); err != nil {
		return pair{}, err
	}
	return pair{a: audit, b: side{name: "kube-score score", services: n, command: measure.Command{
		Args: []string{score, "score", built}, Stdout: b.at(n, "kube-score.out"), Codes: []int{1},
	}}}, nil
}

// layouts compares what stock kustomize takes for kgen's layout and for the one
// that its documentation suggests.
func (b *bench) layouts(ctx context.Context, n int) (pair, error) {
	stock, err := b.program(ctx, peers.Kustomize)
	if err != nil {
		return pair{}, err
	}
	ours, _, err := b.repository(ctx, n)
	if err != nil {
		return pair{}, err
	}
	const naive = "naive"
	theirs, err := b.layout(ctx, n, naive)
	if err != nil {
		return pair{}, err
	}
	one := func(name, at string) side {
		return side{name: "kustomize build, " + name, services: n, command: measure.Command{
			Args: []string{stock, "build", at}, Stdout: b.at(n, "layout.out"),
		}}
	}
	p := pair{a: one("kgen's layout", ours), b: one("naive layout", theirs)}
	if n >= 1000 {
		p.most = 1 // minutes each
	}
	return p, nil
}

// starts compares what two programs of a kind take to begin.
func (b *bench) starts(ctx context.Context, args ...string) (pair, error) {
	helm, err := b.program(ctx, peers.Helm)
	if err != nil {
		return pair{}, err
	}
	one := func(program string) side {
		name := filepath.Base(program) + " " + args[0]
		return side{name: name, command: measure.Command{Args: append([]string{program}, args...)}}
	}
	return pair{a: one(b.kgen), b: one(helm)}, nil
}
