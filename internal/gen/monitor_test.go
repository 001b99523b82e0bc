package gen_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// scraped is a model of services that are scraped in many ways.
func scraped() *spec.Network {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	n.Spec.Mesh = spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}
	metrics := func(port int, path string) *spec.Metrics {
		return &spec.Metrics{Port: spec.PortNumber(port), Path: path}
	}
	long := "/" + strings.Repeat("a-long-way/", 5) + "metrics"
	n.Spec.Services = []spec.Service{
		{Name: "web", Ports: one(spec.Port{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}), Metrics: metrics(8080, "/actuator/prometheus")},
		{Name: "api", Ports: one(spec.Port{Port: 80}), Metrics: metrics(9090, ""), Canary: &spec.Canary{Version: "v2", Weight: 10}},
		{Name: "edge", Type: spec.LoadBalancer, Ports: one(spec.Port{Port: 443, Protocol: spec.TLSP}), Metrics: metrics(9090, "/metrics"),
			LoadBalancer: &spec.LoadBalancerOptions{SourceRanges: []string{"203.0.113.0/24"}}},
		{Name: "plain", Ports: one(spec.Port{Port: 80})},
		{Name: "jobs", Metrics: metrics(9100, "/")},
		{Name: "long", Metrics: metrics(9100, long)},
		{Name: "dots", Metrics: metrics(9100, "/v1.0/metrics")},
		{Name: "slashes", Metrics: metrics(9100, "/v1/0/metrics")},
	}
	return n
}

// labelled tells of every Service that is labelled for a monitor, and of every
// monitor of services what it selects and asks for.
func labelled(t *testing.T, n *spec.Network) (services, monitors map[string]string) {
	t.Helper()
	if err := spec.Validate(n).Err(); err != nil {
		t.Fatal(err)
	}
	services, monitors = map[string]string{}, map[string]string{}
	field := func(v any, keys ...any) any {
		for _, k := range keys {
			switch k := k.(type) {
			case string:
				m, _ := v.(map[string]any)
				v = m[k]
			case int:
				v = v.([]any)[k]
			}
		}
		return v
	}
	for id, o := range built(t, rendered(t, n, gen.Options{}), ".") {
		_, name, _ := strings.Cut(id, " ")
		switch field(o, "kind") {
		case "Service":
			if how, ok := field(o, "metadata", "labels", gen.ScrapeLabel).(string); ok {
				services[name] = how
			}
		case "ServiceMonitor":
			if how, ok := field(o, "spec", "selector", "matchLabels", gen.ScrapeLabel).(string); ok {
				monitors[how] = fmt.Sprint(name, " ", field(o, "spec", "selector", "matchLabels", "app.kubernetes.io/part-of"),
					" ", field(o, "spec", "endpoints", 0, "port"), " ", field(o, "spec", "endpoints", 0, "path"))
			}
		}
	}
	return services, monitors
}

// TestScrapedAlike shows which Services are labelled, and the monitor of each way.
func TestScrapedAlike(t *testing.T) {
	services, monitors := labelled(t, scraped())
	const root, long, dots = "http-metrics.path--8a5edab282632443", "http-metrics.path--0bc26256e00665af", "http-metrics.path--7ed27cf91f9d0d62"
	wantServices := map[string]string{
		"shop/web": "http.actuator.prometheus", "shop/api": "http-metrics", "shop/edge-metrics": "http-metrics", "shop/jobs": root,
		"shop/long": long, "shop/dots": dots, "shop/slashes": "http-metrics.v1.0.metrics",
	}
	if diff := cmp.Diff(wantServices, services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	wantMonitors := map[string]string{}
	for how, ends := range map[string]string{
		"http-metrics": "http-metrics /metrics", "http.actuator.prometheus": "http /actuator/prometheus",
		"http-metrics.v1.0.metrics": "http-metrics /v1/0/metrics", root: "http-metrics /", dots: "http-metrics /v1.0/metrics",
		long: "http-metrics /a-long-way/a-long-way/a-long-way/a-long-way/a-long-way/metrics",
	} {
		wantMonitors[how] = "monitoring/shop-services." + how + " shop " + ends
	}
	if diff := cmp.Diff(wantMonitors, monitors); diff != "" {
		t.Errorf("monitors (-want +got):\n%s", diff)
	}
	for how := range monitors {
		if err := spec.CheckLabel(gen.ScrapeLabel, how); err != nil {
			t.Error(err)
		}
	}
}

// TestMonitorsDependOnNoOrder: the same services in another order have the same
// file, and so has a model with one more of them that is scraped like another.
func TestMonitorsDependOnNoOrder(t *testing.T) {
	file := func(n *spec.Network) []byte {
		data, ok := rendered(t, n, gen.Options{}).File("monitoring/network-metrics/services.yaml")
		if !ok {
			t.Fatal("there are no monitors of services")
		}
		return data
	}
	want := file(scraped())
	for name, change := range map[string]func(n *spec.Network){
		"another order": func(n *spec.Network) { slices.Reverse(n.Spec.Services) },
		"one more": func(n *spec.Network) {
			n.Spec.Services = append(n.Spec.Services, spec.Service{Name: "more", Ports: one(spec.Port{Port: 80}), Metrics: &spec.Metrics{Port: 9999}})
		},
		"one fewer":    func(n *spec.Network) { n.Spec.Services = slices.Delete(n.Spec.Services, 1, 2) },
		"another name": func(n *spec.Network) { n.Spec.Services[1].Name = "services" },
	} {
		n := scraped()
		change(n)
		if got := file(n); !bytes.Equal(want, got) {
			t.Errorf("%s: (-before +after):\n%s", name, cmp.Diff(string(want), string(got)))
		}
	}
	n := scraped()
	for i := range n.Spec.Services {
		n.Spec.Services[i].Metrics = nil
	}
	if _, made := rendered(t, n, gen.Options{}).File("monitoring/network-metrics/services.yaml"); made {
		t.Error("monitors of nothing are made")
	}
}
