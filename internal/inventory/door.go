package inventory

import (
	"net/netip"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// DoorKind is the way in which something is open to the outside.
type DoorKind string

const (
	IngressDoor      DoorKind = "ingress"       // an Ingress object
	RouteDoor        DoorKind = "route"         // a Gateway API route on a Gateway
	IstioDoor        DoorKind = "istio-gateway" // a VirtualService on a gateway of Istio's own API
	LoadBalancerDoor DoorKind = "load-balancer" // a Service of type LoadBalancer
	NodePortDoor     DoorKind = "node-port"     // a Service of type NodePort
)

// Door is one object by which traffic comes in from outside the cluster.
type Door struct {
	Kind   DoorKind
	Object *manifest.Object
	// Class is the ingressClassName or gatewayClassName, "" where none is known.
	Class string
	// Hosts are the host names that it serves, in the order of the object; none
	// where it serves any.
	Hosts []string
	// Backends are what it leads to.
	Backends []Backend
	// From is who connects to the backends' pods: the controller's proxies, as
	// pods or as one address of each of their ranges; none where nobody knows.
	From []reach.Endpoint
}

// Backend is one reference from a door to a Service.
type Backend struct {
	Path            []any // the reference's field path in the door's object
	Namespace, Name string
	Port            manifest.IntOrString // zero where the reference has none
	Prefix          string               // the URL path that leads there, "" for all
	Weight          int                  // among the backends of one rule
	Service         *Service             // nil where there is no such Service
}

func (inv *Inventory) takeDoors() {
	gateways := map[name]Item[manifest.Gateway]{}
	for _, g := range All[manifest.Gateway](inv) {
		gateways[name{g.Namespace, g.Name}] = g
	}
	for _, o := range inv.Objects {
		view, err := o.Viewed()
		if err != nil {
			continue
		}
		switch v := view.(type) {
		case *manifest.Ingress:
			inv.takeIngress(o, v)
		case *manifest.Route:
			inv.takeRoute(o, v, gateways)
		case *manifest.VirtualService:
			inv.takeVirtualService(o, v)
		case *manifest.Service:
			inv.takeOpenService(o, v)
		}
	}
}

// ingressClassAnnotation chose the class before spec.ingressClassName, and GKE's
// controller still reads it.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

func (inv *Inventory) takeIngress(o *manifest.Object, v *manifest.Ingress) {
	d := &Door{Kind: IngressDoor, Object: o, Class: v.Spec.IngressClassName}
	if d.Class == "" {
		d.Class = o.Annotations[ingressClassAnnotation]
	}
	d.From = inv.controller(spec.IngressResource, d.Class, "", "")
	add := func(b *manifest.IngressBackend, prefix string, path ...any) {
		if b == nil || b.Service == nil {
			return
		}
		d.Backends = append(d.Backends, Backend{
			Path: path, Namespace: o.Namespace, Name: b.Service.Name, Prefix: prefix, Weight: 1,
			Port:    manifest.IntOrString{Name: b.Service.Port.Name, Number: b.Service.Port.Number},
			Service: inv.Service(o.Namespace, b.Service.Name),
		})
	}
	add(v.Spec.DefaultBackend, "", "spec", "defaultBackend", "service")
	for i, r := range v.Spec.Rules {
		if r.Host != "" {
			d.Hosts = append(d.Hosts, r.Host)
		}
		for j, p := range r.HTTP.Paths {
			add(&p.Backend, p.Path, "spec", "rules", i, "http", "paths", j, "backend", "service")
		}
	}
	inv.Doors = append(inv.Doors, d)
}

// waypointClass is the class of Istio's waypoints, which let nobody in from outside.
const waypointClass = "istio-waypoint"

func (inv *Inventory) takeRoute(o *manifest.Object, v *manifest.Route, gateways map[name]Item[manifest.Gateway]) {
	d := &Door{Kind: RouteDoor, Object: o, Hosts: v.Spec.Hostnames}
	outside := false
	for _, p := range v.Spec.ParentRefs {
		if p.Service() || p.Kind != "" && p.Kind != "Gateway" {
			continue
		}
		namespace := p.Namespace
		if namespace == "" {
			namespace = o.Namespace
		}
		g, known := gateways[name{namespace, p.Name}]
		if known && g.V.Spec.GatewayClassName == waypointClass {
			continue
		}
		outside = true
		if known {
			d.Class = g.V.Spec.GatewayClassName
		}
		d.From = append(d.From, inv.controller(spec.GatewayAPI, d.Class, p.Name, namespace)...)
	}
	if !outside {
		return
	}
	for i, r := range v.Spec.Rules {
		prefix := ""
		if len(r.Matches) > 0 && r.Matches[0].Path != nil {
			prefix = r.Matches[0].Path.Value
		}
		for j, b := range r.BackendRefs {
			if b.Kind != "" && b.Kind != "Service" || b.Group != nil && *b.Group != "" {
				continue
			}
			backend := Backend{
				Path: []any{"spec", "rules", i, "backendRefs", j}, Namespace: b.Namespace, Name: b.Name, Prefix: prefix,
				Port: manifest.IntOrString{Number: b.Port}, Weight: 1,
			}
			if backend.Namespace == "" {
				backend.Namespace = o.Namespace
			}
			if b.Weight != nil {
				backend.Weight = *b.Weight
			}
			backend.Service = inv.Service(backend.Namespace, b.Name)
			d.Backends = append(d.Backends, backend)
		}
	}
	inv.Doors = append(inv.Doors, d)
}

// takeVirtualService: a VirtualService is a door where it is bound to a gateway
// that is not the mesh.
func (inv *Inventory) takeVirtualService(o *manifest.Object, v *manifest.VirtualService) {
	outside := false
	for _, g := range v.Spec.Gateways {
		outside = outside || g != "mesh"
	}
	if !outside {
		return
	}
	d := &Door{Kind: IstioDoor, Object: o, Class: "istio", Hosts: v.Spec.Hosts, From: inv.istioGateways(o.Namespace, v.Spec.Gateways)}
	routes := func(kind string, list []manifest.VirtualRoute) {
		for i, r := range list {
			for j, to := range r.Route {
				host := inv.Host(to.Destination.Host, o.Namespace)
				if !host.InCluster {
					continue
				}
				b := Backend{Path: []any{"spec", kind, i, "route", j, "destination"}, Namespace: host.Namespace, Name: host.Name, Weight: 1, Service: host.Service}
				if to.Destination.Port != nil {
					b.Port.Number = to.Destination.Port.Number
				}
				if to.Weight != nil {
					b.Weight = *to.Weight
				}
				d.Backends = append(d.Backends, b)
			}
		}
	}
	routes("http", v.Spec.HTTP)
	routes("tls", v.Spec.TLS)
	routes("tcp", v.Spec.TCP)
	inv.Doors = append(inv.Doors, d)
}

// istioGateways are the pods behind gateways of Istio's own API: the workloads
// of any namespace that their selector selects (Istio, "Gateway: selector"),
// otherwise proxies of such labels where the mesh is installed. Without a
// selector they have the labels of its Helm chart, istio: ingressgateway.
func (inv *Inventory) istioGateways(from string, gateways []string) []reach.Endpoint {
	var out []reach.Endpoint
	for _, g := range gateways {
		if g == "mesh" {
			continue
		}
		namespace, gateway, qualified := strings.Cut(g, "/")
		if !qualified {
			namespace, gateway = from, g
		}
		labels := map[string]string{}
		if o := inv.Object("networking.istio.io", "Gateway", namespace, gateway); o != nil {
			if v, err := o.Value(); err == nil {
				labels = textMap(v, "spec", "selector")
			}
		}
		if len(labels) == 0 {
			labels = map[string]string{"istio": "ingressgateway"}
		}
		for _, w := range inv.gatewayPods(labels) {
			out = append(out, w.Endpoint())
		}
	}
	return out
}

// gatewayPods are the proxies at the mesh's edge that have labels.
func (inv *Inventory) gatewayPods(labels map[string]string) []*Workload {
	var out []*Workload
	selector := manifest.Selector{MatchLabels: labels}
	for _, w := range inv.Workloads {
		if selector.Matches(w.Labels) {
			out = append(out, w)
		}
	}
	if len(out) > 0 {
		return out
	}
	root := "istio-system"
	if inv.Model != nil && inv.Model.Spec.Mesh.Namespace != "" {
		root = inv.Model.Spec.Mesh.Namespace
	}
	proxies := inv.party(FrontDoor, root, "ingressgateway", labels)
	proxies.Mesh = reach.Gateway
	return []*Workload{proxies}
}

// textMap is the mapping of texts at a path of a value.
func textMap(v manifest.Value, path ...string) map[string]string {
	for _, key := range path {
		v, _ = v.Field(key)
	}
	out := map[string]string{}
	for _, f := range v.Fields {
		if text, ok := f.Value.Scalar.(string); ok {
			out[f.Key] = text
		}
	}
	return out
}

// everywhere is an address that stands for any outside the cluster: one of
// those kept for documentation (RFC 5737).
var everywhere = netip.MustParseAddr("203.0.113.1")

// Internet is an address outside the cluster that nobody names.
func Internet() reach.Endpoint { return reach.Address(everywhere) }

func (inv *Inventory) takeOpenService(o *manifest.Object, v *manifest.Service) {
	d := &Door{Object: o}
	switch v.Spec.Type {
	case "LoadBalancer":
		d.Kind, d.Class = LoadBalancerDoor, v.Spec.LoadBalancerClass
	case "NodePort":
		d.Kind = NodePortDoor
	default:
		return
	}
	for _, block := range v.Spec.LoadBalancerSourceRanges {
		if at, ok := inside(block); ok {
			d.From = append(d.From, reach.Address(at))
		}
	}
	if len(v.Spec.LoadBalancerSourceRanges) == 0 {
		d.From = []reach.Endpoint{Internet()}
	}
	service := inv.Service(o.Namespace, o.Name)
	for i, p := range v.Spec.Ports {
		d.Backends = append(d.Backends, Backend{
			Path: []any{"spec", "ports", i}, Namespace: o.Namespace, Name: o.Name, Port: manifest.IntOrString{Number: p.Port}, Weight: 1, Service: service,
		})
	}
	inv.Doors = append(inv.Doors, d)
}

// inside is an address of a range.
func inside(block string) (netip.Addr, bool) {
	prefix, err := netip.ParsePrefix(block)
	if err != nil {
		return netip.Addr{}, false
	}
	at := prefix.Masked().Addr()
	if next := at.Next(); prefix.Contains(next) && !(prefix.Bits() == 0) {
		at = next
	}
	if prefix.Bits() == 0 && at.Is4() {
		at = everywhere
	}
	return at, true
}

// controller is who brings traffic in for a class: as the model says, or as the
// controller's own documentation does (see spec.ClassOf).
func (inv *Inventory) controller(api spec.IngressAPI, class, gateway, namespace string) []reach.Endpoint {
	var c *spec.Controller
	if inv.Model != nil && inv.Model.Spec.Ingress != nil && inv.Model.Spec.Ingress.Controller != nil && (class == "" || class == inv.Model.Spec.Ingress.Class) {
		c = inv.Model.Spec.Ingress.Controller
	} else if known, ok := spec.ClassOf(class); ok {
		c = known.Controller(api, gateway, namespace)
		if known.FollowsGateway && api == spec.GatewayAPI {
			c.Namespace = namespace
		}
	}
	if c == nil {
		return nil
	}
	var out []reach.Endpoint
	if len(c.PodLabels) > 0 || c.Namespace != "" && len(c.IPBlocks) == 0 {
		labels := map[string]string{}
		for k, v := range c.PodLabels {
			labels[k] = v
		}
		if _, given := labels[gatewayNameLabel]; !given && gateway != "" && c.Namespace == namespace {
			labels[gatewayNameLabel] = gateway // Istio's and NGINX's provisioners put it on the pods of a Gateway
		}
		door := inv.door(c.Namespace, labels)
		if known, _ := spec.ClassOf(class); known.InMesh && known.FollowsGateway && gateway != "" {
			door.Account = gateway + "-" + class // the provisioner's name for the Gateway's Deployment and ServiceAccount
		}
		out = append(out, door.Endpoint())
	}
	for _, block := range c.IPBlocks {
		if at, ok := inside(block); ok {
			out = append(out, reach.Address(at))
		}
	}
	return out
}

// gatewayNameLabel is on the pods that a provisioner runs for a Gateway (Gateway API, GEP-1762).
const gatewayNameLabel = "gateway.networking.k8s.io/gateway-name"
