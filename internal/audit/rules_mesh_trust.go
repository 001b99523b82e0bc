package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// localTrust stands in a policy for the mesh's own trust domain, whatever that is
// (istio.io/istio, pilot/pkg/security/trustdomain).
const localTrust = "cluster.local"

// trust is under which trust domains the mesh's identities are known.
type trust struct {
	names []string // the mesh's own and its aliases; none where nobody says
	named []string // those that policies name besides cluster.local, sorted
	odd   string   // the one of named that is most likely a slip; see findOdd
	sets  map[string]*reach.Set
}

// trust reads the mesh's configuration, where it is given: istiod's ConfigMap, or
// the objects of its operators.
func (c *Check) trust() *trust {
	t := &trust{sets: map[string]*reach.Set{}}
	for _, o := range c.Objects {
		switch {
		case o.Kind == "ConfigMap" && o.Group() == "" && o.Namespace == c.Policies.RootNamespace && (o.Name == "istio" || strings.HasPrefix(o.Name, "istio-")):
			if v, err := o.Value(); err == nil {
				data, _ := v.Field("data")
				mesh, _ := data.Field("mesh")
				text, _ := mesh.Scalar.(string)
				t.names = append(t.names, trustDomains(text)...)
			}
		case o.Kind == "IstioOperator" && o.Group() == "install.istio.io":
			t.take(o, "spec", "meshConfig")
		case o.Kind == "Istio" && o.Group() == "sailoperator.io":
			t.take(o, "spec", "values", "meshConfig")
		}
	}
	for _, p := range inventory.All[manifest.AuthorizationPolicy](c.Inventory) {
		for _, r := range p.V.Spec.Rules {
			for _, f := range r.From {
				for _, text := range f.Source.Principals {
					if id, ok := parsePrincipal(text); ok && id.trustDomain != localTrust && !strings.Contains(id.trustDomain, "*") {
						t.named = append(t.named, id.trustDomain)
					}
				}
			}
		}
	}
	slices.Sort(t.named)
	t.named = slices.Compact(t.named)
	t.odd = c.findOdd(t)
	return t
}

// take reads a mesh configuration that stands in an object as it is.
func (t *trust) take(o *manifest.Object, path ...string) {
	v, err := o.Value()
	if err != nil {
		return
	}
	for _, key := range path {
		v, _ = v.Field(key)
	}
	if domain, ok := v.Field("trustDomain"); ok {
		if text, ok := domain.Scalar.(string); ok {
			t.names = append(t.names, text)
		}
	}
	aliases, _ := v.Field("trustDomainAliases")
	for _, alias := range aliases.Items {
		if text, ok := alias.Scalar.(string); ok {
			t.names = append(t.names, text)
		}
	}
}

// trustDomains are those of a mesh configuration that stands in a ConfigMap as
// text: trustDomain, and trustDomainAliases in either style of a list.
func trustDomains(text string) []string {
	var out []string
	inside := false
	add := func(word string) {
		if word = strings.Trim(strings.TrimSpace(word), `"'`); word != "" {
			out = append(out, word)
		}
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimRight(line, " \r\n"), " #")
		item, isItem := strings.CutPrefix(strings.TrimLeft(line, " "), "- ")
		switch {
		case inside && isItem:
			add(item)
		case strings.HasPrefix(line, "trustDomain:"):
			inside = false
			add(strings.TrimPrefix(line, "trustDomain:"))
		case strings.HasPrefix(line, "trustDomainAliases:"):
			inside = true
			for word := range strings.SplitSeq(strings.Trim(strings.TrimSpace(strings.TrimPrefix(line, "trustDomainAliases:")), "[]"), ",") {
				add(word)
			}
		case line != "":
			inside = false
		}
	}
	return out
}

// elsewhere is a trust domain that policies name and under which a call passes,
// "" for none; sure whether that is the mesh's own.
func (a *authorisation) elsewhere(from, to reach.Endpoint, p reach.Port, via *inventory.Workload) (domain string, sure bool) {
	if from.Workload == nil || from.Workload.Mesh == reach.NoMesh {
		return "", false
	}
	for _, name := range a.trusted.named {
		own := slices.Contains(a.trusted.names, name)
		if len(a.trusted.names) > 0 && !own {
			continue // an identity of another mesh
		}
		set := a.trusted.sets[name]
		if set == nil {
			set, _ = reach.New(a.Objects, reach.BlocksMatchExternal) // what it refuses was said when the first was made
			set.RootNamespace, set.TrustDomain = a.Policies.RootNamespace, name
			a.trusted.sets[name] = set
		}
		if routeIn(set, from, to, p, via).Answer != reach.Denied {
			return name, own
		}
	}
	return "", false
}

// routeIn is the way that a call takes: the waypoint's where it passes one.
func routeIn(set *reach.Set, from, to reach.Endpoint, p reach.Port, via *inventory.Workload) reach.Route {
	e := set.Explain(reach.MeshPolicy, from, to, p)
	if via != nil {
		for _, r := range e.Routes {
			if r.Via == &via.Workload {
				return r
			}
		}
	}
	return e.Routes[0]
}
