package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var weightsWrong = &Rule{
	ID: "SM04", Severity: diag.Warning,
	Title:       "Weights do not add up, or are not those of the model",
	Items:       []string{"C2"},
	Constraints: []string{"K14"},
	Doc: `The weights of a VirtualService's destinations are proportions, whatever they add up to (Istio, "VirtualService": HTTPRouteDestination):
90 and 20 send 18 % to the new version, not 20. So they are to add up to 100, and a destination that stands alone takes everything. In
the Gateway API a weight left out is 1 and any sum is meant as it is, but where all are 0 every request gets 500. Of nginx, the
annotation ` + "`canary-weight`" + ` is read.

With a kgen.yaml, the share of each version is compared with ` + "`canary.weight`" + `, in the mesh and at the front door, and each HTTP port of a
service with a canary has to be split by something. Change the weight in kgen.yaml and run ` + "`kgen generate`" + `. Weights that Flagger or Argo
Rollouts move are not compared.`,
	check: func(c *Check) {
		m := c.mesh()
		w := &weights{mesh: m, split: map[*spec.Service]map[int]bool{}}
		for _, r := range m.virtualRoutes() {
			w.virtual(r)
		}
		for _, r := range inventory.All[manifest.Route](c.Inventory) {
			for i, rule := range r.V.Spec.Rules {
				w.route(r, i, rule)
			}
		}
		for _, in := range inventory.All[manifest.Ingress](c.Inventory) {
			w.ingress(in)
		}
		w.unsplit()
	},
}

// weights compares the shares of versions.
type weights struct {
	*mesh
	split map[*spec.Service]map[int]bool // the ports of a service that the mesh splits
}

// unclearPort stands for a port of a destination that is none of its service's.
const unclearPort = 0

// shares are the weights of the versions of one service.
type shares struct {
	of       *spec.Service
	versions map[string]int
	ports    []int
	foreign  bool // something else is among them
}

// virtual judges one entry of a VirtualService.
func (w *weights) virtual(r virtualRoute) {
	if len(r.Route) == 0 {
		return
	}
	sum, said := 0, false
	for _, d := range r.Route {
		if d.Weight != nil {
			sum, said = sum+*d.Weight, true
		}
	}
	single := len(r.Route) == 1
	if said || !single {
		w.Looked()
	}
	s := shares{versions: map[string]int{}}
	subsets := map[string]string{} // a version, to the subset that it was read off
	for _, d := range r.Route {
		weight := 100
		if !single {
			weight = 0
			if d.Weight != nil {
				weight = *d.Weight
			}
		}
		h := w.host(d.Destination.Host, r.Namespace)
		model, version := w.modelled(h)
		version, known := w.versionOf(h, model, version, d.Destination.Subset)
		if other, twice := subsets[version]; !known || twice && other != d.Destination.Subset {
			s.foreign = true // rules SM01 and SM02 say what is wrong
		}
		subsets[version] = d.Destination.Subset
		s.add(model, version, weight)
		if d.Destination.Port != nil {
			s.ports = append(s.ports, d.Destination.Port.Number)
		} else if ports, known := w.ports(h); known && len(ports) == 1 {
			s.ports = append(s.ports, ports[0])
		} else {
			s.ports = append(s.ports, unclearPort)
		}
	}
	switch {
	case single && said && sum != 100:
		w.Report(r.Object, r.at("route", 0, "weight"), "leave the weight out, or add the destination that takes the rest",
			"the weight is %d, and the destination takes everything, as it stands alone", sum)
		s.foreign = true
	case !single && sum != 100:
		w.Report(r.Object, r.at("route"), "make them add up to 100", "the weights add up to %d, not 100: %s", sum, w.effect(r, sum))
		s.foreign = true
	}
	w.compare(r.Object, r.at("route"), s, true)
}

// effect says what weights come to that do not add up to 100.
func (w *weights) effect(r virtualRoute, sum int) string {
	if sum <= 0 {
		return "Istio refuses routes that lead nowhere"
	}
	var out []string
	for _, d := range r.Route {
		weight := 0
		if d.Weight != nil {
			weight = *d.Weight
		}
		name := d.Destination.Subset
		if name == "" {
			name = d.Destination.Host
		}
		out = append(out, fmt.Sprintf("%s takes %s %%", name, percent(weight, sum)))
	}
	return "they are proportions, and " + strings.Join(out, ", ")
}

