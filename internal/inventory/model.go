package inventory

import (
	"maps"
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// UnknownPort stands for the number behind a container port's name that the
// model does not give: no manifest can know it. The first port of a service has
// this number, the second one more, and so on.
const UnknownPort = 31000

// ContainerPort is the number of the container port behind a service's port.
func ContainerPort(s *spec.Service, p spec.Port) int {
	switch {
	case p.TargetPort.Name == "" && p.TargetPort.Number != 0:
		return int(p.TargetPort.Number)
	case p.TargetPort.Name == "":
		return int(p.Port)
	case p.ContainerPort != 0:
		return int(p.ContainerPort)
	}
	return UnknownPort + slices.IndexFunc(s.Ports, func(q spec.Port) bool { return q.Name == p.Name })
}

// PodPort is the port of a service's pods behind one of its ports.
func PodPort(s *spec.Service, p spec.Port) reach.Port {
	return reach.Port{Protocol: p.Protocol.Transport(), Number: ContainerPort(s, p)}
}

// versions are the versions whose pods run; one without a name where there is one.
func versions(s *spec.Service) []string {
	if s.Canary == nil {
		return []string{""}
	}
	return s.Canary.Versions()
}

// rolloutLabel is what Argo Rollouts puts on pods, and what its Services and
// subsets select (Argo Rollouts, "Traffic management").
const rolloutLabel = "rollouts-pod-template-hash"

// podLabels are the labels of the pods of one version, as the model says and
// the one who runs them adds.
func podLabels(s *spec.Service, version string) map[string]string {
	labels := map[string]string{"app.kubernetes.io/name": s.Name}
	maps.Copy(labels, s.PodLabels)
	if s.Canary == nil {
		labels["version"] = "v1"
		return labels
	}
	switch s.Canary.Owner {
	case spec.FlaggerOwner:
		labels["version"] = "v1" // a Deployment knows nothing of versions
		if version == "primary" {
			labels[s.FlaggerLabel()] += spec.PrimarySuffix
		}
	case spec.RolloutsOwner:
		labels["version"] = "v1"
		labels[rolloutLabel] = version
	default:
		labels["version"] = version
	}
	return labels
}

// takeModel lets the model stand in for the workloads of its services that are
// not among the objects, and tells those that are whose they are.
func (inv *Inventory) takeModel() {
	if inv.Model == nil {
		return
	}
	s := &inv.Model.Spec
	inv.namespace(s.Namespace)
	var standIns []*Workload
	for i := range s.Services {
		service := &s.Services[i]
		for _, version := range versions(service) {
			labels := podLabels(service, version)
			if given := inv.given(service, version); len(given) > 0 {
				for _, w := range given {
					w.Service, w.Version = service, version
				}
				continue
			}
			standIns = append(standIns, inv.standIn(service, version, labels))
		}
	}
	for _, w := range standIns {
		inv.own(w)
	}
}

// given are the workloads among the objects that are a version of a service.
func (inv *Inventory) given(s *spec.Service, version string) []*Workload {
	var out []*Workload
	for _, labels := range s.TwinPods() {
		for _, w := range inv.Pods(inv.Model.Spec.Namespace, manifest.Selector{MatchLabels: labels}) {
			if w.Service == nil && (s.Canary == nil || s.Canary.Owned() || w.Labels["version"] == version) {
				out = append(out, w)
			}
		}
	}
	return out
}

func (inv *Inventory) standIn(s *spec.Service, version string, labels map[string]string) *Workload {
	w := &Workload{
		Workload: reach.Workload{Namespace: inv.Model.Spec.Namespace, Name: s.Name, Labels: labels, Account: s.ServiceAccount},
		Replicas: int(s.Replicas), Service: s, Version: version,
	}
	if version != "" && len(versions(s)) > 1 {
		w.Name += "-" + version
	}
	for _, p := range s.Ports {
		w.Ports = append(w.Ports, reach.NamedPort{Name: p.TargetPort.Name, Number: ContainerPort(s, p), Protocol: p.Protocol.Transport()})
	}
	if s.Metrics != nil && !w.Serves(reach.TCP(int(s.Metrics.Port))) {
		w.Ports = append(w.Ports, reach.NamedPort{Number: int(s.Metrics.Port), Protocol: "TCP"})
	}
	return w
}

// modelled is the model's service and version that a Service object is of: by
// its name, or by the name of one version.
func (inv *Inventory) modelled(s *Service) (*spec.Service, string) {
	if inv.Model == nil || s.Namespace != inv.Model.Spec.Namespace {
		return nil, ""
	}
	if m := inv.Modelled(s.Name); m != nil {
		return m, ""
	}
	for i, r := range s.Name {
		if r != '-' {
			continue
		}
		m, version := inv.Modelled(s.Name[:i]), s.Name[i+1:]
		if m != nil && m.Canary != nil && slices.Contains(m.Canary.Versions(), version) {
			return m, version
		}
	}
	return nil, ""
}

// Modelled is the model's service of that name, or nil.
func (inv *Inventory) Modelled(service string) *spec.Service {
	if inv.Model == nil {
		return nil
	}
	return inv.modelServices[service]
}

// Declared is one connection that the model declares inside its namespace.
type Declared struct {
	From, To *spec.Service
	Ports    []spec.Port // the callee's
}

// Declared are the connections between services that the model declares, by
// calls and by callers that are the service's own pods, in the order of the file.
func (inv *Inventory) Declared() []Declared {
	if inv.Model == nil {
		return nil
	}
	var out []Declared
	s := &inv.Model.Spec
	for i := range s.Services {
		from := &s.Services[i]
		at := map[*spec.Service]int{}
		add := func(to *spec.Service, ports []spec.Port) {
			j, known := at[to]
			if !known {
				j = len(out)
				at[to] = j
				out = append(out, Declared{From: from, To: to})
			}
			for _, p := range ports {
				if !slices.Contains(out[j].Ports, p) {
					out[j].Ports = append(out[j].Ports, p)
				}
			}
		}
		for _, c := range from.Calls {
			if to := inv.Modelled(c.Service); to != nil && (c.Namespace == "" || c.Namespace == s.Namespace) {
				add(to, to.PortsFor(c.Port))
			}
		}
		for _, c := range from.Callers {
			if from.IsPeer(c, s.Namespace) {
				add(from, from.PortsFor(c.Port))
			}
		}
	}
	return out
}
