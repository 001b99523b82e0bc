package inventory

import (
	"fmt"
	"maps"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Party is what a party is to the application.
type Party string

const (
	DNS          Party = "dns"        // answers names
	Prometheus   Party = "prometheus" // scrapes
	ControlPlane Party = "istiod"     // configures the mesh's proxies
	FrontDoor    Party = "front door" // proxies that bring traffic in from outside
	Waypoint     Party = "waypoint"   // an ambient mesh's proxy in front of services
	Solver       Party = "solver"     // cert-manager's pods that answer HTTP-01 challenges
	Caller       Party = "caller"     // calls a service from outside the model
	Callee       Party = "callee"     // is called outside the model
)

// Party is the first party of a kind, or nil.
func (inv *Inventory) Party(r Party) *Workload {
	for _, p := range inv.Parties {
		if p.Party == r {
			return p
		}
	}
	return nil
}

// PartiesOf are the parties of a kind.
func (inv *Inventory) PartiesOf(r Party) []*Workload {
	var out []*Workload
	for _, p := range inv.Parties {
		if p.Party == r {
			out = append(out, p)
		}
	}
	return out
}

// party takes a party in; one that is already there, alike in all, is the same.
func (inv *Inventory) party(r Party, namespace, name string, labels map[string]string, ports ...reach.NamedPort) *Workload {
	for _, p := range inv.PartiesOf(r) {
		if p.Namespace == namespace && maps.Equal(p.Labels, labels) {
			return p
		}
	}
	w := &Workload{Workload: reach.Workload{Namespace: namespace, Name: name, Labels: labels, Ports: ports}, Party: r}
	w.Role = reach.Platform
	switch r {
	case FrontDoor:
		w.Role = reach.FrontDoor
	case Caller, Callee:
		w.Role = reach.Application
	}
	w.Mesh = inv.meshMode(w)
	inv.Parties = append(inv.Parties, w)
	if inv.parties[namespace] == nil {
		inv.parties[namespace] = &podIndex{}
	}
	inv.parties[namespace].add(w)
	return w
}

// door is the front door's proxies of a namespace and labels.
func (inv *Inventory) door(namespace string, labels map[string]string) *Workload {
	return inv.party(FrontDoor, namespace, "front-door", labels)
}

// istiodLabels are on istiod's pods (Istio, istiod chart), prometheusLabels on
// those that the Prometheus Operator runs, dnsLabels on a cluster's DNS
// whatever its name (Kubernetes, "DNS for Services and Pods").
var (
	istiodLabels     = map[string]string{"app": "istiod", "istio": "pilot"}
	prometheusLabels = map[string]string{"app.kubernetes.io/name": "prometheus"}
	dnsLabels        = map[string]string{"k8s-app": "kube-dns"}
	solverLabels     = map[string]string{"acme.cert-manager.io/http01-solver": "true"}
)

const solverPort = 8089 // cert-manager, pkg/issuer/acme/http/solver

func (inv *Inventory) takeParties() {
	dns := spec.DNS{Namespace: "kube-system", PodLabels: dnsLabels, Port: 53}
	prometheus, prometheusIn, istiodIn := prometheusLabels, "monitoring", "istio-system"
	if inv.Model != nil {
		s := &inv.Model.Spec
		dns, prometheus, prometheusIn, istiodIn = s.DNS, s.Monitoring.PrometheusLabels, s.Monitoring.Namespace, s.Mesh.Namespace
	}
	inv.party(DNS, dns.Namespace, "dns", dns.PodLabels,
		reach.NamedPort{Name: "dns", Number: int(dns.Port), Protocol: "UDP"}, reach.NamedPort{Name: "dns-tcp", Number: int(dns.Port), Protocol: "TCP"})
	if inv.Model != nil || len(All[manifest.Monitor](inv))+len(All[manifest.PrometheusRule](inv)) > 0 {
		inv.party(Prometheus, prometheusIn, "prometheus", prometheus).Account = inv.prometheusAccount()
	}
	if inv.Meshed() {
		inv.party(ControlPlane, istiodIn, "istiod", istiodLabels, reach.NamedPort{Name: "grpc-xds-tls", Number: 15012, Protocol: "TCP"})
	}
	for _, g := range All[manifest.Gateway](inv) {
		if g.V.Spec.GatewayClassName == waypointClass {
			w := inv.party(Waypoint, g.Namespace, g.Name, map[string]string{gatewayNameLabel: g.Name, "gateway.networking.k8s.io/gateway-class-name": waypointClass},
				reach.NamedPort{Name: "http-envoy-prom", Number: 15090, Protocol: "TCP"}, reach.NamedPort{Name: "metrics", Number: 15020, Protocol: "TCP"},
				reach.NamedPort{Name: "mesh", Number: 15008, Protocol: "TCP"})
			w.Account, w.Object = g.Name, g.Object
		}
	}
	if inv.Issuing() {
		for _, n := range inv.issuingNamespaces() {
			inv.party(Solver, n, "cert-manager-solver", solverLabels, reach.NamedPort{Number: solverPort, Protocol: "TCP"})
		}
	}
	inv.takeDeclaredParties()
}

func (inv *Inventory) prometheusAccount() string {
	if inv.Model == nil {
		return ""
	}
	return inv.Model.Spec.Monitoring.ServiceAccount
}

// takeDeclaredParties takes in whom the model names outside its own namespace.
func (inv *Inventory) takeDeclaredParties() {
	if inv.Model == nil {
		return
	}
	s := &inv.Model.Spec
	for i := range s.Services {
		service := &s.Services[i]
		for _, c := range service.Callers {
			if service.IsPeer(c, s.Namespace) {
				continue
			}
			labels := c.PodLabels
			if len(labels) == 0 {
				labels = map[string]string{"app": fmt.Sprintf("any-of-%s", c.Namespace)}
			}
			inv.party(Caller, c.Namespace, labelText(labels), labels).Account = c.ServiceAccount
		}
		for _, c := range service.Calls {
			if c.Namespace == "" || c.Namespace == s.Namespace && inv.Modelled(c.Service) != nil {
				continue
			}
			labels := c.PodLabels
			if len(labels) == 0 {
				labels = map[string]string{"app": c.Service}
			}
			w := inv.party(Callee, c.Namespace, c.Service, labels)
			if n := int(c.Port.Number); n > 0 && !w.Serves(reach.TCP(n)) {
				w.Ports = append(w.Ports, reach.NamedPort{Number: n, Protocol: "TCP"})
			}
		}
	}
}

// labelText is the value of the label that names an application, or any.
func labelText(labels map[string]string) string {
	for _, key := range []string{"app.kubernetes.io/name", "app", "name"} {
		if v := labels[key]; v != "" {
			return v
		}
	}
	best := ""
	for k := range labels {
		if best == "" || k < best {
			best = k
		}
	}
	return labels[best]
}

// issuerAnnotations are those by which cert-manager issues a certificate for an
// Ingress or a Gateway (cert-manager, "Annotated Ingress resource").
var issuerAnnotations = []string{"cert-manager.io/cluster-issuer", "cert-manager.io/issuer"}

// Issuing reports whether cert-manager issues certificates for any object.
func (inv *Inventory) Issuing() bool { return len(inv.issuingNamespaces()) > 0 }

// issuingNamespaces are those of Certificates and of what asks for one by an
// annotation: cert-manager's solver pods run beside them.
func (inv *Inventory) issuingNamespaces() []string {
	seen := map[string]bool{}
	var out []string
	for _, o := range inv.Objects {
		asks := o.Kind == "Certificate" && o.Group() == "cert-manager.io"
		for _, key := range issuerAnnotations {
			asks = asks || o.Annotations[key] != "" && (o.Kind == "Ingress" || o.Kind == "Gateway")
		}
		if asks && !seen[o.Namespace] {
			seen[o.Namespace] = true
			out = append(out, o.Namespace)
		}
	}
	return out
}
