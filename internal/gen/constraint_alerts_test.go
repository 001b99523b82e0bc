package gen_test

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// query is what an expression of PromQL says, as far as names go. The grammar
// is read loosely: strings, matchers and label lists are told from series.
type query struct {
	series   []string
	matchers []matcher
	ranges   []string
}

type matcher struct{ label, op, value string }

var (
	tokens       = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|=~|!~|!=|==|>=|<=|[^\s]`)
	labelLists   = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	promKeywords = append([]string{"and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"}, labelLists...)
	seriesName   = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	inBraces     = regexp.MustCompile(`\{[^}]*\}`)
	durationText = regexp.MustCompile(`^(?:[0-9]+(?:ms|s|m|h|d|w|y))+$`)
)

func parseQuery(expr string) query {
	var q query
	words := tokens.FindAllString(expr, -1)
	next := func(i int) string {
		if i+1 < len(words) {
			return words[i+1]
		}
		return ""
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "{":
			for i++; i < len(words) && words[i] != "}"; i++ {
				if seriesName.MatchString(words[i]) && i+2 < len(words) {
					q.matchers = append(q.matchers, matcher{words[i], words[i+1], strings.Trim(words[i+2], `"'`)})
					i += 2
				}
			}
		case strings.HasPrefix(word, "["):
			window, step, _ := strings.Cut(strings.Trim(word, "[]"), ":")
			q.ranges = append(q.ranges, window)
			if step != "" {
				q.ranges = append(q.ranges, step)
			}
		case strings.EqualFold(word, "offset"):
			q.ranges = append(q.ranges, next(i))
		case slices.Contains(labelLists, strings.ToLower(word)):
			if next(i) == "(" {
				for i++; i < len(words) && words[i] != ")"; i++ {
				}
			}
		case !seriesName.MatchString(word), slices.Contains(promKeywords, strings.ToLower(word)), next(i) == "(":
		case slices.Contains(labelLists, strings.ToLower(next(i))) && i+1 < len(words) && isFunction(word):
		default:
			q.series = append(q.series, word)
		}
	}
	return q
}

// isFunction tells "sum by (a) (x)" from a series before "on".
func isFunction(word string) bool {
	return slices.Contains([]string{"sum", "min", "max", "avg", "count", "stddev", "topk", "bottomk", "quantile", "group", "count_values"}, word)
}

// rules are all rules with the object that holds them.
func (w *world) rules(visit func(o *manifest.Object, r manifest.Rule)) {
	for _, pr := range all[manifest.PrometheusRule](w) {
		for _, g := range pr.v.Spec.Groups {
			for _, r := range g.Rules {
				visit(pr.Object, r)
			}
		}
	}
}

// exported says which series each component exports, and when it is scraped.
// Sources: Istio "standard metrics", kube-state-metrics, CoreDNS, cert-manager,
// and each controller's own list.
func (w *world) exported(series string) bool {
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(series, p) })
	}
	switch {
	case series == "up", series == "ALERTS", has("scrape_"):
		return true
	case has("kube_", "coredns_"):
		return true // the Prometheus stack brings kube-state-metrics and scrapes the cluster's DNS
	case has("istio_requests_total", "istio_request_duration_milliseconds", "istio_request_bytes", "istio_response_bytes", "istio_request_messages", "istio_response_messages"):
		return w.sidecar() && w.proxiesScraped("http-envoy-prom") || w.ambient() && len(w.waypoints()) > 0 && w.waypointScraped()
	case has("istio_tcp_"):
		return w.sidecar() && w.proxiesScraped("http-envoy-prom") || w.ambient() && w.anyMonitor("ztunnel-stats")
	case has("citadel_", "pilot_", "galley_"):
		return w.mesh() && w.anyMonitor("http-monitoring")
	case has("certmanager_"):
		return w.s.Ingress != nil && w.s.Ingress.TLS != nil && w.s.Ingress.TLS.SecretName == "" && w.anyExposed()
	case has("traefik_"):
		return w.doorScraped("traefik")
	case has("nginx_ingress_controller_"):
		return w.doorScraped("nginx")
	case has("haproxy_"):
		return w.doorScraped("haproxy")
	case has("envoy_"):
		return w.doorScraped("contour") || w.doorScraped("envoy-gateway")
	}
	return false
}

func (w *world) anyMonitor(port string) bool {
	return slices.ContainsFunc(all[manifest.Monitor](w), func(m item[manifest.Monitor]) bool {
		return slices.ContainsFunc(m.v.Scrapes(), func(s manifest.Scrape) bool { return s.Port == port })
	})
}

