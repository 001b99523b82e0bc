// Package audit holds what kgen knows of right and wrong in a set of manifests:
// rules as values, each with its own documentation and examples, run over an
// inventory. A rule that lacks what it needs, pods or a model or whatever else,
// says so; it never passes by looking away.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
)

// Rule is one thing that has to hold. Its examples stand in examples/<ID>.txtar:
// the files below bad/ break it and no other rule, those below good/ break none.
type Rule struct {
	// ID is two letters and two digits. It never changes its meaning.
	ID string
	// Title is the rule as a sentence that says what is wrong where it is broken.
	Title string
	// Severity is Error where something does not work or is open that must not be,
	// Warning where it works, but not for long or not for everyone.
	Severity diag.Severity
	// Items are those of the practice guide that the rule stands for, C1 to C10
	// and P1 to P5.
	Items []string
	// Constraints are the numbers of what must hold in every repository that kgen
	// renders, K1 to K33, as far as the rule watches over them.
	Constraints []string
	// Doc says what is looked at, why it matters and what to do, in Markdown, in
	// paragraphs of whole sentences.
	Doc string
	// Reads names what the rule looks at besides the objects; without it the rule
	// is not checked.
	Reads []Need

	check func(*Check)
}

// Need is something that a rule cannot do without.
type Need string

const (
	NeedsPods  Need = "pods"  // workloads, or a model that stands in for them
	NeedsModel Need = "model" // a kgen.yaml
	NeedsMesh  Need = "mesh"  // a mesh: without one there is nothing to look at
	NeedsFiles Need = "files" // kustomizations that were gone through
)

// World is what is audited.
type World struct {
	*inventory.Inventory
	// Source is where the objects were read; its files are shown to a reader.
	Source *source.Set
	// ModelAt gives the place in kgen.yaml of a path below spec, such as
	// "services[1].calls"; nil where there is no model.
	ModelAt func(path string) manifest.Position
	// Drift are the differences between what the model renders and what is on the
	// disk; nil where that was not compared.
	Drift *Drift

	readRules sync.Once
	promRules []*promRule // see Check.rules

	nameServices sync.Once
	named        *serviceNames // see World.serviceNames
}

// Drift is what kgen generate would do.
type Drift struct {
	Files []Drifted // by path
}

// Drifted is one file that is not as the model renders it.
type Drifted struct {
	Path string
	What string // as a clause: "is missing", "is not as kgen.yaml says"
}

// Finding is one place where a rule is broken.
type Finding struct {
	Rule     *Rule
	Severity diag.Severity
	manifest.Position
	Object  *manifest.Object // nil where it is about the model or a file
	Field   string           // the path of the field, as spec.ingress[0].from; may be empty
	Message string           // the fact
	Fix     string           // the way out; may be empty
	Related []Related
	// Suppressed is by what the finding is taken for granted; nil for most.
	Suppressed *Suppression
}

// Related is another place that belongs to a finding.
type Related struct {
	manifest.Position
	Message string
}

// Check is one rule's run: the world, and where it says what it found.
type Check struct {
	*World
	ctx      context.Context
	rule     *Rule
	findings []Finding
	skipped  []Skipped
	looked   int
	steps    int // of work, see step
}

// Skipped is something that a rule did not check.
type Skipped struct {
	Rule *Rule
	What string // "NetworkPolicy shop/web", or "" for all of the rule
	Why  string // "no workload of namespace shop is given"
}

// Field makes a field path: keys and indices.
func Field(path ...any) []any { return path }

// Looked counts one thing that the rule has judged, for the checklist: an item
// is satisfied only where something was looked at.
func (c *Check) Looked() {
	c.looked++
	c.step()
}

// step counts a piece of work. Whatever goes through many things takes one for
// each of them: that is where the rule ends if the whole run is interrupted, and
// what tests of growth count.
func (c *Check) step() {
	c.steps++
	if c.steps%64 == 0 && c.ctx != nil && c.ctx.Err() != nil {
		panic(interrupted{}) // caught in run: a rule may take long on a large input
	}
}

// interrupted ends a rule's run where the whole run was interrupted.
type interrupted struct{}

// Report says that an object breaks the rule, at a field (nil: at its start).
func (c *Check) Report(o *manifest.Object, field []any, fix, format string, args ...any) *Finding {
	c.findings = append(c.findings, Finding{
		Rule: c.rule, Severity: c.rule.Severity, Position: o.At(field...), Object: o, Field: manifest.PathText(field...),
		Message: o.Ref() + ": " + fmt.Sprintf(format, args...), Fix: fix,
	})
	return &c.findings[len(c.findings)-1]
}

// ReportModel says that the rule is broken by what the model says at a path
// below spec.
func (c *Check) ReportModel(path, fix, format string, args ...any) *Finding {
	f := Finding{Rule: c.rule, Severity: c.rule.Severity, Field: path, Message: fmt.Sprintf(format, args...), Fix: fix}
	if c.ModelAt != nil {
		f.Position = c.ModelAt(path)
	}
	c.findings = append(c.findings, f)
	return &c.findings[len(c.findings)-1]
}

