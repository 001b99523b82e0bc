package mesh

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/conformance/cluster"
)

// A pod stands for one of a Deployment's, which kgen leaves to others.
type pod struct {
	namespace, app, version string
	address                 string
}

func (p pod) name() string { return strings.TrimSuffix(p.app+"-"+p.version, "-") }

func (p pod) labels() map[string]string {
	labels := map[string]string{"app": p.app}
	if p.version != "" {
		labels["version"] = p.version
	}
	return labels
}

// object is the pod as its node would have it: it runs and is ready.
func (p pod) object() cluster.Object {
	text := fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata:
  name: %[1]s
  namespace: %[2]s
  labels:
%[3]s
spec:
  serviceAccountName: %[4]s
  nodeName: node
  containers:
  - {name: main, image: none}
`, p.name(), p.namespace, p.labelLines(), p.app)
	return cluster.Object{APIVersion: "v1", Kind: "Pod", Namespace: p.namespace, Name: p.name(), Text: []byte(text)}
}

func (p pod) status() cluster.Object {
	o := p.object()
	o.Text = fmt.Appendf(nil, `apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
status:
  phase: Running
  podIP: %[3]s
  podIPs: [{ip: %[3]s}]
  conditions: [{type: Ready, status: "True"}]
`, p.name(), p.namespace, p.address)
	return o
}

func (p pod) labelLines() string {
	var lines []string
	labels := p.labels()
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, fmt.Sprintf("    %s: %q", key, labels[key]))
	}
	return strings.Join(lines, "\n")
}

// endpoints are the EndpointSlices that Kubernetes would make of the Services
// among the objects: of each the pods that it selects, at its target ports.
func endpoints(t *testing.T, objects []cluster.Object, pods []pod) []cluster.Object {
	t.Helper()
	var out []cluster.Object
	for _, o := range objects {
		if o.Kind != "Service" {
			continue
		}
		var service struct {
			Spec struct {
				Selector map[string]string
				Ports    []struct {
					Name       string
					TargetPort int `yaml:"targetPort"`
				}
			}
		}
		if err := yaml.Unmarshal(o.Text, &service); err != nil {
			t.Fatalf("%s: %v", o, err)
		}
		var text strings.Builder
		fmt.Fprintf(&text, "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: %[1]s\n  namespace: %[2]s\n  labels: {kubernetes.io/service-name: %[1]s}\naddressType: IPv4\nports:\n", o.Name, o.Namespace)
		for _, p := range service.Spec.Ports {
			fmt.Fprintf(&text, "- {name: %q, port: %d, protocol: TCP}\n", p.Name, p.TargetPort)
		}
		text.WriteString("endpoints:\n")
		selected := 0
		for _, p := range pods {
			if labels := p.labels(); p.namespace == o.Namespace && selects(service.Spec.Selector, labels) {
				fmt.Fprintf(&text, "- {addresses: [%s], conditions: {ready: true}, targetRef: {kind: Pod, namespace: %s, name: %s}}\n", p.address, p.namespace, p.name())
				selected++
			}
		}
		if selected == 0 {
			t.Fatalf("%s selects none of the pods", o)
		}
		out = append(out, cluster.Object{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice", Namespace: o.Namespace, Name: o.Name, Text: []byte(text.String())})
	}
	return out
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