func (w *world) proxiesScraped(port string) bool {
	return slices.ContainsFunc(w.scrapes(), func(s scrape) bool { return s.port == 15090 }) && w.anyMonitor(port)
}

func (w *world) waypointScraped() bool {
	return slices.ContainsFunc(all[manifest.Monitor](w), func(m item[manifest.Monitor]) bool {
		return m.Kind == "PodMonitor" && slices.Contains(m.v.Spec.NamespaceSelector.MatchNames, w.s.Namespace) && slices.ContainsFunc(w.waypoints(), func(name string) bool {
			return m.v.Spec.Selector.Matches(w.waypointPod(name).Workload.Labels)
		})
	})
}

func (w *world) doorScraped(class string) bool {
	in := w.s.Ingress
	if in == nil || in.Class != class || in.Controller == nil {
		return false
	}
	return slices.ContainsFunc(all[manifest.Monitor](w), func(m item[manifest.Monitor]) bool {
		return slices.Contains(m.v.Spec.NamespaceSelector.MatchNames, in.Controller.Namespace) &&
			slices.ContainsFunc(m.v.Scrapes(), func(s manifest.Scrape) bool { return s.Port == in.Controller.MetricsPort && s.Port != "" })
	})
}

func checkSeries(w *world) {
	recorded := map[string]bool{}
	w.rules(func(o *manifest.Object, r manifest.Rule) {
		if r.Record != "" {
			recorded[r.Record] = true
			if strings.Count(r.Record, ":") != 2 {
				w.at(o, "%s is not named level:metric:operation", r.Record)
			}
		}
	})
	w.rules(func(o *manifest.Object, r manifest.Rule) {
		q := parseQuery(r.Expr)
		if len(q.series) == 0 {
			w.at(o, "%s%s names no series", r.Alert, r.Record)
		}
		for _, series := range q.series {
			if !recorded[series] && !w.exported(series) {
				w.at(o, "%s%s reads %s, which nothing that is scraped exports", r.Alert, r.Record, series)
			}
		}
	})
}

