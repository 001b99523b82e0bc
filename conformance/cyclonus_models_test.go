package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// builtWorlds are what the policies say that are built from one folder of the
// model: between its workloads, those that the policies' peers name, strangers
// and addresses in and beside each block; once more, if there is a block, with
// blocks held against pods too.
func (m *model) builtWorlds(t *testing.T, folder, namespace string) []*netWorld {
	t.Helper()
	stream, err := kustomize.BuildTree(m.tree, folder)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifest.Parse("built.yaml", stream)
	if err != nil {
		t.Fatal(err)
	}
	b := &netBuilder{w: &netWorld{Namespaces: map[string]map[string]string{}}}
	for _, o := range objects {
		switch {
		case o.Kind == "NetworkPolicy":
			typed, err := manifest.As[manifest.NetworkPolicy](o)
			if err != nil {
				t.Fatal(err)
			}
			b.policies = append(b.policies, typed)
		case o.Kind == "Namespace":
			b.namespace(o.Name, o.Labels)
		}
	}
	for _, text := range documents(t, stream) {
		if text["kind"] == "NetworkPolicy" {
			b.w.Policies = append(b.w.Policies, text)
		}
	}
	if len(b.policies) == 0 || len(b.policies) != len(b.w.Policies) {
		t.Fatalf("%s: %d and %d NetworkPolicies are built", folder, len(b.policies), len(b.w.Policies))
	}
	b.workloads(m, namespace)
	b.neighbours()
	b.addresses()
	b.ports()
	worlds := []*netWorld{b.w}
	b.peers(func(_ string, p manifest.Peer) {
		if p.IPBlock != nil && len(worlds) == 1 {
			matching := *b.w
			matching.BlocksMatchPods = true
			worlds = append(worlds, &matching)
		}
	})
	return worlds
}

// documents are the objects of a stream as JSON would have them.
func documents(t *testing.T, stream []byte) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, o := range written(t, string(stream)) {
		var fields map[string]any
		if err := yaml.Unmarshal(o.Text, &fields); err != nil {
			t.Fatalf("%s: %v", o, err)
		}
		if _, err := json.Marshal(fields); err != nil {
			t.Fatalf("%s: %v", o, err)
		}
		out = append(out, fields)
	}
	return out
}

// A netBuilder makes a world of what policies speak of.
type netBuilder struct {
	w        *netWorld
	policies []*manifest.NetworkPolicy
	seen     map[string]bool // pods, by what tells them apart
}

// namespace is there with its labels; later labels of the same do not count.
func (b *netBuilder) namespace(name string, labels map[string]string) {
	if b.w.Namespaces[name] == nil {
		all := map[string]string{}
		maps.Copy(all, labels)
		all[reach.NameLabel] = name
		b.w.Namespaces[name] = all
	}
}

