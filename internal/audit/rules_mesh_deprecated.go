package audit

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

var deprecatedMeshField = &Rule{
	ID: "SM07", Severity: diag.Warning,
	Title: "A field or annotation of Istio's is deprecated",
	Items: []string{"C2"},
	Reads: []Need{NeedsMesh},
	Doc: `Fields that Istio's API marks as deprecated are still taken by the API server, and some of them do nothing any more: ` + "`consecutiveErrors`" + ` is not
sent to the proxies at all, so that a circuit breaker that says only this has the default instead (istio.io/api, the protos of
networking/v1alpha3 and annotation/annotations.yaml; analysis messages IST0002 and IST0135).

Write what the finding names in its place.`,
	check: func(c *Check) {
		for _, o := range c.Objects {
			for _, d := range deprecatedFields {
				if o.Group() != "networking.istio.io" || o.Kind != d.kind || o.Node == nil {
					continue
				}
				c.Looked()
				for _, path := range pathsTo(o.Node, d.path) {
					if d.value != "" && !saysScalar(o.Node, path, d.value) {
						continue
					}
					c.Report(o, path, d.instead, "%s is deprecated: %s", d.name(), d.why)
				}
			}
			c.deprecatedAnnotations(o)
		}
	},
}

// deprecatedField is one field of a kind of networking.istio.io. A "*" in its
// path stands for every item of a list, and trafficPolicy for each place that has one.
type deprecatedField struct {
	kind         string
	path         []string
	value        string // deprecated only with this value; "" for any
	why, instead string
}

func (d deprecatedField) name() string {
	last := d.path[len(d.path)-1]
	if d.value != "" {
		return last + ": " + d.value
	}
	return last
}

// The fields that the protos of istio.io/api networking/v1alpha3 mark, at 1.31.
var deprecatedFields = slices.Concat(
	ofPolicies(deprecatedField{path: []string{"outlierDetection", "consecutiveErrors"}, why: "proxies are not told of it, and eject after 5 errors whatever it says", instead: "write consecutive5xxErrors, or consecutiveGatewayErrors for 502, 503 and 504 alone"}),
	ofPolicies(deprecatedField{path: []string{"loadBalancer", "simple"}, value: "LEAST_CONN", why: "it has another name", instead: "write simple: LEAST_REQUEST"}),
	ofPolicies(deprecatedField{path: []string{"loadBalancer", "warmupDurationSecs"}, why: "it has become a part of warmup", instead: "write warmup: {duration: …}"}),
	ofPolicies(deprecatedField{path: []string{"loadBalancer", "consistentHash", "minimumRingSize"}, why: "it has become a part of ringHash", instead: "write ringHash: {minimumRingSize: …}"}),
	[]deprecatedField{
		{kind: "VirtualService", path: []string{"spec", "http", "*", "mirrorPercent"}, why: "it knows whole percents only", instead: "write mirrorPercentage: {value: …}"},
		{kind: "VirtualService", path: []string{"spec", "http", "*", "mirror_percent"}, why: "it knows whole percents only", instead: "write mirrorPercentage: {value: …}"},
		{kind: "VirtualService", path: []string{"spec", "http", "*", "corsPolicy", "allowOrigin"}, why: "it compares whole origins only", instead: "write allowOrigins: [{exact: …}]"},
		{kind: "VirtualService", path: []string{"spec", "http", "*", "fault", "delay", "percent"}, why: "it knows whole percents only", instead: "write percentage: {value: …}"},
		{kind: "Gateway", path: []string{"spec", "servers", "*", "port", "targetPort"}, why: "it does nothing", instead: "leave it out"},
		{kind: "Sidecar", path: []string{"spec", "ingress", "*", "port", "targetPort"}, why: "it does nothing", instead: "leave it out"},
		{kind: "Sidecar", path: []string{"spec", "egress", "*", "port", "targetPort"}, why: "it does nothing", instead: "leave it out"},
	},
)

// ofPolicies is a field of a traffic policy in every place that has one.
func ofPolicies(f deprecatedField) []deprecatedField {
	var out []deprecatedField
	for _, place := range [][]string{{"spec", "trafficPolicy"}, {"spec", "subsets", "*", "trafficPolicy"}} {
		for _, port := range [][]string{nil, {"portLevelSettings", "*"}} {
			own := f
			own.kind, own.path = "DestinationRule", slices.Concat(place, port, f.path)
			out = append(out, own)
		}
	}
	return out
}

// pathsTo are the paths of an object that a path with "*" leads to.
func pathsTo(node *yaml.Node, path []string) [][]any {
	out := [][]any{}
	var walk func(node *yaml.Node, rest []string, at []any)
	walk = func(node *yaml.Node, rest []string, at []any) {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		if len(rest) == 0 {
			out = append(out, slices.Clone(at))
			return
		}
		if rest[0] == "*" {
			if node.Kind == yaml.SequenceNode {
				for i, item := range node.Content {
					walk(item, rest[1:], append(at, i))
				}
			}
			return
		}
		if _, value := manifest.Entry(node, rest[0]); value != nil {
			walk(value, rest[1:], append(at, rest[0]))
		}
	}
	walk(node, path, nil)
	return out
}

// saysScalar reports whether the scalar at a path says a text.
func saysScalar(node *yaml.Node, path []any, text string) bool { return scalarAt(node, path) == text }

// scalarAt is the scalar at a path that is there.
func scalarAt(node *yaml.Node, path []any) string {
	for _, step := range path {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		switch step := step.(type) {
		case string:
			_, node = manifest.Entry(node, step)
		case int:
			node = node.Content[step]
		}
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node.Value
}

// deprecatedAnnotation are those on pods and Services that annotations.yaml of
// istio.io/api marks, with what to write instead.
var deprecatedAnnotation = map[string]string{
	"sidecar.istio.io/inject":                     "write it as a label of the pods, sidecar.istio.io/inject: \"true\" or \"false\"",
	"sidecar.istio.io/discoveryAddress":           "write discoveryAddress in the annotation proxy.istio.io/config",
	"sidecar.istio.io/statsInclusionPrefixes":     "write proxyStatsMatcher.inclusionPrefixes in the annotation proxy.istio.io/config",
	"sidecar.istio.io/statsInclusionSuffixes":     "write proxyStatsMatcher.inclusionSuffixes in the annotation proxy.istio.io/config",
	"sidecar.istio.io/statsInclusionRegexps":      "write proxyStatsMatcher.inclusionRegexps in the annotation proxy.istio.io/config",
	"sidecar.istio.io/extraStatTags":              "write extraStatTags in the annotation proxy.istio.io/config",
	"sidecar.istio.io/statsCompression":           "write it in the annotation proxy.istio.io/config",
	"traffic.sidecar.istio.io/kubevirtInterfaces": "write istio.io/reroute-virtual-interfaces",
}

// deprecatedAnnotations judges the annotations of pods.
func (c *Check) deprecatedAnnotations(o *manifest.Object) {
	pods, err := manifest.PodsOf(o)
	if err != nil || pods == nil || len(pods.Template.Metadata.Annotations) == 0 {
		return
	}
	c.Looked()
	for key := range pods.Template.Metadata.Annotations {
		if instead := deprecatedAnnotation[key]; instead != "" {
			c.Report(o, pods.At("metadata", "annotations", key), instead, "the annotation %s is deprecated", key)
		}
	}
}
