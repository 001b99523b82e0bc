package audit

import (
	"time"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/promql"
)

var rangeUnfit = &Rule{
	ID: "AL05", Severity: diag.Warning,
	Title:       "A rule looks back further than samples are kept, or over fewer than two",
	Items:       []string{"C6"},
	Constraints: []string{"K31"},
	Doc: `A range together with its offset and the subqueries around it must not be longer than Prometheus keeps samples: what is beyond is missing, and
a ratio over thirty days that sees one day says what the one day was like. How long that is stands in kgen.yaml (` + "`monitoring.retention`" + `) or in
the Prometheus object (` + "`spec.retention`" + `; the operator's own default is 24h). Without either it is not checked.

` + "`rate`" + ` and its kin need two samples within the range, so it must be at least twice the interval at which the metric is scraped, and better
four times: then one scrape may fail (Prometheus, "Query functions"). The interval is the shortest that a monitor or Prometheus is given,
30s otherwise.`,
	check: func(c *Check) {
		rules := c.rules()
		if len(rules) == 0 {
			c.Skip("", "no rule of Prometheus is given")
			return
		}
		kept, interval := c.kept(), c.shortestInterval()
		if kept == 0 {
			c.Skip("retention", "neither a kgen.yaml nor a Prometheus object says how long samples are kept")
		}
		for _, r := range rules {
			if r.expr == nil {
				continue // AL02
			}
			c.Looked()
			c.holdRanges(r, kept, interval)
		}
	},
}

func (c *Check) holdRanges(r *promRule, kept, interval time.Duration) {
	var farthest *promql.Node
	longest := time.Duration(0)
	for n, around := range r.expr.All() {
		if back := n.Range + n.Back + around; n.Kind == promql.Select && back > longest {
			farthest, longest = n, back
		}
	}
	if farthest != nil && kept > 0 && longest > kept {
		c.reportAt(r, farthest.Offset, "look back less, leave the rule out, or have samples kept longer (monitoring.retention in kgen.yaml)",
			"%s looks back %s, and samples are kept for %s", r.name(), promql.Duration(longest), promql.Duration(kept))
	}
	for n := range r.expr.All() {
		if n.Kind != promql.Call || !promql.Changing[n.Op] {
			continue
		}
		for _, a := range n.Args {
			every := interval
			if a.Kind == promql.Subquery && a.Step > 0 {
				every = a.Step
			}
			if a.Type == promql.Matrix && a.Range < 2*every {
				c.reportAt(r, n.Offset, "write a range of at least "+promql.Duration(4*every), "%s: %s over %s sees fewer than two samples, which come every %s",
					r.name(), n.Op, promql.Duration(a.Range), promql.Duration(every))
				return
			}
		}
	}
}

// kept is for how long samples are kept; 0 where nobody says.
func (c *Check) kept() time.Duration {
	longest := time.Duration(0)
	for _, r := range c.scraping().readers {
		switch {
		case r.object == nil:
			longest = time.Duration(c.Model.Spec.Monitoring.Retention)
		case r.retention == "":
			longest = max(longest, 24*time.Hour)
		default:
			if d, err := promql.ParseDuration(r.retention); err == nil {
				longest = max(longest, d)
			}
		}
	}
	return longest
}

// usualInterval is what the operator has Prometheus scrape at.
const usualInterval = 30 * time.Second

// shortestInterval is the shortest at which anything is scraped.
func (c *Check) shortestInterval() time.Duration {
	shortest := usualInterval
	for _, r := range c.scraping().readers {
		if d, err := promql.ParseDuration(r.interval); err == nil && d > 0 {
			shortest = d
		}
	}
	own := 0
	list := inventory.All[manifest.Monitor](c.Inventory)
	least := time.Duration(0)
	endpoints := 0
	for _, m := range list {
		for _, e := range m.V.Scrapes() {
			endpoints++
			if d, err := promql.ParseDuration(e.Interval); err == nil && d > 0 {
				own++
				if least == 0 || d < least {
					least = d
				}
			}
		}
	}
	if own > 0 && (own == endpoints || least < shortest) {
		shortest = least
	}
	return shortest
}
