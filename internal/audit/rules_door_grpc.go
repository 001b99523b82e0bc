package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var grpcWithoutH2C = &Rule{
	ID: "IN13", Severity: diag.Warning,
	Title: "The front door speaks HTTP/1.1 to a backend of gRPC",
	Items: []string{"C3"},
	Doc: `gRPC needs HTTP/2 on the whole way. Proxies speak HTTP/1.1 to their backends unless they are told otherwise, and each is told in its own
words: the Gateway API by ` + "`appProtocol: kubernetes.io/h2c`" + ` on the Service's port (GEP-1911), Traefik, Contour and Google Cloud by an
annotation of the Service, HAProxy by ` + "`haproxy.org/server-proto: h2`" + `, nginx by ` + "`backend-protocol: GRPC`" + `, AWS by ` + "`backend-protocol-version`" + `.
Istio's gateways understand ` + "`appProtocol: grpc`" + ` and the port's name; Cilium's Ingress passes on what the client speaks. A GRPCRoute
says HTTP/2 by itself, if the port does not contradict it.

Write what the finding shows. A port counts as gRPC by its appProtocol, its name or the model. Other classes are not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		said := map[string]bool{}
		for _, door := range c.Doors {
			if door.Kind != inventory.IngressDoor && door.Kind != inventory.RouteDoor {
				continue
			}
			for _, b := range door.Backends {
				if b.Service == nil {
					continue
				}
				p, ok := b.Service.Port(b.Port)
				if !ok || !speaksGRPC(b.Service, p) {
					continue
				}
				d.checkH2C(door, b, p, said)
			}
		}
	},
}

// speaksGRPC reports whether a port's backend speaks gRPC in the clear: the
// model, its appProtocol or its name says so.
func speaksGRPC(s *inventory.Service, p manifest.ServicePort) bool {
	if s.Model != nil {
		for _, m := range s.Model.Ports {
			if int(m.Port) == p.Port && m.Protocol.Transport() == p.Transport() {
				return m.Protocol == spec.GRPC
			}
		}
	}
	switch p.AppProtocol {
	case "grpc":
		return true
	case "", "kubernetes.io/h2c":
		return p.Name == "grpc" || strings.HasPrefix(p.Name, "grpc-") && !strings.HasPrefix(p.Name, "grpc-web")
	}
	return false
}

const h2c = "kubernetes.io/h2c"

func (d *doorway) checkH2C(door *inventory.Door, b inventory.Backend, p manifest.ServicePort, said map[string]bool) {
	s := b.Service
	place := slices.Index(s.V.Spec.Ports, p)
	// Whatever the Service lacks is said once, however many objects lead to it.
	onPort := func(fix string) {
		if key := s.Ref() + p.Name; !said[key] {
			said[key] = true
			field := Field("spec", "ports", place)
			if p.AppProtocol != "" {
				field = append(field, "appProtocol")
			}
			d.Report(s.Object, field, fix, "its port %s speaks gRPC, and %s speaks HTTP/1.1 to it: nothing says HTTP/2", portText(p), door.Object.Ref()).
				See(door.Object, b.Path, "leads to it")
		}
	}
	onDoor := func(annotation, value string) {
		if key := door.Object.Ref(); !said[key] {
			said[key] = true
			d.Report(door.Object, b.Path, fmt.Sprintf("add the annotation %s: %s", annotation, value), "port %s of Service %s speaks gRPC, and it speaks HTTP/1.1 to it", portText(p), s.Name)
		}
	}
	appProtocol := fmt.Sprintf("write appProtocol: %s", h2c)
	if door.Kind == inventory.RouteDoor {
		d.Looked()
		class, _ := spec.ClassOf(door.Class)
		switch {
		case p.AppProtocol == h2c:
		case class.InMesh && (p.AppProtocol == "grpc" || p.AppProtocol == ""):
		case door.Object.Kind == "GRPCRoute" && p.AppProtocol == "":
		case door.Class == "":
			d.Skip(door.Object.Ref(), "its Gateway is not given, and Istio's would take appProtocol: grpc")
		default:
			onPort(appProtocol)
		}
		return
	}
	in, err := manifest.View[manifest.Ingress](door.Object)
	if err != nil {
		return
	}
	a, service := door.Object.Annotations, s.Annotations
	switch class := d.dialect(inventory.Item[manifest.Ingress]{Object: door.Object, V: in}); class {
	case "nginx":
		d.Looked()
		if word := a["nginx.ingress.kubernetes.io/backend-protocol"]; word != "GRPC" && word != "GRPCS" && !slices.Contains(words(a["nginx.org/grpc-services"]), s.Name) {
			onDoor("nginx.ingress.kubernetes.io/backend-protocol", "GRPC")
		}
	case "haproxy":
		d.Looked()
		if a["haproxy.org/server-proto"] != "h2" && service["haproxy.org/server-proto"] != "h2" {
			onDoor("haproxy.org/server-proto", "h2")
		}
	case "alb":
		d.Looked()
		if word := a["alb.ingress.kubernetes.io/backend-protocol-version"] + service["alb.ingress.kubernetes.io/backend-protocol-version"]; word != "GRPC" && word != "HTTP2" {
			onDoor("alb.ingress.kubernetes.io/backend-protocol-version", "GRPC")
		}
	case "traefik":
		d.Looked()
		if service["traefik.ingress.kubernetes.io/service.serversscheme"] != "h2c" {
			onPort("add to the Service the annotation traefik.ingress.kubernetes.io/service.serversscheme: h2c")
		}
	case "contour":
		d.Looked()
		named := words(service["projectcontour.io/upstream-protocol.h2c"])
		if p.AppProtocol != h2c && !slices.Contains(named, p.Name) && !slices.Contains(named, number(p.Port)) {
			onPort("add to the Service the annotation projectcontour.io/upstream-protocol.h2c: " + p.Name)
		}
	case "gce":
		d.Looked()
		var protocols map[string]string
		broken := json.Unmarshal([]byte(service["cloud.google.com/app-protocols"]), &protocols) != nil
		if p.AppProtocol != h2c && (broken || protocols[p.Name] != "HTTP2") {
			onPort(fmt.Sprintf("add to the Service the annotation cloud.google.com/app-protocols: '{%q: \"HTTP2\"}'", p.Name))
		}
	case "cilium", "istio":
		// Cilium speaks to a backend what the client speaks; Istio reads the name.
		d.Looked()
	default:
		d.Skip(door.Object.Ref(), "how %s is told of HTTP/2 is not known", classText(classOf(inventory.Item[manifest.Ingress]{Object: door.Object, V: in})))
	}
}
