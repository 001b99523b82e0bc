package reach_test

import (
	"net"
	"slices"
	"strings"
)

// The evaluator is a second opinion: NetworkPolicy as the API's documentation
// tells it (k8s.io/api/networking/v1, types.go), read from the generic maps of
// a manifest, question by question and policy by policy. It shares no code with
// the package.
type evaluator struct {
	policies   []map[string]any
	namespaces map[string]map[string]string // of those with a manifest
	podBlocks  bool                         // ipBlocks are held against pods' addresses
	fault      string                       // a mistake that it makes on purpose, for the test of the test
}

// end is a pod, or an address where pod is nil.
type end struct {
	pod *plainPod
	ip  net.IP
}

type plainPod struct {
	namespace, name string
	labels          map[string]string
	ports           []plainPort
	host            bool
	ip              net.IP
}

type plainPort struct {
	name, protocol string
	number         int
}

func (e *evaluator) allowed(from, to end, protocol string, port int) bool {
	if e.fault == "one side is enough" {
		return e.agrees("egress", from, to, to, protocol, port) || e.agrees("ingress", to, from, to, protocol, port)
	}
	return e.agrees("egress", from, to, to, protocol, port) && e.agrees("ingress", to, from, to, protocol, port)
}

// agrees: one end, with the policies that select it.
func (e *evaluator) agrees(direction string, self, other, destination end, protocol string, port int) bool {
	if self.pod == nil || self.pod.host {
		return true
	}
	isolated := false
	for _, policy := range e.policies {
		meta, spec := object(policy["metadata"]), object(policy["spec"])
		if meta["namespace"] != self.pod.namespace || !e.selects(object(spec["podSelector"]), self.pod.labels) {
			continue
		}
		if !slices.Contains(e.types(spec), direction) {
			continue
		}
		isolated = true
		for _, r := range items(spec[direction]) {
			if e.admits(direction, object(r), meta["namespace"].(string), other, destination, protocol, port) {
				return true
			}
		}
		if e.fault == "the first policy decides" {
			return false
		}
	}
	return !isolated
}

func (e *evaluator) types(spec map[string]any) []string {
	var types []string
	for _, t := range items(spec["policyTypes"]) {
		types = append(types, strings.ToLower(t.(string)))
	}
	if len(types) > 0 {
		return types
	}
	types = []string{"ingress"}
	_, mentioned := spec["egress"]
	if len(items(spec["egress"])) > 0 || e.fault == "egress isolates when it is mentioned" && mentioned {
		types = append(types, "egress")
	}
	if e.fault == "egress rules alone do not isolate ingress" && len(types) == 2 && len(items(spec["ingress"])) == 0 {
		types = types[1:]
	}
	return types
}

func (e *evaluator) admits(direction string, rule map[string]any, namespace string, other, destination end, protocol string, port int) bool {
	side := map[string]string{"ingress": "from", "egress": "to"}[direction]
	peers, ports := items(rule[side]), items(rule["ports"])
	peer := len(peers) == 0
	for _, p := range peers {
		peer = peer || e.isPeer(object(p), namespace, other)
	}
	open := len(ports) == 0
	for _, p := range ports {
		open = open || e.isPort(object(p), destination, protocol, port)
	}
	return peer && open
}

func (e *evaluator) isPeer(peer map[string]any, namespace string, other end) bool {
	if block := object(peer["ipBlock"]); block != nil {
		ip := other.ip
		if other.pod != nil {
			if !e.podBlocks || other.pod.ip == nil {
				return false
			}
			ip = other.pod.ip
		}
		_, whole, _ := net.ParseCIDR(block["cidr"].(string))
		if !whole.Contains(ip) {
			return false
		}
		for _, text := range items(block["except"]) {
			if _, hole, _ := net.ParseCIDR(text.(string)); hole.Contains(ip) && e.fault != "except is ignored" {
				return false
			}
		}
		return true
	}
	namespaces, hasNamespaces := peer["namespaceSelector"]
	pods, hasPods := peer["podSelector"]
	hasNamespaces, hasPods = hasNamespaces && namespaces != nil, hasPods && pods != nil
	if other.pod == nil {
		return e.fault == "every namespace is everywhere" && hasNamespaces && len(object(namespaces)) == 0
	}
	if other.pod.host {
		return false
	}
	labels := map[string]string{}
	for k, v := range e.namespaces[other.pod.namespace] {
		labels[k] = v
	}
	labels["kubernetes.io/metadata.name"] = other.pod.namespace
	inNamespace := other.pod.namespace == namespace || e.fault == "a podSelector is for all namespaces"
	if hasNamespaces {
		inNamespace = e.selects(object(namespaces), labels)
	}
	if e.fault == "selectors of one peer are alternatives" && hasNamespaces && hasPods {
		return inNamespace || e.selects(object(pods), other.pod.labels)
	}
	return inNamespace && (!hasPods || e.selects(object(pods), other.pod.labels))
}

func (e *evaluator) isPort(p map[string]any, destination end, protocol string, port int) bool {
	want, given := p["protocol"].(string)
	if !given {
		want = "TCP"
	}
	if want != protocol && e.fault != "protocols do not matter" {
		return false
	}
	switch number := p["port"].(type) {
	case nil:
		return true
	case string:
		if destination.pod == nil {
			return false
		}
		for _, c := range destination.pod.ports {
			if c.name == number && (c.protocol == want || e.fault == "a name has no protocol") {
				return c.number == port
			}
		}
		return false
	case int:
		last, isRange := p["endPort"].(int)
		if !isRange {
			return number == port
		}
		if e.fault == "endPort is not included" {
			last--
		}
		return number <= port && port <= last
	}
	panic("a port is a number or a name")
}

func (e *evaluator) selects(selector map[string]any, labels map[string]string) bool {
	for key, want := range object(selector["matchLabels"]) {
		if have, ok := labels[key]; !ok || have != want {
			return false
		}
	}
	for _, item := range items(selector["matchExpressions"]) {
		x := object(item)
		have, exists := labels[x["key"].(string)]
		listed := exists && slices.Contains(items(x["values"]), any(have))
		switch x["operator"] {
		case "In":
			if !listed {
				return false
			}
		case "NotIn":
			if listed || !exists && e.fault == "NotIn wants the key" {
				return false
			}
		case "Exists":
			if !exists {
				return false
			}
		case "DoesNotExist":
			if exists {
				return false
			}
		}
	}
	return true
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func items(v any) []any {
	list, _ := v.([]any)
	return list
}
