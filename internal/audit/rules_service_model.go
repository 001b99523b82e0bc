package audit

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var portNotAsModelled = &Rule{
	ID: "SV07", Severity: diag.Error,
	Title:       "A Service's port is not as kgen.yaml says",
	Items:       []string{"C7", "P4"},
	Constraints: []string{"K9", "K13"},
	Reads:       []Need{NeedsModel},
	Doc: `Each port that kgen.yaml gives a service must be one of its Service's: the same number and transport, leading to the same port of the pods.
Whoever is declared to call dials what kgen.yaml says; a Service takes no connections on ports that it does not list (Kubernetes,
"Service": Defining a Service), and one that leads to another port of the pods reaches something else, or runs into policies that admit
the declared port alone. The Service of one version must not contradict kgen.yaml either, though it need not have every port. A
headless Service is held to the same: its ports are what SRV records and a mesh go by. Ports that are there besides are left alone.

Write the port as kgen.yaml has it, or change kgen.yaml and run ` + "`kgen generate`" + `, which changes the policies and the callers' side too.
What a port is named and speaks is rule SV03's; a targetPort that no pod has is rule SV02's.`,
	check: func(c *Check) {
		m := &modelPorts{Check: c, declared: map[*spec.Service][]inventory.Declared{}}
		for _, d := range c.Declared() {
			m.declared[d.To] = append(m.declared[d.To], d)
		}
		for _, s := range c.Services {
			if s.Model == nil || s.External() || s.Model.Canary != nil && s.Model.Canary.Owner == spec.FlaggerOwner {
				continue // Flagger writes the Services of what it rolls out itself
			}
			m.checkPorts(s)
		}
	},
}

// modelPorts holds the ports of Services against those of the model.
type modelPorts struct {
	*Check
	declared map[*spec.Service][]inventory.Declared // by the callee
}

func (m *modelPorts) checkPorts(s *inventory.Service) {
	taken := make([]bool, len(s.V.Spec.Ports)) // the Service's ports that are the model's
	var changed []spec.Port                    // the model's that are none of the Service's
	for _, want := range s.Model.Ports {
		if s.Version != "" && !want.Protocol.IsHTTP() {
			continue // versions are told apart by request
		}
		m.Looked()
		i := slices.IndexFunc(s.V.Spec.Ports, func(p manifest.ServicePort) bool {
			return p.Port == int(want.Port) && p.Transport() == want.Protocol.Transport()
		})
		if i < 0 {
			changed = append(changed, want)
			continue
		}
		taken[i] = true
		m.checkTarget(s, i, want)
	}
	for _, want := range changed {
		i := standsFor(s.V.Spec.Ports, taken, want)
		if i < 0 {
			m.missing(s, want)
			continue
		}
		taken[i] = true
		m.contradicted(s, i, want)
	}
}

// modelPort is a port of the model as a Service has it.
func modelPort(p spec.Port) manifest.ServicePort {
	target := manifest.IntOrString{Name: p.TargetPort.Name, Number: int(p.TargetPort.Number)}
	return manifest.ServicePort{Name: p.Name, Port: int(p.Port), TargetPort: target, Protocol: p.Protocol.Transport()}
}

// standsFor is the port that was most likely the model's before it was edited:
// the one of its name, of its number or with its target; -1 for none.
func standsFor(ports []manifest.ServicePort, taken []bool, want spec.Port) int {
	was := modelPort(want)
	for _, alike := range []func(manifest.ServicePort) bool{
		func(p manifest.ServicePort) bool { return p.Name != "" && p.Name == was.Name },
		func(p manifest.ServicePort) bool { return p.Port == was.Port },
		func(p manifest.ServicePort) bool {
			return p.Target() == was.Target() && p.Transport() == was.Transport()
		},
	} {
		for i, p := range ports {
			if !taken[i] && alike(p) {
				return i
			}
		}
	}
	return -1
}

// checkTarget follows a port that the model has, too, to the pods.
func (m *modelPorts) checkTarget(s *inventory.Service, i int, want spec.Port) {
	p, was := s.V.Spec.Ports[i], modelPort(want)
	if leadsNowhere(s, p) {
		return // rule SV02 says so
	}
	for _, w := range s.Pods {
		if w.Service != s.Model {
			continue // not the pods that are meant: rule SV01's
		}
		is, ok := w.Target(p)
		meant, known := w.Target(was)
		if ok && known && is != meant {
			field := Field("spec", "ports", i)
			if !p.TargetPort.IsZero() {
				field = append(field, "targetPort")
			}
			m.Report(s.Object, field, "write targetPort: "+was.Target().Text()+orModel, "port %s leads to %s of the pods, and to %s by kgen.yaml", portText(p), p.Target().Text(), was.Target().Text())
			return
		}
	}
}

const orModel = ", or change the port in kgen.yaml"

// leadsNowhere reports whether rule SV02 finds an error in where a port leads.
func leadsNowhere(s *inventory.Service, p manifest.ServicePort) bool {
	return slices.ContainsFunc(s.Pods, func(w *inventory.Workload) bool {
		if w.Service != s.Model || !w.StandIn() && (len(w.Ports) == 0 || p.Target().Name == "") {
			return false
		}
		target, ok := w.Target(p)
		return !ok || !w.Serves(target) && !proxyServes(w, target)
	})
}

// contradicted says what was made of a port of the model.
func (m *modelPorts) contradicted(s *inventory.Service, i int, want spec.Port) {
	p, transport := s.V.Spec.Ports[i], want.Protocol.Transport()
	if p.Port != int(want.Port) {
		m.Report(s.Object, Field("spec", "ports", i, "port"), "write port: "+number(int(want.Port))+orModel,
			"port %s is %d by kgen.yaml%s", portText(p), want.Port, m.users(s, want))
		return
	}
	if leadsNowhere(s, p) {
		return // rule SV02 says so, of the same transport
	}
	field := Field("spec", "ports", i)
	if p.Protocol != "" {
		field = append(field, "protocol")
	}
	m.Report(s.Object, field, "write protocol: "+transport+orModel, "port %s is %s, and %s by kgen.yaml%s", portText(p), p.Transport(), transport, m.users(s, want))
}

// missing says that a port of the model has nothing in the Service that stands
// for it. The Service of one version is for what routes lead to.
func (m *modelPorts) missing(s *inventory.Service, want spec.Port) {
	if s.Version != "" {
		return
	}
	was := modelPort(want)
	field := Field("spec")
	if s.Has("spec", "ports") {
		field = append(field, "ports")
	}
	m.Report(s.Object, field, fmt.Sprintf("add {name: %s, port: %d, targetPort: %s, protocol: %s}, or take the port out of kgen.yaml", was.Name, was.Port, was.Target().Text(), was.Transport()),
		"it has no port %d/%s, which kgen.yaml gives it%s", want.Port, was.Transport(), m.users(s, want))
}

// users is a clause about the services that are declared to call a port, "" where
// there are none or the Service is not the one that they call.
func (m *modelPorts) users(s *inventory.Service, want spec.Port) string {
	var names []string
	if s.Version == "" {
		for _, d := range m.declared[s.Model] {
			if d.From != s.Model && slices.Contains(d.Ports, want) {
				names = append(names, d.From.Name)
			}
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return ", where " + names[0] + " calls it"
	}
	return ", where " + some(names) + " call it"
}
