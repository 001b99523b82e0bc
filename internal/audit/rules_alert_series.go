package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/promql"
	"kgen.dev/kgen/internal/reach"
)

var seriesNobodyExports = &Rule{
	ID: "AL01", Severity: diag.Error,
	Title:       "A rule reads series that nobody who is scraped exports",
	Items:       []string{"C6", "P5"},
	Constraints: []string{"K29", "K30"},
	Doc: `Each series that a rule reads is followed to who exports it, and that to a monitor: those of the mesh's proxies (` + "`istio_requests_total`" + ` wants
sidecars or a waypoint, ztunnel alone has ` + "`istio_tcp_*`" + ` only), istiod's, cert-manager's, the front door's, what recording rules make, and
` + "`up`" + ` of the job of a monitor. With a kgen.yaml, the services, versions and namespaces that a rule asks for must be there as well. An alert on
series that are not there never fires: it looks like peace (Istio, "Standard metrics"; each component's own list).

Scrape what exports the series, correct the name or the label's value, or take the rule out. A metric that no known component exports may be the
application's own: it is a finding only where no monitor leads to any application. Without a kgen.yaml nobody knows what else is installed and
scraped, so series of known components are not checked then.`,
	check: func(c *Check) {
		rules := c.rules()
		if len(rules) == 0 {
			c.Skip("", "no rule of Prometheus is given")
			return
		}
		e := c.exported(rules)
		if len(e.list) == 0 {
			c.Skip("", "no monitor is given, so nobody says what is scraped")
			return
		}
		for _, r := range rules {
			said := map[string]bool{}
			for _, n := range r.selectors() {
				if n.Selector.Name == "" {
					continue
				}
				if what, fix, skip := e.missing(n.Selector); what != "" && !said[what] {
					c.Looked()
					said[what] = true
					c.reportAt(r, n.Offset, fix, "%s reads %s", r.name(), what)
				} else if skip != "" {
					e.skip(n.Selector.Name, skip)
				} else {
					c.Looked()
				}
				for _, m := range n.Selector.Matchers {
					if what := e.stranger(n.Selector, m); what != "" && !said[what] {
						said[what] = true
						c.reportAt(r, m.Offset, "write the name as kgen.yaml has it, or take the rule out", "%s asks for %s", r.name(), what)
					}
				}
			}
		}
	},
}

// exports is what is exported and scraped.
type exports struct {
	*monitors
	recorded   map[string]bool
	jobs       map[string]bool
	broken     bool // some monitor leads to nothing, which is MO01's and MO02's to say
	proxies    bool // sidecars of the application
	waypoints  bool
	ztunnel    bool
	istiod     bool
	issuer     bool // cert-manager
	door       bool
	app        bool // some workload of the application
	skipped    map[string]bool
	services   map[string]bool // of the model's namespace, with those of versions
	versions   map[string]bool
	namespaces map[string]bool
}

func (c *Check) exported(rules []*promRule) *exports {
	e := &exports{monitors: c.monitors(), recorded: map[string]bool{}, jobs: map[string]bool{}, skipped: map[string]bool{}}
	for _, r := range rules {
		if r.Record != "" {
			e.recorded[r.Record] = true
		}
	}
	for _, t := range c.Targets() {
		proxy := t.Port.Number == inventory.ProxyMetrics || t.Port.Number == inventory.AgentMetrics
		switch {
		case t.Pods.Party == inventory.Waypoint:
			e.waypoints = true
		case t.Pods.Party == "" && proxy && t.Pods.Mesh == reach.Sidecar:
			e.proxies = true
			e.app = e.app || t.Port.Number == inventory.AgentMetrics
		case t.Pods.Party == "":
			e.app = true
		}
	}
	for _, w := range e.list {
		e.take(w)
	}
	if c.Model != nil {
		e.takeNames()
	}
	return e
}

// The pods and Services of components that are not among the manifests, as
// their charts label them.
var (
	ztunnelPods    = map[string]string{"app": "ztunnel", "app.kubernetes.io/name": "ztunnel"}
	istiodObjects  = map[string]string{"app": "istiod", "istio": "pilot", "app.kubernetes.io/name": "istiod"}
	certManagement = map[string]string{"app": "cert-manager", "app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller", "app.kubernetes.io/instance": "cert-manager"}
)

