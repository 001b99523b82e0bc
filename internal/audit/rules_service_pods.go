package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var serviceSelectsNothing = &Rule{
	ID: "SV01", Severity: diag.Error,
	Title:       "A Service selects no pod, or another service's",
	Items:       []string{"C7", "P4"},
	Constraints: []string{"K8"},
	Reads:       []Need{NeedsPods},
	Doc: `Each Service's selector is held against the labels of the pod templates in its namespace. A Service that selects nothing has no endpoints,
and whoever calls it is refused; to Kubernetes that is no error. Where kgen.yaml says whose Service it is, it must select that service's
pods and no others.

Correct the selector: it goes by the labels of the pods' template, not of the Deployment. A Service without a selector has its
endpoints from elsewhere; one in a namespace of which no workload is known, that goes by a label which a controller puts on pods as
it makes them, or beside which there are objects of an operator's kind, whose pods it may mean, is not checked.`,
	check: func(c *Check) {
		n := c.network()
		endpoints := c.ownEndpoints()
		for _, s := range c.Services {
			selector := manifest.Selector{MatchLabels: s.V.Spec.Selector}
			switch {
			case s.External():
			case len(s.V.Spec.Selector) == 0:
				if !endpoints[objectAt{s.Namespace, s.Name}] {
					c.Skip(s.Ref(), "it has no selector: who its endpoints are is not said here")
				}
			case len(s.Pods) > 0:
				c.Looked()
				c.checkOwner(s)
			case len(c.PartyPods(s.Namespace, selector)) > 0:
				c.Looked()
			default:
				if why := n.cannotSelect(s.Namespace, selector); why != "" {
					c.Skip(s.Ref(), "%s", why)
					continue
				}
				c.Looked()
				c.Report(s.Object, Field("spec", "selector"), n.nearestPods(s.Namespace, selector), "no pod of %s has the labels %s, so it has no endpoints", namespaceText(s.Namespace), selectorText(selector))
			}
		}
	},
}

// ownEndpoints are the Services whose endpoints are among the manifests.
func (c *Check) ownEndpoints() map[objectAt]bool {
	out := map[objectAt]bool{}
	for _, o := range c.Objects {
		switch o.Kind {
		case "Endpoints":
			out[objectAt{o.Namespace, o.Name}] = true
		case "EndpointSlice":
			out[objectAt{o.Namespace, o.Labels["kubernetes.io/service-name"]}] = true
		}
	}
	return out
}

// checkOwner: a Service's pods are those of one service of the model, and of its own.
func (c *Check) checkOwner(s *inventory.Service) {
	owner := s.Model
	for _, w := range s.Pods {
		if owner == nil {
			owner = w.Service
		}
		if w.Service == nil || w.Service == owner {
			continue
		}
		fix := fmt.Sprintf("write selector: %s", flowLabels(owner.PodLabels))
		if s.Model != nil {
			c.Report(s.Object, Field("spec", "selector"), fix, "it selects the pods of %s, and is %s's by kgen.yaml", w.Service.Name, owner.Name)
		} else {
			c.Report(s.Object, Field("spec", "selector"), fix, "it selects the pods of %s and of %s, which are two services", owner.Name, w.Service.Name)
		}
		return
	}
}

var targetPortMissing = &Rule{
	ID: "SV02", Severity: diag.Error,
	Title:       "A Service's targetPort is none of its pods' ports",
	Items:       []string{"C7", "P4"},
	Constraints: []string{"K9"},
	Reads:       []Need{NeedsPods},
	Doc: `Each port of a Service is followed to the containers of the pods that it selects: a name must be the name of a container port of the same
protocol on every one of them, and a number one that a container declares. A name that is nowhere leaves the pod out of the endpoints.
The ports that a container declares are information alone, and it may listen on others (Kubernetes API, "Container: ports"), so that a number
that none declares is a warning, unless kgen.yaml says the ports. Ports of injected proxies count.

Write the container's port into ` + "`targetPort`" + `, or declare it in the pod template. Pods that declare no ports at all are not checked: they
may listen on any.`,
	check: func(c *Check) {
		for _, s := range c.Services {
			if s.External() {
				continue
			}
			var silent []string
			for _, w := range s.Pods {
				if len(w.Ports) == 0 && !w.StandIn() {
					silent = append(silent, w.Name)
				}
			}
			if len(silent) > 0 {
				c.Skip(s.Ref(), "the containers of %s declare no ports", some(silent))
			}
			for i, p := range s.V.Spec.Ports {
				c.checkTarget(s, i, p)
			}
		}
	},
}

func (c *Check) checkTarget(s *inventory.Service, i int, p manifest.ServicePort) {
	var without []string
	var example *inventory.Workload
	for _, w := range s.Pods {
		if len(w.Ports) == 0 && !w.StandIn() || s.Model != nil && w.Service != nil && w.Service != s.Model {
			continue // nothing is known of it, or it is not meant (rule SV01)
		}
		c.Looked()
		target, ok := w.Target(p)
		if ok && (w.Serves(target) || proxyServes(w, target)) {
			continue
		}
		without = append(without, w.Name)
		example = w
	}
	if len(without) == 0 {
		return
	}
	field := Field("spec", "ports", i)
	if !p.TargetPort.IsZero() {
		field = append(field, "targetPort")
	}
	f := c.Report(s.Object, field, targetFix(example, p), "port %s leads to %s/%s, which %s not have", portText(p), p.Target().Text(), p.Transport(), does(without))
	if p.Target().Name == "" && !example.StandIn() {
		f.Severity = diag.Warning
		f.Message = fmt.Sprintf("%s: port %s leads to %s/%s, which no container of %s declares", s.Ref(), portText(p), p.Target().Text(), p.Transport(), some(without))
	}
	if example.Object != nil {
		f.See(example.Object, example.Template.At("spec", "containers"), "has the ports %s", podPorts(example))
	}
}

