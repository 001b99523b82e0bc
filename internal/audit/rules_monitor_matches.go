package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var monitorMatchesNothing = &Rule{
	ID: "MO01", Severity: diag.Error,
	Title:       "A monitor matches nothing, or metrics are scraped by none",
	Items:       []string{"C5", "P5"},
	Constraints: []string{"K26"},
	Doc: `Each ServiceMonitor is held against the Services of the namespaces that it looks into, each PodMonitor against the pods. A ServiceMonitor
selects by the labels of the Service itself, ` + "`metadata.labels`" + `, not by those of the pods; and a monitor without ` + "`namespaceSelector`" + ` looks into
its own namespace alone (Prometheus Operator, "ServiceMonitor"), so one in ` + "`monitoring`" + ` finds no application. Nothing complains about a monitor
that finds nothing: there are just no series, and alerts on them stay silent. With a kgen.yaml, a service with ` + "`metrics`" + ` that no monitor
leads to is a finding too.

Put the label on the Service, or select one that it has; name the application's namespace in ` + "`namespaceSelector.matchNames`" + `. Namespaces
of which no Service or no workload is given are not checked.`,
	check: func(c *Check) {
		m := c.monitors()
		if len(m.list) == 0 {
			c.Skip("", "no monitor is given")
			return
		}
		broken := false
		for _, w := range m.list {
			if !w.empty() {
				c.Looked()
				broken = broken || len(m.portFaults(w)) > 0
				continue
			}
			if namespace := m.elsewhere(w); namespace != "" {
				c.Looked()
				broken = true
				field := Field("spec", "namespaceSelector")
				if w.Has("spec", "namespaceSelector", "matchNames", 0) {
					field = Field("spec", "namespaceSelector", "matchNames", 0)
				}
				alone := ""
				if w.ownOnly() {
					alone = " alone"
				}
				c.Report(w.Object, field, fmt.Sprintf("write namespaceSelector: {matchNames: [%s]}", namespace),
					"it looks into %s%s, and what it selects is in %s", spaces(w.namespaces), alone, namespaceText(namespace))
				continue
			}
			if s := m.likely(w); s != nil {
				c.Looked()
				broken = true
				f := c.Report(w.Object, Field("spec", "selector"), fmt.Sprintf("write namespaceSelector: {matchNames: [%s]}, and select labels that the Service has", s.Namespace),
					"it looks into %s alone, of which no Service is given, and no Service elsewhere has the labels that it selects, %s", spaces(w.namespaces), selectorText(w.V.Spec.Selector))
				f.Severity = diag.Warning // what it means may stand in another repository
				f.See(s.Object, Field("metadata", "labels"), "it has %s", labelsText(s.Labels))
				continue
			}
			if len(w.unseen) > 0 {
				c.Skip(w.Ref(), "%s", m.unseen(w))
				continue
			}
			c.Looked()
			broken = true
			m.reportEmpty(w)
		}
		if !broken {
			m.reportUnscraped()
		}
	},
}

func (m *monitors) unseen(w *watched) string {
	what := "Services"
	if w.pod() {
		what = "pods"
	}
	if w.unseen[0] == "" {
		return "it looks into all namespaces, and not all are given"
	}
	if m.flagger[w.unseen[0]] {
		return "Flagger makes Services in " + namespaceText(w.unseen[0])
	}
	return fmt.Sprintf("the %s of %s are not given", what, namespaceText(w.unseen[0]))
}

// elsewhere is a namespace that the monitor does not look into and in which
// something carries the labels that it selects; "" where there is none.
func (m *monitors) elsewhere(w *watched) string {
	if !telling(w.V.Spec.Selector) || len(w.namespaces) == 0 {
		return ""
	}
	for _, n := range w.namespaces {
		if !w.ownOnly() && m.HasPods(n) || m.Model != nil && platform(m.Inventory, n) {
			return "" // something lives there: that is where to look for the fault
		}
	}
	for _, n := range m.everyNamespace() {
		if w.pod() && slices.ContainsFunc(m.podsIn(n, w.V.Spec.Selector), func(p *inventory.Workload) bool { return p.Party == "" }) || !w.pod() && len(m.servicesIn(n, w.V.Spec.Selector)) > 0 {
			return n
		}
	}
	return ""
}

