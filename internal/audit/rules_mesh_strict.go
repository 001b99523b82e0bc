package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var meshNotStrict = &Rule{
	ID: "SM11", Severity: diag.Warning,
	Title:       "A namespace is not in the mesh, is in it twice, or takes plaintext",
	Items:       []string{"C4"},
	Constraints: []string{"K20", "K28"},
	Reads:       []Need{NeedsMesh},
	Doc: `A namespace joins the mesh by exactly one label: ` + "`istio-injection: enabled`" + `, ` + "`istio.io/rev`" + ` or ` + "`istio.io/dataplane-mode: ambient`" + `. Two of them
contradict each other (analysis message IST0123), and with none its pods have no proxy, whatever its VirtualServices and policies say
(IST0102). With a kgen.yaml the label has to be the one that it says. Without a PeerAuthentication Istio takes plaintext beside mutual TLS
(PERMISSIVE): one for the whole namespace, or for the mesh, has to say STRICT.

Exceptions belong to single ports, ` + "`portLevelMtls`" + ` in a PeerAuthentication with a selector, and only where someone comes who is not in the mesh:
Prometheus, an ingress controller without a sidecar, the clients of a load balancer. With a kgen.yaml each exception is held against
these; without one, only those for whole pods are. Of two PeerAuthentications of one scope Istio takes the older one, so there is to be one.
Namespaces without a manifest are not checked for labels.`,
	check: func(c *Check) {
		m := c.mesh()
		s := newStrictness(m)
		for _, n := range c.Namespaces {
			if !s.belongs(n) {
				continue
			}
			s.labels(n)
			s.wholeNamespace(n)
		}
		s.exceptions()
	},
}

type peerAuthentication = inventory.Item[manifest.PeerAuthentication]

// strictness knows who may come in plaintext.
type strictness struct {
	*mesh
	policies map[string][]peerAuthentication // by namespace
	istio    map[string]*manifest.Object     // the first object of Istio's in a namespace
	// plain are the ports of pods at which someone without the mesh's TLS arrives.
	plain map[*inventory.Workload]map[int]bool
}

func newStrictness(m *mesh) *strictness {
	s := &strictness{mesh: m, policies: map[string][]peerAuthentication{}, istio: map[string]*manifest.Object{}, plain: map[*inventory.Workload]map[int]bool{}}
	for _, p := range inventory.All[manifest.PeerAuthentication](m.Inventory) {
		s.policies[p.Namespace] = append(s.policies[p.Namespace], p)
	}
	for _, o := range m.Objects {
		if s.istio[o.Namespace] == nil && istioObject(o) {
			s.istio[o.Namespace] = o
		}
	}
	s.takePlain()
	return s
}

func (s *strictness) open(w *inventory.Workload, port int) {
	if s.plain[w] == nil {
		s.plain[w] = map[int]bool{}
	}
	s.plain[w][port] = true
}

// takePlain finds who comes in plaintext: monitors, doors and callers outside the mesh.
func (s *strictness) takePlain() {
	if p := s.Party(inventory.Prometheus); p == nil || p.Mesh == reach.NoMesh {
		for _, t := range s.Targets() {
			s.open(t.Pods, t.Port.Number)
		}
	}
	for _, e := range s.Edges() {
		if e.To != nil && e.From.Mesh == reach.NoMesh {
			for _, p := range e.Ports {
				s.open(e.To, p.Number)
			}
		}
	}
	for _, d := range s.Doors {
		if doorInMesh(d) {
			continue
		}
		for _, b := range d.Backends {
			if b.Service == nil {
				continue
			}
			for _, port := range backendPorts(b) {
				for _, w := range b.Service.Pods {
					if target, ok := w.Target(port); ok {
						s.open(w, target.Number)
					}
				}
			}
		}
	}
	if s.Model == nil {
		return
	}
	// A controller that owns a canary writes the route to it, or the Service behind an Ingress, itself.
	class := spec.Class{}
	if s.Model.Spec.Ingress != nil {
		class, _ = spec.ClassOf(s.Model.Spec.Ingress.Class)
	}
	for _, w := range s.Workloads {
		if w.Service == nil || class.InMesh {
			continue
		}
		for _, path := range w.Service.Paths {
			if port, ok := w.Service.Port(path.Port); ok {
				for _, target := range w.PodPorts(w.Service, []spec.Port{port}) {
					s.open(w, target.Number)
				}
			}
		}
	}
	for _, w := range s.Workloads {
		if w.Service != nil && w.Service.Metrics != nil {
			s.open(w, int(w.Service.Metrics.Port))
		}
	}
}

// belongs reports whether a namespace is one of the application's, and in the
// mesh or meant to be.
func (s *strictness) belongs(n *inventory.Namespace) bool {
	if s.Model != nil && n.Name == s.Model.Spec.Namespace {
		return true
	}
	if !s.HasPods(n.Name) {
		return false
	}
	return s.istio[n.Name] != nil || slices.ContainsFunc(s.Pods(n.Name, manifest.Selector{}), func(w *inventory.Workload) bool { return w.Mesh != reach.NoMesh })
}

