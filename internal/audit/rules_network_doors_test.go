package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// A namespace in which an Ingress has a certificate issued, and which denies
// everything: the solver's pods cannot be reached.
const issuing = `apiVersion: v1
kind: Namespace
metadata: {name: NS}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: NS}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NS}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NS}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: NS, annotations: {cert-manager.io/cluster-issuer: le}}
spec:
  ingressClassName: traefik
  tls: [{hosts: [NS.example.com], secretName: tls}]
  rules: [{host: NS.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
---
`

// Each namespace's solvers are asked about, though one controller brings the
// challenges to all of them.
func TestEachNamespacesSolverIsJudged(t *testing.T) {
	files := tree.New()
	files.Set("all.yaml", []byte(strings.ReplaceAll(issuing, "NS", "one")+strings.ReplaceAll(issuing, "NS", "two")+`apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: le}
spec: {acme: {server: https://acme.example.com, solvers: [{http01: {ingress: {ingressClassName: traefik}}}]}}
`))
	w, _ := world(t, files, ".")
	r, err := Run(t.Context(), w, Options{Rules: []string{"NP15"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if strings.Contains(f.Message, "solver") {
			got = append(got, f.Object.Namespace)
		}
	}
	if diff := cmp.Diff([]string{"one", "two"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
	}
}

// A monitor's targetPort is a port of the pods, whether the Service has it or not.
func TestTargetPortOfAMonitorIsThePods(t *testing.T) {
	files := tree.New()
	files.Set("all.yaml", []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}, {containerPort: 9090}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{targetPort: 9090}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
`))
	w, _ := world(t, files, ".")
	r, err := Run(t.Context(), w, Options{Rules: []string{"NP16"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message, "9090/TCP") {
		t.Errorf("the scrape that is denied is not found: %v %v", open(r), r.Skipped)
	}
}
