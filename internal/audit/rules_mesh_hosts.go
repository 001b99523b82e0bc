package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// mesh is what the rules about Istio look things up in.
type mesh struct {
	*Check
	rules     map[string][]destinationRule                // by the key of their host, in the order of the objects
	wild      []destinationRule                           // those for hosts with a wildcard
	made      map[string]*inventory.Item[manifest.Canary] // Services that Flagger makes, by the key of their host
	entries   map[string][]inventory.Item[manifest.ServiceEntry]
	services  map[string][]string  // the names of the Services of a namespace, Flagger's among them
	spelt     map[string]*spelling // the same names; filled by nearestService
	versioned map[string]string    // of Services that Flagger makes for one version: primary or canary
}

type destinationRule = inventory.Item[manifest.DestinationRule]
type virtualService = inventory.Item[manifest.VirtualService]

// meshHost is a host that an object of Istio's names.
type meshHost struct {
	inventory.Host
	// key is the same for all names of one Service.
	key string
	// partial is a name that Istio does not complete, though it is a Service's for DNS.
	partial bool
}

// presence is whether a host exists.
type presence int

const (
	unknownHost presence = iota // what is given does not say
	presentHost
	absentHost
)

func (c *Check) mesh() *mesh {
	m := &mesh{
		Check: c, rules: map[string][]destinationRule{}, made: map[string]*inventory.Item[manifest.Canary]{}, entries: map[string][]inventory.Item[manifest.ServiceEntry]{},
		services: map[string][]string{}, versioned: map[string]string{},
	}
	for _, s := range c.Services {
		m.services[s.Namespace] = append(m.services[s.Namespace], s.Name)
	}
	for _, canary := range inventory.All[manifest.Canary](c.Inventory) {
		name := canaryName(canary.V)
		for _, suffix := range []string{"", "-primary", "-canary"} {
			key := serviceKey(canary.Namespace, name+suffix)
			m.made[key] = &canary
			m.versioned[key] = strings.TrimPrefix(suffix, "-")
			m.services[canary.Namespace] = append(m.services[canary.Namespace], name+suffix)
		}
	}
	for _, e := range inventory.All[manifest.ServiceEntry](c.Inventory) {
		for _, h := range e.V.Spec.Hosts {
			m.entries[h] = append(m.entries[h], e)
		}
	}
	for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
		if strings.HasPrefix(d.V.Spec.Host, "*") {
			m.wild = append(m.wild, d)
			continue
		}
		key := m.host(d.V.Spec.Host, d.Namespace).key
		m.rules[key] = append(m.rules[key], d)
	}
	return m
}

// canaryName is the name of the Service that Flagger makes of a Canary (Flagger,
// "How it works").
func canaryName(c *manifest.Canary) string {
	if c.Spec.Service.Name != "" {
		return c.Spec.Service.Name
	}
	return c.Spec.TargetRef.Name
}

func serviceKey(namespace, name string) string { return name + "." + namespace + ".svc" }

// domain is the cluster's DNS domain.
func (m *mesh) domain() string {
	if m.Model != nil {
		return m.Model.Spec.ClusterDomain
	}
	return "cluster.local"
}

// host takes a host apart as Istio does, seen from a namespace: a name of one
// label is completed with that namespace, any other one is taken as it is
// (istio.io/istio, pilot/pkg/model, ResolveShortnameToFQDN).
func (m *mesh) host(text, from string) meshHost {
	h := meshHost{Host: m.Host(text, from), key: text}
	if labels := strings.Split(text, "."); !h.InCluster && m.Model == nil && len(labels) > 3 && labels[2] == "svc" && labels[0] != "*" {
		// Another cluster domain than the usual one: nobody says which it is.
		h.Host = m.Host(strings.Join(labels[:3], "."), from)
	} else {
		h.partial = h.InCluster && strings.Contains(text, ".") && !strings.HasSuffix(text, "."+m.domain())
	}
	if h.InCluster {
		h.key = serviceKey(h.Namespace, h.Name)
	}
	return h
}

// full is the whole name of a Service.
func (m *mesh) full(h meshHost) string {
	if !h.InCluster || h.Namespace == "" {
		return h.Name
	}
	return h.Name + "." + h.Namespace + ".svc." + m.domain()
}