// joins are the labels of a namespace by which it takes part in the mesh.
func joins(n *inventory.Namespace) map[string]string {
	out := map[string]string{}
	for _, key := range []string{inventory.InjectionLabel, inventory.RevisionLabel, inventory.DataplaneLabel} {
		if v, has := n.Labels[key]; has {
			out[key] = v
		}
	}
	return out
}

// joining are those of them that do bring pods into the mesh.
func joining(n *inventory.Namespace) map[string]string {
	out := joins(n)
	maps.DeleteFunc(out, func(k, v string) bool {
		return k == inventory.InjectionLabel && v != "enabled" || k == inventory.DataplaneLabel && v != "ambient" || v == ""
	})
	return out
}

// wantedLabel is the label that the model says; "" where there is no model.
func (s *strictness) wantedLabel(n *inventory.Namespace) (key, value string) {
	if s.Model == nil || n.Name != s.Model.Spec.Namespace {
		return "", ""
	}
	switch mesh := s.Model.Spec.Mesh; {
	case mesh.Mode == spec.Ambient:
		return inventory.DataplaneLabel, "ambient"
	case mesh.Revision != "":
		return inventory.RevisionLabel, mesh.Revision
	}
	return inventory.InjectionLabel, "enabled"
}

func (s *strictness) labels(n *inventory.Namespace) {
	if n.Object == nil {
		s.Skip("the labels of namespace "+n.Name, "no manifest of it is given")
		return
	}
	s.Looked()
	has := joins(n)
	key, value := s.wantedLabel(n)
	fix := "write one of istio-injection: enabled, istio.io/rev: <revision> and istio.io/dataplane-mode: ambient"
	if key != "" {
		fix = fmt.Sprintf("write %s: %s alone, as kgen.yaml says", key, value)
	}
	effective := joining(n)
	field := Field("metadata", "labels")
	switch {
	case len(effective) > 1:
		s.Report(n.Object, field, fix, "it joins the mesh in %s ways at once: %s", number(len(effective)), flowLabels(effective))
	case len(effective) == 0 && key == "" && s.podsJoin(n):
		return // each pod says for itself
	case len(effective) == 0 && len(has) > 0:
		s.Report(n.Object, append(field, slices.Sorted(maps.Keys(has))[0]), fix, "%s does not join the mesh, and %s", flowLabels(has), s.lost(n))
	case len(effective) == 0:
		s.Report(n.Object, field, fix, "it has no label that joins the mesh, and %s", s.lost(n))
	case key != "" && effective[key] != value:
		s.Report(n.Object, append(field, slices.Sorted(maps.Keys(effective))[0]), fix, "it joins the mesh by %s, and kgen.yaml says %s: %s", flowLabels(effective), key, value)
	}
}

// podsJoin reports whether each of a namespace's pods joins the mesh by itself.
func (s *strictness) podsJoin(n *inventory.Namespace) bool {
	pods := s.Pods(n.Name, manifest.Selector{})
	return len(pods) > 0 && !slices.ContainsFunc(pods, func(w *inventory.Workload) bool { return w.Mesh == reach.NoMesh && !w.HostNetwork })
}

// lost says what a namespace outside the mesh misses.
func (s *strictness) lost(n *inventory.Namespace) string {
	if o := s.istio[n.Name]; o != nil {
		return o.Ref() + " has no proxy that would carry it out"
	}
	return "its pods have no proxy"
}

// modeOf is the mode that a policy names for whole pods, "" for none.
func modeOf(p *manifest.PeerAuthentication) string {
	if p.Spec.MTLS == nil || p.Spec.MTLS.Mode == "UNSET" {
		return ""
	}
	return p.Spec.MTLS.Mode
}

func forAll(p *manifest.PeerAuthentication) bool {
	return p.Spec.Selector == nil || len(p.Spec.Selector.MatchLabels) == 0
}

