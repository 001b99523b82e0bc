package gen_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// madeByFlagger stands as the file of objects that no file holds: those that
// Flagger makes of a Canary.
const madeByFlagger = "(made by Flagger)"

// flaggerLabel is the label that Flagger looks for first on a Deployment's pods.
func flaggerLabel(labels map[string]string) string {
	for _, key := range []string{"app", "name", "app.kubernetes.io/name"} {
		if _, has := labels[key]; has {
			return key
		}
	}
	return ""
}

// playFlagger makes of every Canary what Flagger's routers make (its packages
// pkg/router and pkg/canary, v1.44), so that the constraints hold for the cluster
// as it is then. Short names, which Istio completes with the namespace of the
// object itself, are written out.
func (w *world) playFlagger(objects []*manifest.Object) []*manifest.Object {
	var out []*manifest.Object
	for _, o := range objects {
		c, err := manifest.As[manifest.Canary](o)
		if err != nil {
			continue // said where everything is decoded
		}
		s := w.service(c.Spec.TargetRef.Name)
		if s == nil || c.Spec.TargetRef.Kind != "Deployment" {
			w.at(o, "targets %s %s, and the model has no such service", c.Spec.TargetRef.Kind, c.Spec.TargetRef.Name)
			continue
		}
		made, err := manifest.Parse(madeByFlagger, []byte(w.flaggersObjects(s, c)))
		if err != nil {
			w.at(o, "what Flagger would make of it: %v", err)
		}
		out = append(out, made...)
	}
	return out
}

func (w *world) flaggersObjects(s *spec.Service, c *manifest.Canary) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	v := c.Spec.Service
	key := flaggerLabel(s.PodLabels)
	head := func(apiVersion, kind, name string) {
		line("---\napiVersion: %s\nkind: %s\nmetadata:\n  name: %q\n  namespace: %q", apiVersion, kind, name, c.Metadata.Namespace)
	}
	service := func(name, selected string, meta *manifest.CanaryMetadata) {
		head("v1", "Service", name)
		labels := map[string]string{}
		if meta != nil {
			maps.Copy(labels, meta.Labels)
		}
		labels[key] = name
		line("  labels:")
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			line("    %q: %q", k, labels[k])
		}
		if meta != nil && len(meta.Annotations) > 0 {
			line("  annotations:")
			for _, k := range slices.Sorted(maps.Keys(meta.Annotations)) {
				line("    %q: %q", k, meta.Annotations[k])
			}
		}
		name, target := v.PortName, v.TargetPort.Text()
		if name == "" {
			name = "http"
		}
		if v.TargetPort.IsZero() {
			target = fmt.Sprint(v.Port)
		}
		line("spec:\n  type: ClusterIP\n  selector:\n    %q: %q\n  ports:\n  - name: %q\n    protocol: TCP\n    port: %d\n    targetPort: %s", key, selected, name, v.Port, target)
		if v.AppProtocol != "" {
			line("    appProtocol: %s", v.AppProtocol)
		}
	}
	value := s.PodLabels[key]
	service(s.Name, value+"-primary", v.Apex)
	service(s.Name+"-primary", value+"-primary", v.Primary)
	service(s.Name+"-canary", value, v.Canary)
	switch c.Spec.Provider {
	case "istio":
		w.flaggersMesh(s, c, line, head)
	case "gatewayapi:v1":
		w.flaggersRoute(s, c, line, head)
	default:
		line("---\nprovider %q is none that Flagger would take for what is meant", c.Spec.Provider)
	}
	return b.String()
}