func percent(weight, sum int) string {
	return strings.TrimSuffix(strconv.FormatFloat(100*float64(weight)/float64(sum), 'f', 1, 64), ".0")
}

func (s *shares) add(model *spec.Service, version string, weight int) {
	if model == nil || s.of != nil && s.of != model {
		s.foreign = true
		return
	}
	s.of = model
	s.versions[version] += weight
}

// modelled is the model's service that a host is of, and the version that it is for.
func (m *mesh) modelled(h meshHost) (*spec.Service, string) {
	switch {
	case h.Service != nil:
		return h.Service.Model, h.Service.Version
	case m.made[h.key] != nil && m.Model != nil && h.Namespace == m.Model.Spec.Namespace:
		return m.Modelled(m.made[h.key].V.Spec.TargetRef.Name), m.versioned[h.key]
	}
	return nil, ""
}

// versionOf is the version of a destination: its Service's, or its subset's by
// the label version; and whether it is known.
func (w *weights) versionOf(h meshHost, model *spec.Service, version, subset string) (string, bool) {
	if version != "" || subset == "" {
		return version, true
	}
	for _, d := range w.rules[h.key] {
		for _, s := range d.V.Spec.Subsets {
			if s.Name != subset {
				continue
			}
			if model != nil && model.Canary != nil && !model.Canary.Owned() && s.Labels["version"] != "" {
				return s.Labels["version"], slices.Contains(model.Canary.Versions(), s.Labels["version"])
			}
			return subset, true
		}
	}
	return subset, false
}

// route judges one rule of a route of the Gateway API.
func (w *weights) route(r inventory.Item[manifest.Route], i int, rule manifest.RouteRule) {
	if len(rule.BackendRefs) == 0 {
		return
	}
	w.Looked()
	sum := 0
	s := shares{versions: map[string]int{}}
	for _, b := range rule.BackendRefs {
		weight := 1
		if b.Weight != nil {
			weight = *b.Weight
		}
		sum += weight
		namespace := b.Namespace
		if namespace == "" {
			namespace = r.Namespace
		}
		model, version := w.modelled(w.host(b.Name+"."+namespace+".svc."+w.domain(), r.Namespace))
		s.add(model, version, weight)
		s.ports = append(s.ports, b.Port)
	}
	field := Field("spec", "rules", i, "backendRefs")
	if sum == 0 {
		w.Report(r.Object, field, "give one of them a weight", "every weight is 0: each request gets 500")
		return
	}
	inMesh := slices.ContainsFunc(r.V.Spec.ParentRefs, manifest.ParentRef.Service)
	w.compare(r.Object, field, s, inMesh)
}

// compare holds shares against the model's.
func (w *weights) compare(o *manifest.Object, field []any, s shares, inMesh bool) {
	if s.of == nil {
		return
	}
	// Weights for the root Service, without a version, go to all pods alike.
	if _, whole := s.versions[""]; inMesh && (!whole || len(s.versions) > 1 || s.foreign) {
		if w.split[s.of] == nil {
			w.split[s.of] = map[int]bool{}
		}
		for _, p := range s.ports {
			if !slices.ContainsFunc(s.of.Ports, func(own spec.Port) bool { return int(own.Port) == p }) {
				p = unclearPort // rule SM03 says what is wrong
			}
			w.split[s.of][p] = true
		}
	}
	if s.foreign {
		return
	}
	sum := 0
	for _, weight := range s.versions {
		sum += weight
	}
	canary := s.of.Canary
	switch {
	case sum == 0:
	case canary == nil:
		if len(s.versions) > 1 {
			w.Report(o, field, fmt.Sprintf("write canary: in kgen.yaml at service %s, or lead to one destination", s.of.Name), "%s is split (%s), and kgen.yaml gives it no canary", s.of.Name, sharesText(s.versions, sum))
		}
	case canary.Owned():
		w.Skip(o.Ref(), "the weights of %s are %s's to move", s.of.Name, canary.Owner)
	default:
		want := wantedShares(canary)
		if _, whole := s.versions[""]; whole && len(s.versions) == 1 {
			return
		}
		if !sameShares(s.versions, sum, want) {
			w.Report(o, field, fmt.Sprintf("kgen generate writes %s; or change canary.weight of %s in kgen.yaml", sharesText(want, 100), s.of.Name),
				"%s is split %s, and kgen.yaml says %s", s.of.Name, sharesText(s.versions, sum), sharesText(want, 100))
		}
	}
}