// likely is a Service in another namespace that a monitor is most likely meant
// for, though it does not select it: one of the monitor's name, or of a name
// close to what it selects by. Only a monitor that looks into its own namespace,
// of which nothing is given, is guessed about.
func (m *monitors) likely(w *watched) *inventory.Service {
	if w.pod() || !w.ownOnly() || !telling(w.V.Spec.Selector) {
		return nil
	}
	own := w.namespaces[0]
	if len(m.all[own]) > 0 || m.HasPods(own) || platform(m.Inventory, own) {
		return nil
	}
	for _, s := range m.Services {
		if s.Name == w.Name {
			return s
		}
		for _, v := range w.V.Spec.Selector.MatchLabels {
			if diag.Nearest(v, []string{s.Name}) != "" {
				return s
			}
		}
	}
	return nil
}

// spaces lists namespaces in prose.
func spaces(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, namespaceText(n))
	}
	return some(out)
}

func (m *monitors) reportEmpty(w *watched) {
	field, selector := Field("spec", "selector"), w.V.Spec.Selector
	if w.Has("spec", "selector", "matchLabels") {
		field = Field("spec", "selector", "matchLabels")
	}
	in := spaces(w.namespaces)
	if w.pod() {
		m.Report(w.Object, field, "select labels that the pods of "+in+" carry, and that are in their template", "no pod of %s has the labels that it selects, %s", in, selectorText(selector))
		return
	}
	fix := "select labels that a Service of " + in + " carries in metadata.labels"
	var meant *inventory.Service
	for _, n := range w.namespaces {
		for _, s := range m.all[n] {
			byName := slices.Contains(slices.Collect(maps.Values(selector.MatchLabels)), s.Name)
			byPods := len(selector.MatchLabels) > 0 && (selector.Matches(s.V.Spec.Selector) || slices.ContainsFunc(s.Pods, func(p *inventory.Workload) bool { return selector.Matches(p.Labels) }))
			if meant == nil && (byName || byPods) {
				meant = s
			}
		}
	}
	if meant == nil {
		m.Report(w.Object, field, fix, "no Service of %s has the labels that it selects, %s", in, selectorText(selector))
		return
	}
	f := m.Report(w.Object, field, fmt.Sprintf("write metadata: {labels: %s} in %s: a ServiceMonitor goes by the Service's own labels", flowLabels(selector.MatchLabels), meant.Ref()),
		"no Service of %s has the labels that it selects, %s", in, selectorText(selector))
	f.See(meant.Object, Field("metadata", "labels"), "it has %s", labelsText(meant.Labels))
}

func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return "no labels"
	}
	return "the labels " + flowLabels(labels)
}

// reportUnscraped says which metrics of the model nobody scrapes.
func (m *monitors) reportUnscraped() {
	if m.Model == nil {
		return
	}
	type port struct {
		service string
		number  int
	}
	scraped := map[port]bool{}
	for _, t := range m.Targets() {
		if t.Pods.Service != nil {
			scraped[port{t.Pods.Service.Name, t.Port.Number}] = true
		}
	}
	for i, s := range m.Model.Spec.Services {
		if s.Metrics == nil {
			continue
		}
		m.Looked()
		if !scraped[port{s.Name, int(s.Metrics.Port)}] {
			m.ReportModel(fmt.Sprintf("services[%d].metrics", i), fmt.Sprintf("write a ServiceMonitor that selects the Service of %s and its port for the metrics; kgen generate does", s.Name),
				"no monitor scrapes port %d of %s", s.Metrics.Port, s.Name)
		}
	}
}

