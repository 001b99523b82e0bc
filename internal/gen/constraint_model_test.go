package gen_test

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"reflect"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// A constraint is one statement that holds for every rendered repository. Its
// check reads the rendered manifests and the model, and nothing of the renderer.
type constraint struct {
	id, title string
	check     func(*world)
}

// finding is one place where a constraint does not hold.
type finding struct{ constraint, file, object, text string }

func (f finding) String() string {
	return fmt.Sprintf("%s %s %s: %s", f.constraint, f.file, f.object, f.text)
}

// world is one rendered repository with the model that it was rendered from.
type world struct {
	n        *spec.Network // with defaults
	s        *spec.Spec
	files    *tree.Tree
	objects  []*manifest.Object
	typed    map[*manifest.Object]any
	byType   map[reflect.Type]any // []item[T], filled by all
	scraped  *[]scrape            // filled by scrapes
	policies *reach.Set
	pods     []*pod
	id       string // the constraint that is being checked
	findings []finding
}

// pod stands in for the pods of one version of one service.
type pod struct {
	service  *spec.Service
	version  string
	workload *reach.Workload
}

// item is a rendered object with its typed view.
type item[T any] struct {
	*manifest.Object
	v *T
}

// unknownContainerPort stands for the number behind a named targetPort that
// the model does not give: no manifest can know it.
const unknownContainerPort = 31000

// newWorld reads what was rendered. Whatever cannot be read is a finding.
func newWorld(raw *spec.Network, files *tree.Tree) *world {
	n := raw.WithDefaults()
	w := &world{n: n, s: &n.Spec, files: files, typed: map[*manifest.Object]any{}, byType: map[reflect.Type]any{}, id: "parse"}
	objects, err := manifest.ParseTree(files, isManifest)
	if err != nil {
		w.fault("", "", "%v", err)
	}
	objects = append(objects, w.playFlagger(objects)...)
	w.objects = objects
	for _, o := range objects {
		v, err := o.Typed()
		if err != nil {
			w.fault(o.File, o.Ref(), "%v", err)
		}
		if v == nil && err == nil {
			w.fault(o.File, o.Ref(), "apiVersion %s is none that these checks know", o.APIVersion)
		}
		if v != nil {
			w.typed[o] = v
		}
	}
	w.policies, err = reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		w.fault("", "", "%v", err)
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		for _, version := range versionsOf(s) {
			w.pods = append(w.pods, &pod{s, version, &reach.Workload{
				Namespace: w.s.Namespace, Name: s.Name + "@" + version, Labels: w.podLabels(s, version), Ports: w.containerPorts(s),
			}})
		}
	}
	return w
}

// isManifest leaves out the model itself.
func isManifest(file string) bool { return path.Base(file) != "kgen.yaml" }

func (w *world) containerPorts(s *spec.Service) []reach.NamedPort {
	var out []reach.NamedPort
	for i, p := range s.Ports {
		out = append(out, reach.NamedPort{Name: p.TargetPort.Name, Number: containerPort(p, i), Protocol: transportOf(p.Protocol)})
	}
	if s.Metrics != nil && !slices.ContainsFunc(out, func(p reach.NamedPort) bool { return p.Number == int(s.Metrics.Port) && p.Protocol == "TCP" }) {
		out = append(out, reach.NamedPort{Number: int(s.Metrics.Port), Protocol: "TCP"})
	}
	if w.sidecar() {
		out = append(out, reach.NamedPort{Name: "http-envoy-prom", Number: 15090, Protocol: "TCP"})
	}
	return out
}

func containerPort(p spec.Port, index int) int {
	switch {
	case p.TargetPort.Name == "" && p.TargetPort.Number != 0:
		return int(p.TargetPort.Number)
	case p.TargetPort.Name == "":
		return int(p.Port)
	case p.ContainerPort != 0:
		return int(p.ContainerPort)
	}
	return unknownContainerPort + index
}

func transportOf(p spec.Protocol) string {
	switch p {
	case spec.UDP:
		return "UDP"
	case spec.SCTP:
		return "SCTP"
	}
	return "TCP"
}

func speaksHTTP(p spec.Protocol) bool { return p == spec.HTTP || p == spec.HTTP2 || p == spec.GRPC }

func (w *world) mesh() bool    { return w.s.Mesh.Provider == spec.Istio }
func (w *world) sidecar() bool { return w.mesh() && w.s.Mesh.Mode == spec.Sidecar }
func (w *world) ambient() bool { return w.mesh() && w.s.Mesh.Mode == spec.Ambient }

