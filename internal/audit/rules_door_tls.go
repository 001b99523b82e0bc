package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var noTLS = &Rule{
	ID: "IN04", Severity: diag.Error,
	Title:       "The front door serves a host without TLS",
	Items:       []string{"C4", "P3"},
	Constraints: []string{"K24"},
	Doc: `Each host of an Ingress, and each host that a route has at a listener of protocol HTTP, must be served over TLS by somebody. What counts
is what the controller goes by: ` + "`spec.tls`" + ` for most, for Traefik the router's own TLS too, for AWS ` + "`listen-ports`" + ` or a certificate's ARN,
for Google Cloud a managed or shared certificate, for OpenShift the route's termination; for the Gateway API a listener of protocol HTTPS
or TLS, for Istio's own Gateway a server of such a protocol. A plain listener that only redirects serves nothing. A Service of type
LoadBalancer that offers HTTP by its appProtocol, its name or its port 80 is looked at too, unless an annotation gives its load balancer a
certificate, or it is inside the network or a front door's.

Add TLS with a certificate: for an Ingress ` + "`tls: [{hosts: [...], secretName: ...}]`" + `, for a Gateway a listener of protocol HTTPS. Where
kgen.yaml says ` + "`ingress.insecure`" + `, nothing is checked. Gateways that are not given are passed over.`,
	check: func(c *Check) {
		d := c.doorway().attach()
		if d.insecure() {
			c.Skip("", "kgen.yaml says that the front door is insecure: it serves plain HTTP on purpose")
			return
		}
		s := d.secured()
		for _, in := range d.ingresses {
			d.checkIngressTLS(in, s)
		}
		for _, g := range d.order {
			for i := range g.V.Spec.Listeners {
				if g.V.Spec.Listeners[i].Protocol == "HTTP" {
					d.checkPlainListener(g, i, s)
				}
			}
		}
		d.checkIstioTLS()
		d.checkBalancers()
		for _, r := range d.routes {
			for _, ref := range r.V.Spec.ParentRefs {
				if ours, _, why := d.parent(r, ref); ours && why != "" && servingRoute(r) {
					c.Skip(r.Ref(), "%s", why)
				}
			}
		}
	},
}

// secured are the hosts that are served over TLS, and by whom.
type secured struct {
	ingress hostSet // by Ingresses that have TLS
	gateway hostSet // by listeners
}

func (d *doorway) secured() secured {
	s := secured{hostSet{}, hostSet{}}
	for _, in := range d.ingresses {
		if d.hasTLS(in) {
			s.ingress.add(served(in)...)
		}
	}
	for _, g := range d.order {
		for i := range g.V.Spec.Listeners {
			l := &g.V.Spec.Listeners[i]
			if !encrypted(l) {
				continue
			}
			if l.Hostname != "" {
				s.gateway.add(l.Hostname)
			}
			for _, a := range g.attached[i] {
				s.gateway.add(a.hosts...)
			}
		}
	}
	return s
}

// Annotations by which a controller gets its certificates from elsewhere than
// spec.tls (AWS Load Balancer Controller and GKE, "Ingress annotations"; AGIC;
// OpenShift, "Creating a route through an Ingress object").
var certificateAnnotations = []string{
	"alb.ingress.kubernetes.io/certificate-arn", "ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/managed-certificates", "networking.gke.io/certmap",
	"appgw.ingress.kubernetes.io/appgw-ssl-certificate", "route.openshift.io/termination", "traefik.ingress.kubernetes.io/router.tls.certresolver",
}

const (
	traefikTLS         = "traefik.ingress.kubernetes.io/router.tls"
	traefikEntries     = "traefik.ingress.kubernetes.io/router.entrypoints"
	traefikMiddlewares = "traefik.ingress.kubernetes.io/router.middlewares"
	albPorts           = "alb.ingress.kubernetes.io/listen-ports"
)

// hasTLS reports whether an Ingress serves its hosts over TLS, in the words of
// its controller.
func (d *doorway) hasTLS(in inventory.Item[manifest.Ingress]) bool {
	for _, key := range certificateAnnotations {
		if in.Annotations[key] != "" {
			return true
		}
	}
	switch d.dialect(in) {
	case "alb":
		return strings.Contains(in.Annotations[albPorts], "HTTPS")
	case "traefik":
		// Certificates of spec.tls are loaded; whether the router speaks TLS is its
		// own or its entry point's to say (Traefik, "Kubernetes Ingress: TLS").
		return in.Annotations[traefikTLS] == "true" || len(in.V.Spec.TLS) > 0 && !onlyPlain(in)
	}
	return len(in.V.Spec.TLS) > 0
}

// onlyPlain reports whether a Traefik Ingress is at the entry point of plain
// HTTP alone, which its chart calls web.
func onlyPlain(in inventory.Item[manifest.Ingress]) bool {
	return in.Annotations[traefikEntries] == "web"
}

func (d *doorway) checkIngressTLS(in inventory.Item[manifest.Ingress], s secured) {
	if nginxCanary(in) {
		return
	}
	if d.hasTLS(in) {
		d.Looked()
		return
	}
	hosts := slices.DeleteFunc(served(in), s.ingress.has)
	if len(hosts) == 0 {
		return // another Ingress has TLS for them; what this one does is rule IN06's
	}
	d.Looked()
	field := Field("spec")
	if in.Has("spec", "rules") {
		field = Field("spec", "rules")
	}
	names := hosts
	if slices.Contains(hosts, "") {
		names = []string{"<host>"}
	}
	fix := fmt.Sprintf("add to its spec: tls: [{hosts: [%s], secretName: %s-tls}], and a Certificate that makes the Secret", strings.Join(names, ", "), in.Name)
	switch d.dialect(in) {
	case "alb":
		fix = `add the annotations alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]' and alb.ingress.kubernetes.io/ssl-redirect: "443"`
	case "traefik":
		if len(in.V.Spec.TLS) > 0 {
			fix = "serve it at the entry point websecure: " + traefikEntries + ": websecure"
		} else {
			fix += fmt.Sprintf(", and the annotations %s: websecure and %s: \"true\"", traefikEntries, traefikTLS)
		}
	}
	d.Report(in.Object, field, fix, "it serves %s in the clear: it has no TLS", some(hostTexts(hosts)))
}

func (d *doorway) checkPlainListener(g *frontGateway, i int, s secured) {
	var hosts []string
	var first *attachment
	for j := range g.attached[i] {
		a := &g.attached[i][j]
		if !servingRoute(a.route) {
			continue
		}
		d.Looked()
		for _, h := range a.hosts {
			if !s.gateway.has(h) && !slices.Contains(hosts, h) {
				hosts = append(hosts, h)
				if first == nil {
					first = a
				}
			}
		}
	}
	if len(hosts) == 0 {
		return
	}
	l := &g.V.Spec.Listeners[i]
	name := hosts[0]
	if name == "" {
		name = "<host>"
	}
	d.Report(g.Object, Field("spec", "listeners", i, "protocol"),
		fmt.Sprintf("add a listener: {name: https, hostname: %s, port: 443, protocol: HTTPS, tls: {mode: Terminate, certificateRefs: [{name: %s-tls}]}}, and hang the routes there", name, first.route.Name),
		"its listener %s serves %s in the clear, and no listener serves the same over TLS", l.Name, some(hostTexts(hosts))).
		See(first.route.Object, Field("spec", "parentRefs", first.ref), "is served there")
}
