package reach

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// mode is what a workload takes: mutual TLS, plaintext or both.
type mode string

const (
	unset      mode = ""
	disable    mode = "DISABLE"
	permissive mode = "PERMISSIVE"
	strict     mode = "STRICT"
)

// peerAuth is one PeerAuthentication.
type peerAuth struct {
	object *manifest.Object
	labels map[string]string
	mode   mode
	ports  map[int]mode
}

func compilePeerAuth(o *manifest.Object) (*peerAuth, error) {
	typed, err := manifest.View[manifest.PeerAuthentication](o)
	if err != nil {
		return nil, err
	}
	p := &peerAuth{object: o, ports: map[int]mode{}}
	if typed.Spec.Selector != nil {
		p.labels = typed.Spec.Selector.MatchLabels
	}
	read := func(text string, where path) (mode, error) {
		switch m := mode(text); m {
		case "UNSET":
			return unset, nil
		case unset, disable, permissive, strict:
			return m, nil
		}
		return unset, meshFault(o, where, "write STRICT, PERMISSIVE or DISABLE", "%q is no mode of mutual TLS", text)
	}
	if typed.Spec.MTLS != nil {
		if p.mode, err = read(typed.Spec.MTLS.Mode, at("spec", "mtls", "mode")); err != nil {
			return nil, err
		}
	}
	for _, key := range sortedKeys(typed.Spec.PortLevelMTLS) {
		number, err := strconv.Atoi(key)
		if err != nil || number < 1 || number > lastPort {
			return nil, meshFault(o, at("spec", "portLevelMtls", key), "write a container port's number", "%q is no port", key)
		}
		if p.ports[number], err = read(typed.Spec.PortLevelMTLS[key].Mode, at("spec", "portLevelMtls", key, "mode")); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// transportMode is what holds for a workload: the narrowest policy that says
// something, for each port (ComposePeerAuthentication in pilot/pkg/security/authn).
type transportMode struct {
	mode   mode
	policy *manifest.Object // who set it; nil: Istio's default
	ports  map[int]mode
	narrow *manifest.Object // who set ports
}

func (t transportMode) of(port int) (mode, *manifest.Object) {
	if m, ok := t.ports[port]; ok {
		return m, t.narrow
	}
	return t.mode, t.policy
}

// ports with a mode.
func (t transportMode) portsIn(m mode) Ports {
	var listed, wanted []Port
	for number, own := range t.ports {
		listed = append(listed, TCP(number))
		if own == m {
			wanted = append(wanted, TCP(number))
		}
	}
	out := PortsOf(wanted...)
	if t.mode == m {
		out = out.Union(allTCP.Minus(PortsOf(listed...)))
	}
	return out
}

func (s *Set) transportOf(w *Workload) transportMode {
	out := transportMode{mode: permissive}
	// Of several in one scope Istio takes the oldest; of one age, by name.
	first := func(namespace string, whole bool) *peerAuth {
		var found []*peerAuth
		for _, p := range s.peerAuth[namespace].candidates(w.Labels) {
			if (len(p.labels) == 0) == whole && hasLabels(w.Labels, p.labels) {
				found = append(found, p)
			}
		}
		if len(found) == 0 {
			return nil
		}
		return slices.MinFunc(found, func(a, b *peerAuth) int {
			return cmp.Or(strings.Compare(a.object.Name, b.object.Name), placeOrder(a.object, b.object))
		})
	}
	scopes := []*peerAuth{first(s.RootNamespace, true)}
	if w.Namespace != s.RootNamespace {
		scopes = append(scopes, first(w.Namespace, true), first(w.Namespace, false))
	}
	for _, p := range scopes {
		if p != nil && p.mode != unset {
			out.mode, out.policy = p.mode, p.object
		}
	}
	if narrow := scopes[len(scopes)-1]; len(scopes) == 3 && narrow != nil && len(narrow.ports) > 0 {
		out.ports, out.narrow = map[int]mode{}, narrow.object
		for number, m := range narrow.ports {
			out.ports[number] = cmp.Or(m, out.mode)
		}
	}
	return out
}

// hasLabels is how Istio selects: every label, no expressions.
func hasLabels(labels, want map[string]string) bool {
	for k, v := range want {
		if have, ok := labels[k]; !ok || have != v {
			return false
		}
	}
	return true
}
