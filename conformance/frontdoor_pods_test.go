package conformance

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/manifest"
)

// A quayPod stands in for a Deployment's pod: a server at an address of its own
// that says who it is and what it was asked.
type quayPod struct {
	app, version string
	ports        []quayPort
	grpc         bool // it speaks HTTP/2 without TLS and nothing else
	address      string
}

type quayPort struct {
	name   string
	number int
}

func (p *quayPod) labels() map[string]string {
	return map[string]string{"app": p.app, "version": p.version}
}

// seen is what a pod tells of a request.
type seen struct {
	Pod  string // its name, version and port
	Path string // with the query, as it came
	Host string
}

// serve listens at each of the pod's ports until the test ends.
func (p *quayPod) serve(t *testing.T) {
	t.Helper()
	for _, port := range p.ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, strconv.Itoa(port.number)))
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s %s:%d", p.app, p.version, port.number)
		server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p.grpc {
				w.Header().Set("Trailer", "Grpc-Status")
				w.Header().Set("Content-Type", "application/grpc")
				defer w.Header().Set("Grpc-Status", "0")
			}
			json.NewEncoder(w).Encode(seen{name, r.RequestURI, r.Host})
		})}
		server.Protocols.SetHTTP1(!p.grpc)
		server.Protocols.SetUnencryptedHTTP2(p.grpc)
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
	}
}

// endpointSlice is what the endpointslice controller makes for a Service: the addresses
// of the pods that its selector finds, and the ports that its target ports lead to.
func endpointSlice(t *testing.T, s *manifest.Service, pods []*quayPod) cluster.Object {
	t.Helper()
	var endpoints, ports []string
	for _, p := range pods {
		if len(s.Spec.Selector) == 0 || !(manifest.Selector{MatchLabels: s.Spec.Selector}).Matches(p.labels()) {
			continue
		}
		endpoints = append(endpoints, fmt.Sprintf("{addresses: [%s], conditions: {ready: true}}", p.address))
		if ports != nil {
			continue // pods of one Service have the same ports here
		}
		for _, port := range s.Spec.Ports {
			for _, own := range p.ports {
				if target := port.Target(); target.Name == own.name || target.Name == "" && target.Number == own.number {
					ports = append(ports, fmt.Sprintf("{name: %q, port: %d, protocol: %s}", port.Name, own.number, port.Transport()))
				}
			}
		}
		if len(ports) != len(s.Spec.Ports) {
			t.Errorf("Service %s has %d ports, of which pod %s has %q", s.Metadata.Name, len(s.Spec.Ports), p.app, ports)
		}
	}
	return written(t, fmt.Sprintf(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: %q, name: %q, labels: {kubernetes.io/service-name: %q}}
addressType: IPv4
endpoints: [%s]
ports: [%s]
`, s.Metadata.Namespace, s.Metadata.Name, s.Metadata.Name, strings.Join(endpoints, ", "), strings.Join(ports, ", ")))[0]
}

// written are the objects of a stream that a test has written itself.
func written(t *testing.T, stream string) []cluster.Object {
	t.Helper()
	objects, err := cluster.Objects([]byte(stream))
	if err != nil || len(objects) == 0 {
		t.Fatalf("%d objects: %v, in\n%s", len(objects), err, stream)
	}
	return objects
}
