package audit

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/promql"
)

// promRule is one rule of a PrometheusRule.
type promRule struct {
	object *manifest.Object
	manifest.Rule
	path   []any // of the rule in the object
	labels map[string]string
	expr   *promql.Node // nil where it cannot be read
	fault  *promql.Error
}

// name is what a reader knows the rule by.
func (r *promRule) name() string { return cmp.Or(r.Alert, r.Record, "a rule without a name") }

func (r *promRule) field(path ...any) []any { return append(append([]any{}, r.path...), path...) }

// rules are those of all PrometheusRules, their expressions read: once for all
// checks, which do not change them.
func (c *Check) rules() []*promRule {
	c.readRules.Do(func() { c.promRules = c.parseRules() })
	return c.promRules
}

func (w *World) parseRules() []*promRule {
	var out []*promRule
	read := map[string]*promRule{}
	for _, o := range inventory.All[manifest.PrometheusRule](w.Inventory) {
		for i, g := range o.V.Spec.Groups {
			for j, r := range g.Rules {
				one := &promRule{object: o.Object, Rule: r, path: Field("spec", "groups", i, "rules", j), labels: r.Labels}
				if len(g.Labels) > 0 {
					one.labels = map[string]string{}
					for k, v := range g.Labels {
						one.labels[k] = v
					}
					for k, v := range r.Labels {
						one.labels[k] = v
					}
				}
				if same := read[r.Expr]; same != nil {
					one.expr, one.fault = same.expr, same.fault
				} else {
					var err error
					if one.expr, err = promql.Parse(r.Expr); err != nil {
						one.expr, one.fault = nil, err.(*promql.Error)
					}
					read[r.Expr] = one
				}
				out = append(out, one)
			}
		}
	}
	return out
}

// selectors are what the expression selects, with how far back each looks.
func (r *promRule) selectors() []*promql.Node {
	var out []*promql.Node
	if r.expr == nil {
		return nil
	}
	for n := range r.expr.All() {
		if n.Kind == promql.Select {
			out = append(out, n)
		}
	}
	return out
}

// reportAt is Report at a place in a rule's expression: its line where it stands
// in a block, its column too where no escape or indentation hides it.
func (c *Check) reportAt(r *promRule, offset int, fix, format string, args ...any) *Finding {
	f := c.Report(r.object, r.field("expr"), fix, format, args...)
	node := nodeAt(r.object.Node, r.field("expr"))
	if node == nil || node.Kind != yaml.ScalarNode || offset > len(r.Expr) {
		return f
	}
	before := r.Expr[:offset]
	line := strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	switch {
	case node.Style&yaml.LiteralStyle != 0 && f.Line == node.Line:
		f.Line += line + 1
		if key := nodeAt(r.object.Node, r.path); key != nil {
			f.Column = key.Column + 2 + column // a block is indented by two, as nearly everybody does
		}
	case strings.Contains(r.Expr, "\n"):
	case node.Style == 0:
		f.Column += column
	case node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && !strings.ContainsAny(before, `'"\`):
		f.Column += column + 1
	}
	return f
}

func nodeAt(n *yaml.Node, path []any) *yaml.Node {
	for _, step := range path {
		if n == nil {
			return nil
		}
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		switch step := step.(type) {
		case string:
			_, n = manifest.Entry(n, step)
		case int:
			if step >= len(n.Content) {
				return nil
			}
			n = n.Content[step]
		}
	}
	return n
}
