package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	moService = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}, {name: http-metrics, port: 9090, targetPort: metrics}]}\n"
	moPod     = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]}]}\n"
)

func moMonitor(kind, namespace, spec string) string {
	return "apiVersion: monitoring.coreos.com/v1\nkind: " + kind + "\nmetadata: {name: m, namespace: " + namespace + "}\nspec: " + spec + "\n"
}

// TestMonitors: what a monitor finds, and when nobody can tell.
func TestMonitors(t *testing.T) {
	for _, c := range []struct {
		name, rule, monitor string
		found, skipped      []string
	}{
		{"right", "MO01", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{port: http-metrics}]}"), nil, nil},
		{"nothing", "MO01", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: api}}, endpoints: [{port: http-metrics}]}"),
			[]string{"4:19 ServiceMonitor shop/m: no Service of namespace shop has the labels that it selects, app=api"}, nil},
		{"its own namespace alone", "MO01", moMonitor("ServiceMonitor", "monitoring", "{selector: {matchLabels: {app: web}}, endpoints: [{port: http-metrics}]}"),
			[]string{"4:1 ServiceMonitor monitoring/m: it looks into namespace monitoring alone, and what it selects is in namespace shop"}, nil},
		{"another namespace by name", "MO01", moMonitor("ServiceMonitor", "monitoring", "{namespaceSelector: {matchNames: [monitoring]}, selector: {matchLabels: {app: web}}, endpoints: [{port: http-metrics}]}"),
			[]string{"4:41 ServiceMonitor monitoring/m: it looks into namespace monitoring, and what it selects is in namespace shop"}, nil},
		{"its own namespace alone, and other labels", "MO01", moMonitor("ServiceMonitor", "monitoring", "{selector: {matchLabels: {app: wep}}, endpoints: [{port: http-metrics}]}"),
			[]string{"4:8 ServiceMonitor monitoring/m: it looks into namespace monitoring alone, of which no Service is given, and no Service elsewhere has the labels that it selects, app=wep"}, nil},
		{"a Service of its name", "MO01", strings.Replace(moMonitor("ServiceMonitor", "monitoring", "{selector: {matchLabels: {app: nothing}}, endpoints: [{port: http-metrics}]}"), "name: m,", "name: web,", 1),
			[]string{"4:8 ServiceMonitor monitoring/web: it looks into namespace monitoring alone, of which no Service is given, and no Service elsewhere has the labels that it selects, app=nothing"}, nil},
		{"something of another repository's", "MO01", moMonitor("ServiceMonitor", "monitoring", "{selector: {matchLabels: {app: grafana}}, endpoints: [{port: http-metrics}]}"),
			nil, []string{"ServiceMonitor monitoring/m: the Services of namespace monitoring are not given"}},
		{"a namespace that is not given", "MO01", moMonitor("ServiceMonitor", "monitoring", "{namespaceSelector: {matchNames: [other]}, selector: {matchLabels: {app: api}}, endpoints: [{port: x}]}"),
			nil, []string{"ServiceMonitor monitoring/m: the Services of namespace other are not given"}},
		{"every namespace", "MO01", moMonitor("ServiceMonitor", "monitoring", "{namespaceSelector: {any: true}, selector: {matchLabels: {app: api}}, endpoints: [{port: x}]}"),
			nil, []string{"ServiceMonitor monitoring/m: it looks into all namespaces, and not all are given"}},
		{"any application", "MO01", moMonitor("ServiceMonitor", "shop", "{selector: {}, endpoints: [{port: http-metrics}]}"), nil, nil},
		{"pods", "MO01", moMonitor("PodMonitor", "shop", "{selector: {matchLabels: {app: api}}, podMetricsEndpoints: [{port: metrics}]}"),
			[]string{"4:19 PodMonitor shop/m: no pod of namespace shop has the labels that it selects, app=api"}, nil},
		{"a port's number", "MO02", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{port: '9090'}]}"),
			[]string{"4:64 ServiceMonitor shop/m: Service web has no port of the name 9090; a monitor goes by the name of a port, not by its number"}, nil},
		{"the container's name", "MO02", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{port: metrics}]}"),
			[]string{"4:64 ServiceMonitor shop/m: Service web has no port of the name metrics"}, nil},
		{"a target port", "MO02", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{targetPort: metrics}, {targetPort: 9090}]}"), nil, nil},
		{"no such target port", "MO02", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{targetPort: 9091}]}"),
			[]string{"4:70 ServiceMonitor shop/m: no container behind Service web has the port 9091"}, nil},
		{"a pod's port by name and number", "MO02", moMonitor("PodMonitor", "shop", "{selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: metrics}, {portNumber: 9090}]}"), nil, nil},
		{"the Service's name for a pod's port", "MO02", moMonitor("PodMonitor", "shop", "{selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: http-metrics}]}"),
			[]string{"4:74 PodMonitor shop/m: no container of web has the port http-metrics"}, nil},
		{"no sidecar", "MO02", moMonitor("PodMonitor", "shop", "{selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: http-envoy-prom}]}"),
			[]string{"4:74 PodMonitor shop/m: no container of web has the port http-envoy-prom, and there is no sidecar that would bring it"}, nil},
		{"no port", "MO02", moMonitor("ServiceMonitor", "shop", "{selector: {matchLabels: {app: web}}, endpoints: [{path: /metrics}]}"),
			[]string{"4:57 ServiceMonitor shop/m: the endpoint names no port"}, nil},
		{"nobody says what is selected", "MO03", moMonitor("ServiceMonitor", "shop", "{selector: {}, endpoints: [{port: http-metrics}]}"),
			nil, []string{"neither a kgen.yaml nor a Prometheus object says what Prometheus selects"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, skipped := moAudit(t, c.rule, map[string]string{"service.yaml": moService, "pod.yaml": moPod, "monitor.yaml": c.monitor})
			if diff := cmp.Diff(c.found, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.skipped, skipped); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPrometheusSelects: a Prometheus object says what it takes in.
func TestPrometheusSelects(t *testing.T) {
	monitor := "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m, namespace: shop, labels: {team: a}}\nspec: {selector: {}, endpoints: [{port: http-metrics}]}\n"
	for _, c := range []struct{ name, spec, want string }{
		{"all of all namespaces", "{serviceMonitorSelector: {}, serviceMonitorNamespaceSelector: {}}", ""},
		{"by its label", "{serviceMonitorSelector: {matchLabels: {team: a}}, serviceMonitorNamespaceSelector: {}}", ""},
		{"by another label", "{serviceMonitorSelector: {matchLabels: {team: b}}, serviceMonitorNamespaceSelector: {}}", "3:53 ServiceMonitor shop/m: Prometheus selects a ServiceMonitor by team=b, and this one has the labels {team: a}"},
		{"its own namespace alone", "{serviceMonitorSelector: {}}", "3:32 ServiceMonitor shop/m: Prometheus of namespace monitoring does not look into namespace shop for a ServiceMonitor"},
		{"none", "{serviceMonitorNamespaceSelector: {}}", "1:1 ServiceMonitor shop/m: Prometheus monitoring/p has no serviceMonitorSelector, so it takes no ServiceMonitor in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			prometheus := "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: p, namespace: monitoring}\nspec: " + c.spec + "\n"
			found, _ := moAudit(t, "MO03", map[string]string{"prometheus.yaml": prometheus, "monitor.yaml": monitor})
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
