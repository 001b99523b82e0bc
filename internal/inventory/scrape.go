package inventory

import (
	"maps"
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// Target is one port of one workload that a monitor makes Prometheus read.
type Target struct {
	Monitor *manifest.Object // the ServiceMonitor or PodMonitor
	Path    []any            // its endpoint's field path
	Pods    *Workload
	Port    reach.Port
}

// mutualTLSLabel is put on pods by Istio's injector, and sidecars are selected by it.
const mutualTLSLabel = "security.istio.io/tlsMode"

// Targets are what the monitors lead to, as far as the pods are known, in the
// order of the monitors. A sidecar serves its metrics on a port of its own,
// http-envoy-prom, that no manifest of the application names.
func (inv *Inventory) Targets() []Target {
	var out []Target
	services := inv.servicesByLabel()
	for _, m := range All[manifest.Monitor](inv) {
		for _, namespace := range inv.monitored(m) {
			if m.Kind == "PodMonitor" {
				out = append(out, inv.podTargets(m, namespace)...)
			} else {
				out = append(out, serviceTargets(m, services[namespace])...)
			}
		}
	}
	return out
}

// monitored are the known namespaces that a monitor looks into: its own, the
// ones that it names, or any.
func (inv *Inventory) monitored(m Item[manifest.Monitor]) []string {
	s := m.V.Spec.NamespaceSelector
	switch {
	case s.Any:
		return slices.Sorted(maps.Keys(inv.allPods()))
	case len(s.MatchNames) > 0:
		return s.MatchNames
	}
	return []string{m.Namespace}
}

func (inv *Inventory) allPods() map[string]bool {
	out := map[string]bool{}
	for n := range inv.pods {
		out[n] = true
	}
	for n := range inv.parties {
		out[n] = true
	}
	return out
}

func (inv *Inventory) podTargets(m Item[manifest.Monitor], namespace string) []Target {
	var out []Target
	candidates := inv.Pods(namespace, manifest.Selector{})
	if selector := m.V.Spec.Selector; selector.MatchLabels[mutualTLSLabel] == "" {
		candidates = inv.Pods(namespace, selector)
	}
	for _, w := range slices.Concat(candidates, inv.PartyPods(namespace, manifest.Selector{})) {
		labels, ports := w.Labels, w.Ports
		if w.Mesh == reach.Sidecar {
			labels = maps.Clone(w.Labels)
			if labels == nil {
				labels = map[string]string{}
			}
			labels[mutualTLSLabel] = "istio"
			ports = append(slices.Clone(ports), reach.NamedPort{Name: "http-envoy-prom", Number: ProxyMetrics, Protocol: "TCP"})
		}
		if !m.V.Spec.Selector.Matches(labels) {
			continue
		}
		for i, e := range m.V.Spec.PodMetricsEndpoints {
			for _, c := range ports {
				if e.Port != "" && c.Name == e.Port || e.PortNumber != 0 && c.Number == e.PortNumber || e.Port == "" && e.PortNumber == 0 && targets(e.TargetPort, c) {
					out = append(out, Target{m.Object, []any{"spec", "podMetricsEndpoints", i}, w, reach.TCP(c.Number)})
					break
				}
			}
		}
	}
	return out
}

func targets(p manifest.IntOrString, c reach.NamedPort) bool {
	return p.Name != "" && p.Name == c.Name || p.Number != 0 && p.Number == c.Number
}

func serviceTargets(m Item[manifest.Monitor], in *serviceLabels) []Target {
	var out []Target
	for _, s := range in.matching(m.V.Spec.Selector) {
		for i, e := range m.V.Spec.Endpoints {
			path := []any{"spec", "endpoints", i}
			if e.Port == "" {
				// targetPort is a port of the pods, whether or not the Service has it
				// (Prometheus Operator, Endpoint.targetPort).
				for _, w := range s.Pods {
					for _, c := range w.Ports {
						if targets(e.TargetPort, c) {
							out = append(out, Target{m.Object, path, w, reach.Port{Protocol: "TCP", Number: c.Number}})
						}
					}
				}
				continue
			}
			for _, p := range s.V.Spec.Ports {
				if p.Name != e.Port {
					continue
				}
				for _, w := range s.Pods {
					if at, ok := w.Target(p); ok {
						out = append(out, Target{m.Object, path, w, at})
					}
				}
			}
		}
	}
	return out
}

// serviceLabels finds the Services of a namespace by the labels that they carry
// themselves, without looking at all of them.
type serviceLabels struct {
	all     []*Service
	byLabel map[label][]*Service
}

func (inv *Inventory) servicesByLabel() map[string]*serviceLabels {
	out := map[string]*serviceLabels{}
	for _, s := range inv.Services {
		x := out[s.Namespace]
		if x == nil {
			x = &serviceLabels{byLabel: map[label][]*Service{}}
			out[s.Namespace] = x
		}
		x.all = append(x.all, s)
		for k, v := range s.Labels {
			x.byLabel[label{k, v}] = append(x.byLabel[label{k, v}], s)
		}
	}
	return out
}

func (x *serviceLabels) matching(s manifest.Selector) []*Service {
	if x == nil {
		return nil
	}
	candidates := x.all
	for k, v := range s.MatchLabels {
		if some := x.byLabel[label{k, v}]; len(some) < len(candidates) {
			candidates = some
		}
	}
	var out []*Service
	for _, service := range candidates {
		if s.Matches(service.Labels) {
			out = append(out, service)
		}
	}
	return out
}