// take notes what a monitor leads to besides the application.
func (e *exports) take(w *watched) {
	meshIn := "istio-system"
	if e.Model != nil {
		meshIn = cmp.Or(e.Model.Spec.Mesh.Namespace, meshIn)
	}
	selects := func(labels map[string]string) bool { return w.V.Spec.Selector.Matches(labels) }
	has := func(ports ...string) bool {
		return slices.ContainsFunc(w.endpoints(), func(s manifest.Scrape) bool {
			number := cmp.Or(s.PortNumber, s.TargetPort.Number)
			return slices.Contains(ports, cmp.Or(s.Port, s.TargetPort.Name)) || number != 0 && slices.Contains(ports, fmt.Sprint(number))
		})
	}
	e.ztunnel = e.ztunnel || w.pod() && w.looksInto(meshIn) && selects(ztunnelPods) && has("ztunnel-stats", "15020")
	e.istiod = e.istiod || w.looksInto(meshIn) && selects(istiodObjects) && has("http-monitoring", "15014")
	e.issuer = e.issuer || w.looksInto("cert-manager") && selects(certManagement) && has("http-metrics", "tcp-prometheus-servicemonitor", "metrics", "9402")
	for _, p := range e.PartiesOf(inventory.FrontDoor) {
		ours := w.looksInto(p.Namespace) && selects(p.Labels)
		if e.Model != nil && e.Model.Spec.Ingress != nil && e.Model.Spec.Ingress.Controller != nil && e.Model.Spec.Ingress.Controller.MetricsPort != "" && p.Mesh != reach.Gateway {
			ours = ours && has(e.Model.Spec.Ingress.Controller.MetricsPort)
		} else if p.Mesh == reach.Gateway {
			ours = ours && has(meshPort, "15090", "15020")
		}
		e.door = e.door || ours
	}
	label := w.V.Spec.JobLabel
	switch {
	case w.pod():
		e.jobs[w.Namespace+"/"+w.Name] = true
		for _, p := range w.pods {
			if v := p.Labels[label]; v != "" && label != "" {
				e.jobs[v] = true
			}
		}
	default:
		for _, s := range w.services {
			e.jobs[cmp.Or(s.Labels[label], s.Name)] = true
		}
	}
	e.broken = e.broken || w.empty() && (len(w.unseen) == 0 || e.elsewhere(w) != "")
	e.broken = e.broken || !w.empty() && slices.ContainsFunc(e.portFaults(w), func(f portFault) bool { return f.unsure == "" })
	e.app = e.app || w.empty() && len(w.unseen) > 0 && e.elsewhere(w) == "" && e.Model == nil
}

func (e *exports) skip(series, why string) {
	if !e.skipped[series] {
		e.skipped[series] = true
		e.Skip("series "+series, "%s", why)
	}
}

// family are the series of one component.
type family struct {
	prefixes []string
	who      string
	scraped  func(*exports) bool
	fix      string
}

const brokenMonitor = "a monitor leads to nothing, which MO01 or MO02 says"

// meshRequests and meshConnections are the metrics of Istio's proxies (Istio,
// "Standard metrics"), without what histograms add.
var (
	meshRequests = []string{"istio_requests_total", "istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes",
		"istio_request_messages_total", "istio_response_messages_total"}
	meshConnections = []string{"istio_tcp_connections_opened_total", "istio_tcp_connections_closed_total", "istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"}
)

// oddOfMesh reports whether a name is like those of Istio's metrics and is none,
// and which is nearest.
func oddOfMesh(name string) (near string, odd bool) {
	if !strings.HasPrefix(name, "istio_request") && !strings.HasPrefix(name, "istio_response") && !strings.HasPrefix(name, "istio_tcp") {
		return "", false
	}
	near = diag.Nearest(name, slices.Concat(meshRequests, meshConnections))
	if near == "" {
		near = meshRequests[0]
	}
	return near, true
}

