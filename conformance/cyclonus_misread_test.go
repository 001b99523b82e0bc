package conformance

import (
	"encoding/json"
	"maps"
	"testing"
)

// A misreading is one that people and programs fall for: policies that mean, to
// one who reads rightly, what the given ones mean to one who misreads them.
type misreading struct {
	name string
	// spec changes one policy's spec.
	spec func(spec map[string]any)
}

// rules are the rules of a spec with the key of their peers, once for each direction.
func rules(spec map[string]any, change func(rule map[string]any, peers string)) {
	for direction, peers := range map[string]string{"ingress": "from", "egress": "to"} {
		list, _ := spec[direction].([]any)
		for _, rule := range list {
			change(rule.(map[string]any), peers)
		}
	}
}

func eachPeer(spec map[string]any, change func(peer map[string]any)) {
	rules(spec, func(rule map[string]any, peers string) {
		list, _ := rule[peers].([]any)
		for _, peer := range list {
			change(peer.(map[string]any))
		}
	})
}

func eachPort(spec map[string]any, change func(port map[string]any)) {
	rules(spec, func(rule map[string]any, _ string) {
		list, _ := rule["ports"].([]any)
		for _, port := range list {
			change(port.(map[string]any))
		}
	})
}

var misreadings = []misreading{
	{"two peers are both to match", func(spec map[string]any) {
		rules(spec, func(rule map[string]any, peers string) {
			list, _ := rule[peers].([]any)
			merged := map[string]any{}
			for _, peer := range list {
				if peer.(map[string]any)["ipBlock"] != nil {
					return
				}
				maps.Copy(merged, peer.(map[string]any))
			}
			if len(list) > 1 {
				rule[peers] = []any{merged}
			}
		})
	}},
	{"a podSelector alone is for every namespace", func(spec map[string]any) {
		eachPeer(spec, func(peer map[string]any) {
			if peer["podSelector"] != nil && peer["namespaceSelector"] == nil {
				peer["namespaceSelector"] = map[string]any{}
			}
		})
	}},
	{"without types a policy isolates both ways", func(spec map[string]any) {
		if list, _ := spec["policyTypes"].([]any); len(list) == 0 {
			spec["policyTypes"] = []any{"Ingress", "Egress"}
		}
	}},
	{"without types a policy isolates the ways that it has rules for", func(spec map[string]any) {
		in, _ := spec["ingress"].([]any)
		out, _ := spec["egress"].([]any)
		if list, _ := spec["policyTypes"].([]any); len(list) == 0 && len(in) == 0 && len(out) > 0 {
			spec["policyTypes"] = []any{"Egress"}
		}
	}},
	{"rules of a way that is not among the types count", func(spec map[string]any) {
		types, _ := spec["policyTypes"].([]any)
		in, _ := spec["ingress"].([]any)
		if len(types) == 1 && types[0] == "Egress" && len(in) > 0 {
			spec["policyTypes"] = []any{"Ingress", "Egress"}
		}
	}},
	{"a block has no holes", func(spec map[string]any) {
		eachPeer(spec, func(peer map[string]any) {
			if block, _ := peer["ipBlock"].(map[string]any); block != nil {
				delete(block, "except")
			}
		})
	}},
	{"a range is its first port", func(spec map[string]any) {
		eachPort(spec, func(port map[string]any) { delete(port, "endPort") })
	}},
	{"a range goes up to its last port without it", func(spec map[string]any) {
		eachPort(spec, func(port map[string]any) {
			first, _ := port["port"].(float64)
			if last, _ := port["endPort"].(float64); last > first {
				port["endPort"] = last - 1
			}
		})
	}},
	{"a port without a protocol is UDP's", func(spec map[string]any) {
		eachPort(spec, func(port map[string]any) {
			if port["protocol"] == nil {
				port["protocol"] = "UDP"
			}
		})
	}},
	{"http is 80", func(spec map[string]any) {
		eachPort(spec, func(port map[string]any) {
			if port["port"] == "http" {
				port["port"] = 80
			}
		})
	}},
	{"an empty list of peers is nobody", func(spec map[string]any) {
		rules(spec, func(rule map[string]any, peers string) {
			if list, _ := rule[peers].([]any); len(list) == 0 {
				rule[peers] = []any{map[string]any{"ipBlock": map[string]any{"cidr": "255.255.255.255/32"}}}
			}
		})
	}},
	{"NotIn wants the key", func(spec map[string]any) {
		eachPeer(spec, func(peer map[string]any) {
			for _, key := range []string{"podSelector", "namespaceSelector"} {
				s, _ := peer[key].(map[string]any)
				list, _ := s["matchExpressions"].([]any)
				for _, r := range list {
					if r := r.(map[string]any); r["operator"] == "NotIn" {
						s["matchExpressions"] = append(list, map[string]any{"key": r["key"], "operator": "Exists"})
						break
					}
				}
			}
		})
	}},
	{"the last policy is not there", nil},
}

// misread is the world as somebody sees it who misreads its policies.
func (w *netWorld) misread(t *testing.T, m misreading) *netWorld {
	t.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var other netWorld
	if err := json.Unmarshal(text, &other); err != nil {
		t.Fatal(err)
	}
	if m.spec == nil {
		other.Policies = other.Policies[:len(other.Policies)-1]
		return &other
	}
	for _, p := range other.Policies {
		m.spec(p["spec"].(map[string]any))
	}
	return &other
}
