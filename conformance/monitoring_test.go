package conformance

import (
	"encoding/base64"
	"fmt"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// TestMonitoring runs the Prometheus Operator and Prometheus on what kgen makes
// of every model: whether their targets are found and scraped, their rules
// loaded and fed, and their alerts about to fire on a bad day.
func TestMonitoring(t *testing.T) {
	if !namespace.Inside(t) {
		t.Parallel() // it is mostly waiting
		for _, name := range []string{"etcd", "kube-apiserver", "prometheus-operator", "prometheus"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	record.Start(t, record.Monitoring, "Prometheus, as its operator configures it from each model, scrapes every target, evaluates every rule and has every alert where a bad day puts it, with the rights that kgen gives; broken monitors and rules are seen")
	c := cluster.Start(t)
	startOperator(t, c)
	pl := &platform{}
	pl.dns()
	crews := crewsOf(t, pl, append(models(t), kubePrometheus(t)))
	deploy(t, c, pl, crews)
	binary := component.Build(t, "prometheus")
	for i, station := range stations {
		t.Run(station.name, func(t *testing.T) {
			var own []crew
			for _, cr := range crews {
				if cr.m.network.Spec.Monitoring.SelectorLabels[station.label] == station.value {
					own = append(own, cr)
				}
			}
			watch(t, c, pl, station, binary, 9090+i, own)
		})
	}
}

// A station is one way in which a Prometheus is set up: what it selects by, the
// ServiceAccount that it runs as, the API that it finds Services' addresses by,
// and whether its own chart lets it look around in the platform's namespaces, as
// that of kube-prometheus-stack does.
type station struct {
	name, label, value, account, role string
	everywhere                        bool
}

var stations = []station{
	{"kube-prometheus-stack", "release", "kube-prometheus-stack", "kube-prometheus-stack-prometheus", "EndpointSlice", true},
	{"ours", "prometheus", "ours", "ours", "Endpoints", false},
	{"kube-prometheus", "team", "k8s", "prometheus-k8s", "EndpointSlice", false},
}

// kubePrometheus is a model for a Prometheus as kube-prometheus sets it up: no
// Helm release, and an account that may look around in no namespace of the
// platform by itself.
func kubePrometheus(t *testing.T) *model {
	t.Helper()
	m, err := render("kube-prometheus", "kube-prometheus.yaml", []byte(`
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: quarry
spec:
  mesh: {provider: istio, mode: ambient, namespace: istio-quarry}
  ingress: {class: istio, tls: {clusterIssuer: letsencrypt-prod}, controller: {namespace: quarry-ingress}}
  monitoring: {selectorLabels: {team: k8s}}
  services:
  - name: pit
    ports: [{name: http, port: 80, targetPort: 8080}]
    hosts: [quarry.example.test]
    calls: [crusher]
    metrics: {port: 9090}
  - name: crusher
    ports: [{name: grpc, port: 9000, protocol: grpc}]
`))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A crew is a model and the pods of its services.
type crew struct {
	m    *model
	pods []*standIn
}

// crewsOf mans the models and lets everybody tell of a bad day.
func crewsOf(t *testing.T, pl *platform, all []*model) []crew {
	t.Helper()
	var out []crew
	for _, m := range all {
		cr := crew{m, m.workloads()}
		pl.tell(m, cr.pods)
		pl.targets(m, cr.pods) // makes the platform's pods that nothing is told of
		out = append(out, cr)
	}
	next := 0
	each := func(p *standIn) {
		next++
		p.address = fmt.Sprintf("10.1.%d.%d", next/250, next%250+1)
	}
	for _, cr := range out {
		for _, p := range cr.pods {
			each(p)
		}
		for _, s := range objectsOf[manifest.Service](cr.m.objects, "Service") {
			var addresses []string
			for _, p := range cr.pods {
				if (manifest.Selector{MatchLabels: s.Spec.Selector}).Matches(p.labels) {
					addresses = append(addresses, p.address)
				}
			}
			pl.exists(s.Metadata.Namespace, s.Metadata.Name, addresses)
		}
		for _, s := range cr.m.network.Spec.Services {
			if s.Canary != nil && s.Canary.Owner == spec.FlaggerOwner {
				for _, name := range []string{"", "-primary", "-canary"} { // which Flagger makes
					pl.exists(cr.m.network.Spec.Namespace, s.Name+name, []string{"10.1.0.1"})
				}
			}
		}
	}
	pl.stateMetrics()
	for _, p := range pl.pods {
		each(p)
	}
	return out
}

// startOperator runs the Prometheus Operator, which is its own webhook, and
// registers that as its documentation ("Admission webhook") does.
func startOperator(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	const address = "127.0.0.1:8443" // all ports are free in a network of one's own
	dir := t.TempDir()
	certificate, key, pem := selfSigned(t, dir, "127.0.0.1")
	t.Setenv("KUBECONFIG", c.Kubeconfig(t))
	c.Launch(t, dir, component.Build(t, "prometheus-operator"), "--web.listen-address="+address, "--web.enable-tls=true",
		"--web.cert-file="+certificate, "--web.key-file="+key, "--log-level=warn")
	hook := yamlObject(t, fields{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
		"metadata": fields{"name": "prometheus-operator-rulesvalidation"},
		"webhooks": []fields{{
			"name": "prometheusrulevalidate.monitoring.coreos.com", "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": []string{"v1"},
			"clientConfig": fields{"url": "https://" + address + "/admission-prometheusrules/validate", "caBundle": base64.StdEncoding.EncodeToString(pem)},
			"rules": []fields{{"apiGroups": []string{"monitoring.coreos.com"}, "apiVersions": []string{"*"},
				"operations": []string{"CREATE", "UPDATE"}, "resources": []string{"prometheusrules"}}},
		}}})
	if _, err := c.Apply(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Apply(t.Context(), yamlObject(t, fields{"apiVersion": "v1", "kind": "Namespace", "metadata": fields{"name": "monitoring"}})); err != nil {
		t.Fatal(err)
	}
	good, bad := rule(t, "up"), rule(t, "sum by (job up")
	err := c.Until(t.Context(), "the operator's webhook is heeded", func() (bool, error) {
		if _, err := c.Try(t.Context(), good); err != nil {
			return false, err
		}
		_, err := c.Try(t.Context(), bad)
		if err == nil {
			return false, fmt.Errorf("bad PromQL is taken")
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rule is a PrometheusRule that records an expression.
func rule(t *testing.T, expr string) cluster.Object {
	return yamlObject(t, fields{"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": fields{"namespace": "monitoring", "name": "tried"},
		"spec":     fields{"groups": []fields{{"name": "tried", "rules": []fields{{"record": "tried", "expr": expr}}}}}})
}

// watch runs one Prometheus and judges what it has of the models.
func watch(t *testing.T, c *cluster.Cluster, pl *platform, s station, binary string, port int, crews []crew) {
	if len(crews) == 0 {
		t.Fatalf("no model selects by %s: %s", s.label, s.value)
	}
	token := permit(t, c, pl, s, crews)
	o := prometheusObject(t, c, crews[0].m.network.Spec.Monitoring, s.name, s.account, s.role, token)
	if _, err := c.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	p := startPrometheus(t, c, binary, o, port, []string{"serviceMonitor/monitoring/control/0", "podMonitor/monitoring/control/0", "monitoring-control-"})
	t.Run("controls", func(t *testing.T) { p.judgeControls(t) })
	for _, cr := range crews {
		t.Run(cr.m.name+" targets", func(t *testing.T) { p.judgeTargets(t, pl, cr) })
		t.Run(cr.m.name+" rules", func(t *testing.T) { p.judgeRules(t, cr.m) })
	}
}