// families are what components export (Istio, "Standard metrics"; ztunnel,
// istiod, cert-manager, Traefik, HAProxy, Envoy: their own lists). Those with a
// nil scraped come with the usual Prometheus stack.
var families = []family{
	{[]string{"kube_", "coredns_", "node_", "container_", "kubelet_", "apiserver_", "prometheus_", "alertmanager_", "scheduler_", "workqueue_", "rest_client_", "etcd_", "process_", "go_", "promhttp_", "net_conntrack_", "kubeproxy_", "scrape_"}, "the Prometheus stack", nil, ""},
	{meshRequests, "the proxies of the mesh",
		func(e *exports) bool { return e.requestsTold() }, "scrape the sidecars, port http-envoy-prom, or put a waypoint before the service and scrape that: ztunnel tells of no requests"},
	{meshConnections, "the proxies of the mesh", func(e *exports) bool { return e.ztunnel || e.requestsTold() }, "scrape the sidecars, port http-envoy-prom, or ztunnel, port ztunnel-stats"},
	{[]string{"citadel_", "pilot_", "galley_"}, "istiod", func(e *exports) bool { return e.istiod }, "write a ServiceMonitor for istiod: selector: {matchLabels: {istio: pilot}}, port: http-monitoring"},
	{[]string{"certmanager_"}, "cert-manager", func(e *exports) bool { return e.issuer }, "write a PodMonitor for cert-manager in namespace cert-manager, port: http-metrics"},
	{[]string{"traefik_"}, "Traefik", func(e *exports) bool { return e.door && e.class("traefik") }, "write a PodMonitor for Traefik's pods, port: metrics"},
	{[]string{"nginx_ingress_controller_"}, "ingress-nginx", func(e *exports) bool { return e.door && e.class("nginx") }, "switch its metrics on, and write a monitor for its pods"},
	{[]string{"haproxy_"}, "HAProxy", func(e *exports) bool { return e.door && e.class("haproxy") }, "write a monitor for HAProxy's pods"},
	{[]string{"envoy_"}, "Envoy", func(e *exports) bool { return e.door && (e.class("contour") || e.class("envoy-gateway")) },
		"Istio's proxies export envoy_* only as proxyStatsMatcher says; ask istio_requests_total for response_flags instead"},
}

// class reports whether a front door is of a class.
func (e *exports) class(name string) bool {
	if e.Model != nil && e.Model.Spec.Ingress != nil && e.Model.Spec.Ingress.Class == name {
		return true
	}
	return slices.ContainsFunc(e.Doors, func(d *inventory.Door) bool { return d.Class == name })
}

// requestsTold reports whether the proxies that see the application's requests
// are scraped. A front door that is of the mesh tells of what it lets in, and of
// nothing that services ask of each other.
func (e *exports) requestsTold() bool {
	inside := len(e.PartiesOf(inventory.Waypoint)) > 0 || slices.ContainsFunc(e.Workloads, func(w *inventory.Workload) bool { return w.Mesh == reach.Sidecar })
	return e.proxies || e.waypoints || !inside && e.door && e.meshDoor()
}

func (e *exports) meshDoor() bool {
	return slices.ContainsFunc(e.PartiesOf(inventory.FrontDoor), func(w *inventory.Workload) bool { return w.Mesh == reach.Gateway })
}

// missing says of a selector that nobody exports it, with the way out; or why
// that cannot be told.
func (e *exports) missing(s *promql.Selector) (what, fix, skip string) {
	switch {
	case e.recorded[s.Name], s.Name == "ALERTS", s.Name == "ALERTS_FOR_STATE":
		return "", "", ""
	case s.Name == "up":
		return e.missingJob(s)
	case strings.Contains(s.Name, ":"):
		if e.Model == nil {
			return "", "", "no recording rule that is given makes it"
		}
		names := []string{}
		for n := range e.recorded {
			names = append(names, n)
		}
		slices.Sort(names)
		fix := "write the recording rule"
		if near := diag.Nearest(s.Name, names); near != "" {
			fix = "did you mean " + near + "?"
		}
		return s.Name + ", which no recording rule makes", fix, ""
	}
	for _, f := range families {
		if !slices.ContainsFunc(f.prefixes, func(p string) bool { return strings.HasPrefix(s.Name, p) }) {
			continue
		}
		switch {
		case f.scraped == nil || f.scraped(e):
			return "", "", ""
		case e.Model == nil:
			return "", "", "without a kgen.yaml nobody says whether " + f.who + " is scraped"
		case e.broken:
			return "", "", brokenMonitor
		}
		return fmt.Sprintf("%s of %s, and no monitor leads to what exports it", s.Name, f.who), f.fix, ""
	}
	if near, odd := oddOfMesh(s.Name); odd {
		return s.Name + ", which nothing of Istio exports", "did you mean " + near + "?", ""
	}
	if e.app {
		return "", "", "it may be the application's own"
	}
	return s.Name + ", which no known component exports, and no monitor leads to an application that could",
		"ask for a series that is there, such as istio_request_duration_milliseconds_bucket of the mesh, or have the application scraped", ""
}