// alternatives are the values that a matcher can mean, if it lists them.
func (m matcher) alternatives() []string {
	if m.op == "=" {
		return []string{m.value}
	}
	if m.op == "=~" && !strings.ContainsAny(m.value, `.*+?[]^$\`) {
		return strings.Split(strings.Trim(m.value, "()"), "|")
	}
	return nil
}

func checkRuleLabels(w *world) {
	names, versions, accounts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range w.s.Services {
		names[s.Name], accounts[s.ServiceAccount] = true, true
		if s.Canary != nil {
			for _, version := range versionsOf(&s) {
				names[s.Name+"-"+version], versions[version] = true, !s.Canary.Owned()
			}
		}
	}
	namespaces := map[string]bool{w.s.Namespace: true, w.s.Monitoring.Namespace: true, w.s.DNS.Namespace: true}
	if w.mesh() {
		namespaces[w.s.Mesh.Namespace] = true
	}
	if in := w.s.Ingress; in != nil && in.Controller != nil && in.Controller.Namespace != "" {
		namespaces[in.Controller.Namespace] = true
	}
	known := map[string]map[string]bool{
		"destination_service_name": names, "destination_version": versions, "destination_canonical_revision": versions,
		"destination_service_namespace": namespaces, "destination_workload_namespace": namespaces,
		"namespace": namespaces, "exported_namespace": namespaces,
	}
	w.rules(func(o *manifest.Object, r manifest.Rule) {
		for _, m := range parseQuery(r.Expr).matchers {
			if allowed, checked := known[m.label]; checked {
				for _, value := range m.alternatives() {
					if !allowed[value] {
						w.at(o, "%s%s asks for %s=%q, which is not in the model", r.Alert, r.Record, m.label, value)
					}
				}
			}
		}
		if r.Alert == "" {
			return
		}
		if ns := r.Labels["namespace"]; ns != "" && !strings.Contains(ns, "{{") && !namespaces[ns] {
			w.at(o, "%s: label namespace is %q, which is not in the model", r.Alert, ns)
		}
	})
}

func promDuration(text string) (time.Duration, bool) {
	if !durationText.MatchString(text) {
		return 0, false
	}
	d, err := spec.ParseDuration(text)
	return time.Duration(d), err == nil
}

func checkRetention(w *world) {
	w.rules(func(o *manifest.Object, r manifest.Rule) {
		for _, text := range parseQuery(r.Expr).ranges {
			d, ok := promDuration(text)
			if !ok {
				w.at(o, "%s%s: %q is no duration", r.Alert, r.Record, text)
			}
			if d > time.Duration(w.s.Monitoring.Retention) {
				w.at(o, "%s%s looks back %s, longer than the retention of %s", r.Alert, r.Record, text, time.Duration(w.s.Monitoring.Retention))
			}
		}
	})
}

var comparison = regexp.MustCompile(`==|!=|>=|<=|[<>]|\babsent\b|\bunless\b`)

func checkAlerts(w *world) {
	seen := map[string]bool{}
	w.rules(func(o *manifest.Object, r manifest.Rule) {
		if r.Alert == "" {
			return
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			w.at(o, "%s: severity is %q", r.Alert, r.Labels["severity"])
		}
		for _, key := range []string{"service", "namespace"} {
			if r.Labels[key] == "" {
				w.at(o, "%s: has no label %s", r.Alert, key)
			}
		}
		for _, key := range []string{"summary", "description", "runbook_url"} {
			if strings.TrimSpace(r.Annotations[key]) == "" {
				w.at(o, "%s: has no annotation %s", r.Alert, key)
			}
		}
		if base := w.s.Monitoring.RunbookBase; base != "" && !strings.HasPrefix(r.Annotations["runbook_url"], base) {
			w.at(o, "%s: runbook_url %q does not start with %q", r.Alert, r.Annotations["runbook_url"], base)
		}
		for key, value := range r.Labels {
			if strings.Contains(value, "$value") {
				w.at(o, "%s: label %s holds the value, so each sample is a new alert", r.Alert, key)
			}
		}
		// The comparison may stand behind matchers: look outside of them.
		if !comparison.MatchString(inBraces.ReplaceAllString(r.Expr, "")) {
			w.at(o, "%s: compares nothing", r.Alert)
		}
		if r.For == "" {
			w.at(o, "%s: has no for", r.Alert)
		} else if _, ok := promDuration(r.For); !ok {
			w.at(o, "%s: for %q is no duration", r.Alert, r.For)
		}
		key := r.Alert + "|" + r.Labels["service"] + "|" + r.Labels["severity"] + "|" + r.Expr
		if seen[key] {
			w.at(o, "%s is there twice", r.Alert)
		}
		seen[key] = true
		if len(r.Expr) > 0 && strings.Count(r.Expr, "(") != strings.Count(r.Expr, ")") {
			w.at(o, "%s: parentheses do not match", r.Alert)
		}
	})
}

// checkCoverage: canaries, SLOs, certificates and scrapes have their alerts.
func checkCoverage(w *world) {
	mentions := func(s *spec.Service, words ...string) bool {
		found := false
		w.rules(func(_ *manifest.Object, r manifest.Rule) {
			if r.Alert == "" || !strings.Contains(r.Expr+r.Labels["service"], s.Name) {
				return
			}
			for _, word := range words {
				if !strings.Contains(r.Expr, word) {
					return
				}
			}
			found = true
		})
		return found
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		requests := w.sidecar() || w.ambient() && w.waypoint(s) != "" && w.waypointUsed(s)
		used := w.called(s) || w.frontDoorInMesh() && len(w.exposedPorts(s)) > 0
		if s.Canary != nil && len(versionsOf(s)) == 2 && !s.Canary.Owned() && requests && used && !mentions(s, s.Canary.Version, s.Canary.Stable) {
			w.model(s, "no alert compares its canary with the stable version")
		}
		if s.SLO != nil && s.SLO.Availability != 0 && requests && used && !mentions(s, "1h") {
			w.model(s, "no alert burns its availability of %v", s.SLO.Availability)
		}
		if s.SLO != nil && s.SLO.Latency != nil && requests && used && !mentions(s, "duration_milliseconds") {
			w.model(s, "no alert holds its latency")
		}
		if s.Metrics != nil && !mentions(s, "up") {
			w.model(s, "no alert says that its metrics are gone")
		}
	}
	if w.exported("certmanager_certificate_expiration_timestamp_seconds") && len(all[manifest.Certificate](w)) > 0 {
		found := false
		w.rules(func(_ *manifest.Object, r manifest.Rule) {
			found = found || strings.Contains(r.Expr, "certmanager_certificate_expiration_timestamp_seconds")
		})
		if !found {
			w.fault("-", "certificates", "no alert says that one expires")
		}
	}
	if len(all[manifest.PrometheusRule](w)) == 0 && (w.mesh() || w.anyExposed()) {
		w.fault("-", "alerts", "there are none")
	}
}