func (b *netBuilder) pod(p netPod) {
	key := fmt.Sprint(p)
	if b.seen[key] {
		return
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[key] = true
	b.namespace(p.Namespace, nil)
	p.IP = netip.AddrFrom4([4]byte{10, 244, 7, byte(1 + len(b.w.Pods))}).String()
	b.w.Pods = append(b.w.Pods, p)
}

// workloads are those of the model's services: one pod of each set of labels.
func (b *netBuilder) workloads(m *model, namespace string) {
	for _, stands := range m.workloads() {
		p := netPod{Namespace: namespace, Labels: stands.labels}
		for _, c := range stands.containers {
			for _, port := range c.ports {
				p.Ports = append(p.Ports, netNamedPort{port.name, port.number, port.transport})
			}
		}
		b.pod(p)
	}
	b.pod(netPod{Namespace: namespace, Labels: map[string]string{"app": "stranger"}})
	b.pod(netPod{Namespace: "elsewhere", Labels: map[string]string{}})
}

// peers are all that the policies name, in either direction, with the namespace of the policy.
func (b *netBuilder) peers(heed func(namespace string, p manifest.Peer)) {
	for _, p := range b.policies {
		for _, rule := range p.Spec.Ingress {
			for _, peer := range rule.From {
				heed(p.Metadata.Namespace, peer)
			}
		}
		for _, rule := range p.Spec.Egress {
			for _, peer := range rule.To {
				heed(p.Metadata.Namespace, peer)
			}
		}
	}
}

// neighbours are a pod for each peer that selectors name, one in the same
// namespace without its labels, and one with its labels in another namespace.
func (b *netBuilder) neighbours() {
	b.peers(func(own string, p manifest.Peer) {
		if p.PodSelector == nil && p.NamespaceSelector == nil {
			return
		}
		labels := map[string]string{}
		if p.PodSelector != nil {
			maps.Copy(labels, p.PodSelector.MatchLabels)
		}
		if p.NamespaceSelector == nil {
			b.pod(netPod{Namespace: own, Labels: labels})
			b.pod(netPod{Namespace: "elsewhere", Labels: labels})
			return
		}
		name := p.NamespaceSelector.MatchLabels[reach.NameLabel]
		if name == "" {
			name = "labelled"
			b.namespace(name, p.NamespaceSelector.MatchLabels)
		}
		b.pod(netPod{Namespace: name, Labels: labels})
		b.pod(netPod{Namespace: name, Labels: map[string]string{}})
		b.pod(netPod{Namespace: "elsewhere", Labels: labels})
	})
}

// addresses are the first and the last of each block and of each of its holes,
// those beside them, and some of nobody's.
func (b *netBuilder) addresses() {
	found := map[string]bool{"203.0.113.7": true, "2001:db8::7": true, "169.254.169.254": true}
	around := func(text string) {
		p := netip.MustParsePrefix(text).Masked()
		last := p.Addr().AsSlice()
		for bit := p.Bits(); bit < p.Addr().BitLen(); bit++ {
			last[bit/8] |= 0x80 >> (bit % 8)
		}
		end, _ := netip.AddrFromSlice(last)
		for _, a := range []netip.Addr{p.Addr(), p.Addr().Prev(), end, end.Next()} {
			if a.IsValid() {
				found[a.String()] = true
			}
		}
	}
	b.peers(func(_ string, p manifest.Peer) {
		if p.IPBlock == nil {
			return
		}
		around(p.IPBlock.CIDR)
		for _, hole := range p.IPBlock.Except {
			around(hole)
		}
	})
	b.w.Addresses = slices.Sorted(maps.Keys(found))
}

// ports are those that a policy or a container names, each with the next one and
// with the same one of another protocol, at which some answer may change.
func (b *netBuilder) ports() {
	found := map[netPort]bool{}
	near := func(n int, protocol string) {
		other := "UDP"
		if protocol == other {
			other = "TCP"
		}
		if n == 0 {
			return // none is given
		}
		found[netPort{n, protocol}], found[netPort{n, other}] = true, true
		if n < 65535 {
			found[netPort{n + 1, protocol}] = true
		}
	}
	heed := func(ports []manifest.PolicyPort) {
		for _, p := range ports {
			protocol := cmp.Or(p.Protocol, "TCP")
			near(p.Port.Number, protocol)
			near(p.EndPort, protocol)
		}
	}
	for _, p := range b.policies {
		for _, rule := range p.Spec.Ingress {
			heed(rule.Ports)
		}
		for _, rule := range p.Spec.Egress {
			heed(rule.Ports)
		}
	}
	for _, p := range b.w.Pods {
		for _, own := range p.Ports {
			near(own.Number, own.Protocol)
		}
	}
	b.w.Ports = slices.SortedFunc(maps.Keys(found), func(x, y netPort) int {
		return cmp.Or(cmp.Compare(x.Number, y.Number), cmp.Compare(x.Protocol, y.Protocol))
	})
}
