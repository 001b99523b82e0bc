package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/promql"
)

var badExpression = &Rule{
	ID: "AL02", Severity: diag.Error,
	Title: "Prometheus refuses a rule",
	Items: []string{"C6"},
	Doc: `Each expression of a PrometheusRule is read as Prometheus reads it, with the types of what functions and operators take (Prometheus,
"Querying basics", "Operators", "Functions"). The operator's admission webhook refuses a PrometheusRule with one bad expression as a whole;
without the webhook, Prometheus goes on with the rules that it had, so everything that was added since is missing.

The finding shows the place in the expression. A rule is one of ` + "`alert`" + ` and ` + "`record`" + `, its result an instant vector or a number, and the name of a
recording rule one that a series may have.`,
	check: func(c *Check) {
		rules := c.rules()
		if len(rules) == 0 {
			c.Skip("", "no rule of Prometheus is given")
		}
		for _, r := range rules {
			c.Looked()
			switch {
			case r.Alert == "" && r.Record == "":
				c.Report(r.object, r.path, "write alert: or record: and a name", "a rule is neither an alert nor a recording rule")
			case r.Alert != "" && r.Record != "":
				c.Report(r.object, r.field("record"), "take one of the two out", "%s is an alert and a recording rule at once", r.name())
			case r.Record != "" && !promql.IsName(r.Record):
				c.Report(r.object, r.field("record"), "write letters, digits, _ and :, such as level:metric:operation", "%q is no name of a series", r.Record)
			}
			switch {
			case r.fault != nil:
				c.reportAt(r, r.fault.Offset, "correct the expression", "%s: %s%s", r.name(), r.fault.Message, lineText(r))
			case r.expr.Type == promql.Matrix || r.expr.Type == promql.String:
				c.reportAt(r, 0, "compute something of it, such as rate(…[5m])", "%s: a rule gives an instant vector or a number; this is a %s", r.name(), r.expr.Type)
			}
		}
	},
}

// lineText says where in an expression of several lines a fault is.
func lineText(r *promRule) string {
	offset := min(r.fault.Offset, len(r.Expr))
	if !strings.Contains(strings.TrimSpace(r.Expr), "\n") {
		return ""
	}
	before := r.Expr[:offset]
	return fmt.Sprintf(" (line %d, column %d of the expression)", strings.Count(before, "\n")+1, offset-strings.LastIndexByte(before, '\n'))
}

var alertIncomplete = &Rule{
	ID: "AL03", Severity: diag.Warning,
	Title: "An alert lacks what makes it useful",
	Items: []string{"C6"},
	Doc: `An alert fires for each series that its expression gives (Prometheus, "Alerting rules"). One that compares nothing fires as long as its
series exist; one without ` + "`for`" + ` fires at the first bad sample; one without ` + "`severity`" + ` is routed nowhere in particular, and without ` + "`summary`" + `,
` + "`description`" + ` and ` + "`runbook_url`" + ` whoever is woken by it does not know why or what to do. A label that holds ` + "`$value`" + ` makes each sample an
alert of its own, which never gets as old as ` + "`for`" + ` asks.

With a kgen.yaml, an alert also says in its labels ` + "`service`" + ` and ` + "`namespace`" + ` whose it is, and its severity is critical, warning or info. An alert
on ` + "`vector(1)`" + ` is taken for one that is meant to fire always.`,
	check: func(c *Check) {
		alerts := 0
		for _, r := range c.rules() {
			if r.Alert == "" {
				continue
			}
			alerts++
			c.Looked()
			c.complete(r)
		}
		if alerts == 0 {
			c.Skip("", "no alert is given")
		}
	},
}

var severities = []string{"critical", "warning", "info", "none"}

func (c *Check) complete(r *promRule) {
	always := strings.ReplaceAll(r.Expr, " ", "") == "vector(1)"
	if r.expr != nil && !always && !r.expr.Filters() {
		c.reportAt(r, 0, "compare it with a threshold: … > 0.05", "%s compares nothing, so it fires as long as its series exist", r.Alert)
	}
	switch {
	case r.For == "" && !always && !r.object.Has(r.field("for")...):
		c.Report(r.object, r.field("alert"), "write for: 5m, or how long it may last before somebody is told", "%s has no for, so one bad sample is enough", r.Alert)
	case r.For != "":
		if _, err := promql.ParseDuration(r.For); err != nil {
			c.Report(r.object, r.field("for"), "write for: 5m", "%s: %s", r.Alert, err)
		}
	}
	var lacks []string
	wanted := []string{"severity"}
	if c.Model != nil && !always {
		wanted = append(wanted, "service", "namespace")
	}
	for _, key := range wanted {
		if strings.TrimSpace(r.labels[key]) == "" {
			lacks = append(lacks, "the label "+key)
		}
	}
	if len(lacks) == 0 && c.Model != nil && !slices.Contains(severities, r.labels["severity"]) {
		c.Report(r.object, r.field("labels", "severity"), "write severity: critical, warning or info", "%s has the severity %q, which is none of critical, warning and info", r.Alert, r.labels["severity"])
	}
	for _, key := range []string{"summary", "description", "runbook_url"} {
		if strings.TrimSpace(r.Annotations[key]) == "" && !always {
			lacks = append(lacks, "the annotation "+key)
		}
	}
	if len(lacks) > 0 {
		at := r.field("alert")
		if r.object.Has(r.field("annotations")...) && !strings.HasPrefix(lacks[0], "the label") {
			at = r.field("annotations")
		}
		c.Report(r.object, at, "write what is missing", "%s lacks %s", r.Alert, some(lacks))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
		if strings.Contains(r.Labels[key], "$value") || strings.Contains(r.Labels[key], ".Value") {
			c.Report(r.object, r.field("labels", key), "put the value into an annotation", "%s: the label %s holds the sample's value, so each sample is another alert", r.Alert, key)
		}
	}
}