// fqdn is the name by which a mesh object must call a service of the model.
func (w *world) fqdn(name string) string {
	return name + "." + w.s.Namespace + ".svc." + w.s.ClusterDomain
}

func (w *world) fault(file, object, format string, args ...any) {
	w.findings = append(w.findings, finding{w.id, file, object, fmt.Sprintf(format, args...)})
}

// at reports a finding about one object.
func (w *world) at(o *manifest.Object, format string, args ...any) {
	w.fault(o.File, o.Ref(), format, args...)
}

// model reports a finding about a service of the model, for which something
// is missing or too much.
func (w *world) model(s *spec.Service, format string, args ...any) {
	w.fault("-", "service "+s.Name, format, args...)
}

// all are the rendered objects of a type, of the given kinds (any, if none).
func all[T any](w *world, kinds ...string) []item[T] {
	found, known := w.byType[reflect.TypeFor[T]()].([]item[T])
	if !known {
		for _, o := range w.objects {
			if v, ok := w.typed[o].(*T); ok {
				found = append(found, item[T]{o, v})
			}
		}
		w.byType[reflect.TypeFor[T]()] = found
	}
	if len(kinds) == 0 {
		return found
	}
	var out []item[T]
	for _, i := range found {
		if slices.Contains(kinds, i.Kind) {
			out = append(out, i)
		}
	}
	return out
}

func (w *world) service(name string) *spec.Service {
	for i := range w.s.Services {
		if w.s.Services[i].Name == name {
			return &w.s.Services[i]
		}
	}
	return nil
}

// serviceOf is the model's service that a host stands for, and the name of
// the Service object: the root one or one of a canary's version.
func (w *world) serviceOf(host string) (*spec.Service, string) {
	name, found := strings.CutSuffix(host, "."+w.s.Namespace+".svc."+w.s.ClusterDomain)
	if !found {
		return nil, ""
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		version, more := strings.CutPrefix(name, s.Name+"-")
		if s.Name == name || more && s.Canary != nil && slices.Contains(versionsOf(s), version) {
			return s, name
		}
	}
	return nil, ""
}

func (w *world) object(kind, namespace, name string) *manifest.Object {
	for _, o := range w.objects {
		if o.Kind == kind && o.Namespace == namespace && o.Name == name {
			return o
		}
	}
	return nil
}

// renderedService is the Service object of that name in the model's namespace.
func (w *world) renderedService(name string) (item[manifest.Service], bool) {
	for _, s := range all[manifest.Service](w) {
		if s.Name == name && s.Namespace == w.s.Namespace {
			return s, true
		}
	}
	return item[manifest.Service]{}, false
}

// ports are the callee's ports that a reference by name or number means.
func portsFor(callee *spec.Service, ref spec.PortRef) []int {
	var out []int
	for i, p := range callee.Ports {
		if ref.IsZero() || ref.Name != "" && p.Name == ref.Name || ref.Name == "" && p.Port == ref.Number {
			out = append(out, i)
		}
	}
	return out
}

// declared are the indices of callee's ports that caller declares to call.
func (w *world) declared(caller, callee *spec.Service) []int {
	var out []int
	for _, c := range caller.Calls {
		if c.Service == callee.Name && (c.Namespace == "" || c.Namespace == w.s.Namespace) {
			out = append(out, portsFor(callee, c.Port)...)
		}
	}
	return out
}

func (w *world) reachPort(s *spec.Service, index int) reach.Port {
	return reach.Port{Protocol: transportOf(s.Ports[index].Protocol), Number: containerPort(s.Ports[index], index)}
}

func (w *world) reachPorts(s *spec.Service, indices []int) map[reach.Port]bool {
	out := map[reach.Port]bool{}
	for _, i := range indices {
		out[w.reachPort(s, i)] = true
	}
	return out
}

