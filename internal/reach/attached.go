package reach

import (
	"slices"

	"kgen.dev/kgen/internal/manifest"
)

// attached finds a namespace's mesh policies by what they are attached to, so
// that a workload meets only those that may be for it.
type attached[P any] struct {
	byLabel  map[pair][]P // under one of the selector's labels, the greatest by name
	byTarget map[manifest.TargetRef][]P
	rest     []P // for all of the namespace
}

func attach[P any](index map[string]*attached[P], namespace string, policy P, labels map[string]string, targets []manifest.TargetRef) {
	a := index[namespace]
	if a == nil {
		a = &attached[P]{byLabel: map[pair][]P{}, byTarget: map[manifest.TargetRef][]P{}}
		index[namespace] = a
	}
	switch {
	case len(targets) > 0:
		for _, t := range targets {
			key := target(t.Group, t.Kind, t.Name)
			a.byTarget[key] = append(a.byTarget[key], policy)
		}
	case len(labels) > 0:
		key := slices.Max(sortedKeys(labels))
		a.byLabel[pair{key, labels[key]}] = append(a.byLabel[pair{key, labels[key]}], policy)
	default:
		a.rest = append(a.rest, policy)
	}
}

// target is a key of byTarget: "core" is another word for the core group, and
// sections of a Gateway are not told apart.
func target(group, kind, name string) manifest.TargetRef {
	if group == "core" {
		group = ""
	}
	return manifest.TargetRef{Group: group, Kind: kind, Name: name}
}

// candidates are the policies whose selector may be met by labels.
func (a *attached[P]) candidates(labels map[string]string) []P {
	if a == nil {
		return nil
	}
	out := slices.Clone(a.rest)
	for k, v := range labels {
		out = append(out, a.byLabel[pair{k, v}]...)
	}
	return out
}

// aimed are the policies with a target.
func (a *attached[P]) aimed(t manifest.TargetRef) []P {
	if a == nil {
		return nil
	}
	return a.byTarget[t]
}

const gatewayGroup = "gateway.networking.k8s.io"

// authzFor are the policies at a workload's own proxy, in the order of their places.
func (s *Set) authzFor(w *Workload) []*authz {
	var found []*authz
	namespaces := []string{s.RootNamespace, w.Namespace}
	for _, ns := range slices.Compact(namespaces) {
		found = append(found, s.authz[ns].candidates(w.Labels)...)
	}
	if name, ok := w.Labels[gatewayNameLabel]; ok && w.Mesh == Gateway {
		found = append(found, s.authz[w.Namespace].aimed(target(gatewayGroup, "Gateway", name))...)
	}
	found = slices.DeleteFunc(found, func(a *authz) bool {
		return a.dryRun || !hasLabels(w.Labels, a.labels) || w.Mesh == Ambient && a.action != allow && a.action != deny
	})
	return inOrder(found)
}

// authzAt are the policies that a waypoint holds against requests to a Service
// in front of a workload. Selectors are not for waypoints.
func (s *Set) authzAt(f Front, to *Workload) []*authz {
	found := slices.Clone(s.authz[to.Namespace].aimed(target("", "Service", f.Service)))
	if name, ok := f.Waypoint.Labels[gatewayNameLabel]; ok {
		found = append(found, s.authz[f.Waypoint.Namespace].aimed(target(gatewayGroup, "Gateway", name))...)
	}
	found = append(found, s.authz[s.RootNamespace].aimed(target(gatewayGroup, "GatewayClass", "istio-waypoint"))...)
	return inOrder(slices.DeleteFunc(found, func(a *authz) bool { return a.dryRun }))
}

// inOrder sorts policies by their places, each once.
func inOrder(list []*authz) []*authz {
	slices.SortFunc(list, func(a, b *authz) int { return placeOrder(a.object, b.object) })
	return slices.Compact(list)
}