func (w *world) flaggersMesh(s *spec.Service, c *manifest.Canary, line func(string, ...any), head func(a, k, n string)) {
	v := c.Spec.Service
	for _, side := range []string{"primary", "canary"} {
		name := s.Name + "-" + side
		head("networking.istio.io/v1beta1", "DestinationRule", name)
		line("spec:\n  host: %q", w.fqdn(name))
		if tp := v.TrafficPolicy; tp != nil && tp.OutlierDetection != nil {
			pool, od := tp.ConnectionPool.HTTP, tp.OutlierDetection
			line("  trafficPolicy:\n    tls:\n      mode: %s", tp.TLS.Mode)
			line("    connectionPool:\n      http:\n        http1MaxPendingRequests: %d\n        http2MaxRequests: %d", pool.HTTP1MaxPendingRequests, pool.HTTP2MaxRequests)
			line("    outlierDetection:\n      consecutive5xxErrors: %d\n      consecutiveGatewayErrors: %d\n      interval: %s\n      baseEjectionTime: %s\n      maxEjectionPercent: %d",
				*od.Consecutive5xxErrors, *od.ConsecutiveGatewayErrors, od.Interval, od.BaseEjectionTime, *od.MaxEjectionPercent)
		}
	}
	head("networking.istio.io/v1beta1", "VirtualService", s.Name)
	line("spec:\n  gateways:\n  - mesh\n  hosts:\n  - %q\n  http:\n  - route:", w.fqdn(s.Name))
	for i, side := range []string{"primary", "canary"} {
		line("    - destination:\n        host: %q\n      weight: %d", w.fqdn(s.Name+"-"+side), 100-100*i)
	}
	if v.Timeout != "" {
		line("    timeout: %s", v.Timeout)
	}
	if r := v.Retries; r != nil && r.Attempts != nil {
		line("    retries:\n      attempts: %d", *r.Attempts)
		if r.PerTryTimeout != "" {
			line("      perTryTimeout: %s", r.PerTryTimeout)
		}
		if r.RetryOn != "" {
			line("      retryOn: %s", r.RetryOn)
		}
	}
}

func (w *world) flaggersRoute(s *spec.Service, c *manifest.Canary, line func(string, ...any), head func(a, k, n string)) {
	v := c.Spec.Service
	if v.Retries != nil || v.TrafficPolicy != nil {
		line("---\nretries and trafficPolicy are lost with an HTTPRoute")
	}
	head("gateway.networking.k8s.io/v1", "HTTPRoute", s.Name)
	line("spec:\n  parentRefs:")
	for _, p := range v.GatewayRefs {
		line("  - name: %q", p.Name)
		if p.Group != nil {
			line("    group: %q", *p.Group)
		}
		if p.Kind != "" {
			line("    kind: %q", p.Kind)
		}
		if p.Namespace != "" {
			line("    namespace: %q", p.Namespace)
		}
		if p.SectionName != "" {
			line("    sectionName: %q", p.SectionName)
		}
		if p.Port != 0 {
			line("    port: %d", p.Port)
		}
	}
	if len(v.Hosts) > 0 {
		line("  hostnames:")
		for _, h := range v.Hosts {
			line("  - %q", h)
		}
	}
	line("  rules:\n  - matches:")
	prefixes := []string{"/"}
	if len(v.Match) > 0 {
		prefixes = nil
	}
	for _, m := range v.Match {
		prefixes = append(prefixes, m.URI.Prefix)
	}
	for _, p := range prefixes {
		line("    - path:\n        type: PathPrefix\n        value: %q", p)
	}
	if r := v.Rewrite; r != nil {
		kind, field := "ReplaceFullPath", "replaceFullPath"
		if r.Type == "ReplacePrefixMatch" {
			kind, field = r.Type, "replacePrefixMatch"
		}
		line("    filters:\n    - type: URLRewrite\n      urlRewrite:\n        path:\n          type: %s\n          %s: %q", kind, field, r.URI)
	}
	if v.Timeout != "" {
		line("    timeouts:\n      request: %s", v.Timeout)
	}
	line("    backendRefs:")
	for i, side := range []string{"primary", "canary"} {
		line("    - name: %q\n      port: %d\n      weight: %d", s.Name+"-"+side, v.Port, 100-100*i)
	}
}

// flagger and rollouts report which controller owns the service's canary.
func flagger(s *spec.Service) bool  { return s.Canary != nil && s.Canary.Owner == spec.FlaggerOwner }
func rollouts(s *spec.Service) bool { return s.Canary != nil && s.Canary.Owner == spec.RolloutsOwner }

// versionsOf are the names of the service's versions, the stable one first: of
// its subsets, and what follows its name in the names of their Services.
func versionsOf(s *spec.Service) []string {
	switch {
	case s.Canary == nil:
		return []string{"v1"}
	case flagger(s):
		return []string{"primary", "canary"}
	case rollouts(s):
		return []string{"stable", "canary"}
	case s.Canary.Version == "":
		return []string{s.Canary.Stable}
	}
	return []string{s.Canary.Stable, s.Canary.Version}
}

// podLabels are the labels of a version's pods.
func (w *world) podLabels(s *spec.Service, version string) map[string]string {
	labels := map[string]string{"app.kubernetes.io/name": s.Name, "version": version}
	if w.sidecar() {
		labels["security.istio.io/tlsMode"] = "istio" // the injector's
	}
	maps.Copy(labels, s.PodLabels)
	switch {
	case flagger(s):
		labels["version"] = "v1" // a Deployment knows nothing of versions
		if version == "primary" {
			labels[flaggerLabel(s.PodLabels)] += "-primary"
		}
	case rollouts(s):
		labels["version"] = "v1"
		labels["rollouts-pod-template-hash"] = version
	}
	return labels
}

