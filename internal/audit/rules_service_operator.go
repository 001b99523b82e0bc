package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// quietGroups are the API groups beside those of Kubernetes itself of whose
// objects no pods are made that a Service would select by labels of the user's
// own; a group stands for those below it.
var quietGroups = []string{
	"k8s.io", "istio.io", "cert-manager.io", "monitoring.coreos.com", "external-secrets.io", "bitnami.com", "flagger.app", "argoproj.io", "traefik.io", "traefik.containo.us",
	"projectcontour.io", "networking.gke.io", "cloud.google.com", "cilium.io", "projectcalico.org", "crd.projectcalico.org", "haproxy.org", "getambassador.io", "konghq.com", "configuration.konghq.com",
	"gateway.envoyproxy.io", "elbv2.k8s.aws", "vpcresources.k8s.aws", "kyverno.io", "gatekeeper.sh", "keda.sh", "toolkit.fluxcd.io", "linkerd.io", "openshift.io", "velero.io", "integreatly.org",
}

// podMakers are the kinds of such groups of which pods are made all the same.
var podMakers = []string{"Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler", "Workflow", "CronWorkflow", "EventSource", "Sensor", "EventBus", "Grafana", "GrafanaAgent"}

// operated is an object of a namespace of which an operator may make pods, with
// labels that nobody here knows; nil where there is none.
func (c *Check) operated(namespace string) *manifest.Object {
	for _, o := range c.Objects {
		group := o.Group()
		if o.Namespace != namespace || !strings.Contains(group, ".") || o.Kind == "CustomResourceDefinition" {
			continue
		}
		quiet := slices.ContainsFunc(quietGroups, func(g string) bool { return group == g || strings.HasSuffix(group, "."+g) })
		if !quiet || slices.Contains(podMakers, o.Kind) {
			return o
		}
	}
	return nil
}

// commonPrefixes are those of label keys that people write on their own pods
// (Kubernetes, "Recommended Labels").
var commonPrefixes = []string{"app.kubernetes.io", "helm.sh", "topology.kubernetes.io"}

// operatorPods says why pods that a selector goes for in a namespace may be an
// operator's to make, "" where nothing speaks for that.
func (c *Check) operatorPods(namespace string, s manifest.Selector) string {
	if o := c.operated(namespace); o != nil {
		return fmt.Sprintf("%s is of a kind of which an operator may make pods, whose labels are not given", o.Ref())
	}
	keys := slices.Sorted(maps.Keys(s.MatchLabels))
	for _, r := range s.MatchExpressions {
		keys = append(keys, r.Key)
	}
	for _, k := range keys {
		prefix, _, has := strings.Cut(k, "/")
		if !has || slices.Contains(commonPrefixes, prefix) {
			continue
		}
		carried := false
		for _, w := range c.Pods(namespace, manifest.Selector{}) {
			carried = carried || w.Labels[k] != ""
		}
		if !carried {
			return fmt.Sprintf("no template has a label %s: it may be one that an operator puts on the pods that it makes", k)
		}
	}
	return ""
}
