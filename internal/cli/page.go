package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/audit"
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/draw"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	page "kgen.dev/kgen/internal/report"
)

type pageFlags struct {
	judging
	format *choice
	layer  *choice
}

func newReport(sh *shell) *cobra.Command {
	flags := pageFlags{format: newChoice(htmlForm, htmlForm), layer: newLayer()}
	cmd := &cobra.Command{
		Use:   "report [PATH...]",
		Short: "Make one page of everything that is known",
		Long: `Report prints one HTML page that needs no network: the graph of who talks to whom,
to pan, zoom and search, the matrix of connections, the audit by the items of the
practice guide, and the canaries. It can be kept as an artifact of a build, or
mailed.

PATH is what kgen audit takes.`,
		Example: `  kgen report > network.html
  kgen report --env production > production.html`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := sh.judge(cmd.Context(), cmd, flags.judging, args, judgedByRules...)
			if err != nil {
				return err
			}
			sh.warn(asWarnings(j.inventory.Refused))
			return sh.writePage(cmd.Context(), j, layers[flags.layer.word])
		},
	}
	addJudging(cmd, sh, &flags.judging)
	choose(cmd, flags.format, "output", "o", "how to print it")
	choose(cmd, flags.layer, "layer", "", "whose rules count: NetworkPolicies, the mesh's policies, or both")
	return cmd
}

// writePage prints the page on everything that is known.
func (sh *shell) writePage(ctx context.Context, j *judged, layer reach.Layer) error {
	result, err := sh.audited(ctx, j, audit.Options{})
	if err != nil {
		return err
	}
	var made *page.Page
	if err := sh.during("drawing", func() error {
		connections := j.connections(layer)
		made = j.page(draw.Of(j.inventory, connections), connections, result)
		return nil
	}); err != nil {
		return err
	}
	out, err := made.HTML()
	if err != nil {
		return err
	}
	_, err = sh.Out.Write(out)
	return err
}

func (j *judged) page(sheet *draw.Sheet, c *reach.Connections, result *audit.Result) *page.Page {
	p := &page.Page{Title: sheet.Graph.Title, Model: j.from(), Notes: c.Notes(), Graph: sheet.Graph, Matrix: matrix(sheet)}
	nodes := nodesByObject(j.inventory, sheet)
	for i := range result.Findings {
		p.Findings = append(p.Findings, pageFinding(&result.Findings[i], nodes))
	}
	slices.SortStableFunc(p.Findings, func(a, b page.Finding) int {
		return strings.Compare(string(a.Severity), string(b.Severity)) // error before warning
	})
	for _, e := range result.Checklist() {
		p.Checklist = append(p.Checklist, pageItem(e, nodes))
	}
	p.Parties = j.parties(sheet)
	p.Canaries = j.canaries()
	p.Summary = j.summary(sheet, result)
	return p
}

// from says what the page was computed from.
func (j *judged) from() string {
	switch {
	case j.env != "" && j.model != nil:
		return fmt.Sprintf("%s, environment %s, and %d objects", j.model.Name, j.env, len(j.source.Objects))
	case j.model != nil:
		return fmt.Sprintf("%s and %d objects", j.model.Name, len(j.source.Objects))
	}
	return fmt.Sprintf("%d objects", len(j.source.Objects))
}

// matrix holds only whom the application is about: what the platform does with
// every pod would be a column each.
func matrix(sheet *draw.Sheet) *page.Matrix {
	everybodys := map[string]bool{}
	for _, n := range sheet.Graph.Nodes {
		everybodys[n.ID] = n.Kind == graph.DNS || n.Kind == graph.Prometheus || n.Kind == graph.ControlPlane || n.Kind == graph.Waypoint
	}
	m := &page.Matrix{}
	for _, e := range sheet.Graph.Edges {
		if !everybodys[e.From] && !everybodys[e.To] {
			m.Cells = append(m.Cells, page.Cell{From: e.From, To: e.To, Ports: e.Labels, State: e.State, Why: strings.Join(e.Details, "; ")})
		}
	}
	return m
}

// nodesByObject tells which nodes an object is about: the workloads that it is,
// or selects.
func nodesByObject(inv *inventory.Inventory, sheet *draw.Sheet) map[*manifest.Object][]string {
	out := map[*manifest.Object][]string{}
	add := func(o *manifest.Object, node string) {
		if at := out[o]; o != nil && (len(at) == 0 || at[len(at)-1] != node) {
			out[o] = append(at, node) // an object may be about every node: what is twice goes at the end
		}
	}
	byWorkload := map[*inventory.Workload]string{}
	for id, pods := range sheet.Nodes {
		for _, w := range pods {
			byWorkload[w] = id
			add(w.Object, id)
			for _, policy := range inv.Policies.Policies(&w.Workload) {
				add(policy, id)
			}
		}
	}
	for _, s := range inv.Services {
		for _, w := range s.Pods {
			if id := byWorkload[w]; id != "" {
				add(s.Object, id)
			}
		}
	}
	for _, d := range inv.Doors {
		for _, b := range d.Backends {
			if b.Service == nil {
				continue
			}
			for _, w := range b.Service.Pods {
				if id := byWorkload[w]; id != "" {
					add(d.Object, id)
				}
			}
		}
	}
	for o := range out {
		slices.Sort(out[o])
		out[o] = slices.Compact(out[o])
	}
	return out
}

// mostNodes is how many nodes a finding is shown at: one about a policy for
// every pod is about none in particular.
const mostNodes = 12