var ownerConstraints = []constraint{
	{"O1", "a Canary holds the model's objectives, and nothing is rendered that Flagger makes", checkFlagger},
	{"O2", "what a Rollout moves starts with everything on its stable version", checkRollouts},
}

func checkFlagger(w *world) {
	owned := map[string]bool{}
	for _, c := range all[manifest.Canary](w) {
		s := w.service(c.v.Spec.TargetRef.Name)
		if s == nil || !flagger(s) {
			w.at(c.Object, "is of no service whose canary Flagger owns")
			continue
		}
		owned[s.Name] = true
		w.checkAnalysis(c, s)
		for _, o := range w.objects {
			name, mine := strings.CutPrefix(o.Name, s.Name)
			if o.File == madeByFlagger || o.Namespace != c.Namespace || !mine || name != "" && name != "-primary" && name != "-canary" {
				continue
			}
			gateway := c.v.Spec.Provider == "gatewayapi:v1"
			switch o.Kind {
			case "Service", "VirtualService":
				w.at(o, "is Flagger's to make, of Canary %s", c.Name)
			case "DestinationRule":
				if !gateway || name == "" {
					w.at(o, "is Flagger's to make, of Canary %s, or of a host that it moves", c.Name)
				}
			case "HTTPRoute", "GRPCRoute":
				if gateway {
					w.at(o, "is Flagger's to make, of Canary %s", c.Name)
				}
			}
		}
	}
	for i := range w.s.Services {
		if s := &w.s.Services[i]; flagger(s) && !owned[s.Name] {
			w.model(s, "has no Canary")
		}
	}
}

func (w *world) checkAnalysis(c item[manifest.Canary], s *spec.Service) {
	if !c.v.Spec.RevertOnDeletion {
		w.at(c.Object, "deleting it would leave Deployment %s without pods", s.Name)
	}
	success, threshold := 95.0, 500.0
	if s.SLO != nil && s.SLO.Availability != 0 {
		success = float64(s.SLO.Availability)
	}
	percentile := 99.0
	if s.SLO != nil && s.SLO.Latency != nil {
		threshold = float64(s.SLO.Latency.Threshold) / 1e6
		percentile = float64(s.SLO.Latency.Percentile)
	}
	min, max := false, false
	for _, m := range c.v.Spec.Analysis.Metrics {
		r := m.ThresholdRange
		min = min || r.Min != nil && *r.Min == success
		max = max || r.Max != nil && *r.Max == threshold
		builtin := m.Name == "request-success-rate" || m.Name == "request-duration"
		switch {
		case builtin && c.v.Spec.Provider != "istio":
			w.at(c.Object, "%s is not Istio's with provider %s", m.Name, c.v.Spec.Provider)
		case builtin && m.Query != "", !builtin && m.Query == "":
			w.at(c.Object, "metric %s is asked for in two ways or in none", m.Name)
		case m.Name == "request-success-rate" && s.Ports[0].Protocol == spec.GRPC:
			w.at(c.Object, "request-success-rate counts failed gRPC calls as successes")
		case m.Name == "request-duration" && percentile != 99:
			w.at(c.Object, "request-duration is the 99th percentile, and the objective is of %v", percentile)
		case strings.Contains(m.Query, "histogram_quantile") && !strings.Contains(m.Query, fmt.Sprintf("histogram_quantile(%v,", percentile/100)):
			w.at(c.Object, "the objective is of percentile %v: %s", percentile, m.Query)
		}
	}
	if !min || !max {
		w.at(c.Object, "its bounds are not %v %% and %v ms", success, threshold)
	}
}

func checkRollouts(w *world) {
	for _, dr := range all[manifest.DestinationRule](w) {
		s, name := w.serviceOf(dr.v.Spec.Host)
		if s == nil || !rollouts(s) || name != s.Name {
			continue
		}
		var names []string
		for _, subset := range dr.v.Spec.Subsets {
			names = append(names, subset.Name)
			if !maps.Equal(subset.Labels, s.PodLabels) {
				w.at(dr.Object, "subset %s has labels %v, want the pods' own %v, to which the Rollout adds its hash", subset.Name, subset.Labels, s.PodLabels)
			}
		}
		if w.sidecar() && !slices.Equal(names, []string{"stable", "canary"}) {
			w.at(dr.Object, "subsets are %v, want stable and canary", names)
		}
	}
}