var monitorPortMissing = &Rule{
	ID: "MO02", Severity: diag.Error,
	Title:       "A monitor scrapes a port that what it selects does not have",
	Items:       []string{"C5", "P5"},
	Constraints: []string{"K26"},
	Doc: `Each endpoint of a monitor is looked for on what the monitor selects. In a ServiceMonitor ` + "`port`" + ` is the *name* of a port of the Service,
not its number and not the container's name for it; in a PodMonitor it is the name of a container's port, and ` + "`portNumber`" + ` its number
(Prometheus Operator, "API reference"). An endpoint that fits nothing is dropped without a word. The metrics of a sidecar are on the port
` + "`http-envoy-prom`" + ` of pods that have one.

Of the Services that a monitor selects one with the port is enough; but each one that it selects by the label ` + "`kgen.dev/scrape`" + ` asks to be scraped, and has to have it.

Write the name that the Service or the container gives the port; give it one if it has none. Names of ports of pods for which kgen.yaml stands
in are not known, unless it gives them.`,
	check: func(c *Check) {
		m := c.monitors()
		if len(m.list) == 0 {
			c.Skip("", "no monitor is given")
			return
		}
		for _, w := range m.list {
			if w.empty() && len(w.endpoints()) > 0 {
				continue // MO01
			}
			c.Looked()
			for _, f := range m.portFaults(w) {
				if f.unsure != "" {
					c.Skip(w.Ref(), "%s", f.unsure)
				} else {
					c.Report(w.Object, f.field, f.fix, "%s", f.what)
				}
			}
		}
	},
}

// portFault is an endpoint that fits nothing, or of which that cannot be told.
type portFault struct {
	field             []any
	what, fix, unsure string
}

func (m *monitors) portFaults(w *watched) []portFault {
	var out []portFault
	if len(w.endpoints()) == 0 {
		return []portFault{{field: Field("spec"), what: "it has no endpoint, so it scrapes nothing", fix: "write " + w.list() + ": [{port: http-metrics}]"}}
	}
	for i, e := range w.endpoints() {
		if e.Port == "" && e.PortNumber == 0 && e.TargetPort.IsZero() {
			out = append(out, portFault{field: w.endpoint(i), what: "the endpoint names no port", fix: "write port: and the name of the port that serves the metrics"})
			continue
		}
		var f *portFault
		if w.pod() {
			f = podPortFault(w, i, e)
		} else {
			f = servicePortFault(w, i, e)
		}
		if f != nil {
			out = append(out, *f)
		}
	}
	return out
}

// scrapeLabel is the label by which a Service asks for a monitor, so that each one
// that a monitor selects by it has to have the port.
const scrapeLabel = "kgen.dev/scrape"

// scrapedBy are the Services of which one has to have the port of an endpoint.
func (w *watched) scrapedBy(e manifest.Scrape) []*inventory.Service {
	if _, each := w.V.Spec.Selector.MatchLabels[scrapeLabel]; !each || e.Port == "" {
		return w.services
	}
	var lack []*inventory.Service
	for _, s := range w.services {
		if !slices.ContainsFunc(s.V.Spec.Ports, func(p manifest.ServicePort) bool { return p.Name == e.Port }) {
			lack = append(lack, s)
		}
	}
	return lack
}

