package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// balancerCertificates are the annotations by which the load balancer of a cloud
// ends TLS itself (AWS Load Balancer Controller and DigitalOcean, "Service
// annotations"; Oracle, IBM, Hetzner and OpenStack likewise).
var balancerCertificates = []string{
	"service.beta.kubernetes.io/aws-load-balancer-ssl-cert", "service.beta.kubernetes.io/do-loadbalancer-certificate-id", "service.beta.kubernetes.io/do-loadbalancer-tls-passthrough",
	"service.beta.kubernetes.io/oci-load-balancer-tls-secret", "service.kubernetes.io/ibm-load-balancer-cloud-provider-vpc-secret", "load-balancer.hetzner.cloud/http-certificates",
	"loadbalancer.openstack.org/default-tls-container-ref",
}

// checkBalancers reports load balancers that serve HTTP in the clear: no front
// door stands before them that would have TLS.
func (d *doorway) checkBalancers() {
	x := &exposure{Check: d.Check}
	for _, s := range d.Services {
		if s.V.Spec.Type != "LoadBalancer" || x.ofDoor(s) || inner(s) {
			continue
		}
		if s.Model != nil && s.Model.Type != spec.LoadBalancer {
			continue // it is not meant to be open at all (rule SV04)
		}
		d.Looked()
		if slices.ContainsFunc(balancerCertificates, func(key string) bool { return s.Annotations[key] != "" }) {
			continue
		}
		for i, p := range s.V.Spec.Ports {
			if !plainHTTP(p) || metricsPort(s, p) {
				continue
			}
			field := Field("spec", "ports", i)
			if p.AppProtocol != "" {
				field = append(field, "appProtocol")
			}
			d.Report(s.Object, field, "serve it by the front door, which has TLS, and write type: ClusterIP; or end TLS in the pods, and offer port 443 with appProtocol: https",
				"its load balancer serves port %s in the clear: it is HTTP without TLS", portText(p))
			break
		}
	}
}

// plainHTTP reports whether a port carries HTTP without TLS: by its appProtocol,
// otherwise by its name, otherwise by its number.
func plainHTTP(p manifest.ServicePort) bool {
	if p.Transport() != "TCP" {
		return false
	}
	switch app := strings.ToLower(p.AppProtocol); app {
	case "http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws":
		return true
	case "":
	default:
		return false
	}
	switch byName(p.Name) {
	case "http", "http2", "grpc", "grpc-web":
		return true
	case "":
		return p.Port == 80 || p.Port == 8080
	}
	return false
}