// exposedPorts are the indices of the ports to which the front door leads.
func (w *world) exposedPorts(s *spec.Service) []int {
	var out []int
	for _, p := range s.Paths {
		for i, port := range s.Ports {
			if port.Name == p.Port && len(s.Hosts) > 0 && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	return out
}

func (w *world) anyExposed() bool {
	return slices.ContainsFunc(w.s.Services, func(s spec.Service) bool { return len(s.Hosts) > 0 })
}

// called reports whether anyone in or outside the model calls the service.
func (w *world) called(s *spec.Service) bool {
	return len(s.Callers) > 0 || slices.ContainsFunc(w.s.Services, func(c spec.Service) bool { return len(w.declared(&c, s)) > 0 })
}

// frontDoorInMesh: Istio's own gateways hold a mesh identity, others do not.
func (w *world) frontDoorInMesh() bool {
	return w.mesh() && w.s.Ingress != nil && w.s.Ingress.Class == "istio"
}

func (w *world) gatewayAPI() bool {
	return w.s.Ingress != nil && w.s.Ingress.API == spec.GatewayAPI
}

// waypoint is the name of the waypoint that traffic to s passes through, or "".
// A headless Service has no address of its own that ztunnel could send there.
func (w *world) waypoint(s *spec.Service) string {
	if !w.ambient() || s.Type == spec.Headless {
		return ""
	}
	if svc, ok := w.renderedService(s.Name); ok {
		if name, labelled := svc.Labels["istio.io/use-waypoint"]; labelled {
			if name == "none" {
				return ""
			}
			return name
		}
	}
	if ns := w.object("Namespace", "", w.s.Namespace); ns != nil {
		return ns.Labels["istio.io/use-waypoint"]
	}
	return ""
}

// ingressUsesWaypoint: gateways send to the waypoint only where the Service says so.
func (w *world) ingressUsesWaypoint(s *spec.Service) bool {
	svc, ok := w.renderedService(s.Name)
	return ok && w.waypoint(s) != "" && svc.Labels["istio.io/ingress-use-waypoint"] == "true"
}

// pods of parties outside the model.

func stranger(namespace, name string, labels map[string]string) reach.Endpoint {
	return reach.Pod(&reach.Workload{Namespace: namespace, Name: name, Labels: labels})
}

func address(text string) reach.Endpoint { return reach.Address(netip.MustParseAddr(text)) }

func (w *world) prometheus() reach.Endpoint {
	return stranger(w.s.Monitoring.Namespace, "prometheus", w.s.Monitoring.PrometheusLabels)
}

func (w *world) dns() reach.Endpoint {
	return stranger(w.s.DNS.Namespace, "dns", w.s.DNS.PodLabels)
}

func (w *world) istiod() reach.Endpoint {
	return stranger(w.s.Mesh.Namespace, "istiod", map[string]string{"app": "istiod", "istio": "pilot"})
}

func (w *world) waypointPod(name string) reach.Endpoint {
	return reach.Pod(&reach.Workload{Namespace: w.s.Namespace, Name: name,
		Labels: map[string]string{"gateway.networking.k8s.io/gateway-name": name, "gateway.networking.k8s.io/gateway-class-name": "istio-waypoint"},
		Ports:  []reach.NamedPort{{Name: "http-envoy-prom", Number: 15090}, {Name: "metrics", Number: 15020}}})
}

func (w *world) waypoints() []string {
	var out []string
	for _, g := range all[manifest.Gateway](w) {
		if g.v.Spec.GatewayClassName == "istio-waypoint" {
			out = append(out, g.Name)
		}
	}
	return out
}

// frontDoors are the parties that bring in traffic from outside: the
// controller's pods, or one address of each of its ranges. Cilium's have no
// such identity.
func (w *world) frontDoors() []reach.Endpoint {
	if w.s.Ingress == nil || w.s.Ingress.Controller == nil {
		return nil
	}
	c := w.s.Ingress.Controller
	var out []reach.Endpoint
	if len(c.PodLabels) > 0 || c.Namespace != "" && len(c.IPBlocks) == 0 {
		labels := maps.Clone(c.PodLabels)
		for _, g := range w.frontGateways() {
			// The provisioner of Istio and of NGINX labels the pods of its Gateway.
			if g.Namespace == c.Namespace {
				if labels == nil {
					labels = map[string]string{}
				}
				if _, given := labels["gateway.networking.k8s.io/gateway-name"]; !given {
					labels["gateway.networking.k8s.io/gateway-name"] = g.Name
				}
			}
		}
		out = append(out, stranger(c.Namespace, "front door", labels))
	}
	for _, block := range c.IPBlocks {
		out = append(out, reach.Address(netip.MustParsePrefix(block).Addr().Next()))
	}
	return out
}

// frontGateways are the Gateways that are no waypoints.
func (w *world) frontGateways() []item[manifest.Gateway] {
	var out []item[manifest.Gateway]
	for _, g := range all[manifest.Gateway](w) {
		if g.v.Spec.GatewayClassName != "istio-waypoint" {
			out = append(out, g)
		}
	}
	return out
}

// run checks constraints over a rendered tree and returns every finding.
func run(raw *spec.Network, files *tree.Tree, constraints []constraint) []finding {
	w := newWorld(raw, files)
	for _, c := range constraints {
		w.id = c.id
		c.check(w)
	}
	return w.findings
}