func does(names []string) string {
	if len(names) == 1 {
		return names[0] + " does"
	}
	return some(names) + " do"
}

// proxyServes reports whether a port is one that an injected sidecar listens on
// (Istio, "Ports used by Istio").
func proxyServes(w *inventory.Workload, p reach.Port) bool {
	return w.Mesh == reach.Sidecar && p.Protocol == "TCP" && slices.Contains([]int{inventory.ProxyMetrics, inventory.AgentMetrics, 15021}, p.Number)
}

func podPorts(w *inventory.Workload) string {
	var out []string
	for _, p := range w.Ports {
		if p.Number >= inventory.UnknownPort && w.StandIn() && p.Name != "" {
			out = append(out, p.Name)
			continue
		}
		word := fmt.Sprintf("%d/%s", p.Number, transportOf(p.Protocol))
		if p.Name != "" {
			word = p.Name + " " + word
		}
		out = append(out, word)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// targetFix names the port that was meant: the one that the model or the
// template has under the Service's own number or name, or the only one.
func targetFix(w *inventory.Workload, p manifest.ServicePort) string {
	var same, names []string
	for _, c := range w.Ports {
		if transportOf(c.Protocol) != p.Transport() {
			continue
		}
		word := number(c.Number)
		if c.Name != "" {
			word = c.Name
			names = append(names, c.Name)
		}
		same = append(same, word)
	}
	if near := diag.Nearest(p.Target().Text(), names); near != "" {
		return "write targetPort: " + near
	}
	if len(same) == 1 {
		return "write targetPort: " + same[0]
	}
	return fmt.Sprintf("write one of its ports (%s), or declare {containerPort: %s} in the template", podPorts(w), p.Target().Text())
}

var rootPinsVersion = &Rule{
	ID: "SV05", Severity: diag.Warning,
	Title:       "A Service in front of several versions selects one of them alone",
	Items:       []string{"C2"},
	Constraints: []string{"K8", "K12"},
	Doc: `The Service that a canary's traffic is split behind has to select the pods of all its versions; the subsets of a DestinationRule, or
Services of their own, tell them apart. If its selector names the version as well, a subset of another version has no endpoints, and
its share of the requests fails with 503 (Istio, "DestinationRule.subsets": endpoints of the service that match the labels). That there
are several versions is known from kgen.yaml, from the subsets of a DestinationRule, or from a route whose parent the Service is.

Remove the version from its selector. A Service for one version alone has a name of its own.`,
	check: func(c *Check) {
		split := c.splitBy()
		for _, s := range c.Services {
			if s.External() || len(s.V.Spec.Selector) == 0 {
				continue
			}
			why := split[s]
			if s.Model != nil && s.Version == "" && s.Model.Canary != nil && !s.Model.Canary.Owned() && len(s.Model.Canary.Versions()) > 1 {
				why = append([]splitting{{key: "version"}}, why...)
			}
			if len(why) == 0 {
				continue
			}
			c.Looked()
			for _, w := range why {
				value, pinned := s.V.Spec.Selector[w.key]
				if !pinned {
					continue
				}
				f := c.Report(s.Object, Field("spec", "selector", w.key), "remove it from the selector", "it selects %s=%s alone, and stands in front of several versions", w.key, value)
				if w.by != nil {
					f.See(w.by, w.path, "tells them apart by %s", w.key)
				}
				break
			}
		}
	},
}

// splitting is what tells the versions behind a Service apart.
type splitting struct {
	key  string // of a pod label that they differ in
	by   *manifest.Object
	path []any
}

// splitBy finds for each Service the labels by which subsets of its host, or the
// backends of a route that it is the parent of, differ.
func (c *Check) splitBy() map[*inventory.Service][]splitting {
	out := map[*inventory.Service][]splitting{}
	add := func(s *inventory.Service, labels []map[string]string, by *manifest.Object, path ...any) {
		values := map[string]string{}
		var found []string
		for _, l := range labels {
			for k, v := range l {
				if other, seen := values[k]; seen && other != v && !slices.Contains(found, k) {
					found = append(found, k)
				}
				values[k] = v
			}
		}
		slices.Sort(found)
		for _, k := range found {
			out[s] = append(out[s], splitting{k, by, path})
		}
	}
	for _, rule := range inventory.All[manifest.DestinationRule](c.Inventory) {
		if s := c.Host(rule.V.Spec.Host, rule.Namespace).Service; s != nil {
			var labels []map[string]string
			for _, subset := range rule.V.Spec.Subsets {
				labels = append(labels, subset.Labels)
			}
			add(s, labels, rule.Object, "spec", "subsets")
		}
	}
	for _, r := range inventory.All[manifest.Route](c.Inventory) {
		for _, parent := range r.V.Spec.ParentRefs {
			namespace := parent.Namespace
			if namespace == "" {
				namespace = r.Namespace
			}
			s := c.Service(namespace, parent.Name)
			if !parent.Service() || s == nil {
				continue
			}
			for i, rule := range r.V.Spec.Rules {
				var labels []map[string]string
				for _, b := range rule.BackendRefs {
					if to := c.Service(backendNamespace(r, b), b.Name); to != nil && isService(b) {
						labels = append(labels, to.V.Spec.Selector)
					}
				}
				add(s, labels, r.Object, "spec", "rules", i, "backendRefs")
			}
		}
	}
	return out
}
