package audit

import (
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var failoverNever = &Rule{
	ID: "SM20", Severity: diag.Warning,
	Title: "A failover between localities never happens",
	Items: []string{"C8"},
	Reads: []Need{NeedsMesh},
	Doc: "A DestinationRule that asks for failover between localities (`loadBalancer.localityLbSetting` with `failover`, `failoverPriority`, or `enabled: true`\n" +
		"without `distribute`) is looked at for outlier detection beside it: it is by this that a proxy learns that the pods next to it fail. Without it\n" +
		"Istio gives the proxies no priorities at all (Istio, \"Locality Load Balancing\"; istio.io/istio, pilot/pkg/networking/core/loadbalancer), so that\n" +
		"the setting does nothing, and is found to do nothing in the outage that it was written for.\n\n" +
		"Add `outlierDetection` to the same trafficPolicy. A subset has its host's where it says none of its own, and the settings of one port\n" +
		"stand alone. `distribute`, which divides the traffic by weights, needs none.",
	check: func(c *Check) {
		looked := false
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			looked = c.failover(d) || looked
		}
		if !looked {
			c.Skip("", "no DestinationRule asks for failover between localities")
		}
	},
}

// failover judges a DestinationRule, and reports whether it speaks of localities.
func (c *Check) failover(d inventory.Item[manifest.DestinationRule]) bool {
	looked := false
	judge := func(tp *manifest.TrafficPolicy, inherits *manifest.OutlierDetection, at ...any) {
		if tp == nil {
			return
		}
		if field, asks := failsOver(d.Object, at); asks {
			looked = true
			c.Looked()
			if tp.OutlierDetection == nil && inherits == nil {
				c.Report(d.Object, field, "add outlierDetection to this trafficPolicy, as {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 100}",
					"asks for failover between localities, and has no outlier detection, without which Istio does not fail over")
			}
		}
		for i := range tp.PortLevel {
			port := append(slices.Clone(at), "portLevelSettings", i)
			if field, asks := failsOver(d.Object, port); asks {
				looked = true
				c.Looked()
				if !d.Has(append(slices.Clone(port), "outlierDetection")...) {
					c.Report(d.Object, field, "add outlierDetection to the settings of this port", "asks for failover between localities, and the settings of this port have no outlier detection, without which Istio does not fail over")
				}
			}
		}
	}
	var whole *manifest.OutlierDetection
	if tp := d.V.Spec.TrafficPolicy; tp != nil {
		whole = tp.OutlierDetection
	}
	judge(d.V.Spec.TrafficPolicy, nil, "spec", "trafficPolicy")
	for i := range d.V.Spec.Subsets {
		judge(d.V.Spec.Subsets[i].TrafficPolicy, whole, "spec", "subsets", i, "trafficPolicy")
	}
	return looked
}

// failsOver reports whether the traffic policy at a path asks for failover
// between localities, and by which field. With distribute Istio goes by weights.
func failsOver(o *manifest.Object, policy []any) (field []any, asks bool) {
	at := func(key string) []any {
		return append(slices.Clone(policy), "loadBalancer", "localityLbSetting", key)
	}
	enabled := ""
	if o.Has(at("enabled")...) {
		enabled = scalarAt(o.Node, at("enabled"))
	}
	if enabled == "false" || o.Has(at("distribute")...) {
		return nil, false
	}
	for _, key := range []string{"failover", "failoverPriority"} {
		if o.Has(at(key)...) {
			return at(key), true
		}
	}
	return at("enabled"), enabled == "true"
}