func (e *exports) missingJob(s *promql.Selector) (what, fix, skip string) {
	job, namespace := "", ""
	for _, m := range s.Matchers {
		switch {
		case m.Label == "job" && m.Op == "=":
			job = m.Value
		case m.Label == "namespace" && m.Op == "=":
			namespace = m.Value
		}
	}
	switch {
	case job == "" || e.jobs[job]:
		return "", "", ""
	case e.Model == nil || namespace != e.Model.Spec.Namespace:
		return "", "", "not every monitor is given"
	case e.broken:
		return "", "", brokenMonitor
	case e.Modelled(job) != nil && e.Modelled(job).Metrics != nil:
		return "", "", "no monitor scrapes it, which MO01 says"
	}
	return fmt.Sprintf("up of the job %s, which no monitor makes", job),
		"the job is the name of the scraped Service, or with a PodMonitor its namespace/name; write a monitor for it, or correct the name", ""
}

func (e *exports) takeNames() {
	s := &e.Model.Spec
	e.services, e.versions, e.namespaces = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range s.Services {
		service := &s.Services[i]
		e.services[service.Name], e.services[service.Name+"-metrics"] = true, true
		if service.Canary == nil {
			e.versions["v1"] = true
			continue
		}
		for _, v := range service.Canary.Versions() {
			e.services[service.Name+"-"+v], e.versions[v] = true, true
		}
	}
	for _, service := range e.Services {
		if service.Namespace == s.Namespace {
			e.services[service.Name] = true
		}
	}
	for _, w := range e.Workloads {
		if v := w.Labels["version"]; v != "" {
			e.versions[v] = true
		}
	}
	for _, n := range e.Namespaces {
		e.namespaces[n.Name] = true
	}
	for _, p := range e.Parties {
		e.namespaces[p.Namespace] = true
	}
	for _, n := range []string{s.Namespace, s.Monitoring.Namespace, s.DNS.Namespace, s.Mesh.Namespace, "kube-system", "cert-manager"} {
		e.namespaces[n] = true
	}
}

// namesOf are the labels whose values the model knows, by what they hold.
var namesOf = map[string]string{
	"destination_service_name": "service", "destination_version": "version", "destination_canonical_revision": "version",
	"destination_service_namespace": "namespace", "destination_workload_namespace": "namespace", "source_workload_namespace": "namespace",
	"namespace": "namespace", "exported_namespace": "namespace",
}

// stranger says of a matcher that it asks for what the model does not have; ""
// where it may be.
func (e *exports) stranger(s *promql.Selector, m promql.Matcher) string {
	if e.Model == nil {
		return ""
	}
	kind := namesOf[m.Label]
	if (m.Label == "service" || m.Label == "endpoint") && strings.HasPrefix(s.Name, "kube_") {
		kind = "service" // kube-state-metrics names a Service so
	}
	known := map[string]map[string]bool{"service": e.services, "version": e.versions, "namespace": e.namespaces}[kind]
	if known == nil || kind == "service" && !e.ours(s) {
		return ""
	}
	for _, value := range alternatives(m) {
		if !known[value] {
			return fmt.Sprintf("%s=%q, and there is no %s of that name", m.Label, value, kind)
		}
	}
	return ""
}

// ours reports whether a selector is about the model's namespace, or about none.
func (e *exports) ours(s *promql.Selector) bool {
	for _, m := range s.Matchers {
		if namesOf[m.Label] == "namespace" {
			return m.Matches(e.Model.Spec.Namespace)
		}
	}
	return true
}

// alternatives are the values that a matcher names, none where it describes them.
func alternatives(m promql.Matcher) []string {
	switch {
	case m.Value == "" || m.Op == "!=" || m.Op == "!~":
		return nil
	case m.Op == "=":
		return []string{m.Value}
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(m.Value, "("), ")")
	if strings.ContainsAny(inner, `.*+?[]{}^$\()`) {
		return nil
	}
	return slices.DeleteFunc(strings.Split(inner, "|"), func(s string) bool { return s == "" })
}
