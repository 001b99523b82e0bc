package spec

import "strings"

// A Class is what kgen knows of one ingress or gateway controller: where its
// proxies run and what it can do. The facts come from each controller's
// documentation or chart, named beside them.
type Class struct {
	// Gateway and Ingress say by which API the controller takes routes.
	Gateway, Ingress bool
	// InMesh: its proxies hold a mesh identity and speak the mesh's mutual TLS.
	InMesh bool
	// FollowsGateway: under the Gateway API, its proxies are deployed into the
	// Gateway's own namespace, so the Gateway lives where controller.namespace says.
	FollowsGateway bool
	// IngressEntity: its proxies have no pod identity; Cilium names them "ingress".
	IngressEntity bool
	// HTTPPort and HTTPSPort are the listener ports of a Gateway.
	HTTPPort, HTTPSPort PortNumber
	// RewritesIngress: an annotation of its own replaces a path's prefix.
	RewritesIngress bool
	// RedirectsIngress: an annotation or object of its own sends plain HTTP to HTTPS.
	RedirectsIngress bool
	// SplitsIngress: two Ingresses can share a host by weight.
	SplitsIngress bool
	// NoTLSRoute and NoTimeouts: its Gateway API support leaves these out.
	NoTLSRoute, NoTimeouts bool
	// OwnAddress: every Ingress object gets an address of its own, so that two of
	// them cannot share a host.
	OwnAddress bool
	// Retired is what to say when the controller is no longer maintained.
	Retired string

	gateway, ingress Controller
}

// gatewayName stands for the Gateway's name in a default pod label.
const (
	gatewayName      = "\x00gateway"
	gatewayNamespace = "\x00namespace"
)

// classes holds the controllers that have defaults. Sources: Istio "Gateway
// deployment" (gateway-name label, deployment in the Gateway's namespace;
// its Ingress support cannot redirect, so it counts for the Gateway API only); Envoy Gateway "deployment mode" (owning-gateway
// labels); Traefik chart values (entry points 8000 and 8443, metrics port name;
// its Gateway provider reads TLSRoutes of v1alpha2 only and no timeouts);
// ingress-nginx and NGINX Gateway Fabric manifests; HAProxy kubernetes-ingress
// chart; Contour example deployment; Cilium "ingress identity"; Google Cloud
// "health check and proxy source ranges".
var classes = map[string]Class{
	"istio": {
		Gateway: true, InMesh: true, FollowsGateway: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{Namespace: "istio-ingress", PodLabels: map[string]string{"gateway.networking.k8s.io/gateway-name": gatewayName}},
	},
	"envoy-gateway": {
		Gateway: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{Namespace: "envoy-gateway-system", PodLabels: map[string]string{
			"gateway.envoyproxy.io/owning-gateway-name":      gatewayName,
			"gateway.envoyproxy.io/owning-gateway-namespace": gatewayNamespace,
		}},
	},
	"traefik": {
		Gateway: true, Ingress: true, RewritesIngress: true, RedirectsIngress: true, HTTPPort: 8000, HTTPSPort: 8443,
		NoTLSRoute: true, NoTimeouts: true,
		gateway: Controller{Namespace: "traefik", PodLabels: map[string]string{"app.kubernetes.io/name": "traefik"}, MetricsPort: "metrics"},
		ingress: Controller{Namespace: "traefik", PodLabels: map[string]string{"app.kubernetes.io/name": "traefik"}, MetricsPort: "metrics"},
	},
	"haproxy": {
		Gateway: true, Ingress: true, RewritesIngress: true, RedirectsIngress: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{Namespace: "haproxy-controller", PodLabels: map[string]string{"app.kubernetes.io/name": "kubernetes-ingress"}},
		ingress: Controller{Namespace: "haproxy-controller", PodLabels: map[string]string{"app.kubernetes.io/name": "kubernetes-ingress"}},
	},
	"nginx": {
		Gateway: true, Ingress: true, FollowsGateway: true, RewritesIngress: true, RedirectsIngress: true, SplitsIngress: true, HTTPPort: 80, HTTPSPort: 443,
		Retired: "the community ingress-nginx controller was retired in March 2026 and gets no more fixes",
		gateway: Controller{Namespace: "nginx-gateway", PodLabels: map[string]string{"gateway.networking.k8s.io/gateway-name": gatewayName}},
		ingress: Controller{Namespace: "ingress-nginx", PodLabels: map[string]string{"app.kubernetes.io/name": "ingress-nginx"}},
	},
	"contour": {
		Gateway: true, Ingress: true, RedirectsIngress: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{Namespace: "projectcontour", PodLabels: map[string]string{"app": "envoy"}},
		ingress: Controller{Namespace: "projectcontour", PodLabels: map[string]string{"app": "envoy"}},
	},
	"cilium": {Gateway: true, Ingress: true, RedirectsIngress: true, IngressEntity: true, HTTPPort: 80, HTTPSPort: 443},
	"alb": {
		Gateway: true, Ingress: true, RedirectsIngress: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{IPBlocks: privateRanges},
		ingress: Controller{IPBlocks: privateRanges},
	},
	"gce": {
		Gateway: true, Ingress: true, RedirectsIngress: true, OwnAddress: true, HTTPPort: 80, HTTPSPort: 443,
		gateway: Controller{IPBlocks: []string{"35.191.0.0/16", "130.211.0.0/22"}},
		ingress: Controller{IPBlocks: []string{"35.191.0.0/16", "130.211.0.0/22"}},
	},
}

