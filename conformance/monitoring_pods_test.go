package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

type fields = map[string]any

// A standIn stands in for one that a Deployment, an injector or a platform's chart
// makes: with its labels, its containers' ports and an address of its own.
type standIn struct {
	namespace, name string
	labels          map[string]string
	containers      []podContainer
	address         string
	// metrics are what it serves at its ports, by port and path.
	metrics map[string]*exposition
}

// A podContainer is one of a pod's. A sidecar is an init container that stays.
type podContainer struct {
	name    string
	sidecar bool
	ports   []podPort
}

type podPort struct {
	name      string
	number    int
	transport string
}

// serves is where the pod serves metrics: "port/path".
func (p *standIn) serves(port int, path string) *exposition {
	at := strconv.Itoa(port) + path
	if p.metrics == nil {
		p.metrics = map[string]*exposition{}
	}
	if p.metrics[at] == nil {
		p.metrics[at] = &exposition{}
	}
	return p.metrics[at]
}

// port is the container port that a Service's targetPort leads to.
func (p *standIn) port(target manifest.IntOrString, transport string) (int, bool) {
	if target.Name == "" {
		return target.Number, true
	}
	for _, c := range p.containers {
		for _, port := range c.ports {
			if port.name == target.Name && port.transport == transport {
				return port.number, true
			}
		}
	}
	return 0, false
}

// yamlObject is an object made by the test.
func yamlObject(t *testing.T, value fields) cluster.Object {
	t.Helper()
	text, err := json.Marshal(value) // which is YAML too
	if err != nil {
		t.Fatal(err)
	}
	objects, err := cluster.Objects(text)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects in %s: %v", len(objects), text, err)
	}
	return objects[0]
}

// object is the Pod as its makers would write it, and status what its node
// would say of it.
func (p *standIn) object(t *testing.T) cluster.Object {
	containers := map[bool][]fields{}
	for _, c := range p.containers {
		made := fields{"name": c.name, "image": "example.test/" + c.name}
		if c.sidecar {
			made["restartPolicy"] = "Always"
		}
		var ports []fields
		for _, port := range c.ports {
			one := fields{"containerPort": port.number, "protocol": port.transport}
			if port.name != "" {
				one["name"] = port.name
			}
			ports = append(ports, one)
		}
		made["ports"] = ports
		containers[c.sidecar] = append(containers[c.sidecar], made)
	}
	return yamlObject(t, fields{"apiVersion": "v1", "kind": "Pod",
		"metadata": fields{"namespace": p.namespace, "name": p.name, "labels": p.labels},
		"spec":     fields{"containers": containers[false], "initContainers": containers[true]}})
}

func (p *standIn) status() fields {
	return fields{"phase": "Running", "podIP": p.address, "podIPs": []fields{{"ip": p.address}},
		"conditions": []fields{{"type": "Ready", "status": "True"}}}
}

// listen serves the pod's metrics at its address, until the test ends.
func (p *standIn) listen(t *testing.T) {
	t.Helper()
	ports := map[string]*http.ServeMux{}
	for at, metrics := range p.metrics {
		port, path, _ := strings.Cut(at, "/")
		if ports[port] == nil {
			ports[port] = http.NewServeMux()
		}
		ports[port].Handle("GET /"+path, metrics)
	}
	for port, mux := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(p.address, port))
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: mux}
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
	}
}

// workloads are the pods of the model's services: two of each set of labels
// that they have, as the Deployments make them that go with the model.
func (m *model) workloads() []*standIn {
	var out []*standIn
	for i := range m.network.Spec.Services {
		s := &m.network.Spec.Services[i]
		sets := s.TwinPods()
		if c := s.Canary; c != nil && !c.Owned() {
			sets = nil
			for _, version := range c.Versions() {
				set := maps.Clone(s.PodLabels)
				set["version"] = version
				sets = append(sets, set)
			}
		}
		for i, labels := range sets {
			for replica := range 2 {
				p := &standIn{namespace: m.network.Spec.Namespace, name: fmt.Sprintf("%s-%d-%d", s.Name, i, replica), labels: maps.Clone(labels)}
				p.containers = []podContainer{m.application(s)}
				if m.network.Spec.Mesh.Provider == spec.Istio && m.network.Spec.Mesh.Mode == spec.Sidecar {
					// As Istio's injection template has it.
					p.labels["security.istio.io/tlsMode"] = "istio"
					p.containers = append(p.containers, podContainer{"istio-proxy", true, []podPort{{"http-envoy-prom", 15090, "TCP"}}})
					p.serves(15090, "/stats/prometheus")
				}
				if s.Metrics != nil {
					p.serves(int(s.Metrics.Port), s.Metrics.Path).add("application_up", nil, 1)
				}
				out = append(out, p)
			}
		}
	}
	return out
}

// application is the container of a service, with the ports that its model names.
func (m *model) application(s *spec.Service) podContainer {
	c := podContainer{name: "application"}
	for _, p := range s.Ports {
		port := podPort{p.TargetPort.Name, int(cmp.Or(p.ContainerPort, p.TargetPort.Number, p.Port)), p.Protocol.Transport()}
		if !slices.Contains(c.ports, port) {
			c.ports = append(c.ports, port)
		}
	}
	if s.Metrics != nil && !slices.ContainsFunc(c.ports, func(p podPort) bool { return p.number == int(s.Metrics.Port) && p.transport == "TCP" }) {
		c.ports = append(c.ports, podPort{"", int(s.Metrics.Port), "TCP"})
	}
	return c
}

// endpointsOf does what Kubernetes' endpoints and endpointslice controllers do: for
// a Service, both forms of the addresses that its selector finds, under its labels.
func endpointsOf(t *testing.T, s *manifest.Service, pods []*standIn) []cluster.Object {
	t.Helper()
	var ports []fields
	var found, addresses []fields
	for _, p := range pods {
		if p.namespace != s.Metadata.Namespace || len(s.Spec.Selector) == 0 || !(manifest.Selector{MatchLabels: s.Spec.Selector}).Matches(p.labels) {
			continue
		}
		ref := fields{"kind": "Pod", "namespace": p.namespace, "name": p.name}
		found = append(found, fields{"addresses": []string{p.address}, "conditions": fields{"ready": true}, "targetRef": ref})
		addresses = append(addresses, fields{"ip": p.address, "targetRef": ref})
		if ports != nil {
			continue // pods of one service have the same ports here
		}
		for _, port := range s.Spec.Ports {
			number, ok := p.port(port.Target(), port.Transport())
			if !ok {
				t.Errorf("port %s of Service %s/%s leads to %s, which pod %s does not have", port.Name, s.Metadata.Namespace, s.Metadata.Name, port.TargetPort.Name, p.name)
				continue
			}
			ports = append(ports, fields{"name": port.Name, "port": number, "protocol": port.Transport()})
		}
	}
	head := func(extra map[string]string) fields {
		labels := maps.Clone(extra)
		maps.Copy(labels, s.Metadata.Labels)
		return fields{"namespace": s.Metadata.Namespace, "name": s.Metadata.Name, "labels": labels}
	}
	out := []cluster.Object{yamlObject(t, fields{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
		"metadata": head(map[string]string{"kubernetes.io/service-name": s.Metadata.Name}), "endpoints": found, "ports": ports})}
	if len(addresses) > 0 {
		out = append(out, yamlObject(t, fields{"apiVersion": "v1", "kind": "Endpoints", "metadata": head(map[string]string{}),
			"subsets": []fields{{"addresses": addresses, "ports": ports}}}))
	}
	return out
}