// wholeNamespace judges what is said for every pod of a namespace.
func (s *strictness) wholeNamespace(n *inventory.Namespace) {
	var whole []peerAuthentication
	for _, p := range s.policies[n.Name] {
		if forAll(p.V) {
			whole = append(whole, p)
		}
	}
	if len(whole) > 1 {
		s.Report(whole[1].Object, Field("metadata", "name"), "keep one of them", "%s is for the whole of %s as well, and Istio takes the older one", whole[0].Ref(), namespaceText(n.Name)).
			See(whole[0].Object, nil, "is for the whole namespace")
	}
	for _, p := range whole {
		if len(p.V.Spec.PortLevelMTLS) > 0 {
			s.Report(p.Object, Field("spec", "portLevelMtls"), "write it into a PeerAuthentication with a selector", "portLevelMtls needs a selector: the API server refuses it for a whole namespace")
		}
	}
	s.Looked()
	mode, by := s.Policies.MutualTLS(&reach.Workload{Namespace: n.Name}, 0)
	if mode == "STRICT" {
		return
	}
	fix := fmt.Sprintf("write {apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: %s}, spec: {mtls: {mode: STRICT}}}", n.Name)
	o := n.Object
	if o == nil {
		o = s.istio[n.Name]
	}
	switch {
	case by != nil:
		s.Report(by, Field("spec", "mtls", "mode"), "write mode: STRICT, and exceptions for single ports in a PeerAuthentication with a selector",
			"mutual TLS is %s in %s, so that pods take plaintext from anyone", mode, namespaceText(n.Name))
	case len(whole) > 0:
		s.Report(whole[0].Object, Field("spec"), "write spec: {mtls: {mode: STRICT}}", "it names no mode, and Istio's is PERMISSIVE: the pods of %s take plaintext from anyone", namespaceText(n.Name))
	case o == nil:
		s.ReportModel("mesh", fix, "no PeerAuthentication is for the whole of %s: its pods take plaintext from anyone", namespaceText(n.Name))
	default:
		s.Report(o, nil, fix, "no PeerAuthentication is for the whole of %s: its pods take plaintext from anyone", namespaceText(n.Name))
	}
}

// exceptions judges the PeerAuthentications that select pods.
func (s *strictness) exceptions() {
	type pair struct{ a, b *manifest.Object }
	said := map[pair]bool{}
	for _, n := range s.Namespaces {
		chosen := map[*inventory.Workload]peerAuthentication{}
		for _, p := range s.policies[n.Name] {
			if forAll(p.V) {
				continue
			}
			pods := s.Pods(n.Name, manifest.Selector{MatchLabels: p.V.Spec.Selector.MatchLabels})
			for _, w := range pods {
				first, taken := chosen[w]
				if taken && !said[pair{first.Object, p.Object}] {
					said[pair{first.Object, p.Object}] = true
					s.Report(p.Object, Field("spec", "selector"), "say all of it in one PeerAuthentication",
						"it selects pods of %s that %s selects too, and Istio takes the older one", w.Text(), first.Ref()).See(first.Object, Field("spec", "selector"), "selects them as well")
				}
				if !taken {
					chosen[w] = p
				}
			}
			if len(pods) == 0 {
				continue // who they are is not known, such as cert-manager's solvers
			}
			s.exception(p, pods)
		}
	}
}

// exception judges what one PeerAuthentication opens.
func (s *strictness) exception(p peerAuthentication, pods []*inventory.Workload) {
	s.Looked()
	opened := map[int]bool{}
	for _, w := range pods {
		for port := range s.plain[w] {
			opened[port] = true
		}
	}
	fix := "write mode: STRICT, and portLevelMtls for the ports that need it"
	switch mode := modeOf(p.V); {
	case mode != "PERMISSIVE" && mode != "DISABLE":
	case len(opened) == 0:
		s.Report(p.Object, Field("spec", "mtls", "mode"), fix, "the pods of %s take plaintext (%s), and nobody without the mesh's mutual TLS is known to come", s.names(pods), mode)
	case s.numbered(pods, opened):
		s.Report(p.Object, Field("spec", "mtls", "mode"), fmt.Sprintf("%s: %s", fix, numbers(slices.Sorted(maps.Keys(opened)))),
			"the pods of %s take plaintext on every port (%s), and only on %s someone without the mesh's mutual TLS is known to come", s.names(pods), mode, numbers(slices.Sorted(maps.Keys(opened))))
	}
	if s.Model == nil {
		return
	}
	for _, text := range slices.Sorted(maps.Keys(p.V.Spec.PortLevelMTLS)) {
		mode := p.V.Spec.PortLevelMTLS[text].Mode
		port, err := strconv.Atoi(text)
		if err != nil || mode != "PERMISSIVE" && mode != "DISABLE" || opened[port] {
			continue
		}
		s.Report(p.Object, Field("spec", "portLevelMtls", text), "leave it out", "port %d of %s takes plaintext (%s), and nobody without the mesh's mutual TLS is known to come there", port, s.names(pods), mode)
	}
}

// numbered reports whether the numbers of these ports are known: of a stand-in
// one that has a name alone is not, and no exception can be for it.
func (s *strictness) numbered(pods []*inventory.Workload, ports map[int]bool) bool {
	for port := range ports {
		if port >= inventory.UnknownPort && slices.ContainsFunc(pods, (*inventory.Workload).StandIn) {
			return false
		}
	}
	return true
}

func (s *strictness) names(pods []*inventory.Workload) string {
	var out []string
	for _, w := range pods {
		if w.Service != nil {
			out = append(out, w.Service.Name)
		} else {
			out = append(out, w.Text())
		}
	}
	return some(out)
}
