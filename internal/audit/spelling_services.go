package audit

import "kgen.dev/kgen/internal/inventory"

// serviceNames are the Services that are given, by how they are called.
type serviceNames struct {
	spelt  map[string]*spelling            // by namespace
	called map[string][]*inventory.Service // by name, in their order
}

// serviceNames are made once: whatever names a Service that is not there asks
// which was meant.
func (w *World) serviceNames() *serviceNames {
	w.nameServices.Do(func() {
		n := &serviceNames{spelt: map[string]*spelling{}, called: map[string][]*inventory.Service{}}
		names := map[string][]string{}
		for _, s := range w.Services {
			names[s.Namespace] = append(names[s.Namespace], s.Name)
			n.called[s.Name] = append(n.called[s.Name], s)
		}
		for namespace, list := range names {
			n.spelt[namespace] = newSpelling(list)
		}
		w.named = n
	})
	return w.named
}

// nearestService is the name of the Service of a namespace that was most likely
// meant, Flagger's among them; "" for none.
func (m *mesh) nearestService(namespace, name string) string {
	if m.spelt == nil {
		m.spelt = map[string]*spelling{}
	}
	if m.spelt[namespace] == nil {
		m.spelt[namespace] = newSpelling(m.services[namespace])
	}
	m.step()
	return m.spelt[namespace].nearest(name)
}
