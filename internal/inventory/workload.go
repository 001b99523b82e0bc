package inventory

import (
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Workload is a set of pods that are alike.
type Workload struct {
	reach.Workload
	// Kind is the kind of the object that makes the pods: Deployment, Pod …
	Kind string
	// Object is that object; nil for a stand-in and for a party.
	Object *manifest.Object
	// Template are the pods of that object, with the keys that lead to them.
	Template *manifest.Pods
	// Replicas is how many pods there are, as far as is said; 0 where it is not.
	Replicas int
	// Service is the model's service whose pods these are, or nil.
	Service *spec.Service
	// Version is which of the service's versions they are, "" where it has one.
	Version string
	// Party is what a party is to the application; "" for the application's own.
	Party Party
	// Annotations are the pods'.
	Annotations map[string]string
	// Env are the environment variables that its containers are given as text.
	Env []manifest.EnvVar
}

// StandIn reports whether the model stands in for a manifest that is not given.
func (w *Workload) StandIn() bool { return w.Object == nil && w.Service != nil }

// Endpoint is a pod of the workload, as package reach asks about it.
func (w *Workload) Endpoint() reach.Endpoint { return reach.Pod(&w.Workload) }

// Ref names the workload for a reader: Kind namespace/name.
func (w *Workload) Ref() string {
	if w.Kind == "" {
		return w.Namespace + "/" + w.Name
	}
	return w.Kind + " " + w.Namespace + "/" + w.Name
}

// Serves reports whether one of the containers listens on a port.
func (w *Workload) Serves(p reach.Port) bool {
	return slices.ContainsFunc(w.Ports, func(c reach.NamedPort) bool {
		return c.Number == p.Number && (c.Protocol == p.Protocol || c.Protocol == "" && p.Protocol == "TCP")
	})
}

// podIndex finds pods by their labels without looking at all of them.
type podIndex struct {
	all     []*Workload
	byLabel map[label][]*Workload
}

type label struct{ key, value string }

func (x *podIndex) add(w *Workload) {
	if x.byLabel == nil {
		x.byLabel = map[label][]*Workload{}
	}
	x.all = append(x.all, w)
	for k, v := range w.Labels {
		x.byLabel[label{k, v}] = append(x.byLabel[label{k, v}], w)
	}
}

// matching are the pods that a selector selects, in the order in which they
// were added.
func (x *podIndex) matching(s manifest.Selector) []*Workload {
	if x == nil {
		return nil
	}
	candidates := x.all
	for k, v := range s.MatchLabels {
		if some := x.byLabel[label{k, v}]; len(some) < len(candidates) {
			candidates = some
		}
	}
	var out []*Workload
	for _, w := range candidates {
		if s.Matches(w.Labels) {
			out = append(out, w)
		}
	}
	return out
}

// Pods are the application's workloads in a namespace that a selector selects.
// An empty selector selects all of them.
func (inv *Inventory) Pods(namespace string, s manifest.Selector) []*Workload {
	return inv.pods[namespace].matching(s)
}

// PartyPods are the parties in a namespace that a selector selects.
func (inv *Inventory) PartyPods(namespace string, s manifest.Selector) []*Workload {
	return inv.parties[namespace].matching(s)
}

// HasPods reports whether it is known which pods run in a namespace: workloads
// are given there, or the model stands in for them. Without that, a selector
// that selects nothing says nothing.
func (inv *Inventory) HasPods(namespace string) bool {
	x := inv.pods[namespace]
	return x != nil && len(x.all) > 0
}

func (inv *Inventory) takeWorkloads() {
	for _, o := range inv.Objects {
		pods, err := manifest.PodsOf(o)
		if err != nil || pods == nil {
			continue
		}
		if pods.WorkloadRef != nil {
			continue // the Deployment that it names is the one that says what its pods are
		}
		spec := &pods.Template.Spec
		w := &Workload{Workload: reach.Workload{
			Namespace: o.Namespace, Name: o.Name, Labels: pods.Template.Metadata.Labels,
			HostNetwork: spec.HostNetwork, Account: spec.Account(),
		}, Kind: o.Kind, Object: o, Template: pods, Annotations: pods.Template.Metadata.Annotations}
		if pods.Replicas != nil {
			w.Replicas = *pods.Replicas
		}
		for _, c := range spec.Running {
			for _, p := range c.Ports {
				w.Ports = append(w.Ports, reach.NamedPort{Name: p.Name, Number: p.ContainerPort, Protocol: p.Transport()})
			}
			w.Env = append(w.Env, c.Env...)
		}
		inv.own(w)
	}
}

// uncapturedAnnotation lists the ports that a sidecar leaves alone (Istio,
// "Resource annotations").
const uncapturedAnnotation = "traffic.sidecar.istio.io/excludeInboundPorts"

// own takes a workload of the application in.
func (inv *Inventory) own(w *Workload) {
	inv.namespace(w.Namespace)
	w.Mesh = inv.meshMode(w)
	for text := range strings.SplitSeq(w.Annotations[uncapturedAnnotation], ",") {
		if port, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			w.Uncaptured = append(w.Uncaptured, port)
		}
	}
	inv.Workloads = append(inv.Workloads, w)
	if inv.pods[w.Namespace] == nil {
		inv.pods[w.Namespace] = &podIndex{}
	}
	inv.pods[w.Namespace].add(w)
}
