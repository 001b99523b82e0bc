// Package trees makes what the benchmarks work on: models of any number of
// services, kgen's rendering of them arranged in other ways, and a Helm chart
// that says the same.
package trees

import (
	"bytes"
	"fmt"
)

// Namespace is the namespace of a model's services, and the model's name.
const Namespace = "large"

// Model is a kgen.yaml of n services on an Istio mesh in sidecar mode. Each
// calls the two after it, the last ones the first, and has metrics: kgen makes a
// Service, a NetworkPolicy, a DestinationRule, a PeerAuthentication, an
// AuthorizationPolicy and a PrometheusRule for it, and a dozen objects for all,
// with a ServiceMonitor among them.
func Model(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: %s
spec:
  mesh: {provider: istio, mode: sidecar}
  services:
`, Namespace)
	for i := range n {
		fmt.Fprintf(&b, "  - name: %s\n    ports:\n    - {name: http, port: 80, targetPort: 8080}\n", Service(i))
		if calls := calls(i, n); calls != "" {
			fmt.Fprintf(&b, "    calls: [%s]\n", calls)
		}
		b.WriteString("    metrics: {port: 9090}\n")
	}
	return b.Bytes()
}

// Service is the name of a model's service, counted from zero.
func Service(i int) string { return fmt.Sprintf("service-%04d", i) }

// calls are the services that service i of n calls: itself is not among them.
func calls(i, n int) string {
	switch n {
	case 1:
		return ""
	case 2:
		return Service(1 - i)
	}
	return Service((i+1)%n) + ", " + Service((i+2)%n)
}