func pageFinding(f *audit.Finding, nodes map[*manifest.Object][]string) page.Finding {
	out := page.Finding{Rule: f.Rule.ID, Severity: page.Warning, File: f.File, Line: f.Line, Column: f.Column, Message: f.Message, Fix: f.Fix}
	if f.Severity == diag.Error {
		out.Severity = page.Error
	}
	if f.Object != nil {
		out.Object = f.Object.Ref()
		if at := nodes[f.Object]; len(at) <= mostNodes {
			out.Nodes = at
		}
	}
	if f.Suppressed != nil {
		out.Suppressed, out.Until = f.Suppressed.Reason, f.Suppressed.Until
	}
	return out
}

func pageItem(e audit.Entry, nodes map[*manifest.Object][]string) page.Item {
	item := page.Item{ID: e.ID, Title: e.Title, Pitfall: e.Pitfall, State: page.State(e.State)}
	for _, r := range e.By {
		item.Passed = append(item.Passed, page.Check{ID: r.ID, Title: r.Title})
	}
	if e.State == audit.NotChecked {
		item.Why = whyUnchecked(e)
	}
	for _, f := range append(slices.Clone(e.Findings), e.Suppressed...) {
		item.Findings = append(item.Findings, pageFinding(f, nodes))
	}
	return item
}

// whyUnchecked is one line a reason, with the rules that it holds for.
func whyUnchecked(e audit.Entry) []string {
	const nothing = "found nothing to look at"
	var reasons []string
	rules := map[string][]string{}
	add := func(why, rule string) {
		if rules[why] == nil {
			reasons = append(reasons, why)
		}
		if !slices.Contains(rules[why], rule) {
			rules[why] = append(rules[why], rule)
		}
	}
	skipped := map[*audit.Rule]bool{}
	for _, s := range e.Skipped {
		skipped[s.Rule] = true
		add(s.Why, s.Rule.ID)
	}
	for _, r := range e.Idle {
		if !skipped[r] {
			add(nothing, r.ID)
		}
	}
	if len(reasons) == 0 {
		return []string{"none of the rules that decide it was asked for"}
	}
	var out []string
	for _, why := range reasons {
		out = append(out, strings.Join(rules[why], ", ")+": "+why)
	}
	return out
}

// parties are the nodes' ports and the policies that decide over them.
func (j *judged) parties(sheet *draw.Sheet) []page.Party {
	services := map[*inventory.Workload][]*inventory.Service{}
	for _, s := range j.inventory.Services {
		for _, w := range s.Pods {
			services[w] = append(services[w], s)
		}
	}
	var out []page.Party
	for _, n := range sheet.Graph.Nodes {
		pods := sheet.Nodes[n.ID]
		if len(pods) == 0 {
			continue
		}
		p := page.Party{ID: n.ID}
		for _, w := range pods {
			for _, s := range services[w] {
				for _, port := range s.V.Spec.Ports {
					if target, ok := w.Target(port); ok {
						text := fmt.Sprintf("%s %d → %s", s.Name+" "+port.Name, port.Port, target.Text())
						if !slices.Contains(p.Ports, text) {
							p.Ports = append(p.Ports, text)
						}
					}
				}
			}
			for _, o := range j.inventory.Policies.Policies(&w.Workload) {
				policy := page.Policy{Name: o.Ref(), Place: o.Place()}
				if !slices.Contains(p.Policies, policy) {
					p.Policies = append(p.Policies, policy)
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func (j *judged) canaries() []page.Canary {
	if j.inventory.Model == nil {
		return nil
	}
	n := j.inventory.Model
	var out []page.Canary
	for i := range n.Spec.Services {
		s := &n.Spec.Services[i]
		if s.Canary == nil {
			continue
		}
		at := j.modelAt(fmt.Sprintf("services[%d].canary", i))
		c := page.Canary{Node: n.Spec.Namespace + "/" + s.Name, Name: s.Name, Place: at.String()}
		switch {
		case s.Canary.Owned():
			c.Note = "its weights are " + string(s.Canary.Owner) + "'s to move"
		case s.Canary.Pinned():
			c.Shares = []graph.Share{{Label: s.Canary.Stable, Weight: 100}}
			c.Note = "no new version is under way"
		default:
			c.Shares = []graph.Share{{Label: s.Canary.Stable, Weight: 100 - int(s.Canary.Weight)}, {Label: s.Canary.Version, Weight: int(s.Canary.Weight)}}
		}
		out = append(out, c)
	}
	return out
}

func (j *judged) summary(sheet *draw.Sheet, result *audit.Result) []page.Number {
	drawn := sheet.Graph.Counts()
	mood := func(n int, bad page.Mood) page.Mood {
		if n > 0 {
			return bad
		}
		return page.Good
	}
	number := func(label string, n int, m page.Mood) page.Number {
		return page.Number{Label: label, Value: fmt.Sprint(n), State: m}
	}
	out := []page.Number{
		number("services", drawn.Services, page.Plain),
		number("connections", drawn.Connections, page.Plain),
		number("meant but denied", drawn.Denied, mood(drawn.Denied, page.Bad)),
	}
	if j.inventory.Model != nil {
		out = append(out, number("allowed but not meant", drawn.Undeclared, mood(drawn.Undeclared, page.Poor)))
	}
	if n := len(sheet.Open); n > 0 {
		out = append(out, number("open to any pod", n, page.Poor))
	}
	return append(out,
		number("errors", result.Count(diag.Error), mood(result.Count(diag.Error), page.Bad)),
		number("warnings", result.Count(diag.Warning), mood(result.Count(diag.Warning), page.Poor)),
		number("suppressed", result.SuppressedCount(), page.Plain),
	)
}
