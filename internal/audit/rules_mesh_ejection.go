package audit

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var neverEjects = &Rule{
	ID: "SM08", Severity: diag.Warning,
	Title:       "A circuit breaker can never eject a pod",
	Items:       []string{"C8"},
	Constraints: []string{"K16"},
	Reads:       []Need{NeedsMesh},
	Doc: `Outlier detection ejects a pod only while that keeps the ejected ones at or below ` + "`maxEjectionPercent`" + ` of all, which is 10 where it is left out or
0 (Envoy, "Outlier detection"; istio.io/istio, pilot/pkg/networking/core, applyOutlierDetection). Of fewer than ten pods one is more than
a tenth, so that the breaker never ejects anybody. It has to be at least 100 divided by the number of pods, rounded up, and each subset
counts its own pods, as it is a cluster of its own. The thresholds are looked at too: with ` + "`consecutive5xxErrors: 0`" + ` and no
` + "`consecutiveGatewayErrors`" + ` nothing counts, and gateway errors, which are 5xx errors as well, have an effect only below the number of those.

Set maxEjectionPercent as the finding says; 100 lets every failing pod go. A breaker is checked where the number of pods is known: from
` + "`replicas`" + ` of the workloads or kgen.yaml; with an autoscaler, from its least number.`,
	check: func(c *Check) {
		m := c.mesh()
		e := &ejection{mesh: m, least: leastReplicas(c.Inventory)}
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			e.rule(d)
		}
		for _, canary := range inventory.All[manifest.Canary](c.Inventory) {
			if tp := canary.V.Spec.Service.TrafficPolicy; tp != nil && tp.OutlierDetection != nil {
				h := m.host(serviceKey(canary.Namespace, canaryName(canary.V)+"-primary")+"."+m.domain(), canary.Namespace)
				e.judge(canary.Object, Field("spec", "service", "trafficPolicy", "outlierDetection"), tp.OutlierDetection, m.full(h), m.pods(h))
			}
		}
	},
}

// ejection judges outlier detection.
type ejection struct {
	*mesh
	least map[string]int // what autoscalers keep at least, by kind, namespace and name of what they scale
}

// leastReplicas are what HorizontalPodAutoscalers keep at least, 1 where they
// do not say (Kubernetes, autoscaling/v2).
func leastReplicas(inv *inventory.Inventory) map[string]int {
	out := map[string]int{}
	for _, o := range inv.Objects {
		if o.Kind != "HorizontalPodAutoscaler" || o.Group() != "autoscaling" {
			continue
		}
		v, err := o.Value()
		if err != nil {
			continue
		}
		spec, _ := v.Field("spec")
		target, _ := spec.Field("scaleTargetRef")
		kind, _ := target.Field("kind")
		name, _ := target.Field("name")
		least := 1
		if n, given := spec.Field("minReplicas"); given {
			if number, ok := n.Scalar.(int); ok {
				least = number
			}
		}
		out[fmt.Sprintf("%v %s/%v", kind.Scalar, o.Namespace, name.Scalar)] = least
	}
	return out
}

// replicas is how many pods a workload has at least, 0 where nobody says.
func (e *ejection) replicas(w *inventory.Workload) int {
	if w.Object == nil {
		return w.Replicas
	}
	if n, scaled := e.least[w.Ref()]; scaled {
		return n
	}
	switch {
	case w.Replicas > 0, w.Template == nil:
		return w.Replicas
	case w.Kind == "Pod":
		return 1
	case w.Service != nil:
		return int(w.Service.Replicas)
	}
	return 0 // one by default, but those who leave it out have something else set it
}

