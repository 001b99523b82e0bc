package audit

import (
	"bytes"
	"fmt"

	"kgen.dev/kgen/internal/tree"
)

// moText replaces the first occurrence of a text in a rendered file, which has
// to hold it.
func moText(file, old, new string) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		data, ok := t.File(file)
		if !ok || !bytes.Contains(data, []byte(old)) {
			return fmt.Errorf("%s does not hold %q", file, old)
		}
		t.Set(file, bytes.Replace(data, []byte(old), []byte(new), 1))
		return nil
	}
}

// moEvery replaces all of them.
func moEvery(file, old, new string) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		data, ok := t.File(file)
		if !ok || !bytes.Contains(data, []byte(old)) {
			return fmt.Errorf("%s does not hold %q", file, old)
		}
		t.Set(file, bytes.ReplaceAll(data, []byte(old), []byte(new)))
		return nil
	}
}

func moBoth(changes ...func(*tree.Tree) error) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		for _, change := range changes {
			if err := change(t); err != nil {
				return err
			}
		}
		return nil
	}
}

const (
	moMetrics = "monitoring/network-metrics/"
	moShared  = moMetrics + "services.yaml"
	moAlerts  = "monitoring/alerts/"
	moMesh    = "networking/service-mesh/"
	moRelease = "  labels:\n    release: kube-prometheus-stack\n"
)

