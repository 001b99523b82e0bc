package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// A host of Istio's own Gateway leads to pods that admit somebody.
const gatewayed = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {istio: edge}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [shop.example.com], tls: {mode: SIMPLE, credentialName: shop}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [edge], http: [{route: [{destination: {host: web.shop.svc.cluster.local}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [ADMITTED]}
---
`

// TestGatewaysElsewhere: where the pods of a gateway run is not supposed against
// what policies say; where it is given, or nobody else is admitted, it counts.
func TestGatewaysElsewhere(t *testing.T) {
	const edge = `{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}], ports: [{port: 8080}]}`
	const given = `apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: NS}
spec:
  template:
    metadata: {labels: {istio: edge}, annotations: {inject.istio.io/templates: gateway}}
    spec: {containers: [{name: istio-proxy}]}
---
`
	for _, test := range []struct {
		name, admitted, more string
		found, skipped       int
	}{
		{name: "admitted from elsewhere", admitted: edge, skipped: 1},
		{name: "nobody from elsewhere", admitted: `{from: [{podSelector: {}}]}`, found: 1},
		{name: "elsewhere on another port", admitted: `{from: [{namespaceSelector: {}}], ports: [{port: 9090}]}`, found: 1},
		{name: "given and admitted", admitted: edge, more: "edge"},
		{name: "given and not admitted", admitted: edge, more: "other", found: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(strings.ReplaceAll(gatewayed, "ADMITTED", test.admitted)))
			if test.more != "" {
				files.Set("gateway.yaml", []byte(strings.ReplaceAll(given, "NS", test.more)))
			}
			w, _ := world(t, files, ".")
			r, err := Run(t.Context(), w, Options{Rules: []string{"NP15"}, Today: today})
			if err != nil {
				t.Fatal(err)
			}
			skipped := slices.DeleteFunc(r.Skipped, func(s Skipped) bool { return s.What == "" })
			if diff := cmp.Diff([]int{test.found, test.skipped}, []int{len(r.Findings), len(skipped)}); diff != "" {
				t.Errorf("findings, not checked (-want +got):\n%s\n%v\n%v", diff, open(r), skipped)
			}
		})
	}
}