func servicePortFault(w *watched, i int, e manifest.Scrape) *portFault {
	services := w.scrapedBy(e)
	if len(services) == 0 {
		return nil
	}
	var names, refs []string
	seen := false
	for _, s := range services {
		refs = append(refs, s.Name)
		for _, p := range s.V.Spec.Ports {
			if e.Port != "" && p.Name == e.Port {
				return nil
			}
			if p.Name != "" {
				names = append(names, p.Name)
			}
		}
		for _, pods := range s.Pods {
			seen = true
			if e.Port == "" && slices.ContainsFunc(pods.Ports, func(c reach.NamedPort) bool {
				return e.TargetPort.Name != "" && c.Name == e.TargetPort.Name || e.TargetPort.Name == "" && c.Number == e.TargetPort.Number
			}) {
				return nil
			}
			if e.Port == "" && e.TargetPort.Name != "" && pods.StandIn() {
				return &portFault{unsure: "the names of the ports of " + pods.Name + " are not given"}
			}
		}
	}
	who := "Service " + some(refs)
	if e.Port == "" {
		if !seen {
			return &portFault{unsure: "no pods of " + who + " are given"}
		}
		return &portFault{field: append(w.endpoint(i), "targetPort"), what: fmt.Sprintf("no container behind %s has the port %s", who, e.TargetPort.Text()),
			fix: "name a port of the Service instead: port: and its name"}
	}
	f := &portFault{field: append(w.endpoint(i), "port"), what: fmt.Sprintf("%s has no port of the name %s", who, e.Port)}
	f.fix = "give the Service's port a name, and write it here"
	if number, err := strconv.Atoi(e.Port); err == nil {
		f.what += "; a monitor goes by the name of a port, not by its number"
		for _, s := range services {
			if p, ok := s.Port(manifest.IntOrString{Number: number}); ok && p.Name != "" {
				f.fix = "write port: " + p.Name
				return f
			}
		}
	}
	if best := diag.Nearest(e.Port, names); best != "" {
		f.fix = "write port: " + best
	} else if len(names) > 0 {
		f.fix = fmt.Sprintf("write the name of one of its ports: %s; or add a port %s to the Service", some(names), e.Port)
	}
	return f
}

// meshPort is the name under which every proxy of Istio serves its metrics.
const meshPort = "http-envoy-prom"

func podPortFault(w *watched, i int, e manifest.Scrape) *portFault {
	want := manifest.IntOrString{Name: e.Port, Number: e.PortNumber}
	key := "port"
	switch {
	case e.Port == "" && e.PortNumber != 0:
		key = "portNumber"
	case e.Port == "":
		want, key = e.TargetPort, "targetPort"
	}
	var names, refs []string
	unsure := ""
	for _, p := range w.pods {
		refs = append(refs, p.Name)
		proxied := p.Mesh == reach.Sidecar || p.Mesh == reach.Gateway || p.Mesh == reach.Waypoint
		if proxied && (want.Name == meshPort || want.Name == "" && (want.Number == inventory.ProxyMetrics || want.Number == inventory.AgentMetrics)) {
			return nil
		}
		for _, c := range p.Ports {
			if want.Name != "" && c.Name == want.Name || want.Name == "" && c.Number == want.Number {
				return nil
			}
			if c.Name != "" {
				names = append(names, c.Name)
			}
		}
		switch {
		case p.Party != "" && len(p.Ports) == 0:
			unsure = "the ports of the " + string(p.Party) + " are not given"
		case p.StandIn() && want.Name != "" && want.Name != meshPort && slices.ContainsFunc(p.Ports, func(c reach.NamedPort) bool { return c.Name == "" }):
			unsure = "kgen.yaml does not name the container ports of " + p.Name
		}
	}
	if unsure != "" {
		return &portFault{unsure: unsure}
	}
	f := &portFault{field: append(w.endpoint(i), key), what: fmt.Sprintf("no container of %s has the port %s", some(refs), want.Text())}
	f.fix = "declare the port among the container's ports, with that name, or name one that is there"
	switch best := diag.Nearest(want.Text(), names); {
	case want.Name == meshPort:
		f.what += ", and there is no sidecar that would bring it"
		f.fix = "scrape the application's own port, or bring the pods into the mesh"
	case key == "portNumber":
		f.fix = "write the number of a port that the container declares"
	case best != "":
		f.fix = fmt.Sprintf("write %s: %s", key, best)
	}
	return f
}