func wantedShares(c *spec.Canary) map[string]int {
	if c.Pinned() {
		return map[string]int{c.Stable: 100}
	}
	return map[string]int{c.Stable: 100 - int(c.Weight), c.Version: int(c.Weight)}
}

func sameShares(got map[string]int, sum int, want map[string]int) bool {
	for _, version := range slices.Concat(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want))) {
		if got[version]*100 != want[version]*sum {
			return false
		}
	}
	return true
}

func sharesText(versions map[string]int, sum int) string {
	var out []string
	for _, v := range slices.Sorted(maps.Keys(versions)) {
		name := v
		if name == "" {
			name = "all versions"
		}
		out = append(out, fmt.Sprintf("%s %s %%", name, percent(versions[v], sum)))
	}
	return strings.Join(out, ", ")
}

// Annotations of ingress-nginx for a canary (ingress-nginx, "Annotations": Canary).
const (
	splitAnnotation = "nginx.ingress.kubernetes.io/canary"
	splitWeight     = "nginx.ingress.kubernetes.io/canary-weight"
	splitTotal      = "nginx.ingress.kubernetes.io/canary-weight-total"
)

// ingress judges nginx's second Ingress, which is the new version's.
func (w *weights) ingress(in inventory.Item[manifest.Ingress]) {
	text, weighted := in.Annotations[splitWeight]
	if in.Annotations[splitAnnotation] != "true" || !weighted {
		return
	}
	w.Looked()
	field := Field("metadata", "annotations", splitWeight)
	total := 100
	if t, given := in.Annotations[splitTotal]; given {
		total, _ = strconv.Atoi(t)
	}
	weight, err := strconv.Atoi(text)
	if err != nil || weight < 0 || total <= 0 || weight > total {
		w.Report(in.Object, field, fmt.Sprintf("write a whole number from 0 to %d", max(total, 100)), "%q is no share of %d: nginx leaves the canary out", text, total)
		return
	}
	s := shares{versions: map[string]int{}}
	for _, r := range in.V.Spec.Rules {
		for _, p := range r.HTTP.Paths {
			if p.Backend.Service != nil {
				model, version := w.modelled(w.host(p.Backend.Service.Name, in.Namespace))
				if model != nil && model.Canary != nil {
					s.of = model
					s.versions = map[string]int{version: weight, model.Canary.Stable: total - weight}
				}
			}
		}
	}
	if s.of != nil {
		w.compare(in.Object, field, s, false)
	}
}

// unsplit reports the services with a canary whose requests nothing splits.
func (w *weights) unsplit() {
	if w.Model == nil || w.Model.Spec.Mesh.Provider != spec.Istio {
		return
	}
	given := map[*spec.Service]bool{}
	for _, s := range w.Services {
		given[s.Model] = true
	}
	for i := range w.Model.Spec.Services {
		s := &w.Model.Spec.Services[i]
		if s.Canary == nil || s.Canary.Owned() || s.Canary.Pinned() || !given[s] {
			continue
		}
		for _, p := range s.Ports {
			if p.Protocol != spec.HTTP && p.Protocol != spec.HTTP2 && p.Protocol != spec.GRPC {
				continue
			}
			w.Looked()
			if !w.split[s][int(p.Port)] && !w.split[s][unclearPort] {
				w.ReportModel(w.modelAt(s)+".canary", "kgen generate writes the route", "nothing in the mesh splits requests to %s:%d, and kgen.yaml says %s", s.Name, p.Port, sharesText(wantedShares(s.Canary), 100))
			}
		}
	}
}
