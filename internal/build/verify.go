package build

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
)

// Difference is the error of Verify that kgen and kustomize print something
// else, which is kgen's mistake.
type Difference struct {
	Resource   string // the first that differs: Kind namespace/name
	Own, Stock string // the first line of it that differs; empty if there is none
	Refused    error  // that kustomize builds nothing; then all else is empty
}

func (d *Difference) Error() string {
	if d.Refused != nil {
		return "kgen builds what kustomize refuses: " + d.Refused.Error()
	}
	return fmt.Sprintf("kgen and kustomize differ, first in %s: kgen prints %s where kustomize prints %s", d.Resource, quoted(d.Own), quoted(d.Stock))
}

func quoted(line string) string {
	if line == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", line)
}

// Verify builds the kustomization in a local folder both ways. The error is a
// *Difference if they do not print the same. What kgen leaves to kustomize is
// built once: a Result with Because was compared with nothing.
func Verify(ctx context.Context, dir string) (*Result, error) {
	r, err := own(ctx, dir)
	if err != nil {
		return nil, err
	}
	if r.Because != "" {
		return stock(ctx, r, func() ([]byte, error) { return kustomize.Build(dir) })
	}
	want, err := stock(ctx, &Result{}, func() ([]byte, error) { return kustomize.Build(dir) })
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &Difference{Refused: err}
	}
	if d := differ(r.Bytes(), want.Bytes()); d != nil {
		return nil, d
	}
	return r, nil
}

// differ gives the first line in which two streams differ, with the object
// that kustomize prints there, or kgen if kustomize's stream has ended; nil if
// they do not differ.
func differ(own, stock []byte) *Difference {
	if bytes.Equal(own, stock) {
		return nil
	}
	a, b := strings.Split(string(own), "\n"), strings.Split(string(stock), "\n")
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	d := &Difference{}
	if at < len(a) {
		d.Own = a[at]
	}
	in := a
	if at < len(b) {
		d.Stock = b[at]
		if b[at] != "" || at >= len(a) {
			in = b
		}
	}
	d.Resource = objectAt(in, at)
	return d
}

// objectAt names the object that a line of a stream belongs to.
func objectAt(lines []string, at int) string {
	from, to := at, at
	for from > 0 && (lines[from] != "---" || from == at) {
		from--
	}
	for to < len(lines) && (lines[to] != "---" || to == at) {
		to++
	}
	objects, _ := manifest.Parse("", []byte(strings.Join(lines[from:to], "\n")))
	if len(objects) == 0 {
		return "what is no object"
	}
	return objects[len(objects)-1].Ref()
}