// ReportFile says that a file breaks the rule.
func (c *Check) ReportFile(at manifest.Position, fix, format string, args ...any) *Finding {
	c.findings = append(c.findings, Finding{Rule: c.rule, Severity: c.rule.Severity, Position: at, Message: fmt.Sprintf(format, args...), Fix: fix})
	return &c.findings[len(c.findings)-1]
}

// See adds another place to a finding.
func (f *Finding) See(o *manifest.Object, field []any, format string, args ...any) *Finding {
	f.Related = append(f.Related, Related{o.At(field...), o.Ref() + ": " + fmt.Sprintf(format, args...)})
	return f
}

// Skip says that the rule could not be checked for something, and why.
func (c *Check) Skip(what, format string, args ...any) {
	c.skipped = append(c.skipped, Skipped{c.rule, what, fmt.Sprintf(format, args...)})
}

// Options choose what is run.
type Options struct {
	Rules []string // IDs or their beginnings ("NP"); all, if none
	Skip  []string // likewise
	// Today is the date by which suppressions run out, as 2006-01-02.
	Today string
	// Suppressions are those of the model; annotations bring more.
	Suppressions []Suppression
}

// Result is what a run came to.
type Result struct {
	Findings []Finding // by place, then rule; the suppressed ones among them
	Skipped  []Skipped // by rule, then what
	Ran      []*Rule   // in the order of the catalogue
	looked   map[*Rule]int
}

// Run runs the rules over a world. The order of what it gives does not depend
// on how many run at once.
func Run(ctx context.Context, w *World, o Options) (*Result, error) {
	rules, err := choose(o.Rules, o.Skip)
	if err != nil {
		return nil, err
	}
	checks := make([]*Check, len(rules))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(rules), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(rules) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				checks[i] = &Check{World: w, ctx: ctx, rule: rules[i]}
				checks[i].run()
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &Result{Ran: rules, looked: map[*Rule]int{}}
	for _, c := range checks {
		r.Findings = append(r.Findings, c.findings...)
		r.Skipped = append(r.Skipped, c.skipped...)
		r.looked[c.rule] = c.looked
	}
	r.suppress(w, o)
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Rule.ID, b.Rule.ID), strings.Compare(a.Message, b.Message))
	})
	return r, nil
}

// run judges, if there is what the rule needs.
func (c *Check) run() {
	defer func() {
		if end := recover(); end != nil {
			if _, ours := end.(interrupted); !ours {
				panic(end)
			}
		}
	}()
	for _, need := range c.rule.Reads {
		if why := c.lacks(need); why != "" {
			c.Skip("", "%s", why)
			return
		}
	}
	c.rule.check(c)
}

// lacks says what is missing, "" where nothing is.
func (w *World) lacks(need Need) string {
	switch need {
	case NeedsPods:
		if len(w.Workloads) == 0 {
			return "no workloads are given, and no kgen.yaml that could stand in for them"
		}
	case NeedsModel:
		if w.Model == nil {
			return "there is no kgen.yaml that says what is meant"
		}
	case NeedsMesh:
		if !w.Meshed() {
			return "there is no mesh"
		}
	case NeedsFiles:
		if w.Source == nil || len(w.Source.Kustomizations) == 0 {
			return "no kustomization was read"
		}
	}
	return ""
}

// choose gives the rules that the options name, in the order of the catalogue.
func choose(only, skip []string) ([]*Rule, error) {
	var strange []string
	for _, word := range append(slices.Clone(only), skip...) {
		if !slices.ContainsFunc(catalogue(), func(r *Rule) bool { return named(r, word) }) {
			strange = append(strange, word)
		}
	}
	if err := unknown(strange).Err(); err != nil {
		return nil, err
	}
	var out []*Rule
	for _, r := range catalogue() {
		in := len(only) == 0 || slices.ContainsFunc(only, func(word string) bool { return named(r, word) })
		if in && !slices.ContainsFunc(skip, func(word string) bool { return named(r, word) }) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Runs reports whether a rule is among those that such options choose.
func Runs(id string, only, skip []string) bool {
	rules, err := choose(only, skip)
	return err == nil && slices.ContainsFunc(rules, func(r *Rule) bool { return r.ID == id })
}

// named reports whether a word is the rule's ID or the letters that it begins with.
func named(r *Rule, word string) bool {
	return strings.EqualFold(word, r.ID) || len(word) == 2 && strings.EqualFold(word, r.ID[:2])
}

func ids() []string {
	var out []string
	for _, r := range catalogue() {
		out = append(out, r.ID)
	}
	return out
}

// Rules is the catalogue, in its order. The values are not to be changed.
func Rules() []*Rule { return catalogue() }

// Find gives the rule of an ID, in upper or lower case.
func Find(id string) (*Rule, bool) {
	for _, r := range catalogue() {
		if strings.EqualFold(r.ID, id) {
			return r, true
		}
	}
	return nil, false
}