// rule judges every place of a DestinationRule that has outlier detection.
func (e *ejection) rule(d destinationRule) {
	h := e.host(d.V.Spec.Host, d.Namespace)
	pods := e.pods(h)
	at := func(tp *manifest.TrafficPolicy, who string, pods []*inventory.Workload, path ...any) {
		if tp != nil && tp.OutlierDetection != nil {
			e.judge(d.Object, append(path, "trafficPolicy", "outlierDetection"), tp.OutlierDetection, who, pods)
		}
	}
	for i, s := range d.V.Spec.Subsets {
		at(s.TrafficPolicy, fmt.Sprintf("subset %s of %s", s.Name, e.full(h)), selectedBy(pods, s.Labels), "spec", "subsets", i)
	}
	// What is said for all holds in each subset that does not say otherwise: the
	// smallest of them decides.
	who := e.full(h)
	if smallest, name := e.smallestSubset(d, pods); smallest != nil {
		who, pods = fmt.Sprintf("subset %s of %s", name, who), smallest
	}
	at(d.V.Spec.TrafficPolicy, who, pods, "spec")
}

// smallestSubset is the subset with the fewest pods among those that have no
// outlier detection of their own; nil where there is none with pods.
func (e *ejection) smallestSubset(d destinationRule, pods []*inventory.Workload) ([]*inventory.Workload, string) {
	var best []*inventory.Workload
	least, name := 0, ""
	for _, s := range d.V.Spec.Subsets {
		if s.TrafficPolicy != nil && s.TrafficPolicy.OutlierDetection != nil {
			continue
		}
		selected := selectedBy(pods, s.Labels)
		if n := e.count(selected); n > 0 && (best == nil || n < least) {
			best, least, name = selected, n, s.Name
		}
	}
	return best, name
}

// count is how many pods workloads have, 0 where one of them does not say.
func (e *ejection) count(pods []*inventory.Workload) int {
	sum := 0
	for _, w := range pods {
		n := e.replicas(w)
		if n == 0 {
			return 0
		}
		sum += n
	}
	// The model's number is the service's, whichever versions its pods have.
	if len(pods) > 0 && pods[0].StandIn() {
		return pods[0].Replicas
	}
	return sum
}

// defaultEjection is Envoy's max_ejection_percent.
const defaultEjection = 10

func (e *ejection) judge(o *manifest.Object, path []any, d *manifest.OutlierDetection, who string, pods []*inventory.Workload) {
	five, gateway, local := 5, 0, d.SplitExternalLocal != nil && *d.SplitExternalLocal
	if d.Consecutive5xxErrors != nil {
		five = *d.Consecutive5xxErrors
	}
	if d.ConsecutiveGatewayErrors != nil {
		gateway = *d.ConsecutiveGatewayErrors
	}
	e.Looked()
	switch {
	case five == 0 && gateway == 0 && !local:
		e.Report(o, append(path, "consecutive5xxErrors"), "write consecutive5xxErrors: 5, consecutiveGatewayErrors: 3", "no error of %s is counted, so that its circuit breaker never ejects a pod", who)
		return
	case gateway > 0 && five > 0 && gateway >= five:
		e.Report(o, append(path, "consecutiveGatewayErrors"), fmt.Sprintf("write less than %d", five),
			"consecutiveGatewayErrors: %d has no effect: gateway errors are 5xx errors too, and %d of these eject a pod of %s first", gateway, five, who)
	}
	most, said := defaultEjection, "left out, which means 10"
	if d.MaxEjectionPercent != nil && *d.MaxEjectionPercent > 0 {
		most, said = *d.MaxEjectionPercent, number(*d.MaxEjectionPercent)
	} else if d.MaxEjectionPercent != nil {
		said = number(*d.MaxEjectionPercent) + ", which means 10"
	}
	n := e.count(pods)
	if n == 0 {
		if most < 100 {
			e.Skip(o.Ref(), "nobody says how many pods %s has", strings.TrimSuffix(who, "."))
		}
		return
	}
	if most*n < 100 {
		e.Report(o, append(path, "maxEjectionPercent"), fmt.Sprintf("write maxEjectionPercent: %d or more", (100+n-1)/n),
			"maxEjectionPercent is %s, and %d %% of %s is less than one pod of %s: its circuit breaker never ejects any", said, most, plural(n, "pod"), who)
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return number(n) + " " + word + "s"
}