// presence says whether a host exists, as far as what is given tells.
func (m *mesh) presence(h meshHost) presence {
	switch {
	case h.InCluster && (h.Service != nil || m.made[h.key] != nil):
		return presentHost
	case h.InCluster && len(m.services[h.Namespace]) > 0:
		return absentHost
	case h.InCluster:
		return unknownHost
	case strings.HasPrefix(h.key, "*") || len(m.entriesFor(h.key)) > 0:
		return presentHost
	case m.Model != nil:
		return absentHost // kgen writes a ServiceEntry for each host that is called outside
	}
	return unknownHost
}

// entriesFor are the ServiceEntries that hold a host.
func (m *mesh) entriesFor(host string) []inventory.Item[manifest.ServiceEntry] {
	if found := m.entries[host]; len(found) > 0 {
		return found
	}
	for rest := host; ; {
		_, after, more := strings.Cut(rest, ".")
		if !more {
			return nil
		}
		if found := m.entries["*."+after]; len(found) > 0 {
			return found
		}
		rest = after
	}
}

// ports are the ports of a host that exists, and whether they are known.
func (m *mesh) ports(h meshHost) ([]int, bool) {
	var out []int
	switch {
	case h.Service != nil:
		for _, p := range h.Service.V.Spec.Ports {
			out = append(out, p.Port)
		}
	case m.made[h.key] != nil:
		out = []int{m.made[h.key].V.Spec.Service.Port}
		if m.made[h.key].V.Spec.Service.PortDiscovery {
			return nil, false // there are others, which Flagger reads off the pods
		}
	default:
		for _, e := range m.entriesFor(h.key) {
			for _, p := range e.V.Spec.Ports {
				out = append(out, p.Number)
			}
		}
	}
	return out, len(out) > 0
}

// pods are the workloads behind a host, as far as they are known.
func (m *mesh) pods(h meshHost) []*inventory.Workload {
	if h.Service != nil {
		return h.Service.Pods
	}
	canary := m.made[h.key]
	if canary == nil {
		return nil
	}
	version := m.versioned[h.key]
	var out []*inventory.Workload
	for _, w := range m.Pods(h.Namespace, manifest.Selector{}) {
		switch {
		case w.Service != nil && w.Service.Name == canary.V.Spec.TargetRef.Name:
			if version == "" || w.Version == version || w.Object != nil {
				out = append(out, w)
			}
		case w.Service == nil && w.Kind == canary.V.Spec.TargetRef.Kind && w.Name == canary.V.Spec.TargetRef.Name:
			out = append(out, w)
		}
	}
	return out
}

// virtualRoute is one http, tcp or tls entry of a VirtualService.
type virtualRoute struct {
	virtualService
	*manifest.VirtualRoute
	kind  string
	index int
}

// at is the field path of the entry, or of a part of it.
func (r virtualRoute) at(more ...any) []any {
	return append([]any{"spec", r.kind, r.index}, more...)
}

// virtualRoutes are all entries of all VirtualServices.
func (m *mesh) virtualRoutes() []virtualRoute {
	var out []virtualRoute
	for _, v := range inventory.All[manifest.VirtualService](m.Inventory) {
		for _, list := range []struct {
			kind   string
			routes []manifest.VirtualRoute
		}{{"http", v.V.Spec.HTTP}, {"tls", v.V.Spec.TLS}, {"tcp", v.V.Spec.TCP}} {
			for i := range list.routes {
				out = append(out, virtualRoute{v, &list.routes[i], list.kind, i})
			}
		}
	}
	return out
}

// forMesh reports whether a VirtualService is for calls inside the mesh.
func forMesh(v *manifest.VirtualService) bool {
	return len(v.Spec.Gateways) == 0 || slices.Contains(v.Spec.Gateways, "mesh")
}

// exportsOf are the namespaces whose proxies see an object; "*" for all of them.
func exportsOf(exportTo []string, own string) []string {
	if len(exportTo) == 0 {
		return []string{"*"}
	}
	var out []string
	for _, to := range exportTo {
		if to == "." {
			to = own
		}
		out = append(out, to)
	}
	return out
}

// exportsMeet reports whether there is a namespace that sees both.
func exportsMeet(a, b []string) bool {
	return slices.ContainsFunc(a, func(n string) bool {
		return n != "~" && (slices.Contains(b, n) || n == "*" && slices.ContainsFunc(b, func(o string) bool { return o != "~" }) || slices.Contains(b, "*"))
	})
}

// modelAt is the path below spec of a service of the model.
func (m *mesh) modelAt(s *spec.Service) string {
	i := slices.IndexFunc(m.Model.Spec.Services, func(o spec.Service) bool { return o.Name == s.Name })
	return fmt.Sprintf("services[%d]", i)
}
