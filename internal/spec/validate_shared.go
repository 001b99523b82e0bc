package spec

import (
	"iter"
	"slices"
)

// A place is where the application runs: in the namespace of the file itself, or
// in an environment.
type place struct {
	number int          // among all of them, the file's own first
	who    string       // in words
	at     string       // the path of the environment; "" without
	e      *Environment // nil without
	n      *Network     // as it is there, with defaults
}

// monitored is an object in the namespace of Prometheus: its kind, and its name
// without the application's own and the hyphen in front of it.
type monitored struct{ kind, name string }

// monitored lists those that a model may have. (A service that is called like
// something of the whole application, such as platform, has a dot behind its
// name there, so that its own objects are none of these. It is taken for plain.
// ServiceMonitors are istiod's, and those of all services, whose names have a dot
// that no application's has: no two are ever the same.)
func (n *Network) monitored() []monitored {
	const rules, pods = "PrometheusRule", "PodMonitor"
	out := []monitored{{rules, "platform"}}
	if n.Spec.Mesh.Provider == Istio {
		out = append(out, monitored{rules, "recording-rules"})
		if n.Spec.Mesh.Mode == Sidecar {
			out = append(out, monitored{pods, "sidecars"})
		} else {
			out = append(out, monitored{pods, "ztunnel"}, monitored{pods, "waypoint"})
		}
	}
	if in := n.Spec.Ingress; in != nil {
		out = append(out, monitored{pods, "front-door"})
		if in.TLS != nil && in.TLS.SecretName == "" {
			out = append(out, monitored{pods, "cert-manager"})
		}
	}
	for i := range n.Spec.Services {
		s := &n.Spec.Services[i]
		if len(s.Ports) > 0 || s.Metrics != nil {
			out = append(out, monitored{rules, s.Name})
		}
		if s.Metrics != nil && s.Canary != nil && s.Canary.Owner == FlaggerOwner {
			out = append(out, monitored{pods, s.Name})
		}
	}
	return out
}

// sharedNames refuses two application names that are not told apart by what
// stands behind them: where Prometheus lives, the rules of shop's staging-web and
// of shop-staging's web would be one object. Each name is looked up under the
// applications that it may begin with, so that the work grows with the names and
// not with their pairs. Of two applications the first such name is told, for all
// of them have the same way out.
func (v *validator) sharedNames(places []place) {
	of := map[string][]place{}
	for _, p := range places {
		of[p.n.Metadata.Name] = append(of[p.n.Metadata.Name], p)
	}
	if len(of) < 2 {
		return
	}
	type owned struct {
		place int
		monitored
	}
	has := map[owned]bool{}
	for _, p := range places {
		for _, m := range p.n.monitored() {
			has[owned{p.number, m}] = true
		}
	}
	told := map[[2]string]bool{}
	for _, p := range places {
		for _, m := range p.n.monitored() {
			for long, rest := range readings(p.n.Metadata.Name, m.name) {
				pair := [2]string{p.n.Metadata.Name, long}
				i := slices.IndexFunc(of[long], func(q place) bool {
					return !told[pair] && has[owned{q.number, monitored{m.kind, rest}}] && v.meet(p, q)
				})
				if i >= 0 {
					told[pair] = true
					v.refuseShared(p, m.name, of[long][i], rest)
				}
			}
		}
	}
}

// readings are the other ways in which the name of an application with that of
// something of its own behind it can be read: application and rest.
func readings(application, name string) iter.Seq2[string, string] {
	return func(yield func(application, rest string) bool) {
		for i := range len(name) {
			if name[i] == '-' && !yield(application+"-"+name[:i], name[i+1:]) {
				return
			}
		}
	}
}

// meet reports whether two places share a Prometheus: they can be in one
// cluster, which two in one namespace cannot, and it lives in one namespace for
// both. Where delivery says which cluster runs what, it runs nothing else.
func (v *validator) meet(p, q place) bool {
	if p.n.Spec.Namespace == q.n.Spec.Namespace || p.n.Spec.Monitoring.Namespace != q.n.Spec.Monitoring.Namespace {
		return false
	}
	delivery := v.raw.Spec.Delivery
	return delivery == nil || p.e != nil && q.e != nil && slices.ContainsFunc(delivery.Clusters, func(c Cluster) bool {
		return slices.Contains(c.Environments, p.e.Name) && slices.Contains(c.Environments, q.e.Name)
	})
}

// refuseShared says it of the environment that has an application name of its
// own, the later one where both have.
func (v *validator) refuseShared(p place, name string, q place, rest string) {
	to := p
	if p.e == nil || p.e.Application == "" || q.e != nil && q.e.Application != "" && q.number > p.number {
		to = q
	}
	v.errorf(to.at+".application", "duplicate", "choose another",
		"%s-%s in %s would belong to %s and to %s", p.n.Metadata.Name, name, p.n.Spec.Monitoring.Namespace, p.has(name), q.has(rest))
}

// has names something of a place in words.
func (p place) has(name string) string {
	if _, ok := indexByName(p.n.Spec.Services)[name]; ok {
		name = "service " + name
	}
	return name + " of " + p.who
}
