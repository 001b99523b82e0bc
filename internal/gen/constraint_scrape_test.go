package gen_test

import (
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// scrape is one container port of one pod that a monitor makes Prometheus read.
type scrape struct {
	monitor *manifest.Object
	pod     *pod
	port    int
	path    string
}

// scrapes resolves every monitor against the Services and pods.
func (w *world) scrapes() []scrape {
	if w.scraped == nil {
		found := w.findScrapes()
		w.scraped = &found
	}
	return *w.scraped
}

func (w *world) findScrapes() []scrape {
	var out []scrape
	for _, m := range all[manifest.Monitor](w) {
		here := m.v.Spec.NamespaceSelector.Any || slices.Contains(m.v.Spec.NamespaceSelector.MatchNames, w.s.Namespace) ||
			len(m.v.Spec.NamespaceSelector.MatchNames) == 0 && m.Namespace == w.s.Namespace
		if !here {
			continue
		}
		for _, e := range m.v.Scrapes() {
			path := e.Path
			if path == "" {
				path = "/metrics"
			}
			if m.Kind == "PodMonitor" {
				for _, p := range w.pods {
					if number, ok := w.podScrape(p, e); ok && m.v.Spec.Selector.Matches(p.workload.Labels) {
						out = append(out, scrape{m.Object, p, number, path})
					}
				}
				continue
			}
			for _, svc := range all[manifest.Service](w) {
				if svc.Namespace != w.s.Namespace || !m.v.Spec.Selector.Matches(svc.Labels) {
					continue
				}
				for _, port := range svc.v.Spec.Ports {
					if port.Name != e.Port || e.Port == "" {
						continue
					}
					for _, p := range w.selected(svc) {
						if target, ok := reach.Target(port, p.workload); ok {
							out = append(out, scrape{m.Object, p, target.Number, path})
						}
					}
				}
			}
		}
	}
	return out
}

func (w *world) podScrape(p *pod, e manifest.Scrape) (int, bool) {
	for _, c := range p.workload.Ports {
		if e.Port != "" && c.Name == e.Port || e.PortNumber != 0 && c.Number == e.PortNumber ||
			!e.TargetPort.IsZero() && (c.Number == e.TargetPort.Number || e.TargetPort.Name != "" && c.Name == e.TargetPort.Name) {
			return c.Number, true
		}
	}
	return 0, false
}