var monitorMutants = []mutant{
	// K26: each monitor selects something, and its port exists.
	{Rule: "MO01", Constraint: "K26", Name: "a monitor selects another label", Example: "guide", Break: moText(moShared, "scrape: http-metrics", "scrape: http-metric")},
	{Rule: "MO01", Constraint: "K26", Name: "a Service without its label", Example: "guide", Break: moText("networking/services/backend.yaml", "    kgen.dev/scrape: http-metrics\n", "")},
	{Rule: "MO01", Constraint: "K26", Name: "a monitor of another namespace", Example: "ingress-no-mesh", Break: moText(moShared, "    - blog\n", "    - block\n")},
	{Rule: "MO01", Constraint: "K26", Name: "a monitor of its own namespace", Example: "guide", Break: moText(moShared, "  namespaceSelector:\n    matchNames:\n    - guide\n", "")},
	{Rule: "MO01", Constraint: "K26", Name: "a headless service of another namespace", Example: "ambient", Break: moText(moShared, "    - orders\n", "    - order\n")},
	{Rule: "MO01", Constraint: "K26", Name: "a PodMonitor selects other pods", Example: "progressive", Break: moText(moMetrics+"web.yaml", "      - web\n      - web-primary", "      - shop\n      - shop-primary")},
	{Rule: "MO01", Constraint: "K26", Name: "a waypoint of another name", Example: "ambient", Break: moText(moMetrics+"mesh.yaml", "gateway-name: waypoint", "gateway-name: waypint")},
	{Rule: "MO01", Constraint: "K26", Name: "metrics without a monitor", Example: "mixed", Break: moBoth(
		moText(moMetrics+"kustomization.yaml", "- services.yaml\n", ""), func(t *tree.Tree) error { t.Set(moShared, []byte("# Nothing.\n")); return nil }), Also: []string{"AL01"}},
	{Rule: "MO02", Constraint: "K26", Name: "another port name", Example: "guide", Break: moText(moShared, "port: http-metrics", "port: metrics")},
	{Rule: "MO02", Constraint: "K26", Name: "a number for a name", Example: "guide", Break: moText(moShared, "port: http-metrics", `port: "9090"`)},
	{Rule: "MO02", Constraint: "K26", Name: "the port of another service", Example: "ingress-no-mesh", Break: moText(moShared, "port: http\n", "port: http-metrics\n")},
	{Rule: "MO02", Constraint: "K26", Name: "another port number", Example: "progressive", Break: moText(moMetrics+"web.yaml", "portNumber: 9090", "portNumber: 9091")},
	{Rule: "MO02", Constraint: "K26", Name: "another port of the waypoint", Example: "ambient", Break: moText(moMetrics+"mesh.yaml", "port: metrics", "port: metric")},
	{Rule: "MO02", Constraint: "K26", Name: "the Service's port renamed", Example: "guide", Break: moText("networking/services/frontend.yaml", "name: http-metrics", "name: http-metric")},
	{Rule: "MO02", Constraint: "K26", Name: "no port", Example: "mixed", Break: moText(moShared, "  - port: http-metrics\n    path: /metrics", "  - path: /metrics")},
	{Rule: "MO02", Constraint: "K26", Name: "no endpoint", Example: "mixed", Break: moText(moShared, "  endpoints:\n  - port: http-metrics\n    path: /metrics", "  endpoints: []")},

	// K27: Prometheus takes them in, and may see what they lead to.
	{Rule: "MO03", Constraint: "K27", Name: "another release", Example: "guide", Break: moText(moShared, "release: kube-prometheus-stack", "release: prometheus")},
	{Rule: "MO03", Constraint: "K27", Name: "alerts without the label", Example: "guide", Break: moText(moAlerts+"service-a.yaml", moRelease, "")},
	{Rule: "MO03", Constraint: "K27", Name: "recording rules of another release", Example: "online-boutique", Break: moText(moMetrics+"recording-rules.yaml", "release: kube-prometheus-stack", "release: other")},
	{Rule: "MO03", Constraint: "K27", Name: "a PodMonitor without the label", Example: "mixed", Break: moText(moMetrics+"mesh.yaml", moRelease, "")},
	{Rule: "MO03", Constraint: "K27", Name: "another account is bound", Example: "guide", Break: moText(moMetrics+"rbac.yaml", "name: kube-prometheus-stack-prometheus", "name: prometheus-k8s")},
	{Rule: "MO03", Constraint: "K27", Name: "an account of another namespace", Example: "ambient", Break: moText(moMetrics+"rbac.yaml", "  namespace: monitoring", "  namespace: default")},
	{Rule: "MO03", Constraint: "K27", Name: "pods may not be watched", Example: "hello", Break: moText(moMetrics+"rbac.yaml", "  - watch\n", "")},
	{Rule: "MO03", Constraint: "K27", Name: "pods may not be seen", Example: "ingress-no-mesh", Break: moText(moMetrics+"rbac.yaml", "  - pods\n", "")},
	{Rule: "MO03", Constraint: "K27", Name: "a Role that is not there", Example: "guide", Break: moText(moMetrics+"rbac.yaml", "  kind: Role\n  name: guide-prometheus", "  kind: Role\n  name: prometheus")},

	// K28: STRICT leaves the scrape a way.
	{Rule: "MO04", Constraint: "K28", Name: "the metrics are STRICT too", Example: "guide", Break: moText(moMesh+"service-a.yaml", "mode: PERMISSIVE", "mode: STRICT")},
	{Rule: "MO04", Constraint: "K28", Name: "another port is excepted", Example: "guide", Break: moText(moMesh+"frontend.yaml", "    \"9090\":\n", "    \"9091\":\n"), Also: []string{"SM11"}},
	{Rule: "MO04", Constraint: "K28", Name: "no port is excepted", Example: "guide", Break: moText(moMesh+"backend.yaml", "  portLevelMtls:\n    \"9090\":\n      mode: PERMISSIVE\n", "")},
	{Rule: "MO04", Constraint: "K28", Name: "the port of metrics is not authorised", Example: "guide", Break: moText(moMesh+"service-a.yaml", "        - \"9090\"\n", "        - \"9091\"\n"), Also: []string{"SM16"}},
	{Rule: "MO04", Constraint: "K28", Name: "STRICT in ambient mode", Example: "ambient", Break: moText(moMesh+"db.yaml", "mode: PERMISSIVE", "mode: STRICT")},

	// K29: each series comes from something that is scraped.
	{Rule: "AL01", Constraint: "K29", Name: "nobody scrapes the sidecars' port", Example: "guide", Break: moText(moMetrics+"mesh.yaml", "port: http-envoy-prom", "port: http-envoy")},
	{Rule: "AL01", Constraint: "K29", Name: "nobody scrapes istiod", Example: "guide", Break: moText(moMetrics+"mesh.yaml", "istio: pilot", "istio: pilots")},
	{Rule: "AL01", Constraint: "K29", Name: "nobody scrapes cert-manager", Example: "hello", Break: moText(moMetrics+"cert-manager.yaml", "port: http-metrics", "port: https")},
	{Rule: "AL01", Constraint: "K29", Name: "nobody scrapes the front door", Example: "ingress-no-mesh", Break: moText(moMetrics+"front-door.yaml", "port: metrics", "port: web")},
	{Rule: "AL01", Constraint: "K29", Name: "a metric of no proxy", Example: "guide", Break: moText(moAlerts+"service-a.yaml", "istio_requests_total", "istio_request_total")},
	{Rule: "AL01", Constraint: "K29", Name: "a recorded series of another name", Example: "guide", Break: moText(moAlerts+"service-a.yaml", "istio_requests:rate5m", "istio_requests:rate10m")},
	{Rule: "AL01", Constraint: "K29", Name: "a recording rule renamed", Example: "online-boutique", Break: moText(moMetrics+"recording-rules.yaml", "record: namespace_service:istio_requests:rate5m", "record: namespace_service:istio_requests:rate_5m")},
	{Rule: "AL01", Constraint: "K29", Name: "a job of no monitor", Example: "ingress-no-mesh", Break: moEvery(moAlerts+"postgres.yaml", `job="postgres"`, `job="pg"`)},
	{Rule: "AL01", Constraint: "K29", Name: "nobody's metric", Example: "hello", Break: moText(moAlerts+"hello.yaml", "kube_service_info{", "network_latency_seconds{")},
	{Rule: "AL02", Constraint: "K29", Name: "a parenthesis is missing", Example: "guide", Break: moText(moAlerts+"platform.yaml", `rcode="SERVFAIL"}[5m]))`, `rcode="SERVFAIL"}[5m])`)},
	{Rule: "AL02", Constraint: "K29", Name: "a rate of no range", Example: "guide", Break: moText(moAlerts+"platform.yaml", `rcode="SERVFAIL"}[5m]`, `rcode="SERVFAIL"}`)},
	{Rule: "AL02", Constraint: "K29", Name: "a function that is not there", Example: "mixed", Break: moText(moMetrics+"recording-rules.yaml", "histogram_quantile(", "histogram_quantil(")},
	{Rule: "AL03", Constraint: "K29", Name: "nothing is compared", Example: "hello", Break: moText(moAlerts+"platform.yaml", " > 0.01", "")},
	{Rule: "AL03", Constraint: "K29", Name: "no for", Example: "hello", Break: moText(moAlerts+"platform.yaml", "      for: 10m\n", "")},
	{Rule: "AL03", Constraint: "K29", Name: "no severity", Example: "guide", Break: moText(moAlerts+"backend.yaml", "        severity: critical\n", "")},
	{Rule: "AL03", Constraint: "K29", Name: "no runbook", Example: "guide", Break: moText(moAlerts+"platform.yaml", "        runbook_url: https://runbooks.example.com/dnserrorshigh\n", "")},
	{Rule: "AL03", Constraint: "K29", Name: "the value in a label", Example: "mixed", Break: moText(moAlerts+"platform.yaml", "        severity: warning\n", "        severity: warning\n        value: \"{{ $value }}\"\n")},
	{Rule: "AL04", Constraint: "K29", Name: "a canary without its alert", Example: "guide", Break: moEvery(moAlerts+"service-a.yaml", `destination_version="v1"`, `destination_version="v2"`)},
	{Rule: "AL04", Constraint: "K29", Name: "a certificate without its alert", Example: "hello", Break: moText(moAlerts+"hello.yaml", `name="hello-tls"`, `name="hello"`)},
	{Rule: "AL04", Constraint: "K29", Name: "no alert on lost metrics", Example: "ambient", Break: moEvery(moAlerts+"db.yaml", "up{", "scrape_samples_scraped{")},
	{Rule: "AL04", Constraint: "K29", Name: "a service without alerts", Example: "ingress-no-mesh", Break: moEvery(moAlerts+"comments.yaml", "service: comments", "service: comment")},

	// K30: what rules ask for exists.
	{Rule: "AL01", Constraint: "K30", Name: "another service", Example: "guide", Break: moText(moAlerts+"service-a.yaml", `destination_service_name="service-a"`, `destination_service_name="service-b"`)},
	{Rule: "AL01", Constraint: "K30", Name: "another version", Example: "guide", Break: moText(moAlerts+"service-a.yaml", `destination_version="v2"`, `destination_version="v3"`)},
	{Rule: "AL01", Constraint: "K30", Name: "another namespace", Example: "guide", Break: moText(moAlerts+"service-a.yaml", `kube_service_info{namespace="guide"`, `kube_service_info{namespace="guides"`)},
	{Rule: "AL01", Constraint: "K30", Name: "another Service of the cluster", Example: "ingress-no-mesh", Break: moText(moAlerts+"web.yaml", `service="web"}`, `service="website"}`)},
	{Rule: "AL01", Constraint: "K30", Name: "one of several names", Example: "progressive", Break: moText(moAlerts+"web.yaml", `destination_service_name=~"web|web-primary|web-canary"`, `destination_service_name=~"web|web-primary|web-new"`)},

	// K31: nobody looks back further than samples are kept.
	{Rule: "AL05", Constraint: "K31", Name: "thirty days", Example: "guide", Break: moText(moMetrics+"recording-rules.yaml", "[3d]", "[30d]")},
	{Rule: "AL05", Constraint: "K31", Name: "longer than two days", Example: "ambient", Break: moText(moMetrics+"recording-rules.yaml", "[1d]", "[49h]")},
	{Rule: "AL05", Constraint: "K31", Name: "an offset", Example: "guide", Break: moText(moAlerts+"platform.yaml", `rcode="SERVFAIL"}[5m]`, `rcode="SERVFAIL"}[5m] offset 10d`)},
	{Rule: "AL05", Constraint: "K31", Name: "a subquery", Example: "hello", Break: moText(moAlerts+"platform.yaml", `sum(rate(coredns_dns_responses_total[5m])) >`, `max_over_time(sum(rate(coredns_dns_responses_total[5m]))[10d:5m]) >`)},
	{Rule: "AL05", Constraint: "K31", Name: "one sample", Example: "mixed", Break: moText(moAlerts+"platform.yaml", `rcode="SERVFAIL"}[5m]`, `rcode="SERVFAIL"}[30s]`)},
	{Rule: "AL05", Constraint: "K31", Name: "samples are kept for an hour", Example: "ambient", Break: moText("kgen.yaml", "retention: 2d", "retention: 1h")},

	// K32: every file is in its kustomization once, and nothing is renamed.
	{Rule: "RP01", Constraint: "K32", Name: "an orphan", Example: "guide", Break: moText(moAlerts+"kustomization.yaml", "- platform.yaml\n", "")},
	{Rule: "RP01", Constraint: "K32", Name: "a file that is not there", Example: "guide", Break: moText(moAlerts+"kustomization.yaml", "- platform.yaml\n", "- platform.yaml\n- plattform.yaml\n")},
	{Rule: "RP01", Constraint: "K32", Name: "a file twice", Example: "hello", Break: moText(moAlerts+"kustomization.yaml", "- platform.yaml\n", "- platform.yaml\n- platform.yaml\n")},
	{Rule: "RP01", Constraint: "K32", Name: "a folder left out", Example: "mixed", Also: []string{"AL04"}, Break: moText("kustomization.yaml", "- monitoring/alerts\n", "")},
	{Rule: "RP01", Constraint: "K32", Name: "a folder left out of half and whole", Example: "mixed", Also: []string{"AL04"}, Break: moBoth(moText("kustomization.yaml", "- monitoring/alerts\n", ""), moText("monitoring/kustomization.yaml", "- alerts\n", ""))},
	{Rule: "RP01", Constraint: "K32", Name: "a prefix", Example: "guide", Break: moText("networking/services/kustomization.yaml", "resources:\n", "namePrefix: eu-\nresources:\n"), Also: []string{"IN02", "SM03"}},
	{Rule: "RP01", Constraint: "K32", Name: "labels in selectors", Example: "hello", Break: moText("kustomization.yaml", "resources:\n", "commonLabels: {team: shop}\nresources:\n"), Also: []string{"NP03", "NP05", "NP06", "NP15", "SV01"}},
	{Rule: "RP01", Constraint: "K32", Name: "labels with includeSelectors", Example: "hello", Break: moText("kustomization.yaml", "resources:\n", "labels: [{pairs: {team: shop}, includeSelectors: true}]\nresources:\n"), Also: []string{"NP03", "NP05", "NP06", "NP15", "SV01"}},

	// K33: what is there is what the model makes, in versions that are served.
	{Rule: "RP02", Constraint: "K33", Name: "an Ingress of the former version", Example: "ingress-no-mesh", Break: moText("networking/ingress/web.yaml", "networking.k8s.io/v1\n", "networking.k8s.io/v1beta1\n")},
	{Rule: "RP02", Constraint: "K33", Name: "a route of the former version", Example: "guide", Break: moText("networking/ingress/frontend.yaml", "gateway.networking.k8s.io/v1\n", "gateway.networking.k8s.io/v1alpha2\n")},
	{Rule: "RP02", Constraint: "K33", Name: "a Gateway of the former version", Example: "hello", Break: moText("networking/ingress/gateway.yaml", "gateway.networking.k8s.io/v1\n", "gateway.networking.k8s.io/v1alpha2\n")},
	{Rule: "RP02", Constraint: "K33", Name: "a Role of the former version", Example: "hello", Break: moText(moMetrics+"rbac.yaml", "rbac.authorization.k8s.io/v1\n", "rbac.authorization.k8s.io/v1beta1\n")},
	{Rule: "RP02", Constraint: "K33", Name: "a certificate of the former version", Example: "guide", Break: moText("networking/ingress/frontend.yaml", "cert-manager.io/v1\n", "cert-manager.io/v1alpha2\n")},
}