// privateRanges are the addresses of RFC 1918, in which a VPC's load balancers live.
var privateRanges = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}

// ClassNames lists the classes with defaults for an API, in the order in which
// they are offered.
func ClassNames(api IngressAPI) []string {
	var names []string
	for _, name := range []string{"istio", "envoy-gateway", "traefik", "haproxy", "nginx", "contour", "cilium", "alb", "gce"} {
		if c := classes[name]; c.Gateway && api == GatewayAPI || c.Ingress && api == IngressResource {
			names = append(names, name)
		}
	}
	return names
}

// ClassOf returns what is known of a class. A class without defaults can do
// what both APIs promise.
func ClassOf(name string) (c Class, known bool) {
	if c, known = classes[name]; known {
		return c, true
	}
	if strings.HasPrefix(name, "gke-l7-") { // GKE's gateway classes
		c = classes["gce"]
		c.Ingress = false
		return c, true
	}
	return Class{Gateway: true, Ingress: true, HTTPPort: 80, HTTPSPort: 443}, false
}

// Controller is where the class's proxies run by default for an API, for a
// Gateway of that name and namespace; empty for a class without defaults.
func (c Class) Controller(api IngressAPI, gateway, namespace string) *Controller {
	return c.controllerFor(api, nil, gateway, namespace)
}

// controllerFor fills what the file leaves out about who may reach exposed pods.
func (c Class) controllerFor(api IngressAPI, given *Controller, gateway, namespace string) *Controller {
	def := c.ingress
	if api == GatewayAPI {
		def = c.gateway
	}
	var out Controller
	if given != nil {
		out = *given
	}
	// Labels and addresses are given together or not at all: a user who names
	// addresses does not also want the default pods let in.
	if out.PodLabels == nil && out.IPBlocks == nil {
		out.IPBlocks = def.IPBlocks
		for k, v := range def.PodLabels {
			switch v {
			case gatewayName:
				v = gateway
			case gatewayNamespace:
				v = namespace
			}
			if out.PodLabels == nil {
				out.PodLabels = map[string]string{}
			}
			out.PodLabels[k] = v
		}
	}
	if out.Namespace == "" {
		out.Namespace = def.Namespace
	}
	if out.MetricsPort == "" {
		out.MetricsPort = def.MetricsPort
	}
	return &out
}
