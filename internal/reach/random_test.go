package reach_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// randomSets is how many sets of policies a test run asks both about.
const randomSets = 20_000

// A chance is one random world with its policies.
type chance struct {
	evaluator
	text string // the manifests as one JSON document a line
	pods []*plainPod
}

type dice struct{ *rand.Rand }

func (d dice) one(in int) bool { return d.IntN(in) == 0 }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

// The alphabets are small, so that policies meet pods and each other.
var (
	keys      = []string{"app", "tier", "x.io/part"}
	values    = []string{"a", "b", "c"}
	portNames = []string{"http", "dns", "admin"}
	numbers   = []int{53, 80, 81, 82, 8080, 65535}
	transport = []string{"TCP", "UDP", "SCTP"}
	blocks    = []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "128.0.0.0/1", "::/0", "2001:db8::/32", "2001:db8:1::/48", "203.0.113.0/24", "255.255.255.255/32"}
	outsiders = []string{"10.0.0.1", "10.1.2.3", "10.1.2.4", "10.1.9.9", "203.0.113.9", "255.255.255.255", "0.0.0.0", "2001:db8::1", "2001:db8:1::5", "fe80::1"}
)

func (d dice) labels() map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if d.one(2) {
			out[k] = pick(d, values...)
		}
	}
	return out
}

func (d dice) selector() map[string]any {
	out := map[string]any{}
	if d.one(4) {
		return out
	}
	if !d.one(3) {
		labels := map[string]any{}
		for range 1 + d.IntN(2) {
			labels[pick(d, keys...)] = pick(d, values...)
		}
		out["matchLabels"] = labels
	}
	if d.one(3) {
		var list []any
		for range 1 + d.IntN(2) {
			x := map[string]any{"key": pick(d, keys...), "operator": pick(d, "In", "NotIn", "Exists", "DoesNotExist")}
			if o := x["operator"]; o == "In" || o == "NotIn" {
				x["values"] = []any{pick(d, values...), pick(d, values...)}
			}
			list = append(list, x)
		}
		out["matchExpressions"] = list
	}
	return out
}

func (d dice) namespaceSelector() map[string]any {
	switch d.IntN(4) {
	case 0:
		return map[string]any{}
	case 1:
		return map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": pick(d, "a", "b", "c")}}
	case 2:
		return map[string]any{"matchLabels": map[string]any{"team": pick(d, values...)}}
	}
	return map[string]any{"matchExpressions": []any{map[string]any{"key": "team", "operator": pick(d, "NotIn", "In"), "values": []any{pick(d, values...)}}}}
}

func (d dice) peer() map[string]any {
	switch d.IntN(5) {
	case 0:
		return map[string]any{"podSelector": d.selector(), "namespaceSelector": d.namespaceSelector()}
	case 1:
		return map[string]any{"namespaceSelector": d.namespaceSelector()}
	case 2:
		block := map[string]any{"cidr": pick(d, blocks...)}
		if d.one(2) {
			var holes []any
			for _, b := range blocks {
				around, inside := netip.MustParsePrefix(block["cidr"].(string)), netip.MustParsePrefix(b)
				if around.Contains(inside.Addr()) && inside.Bits() > around.Bits() && d.one(2) {
					holes = append(holes, b)
				}
			}
			block["except"] = holes
		}
		return map[string]any{"ipBlock": block}
	}
	return map[string]any{"podSelector": d.selector()}
}

func (d dice) port() map[string]any {
	out := map[string]any{}
	if !d.one(3) {
		out["protocol"] = pick(d, transport...)
	}
	switch d.IntN(5) {
	case 0:
	case 1:
		out["port"] = pick(d, portNames...)
	case 2:
		first := pick(d, numbers...)
		out["port"] = first
		out["endPort"] = min(65535, first+pick(d, 0, 1, 2, 8000))
	default:
		out["port"] = pick(d, numbers...)
	}
	return out
}

// list is a list that may be left out, null or empty.
func (d dice) list(into map[string]any, key string, make func() any) {
	switch d.IntN(7) {
	case 0:
	case 1:
		into[key] = nil
	case 2:
		into[key] = []any{}
	default:
		var list []any
		for range 1 + d.IntN(2) {
			list = append(list, make())
		}
		into[key] = list
	}
}

func (d dice) rule(side string) any {
	out := map[string]any{}
	d.list(out, side, func() any { return d.peer() })
	d.list(out, "ports", func() any { return d.port() })
	return out
}

func (d dice) policy(i int) map[string]any {
	spec := map[string]any{"podSelector": d.selector()}
	switch d.IntN(6) {
	case 0, 1: // left out
	case 2:
		spec["policyTypes"] = []any{}
	case 3:
		spec["policyTypes"] = []any{"Ingress"}
	case 4:
		spec["policyTypes"] = []any{"Egress"}
	case 5:
		spec["policyTypes"] = []any{"Egress", "Ingress"}
	}
	d.list(spec, "ingress", func() any { return d.rule("from") })
	d.list(spec, "egress", func() any { return d.rule("to") })
	return map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": map[string]any{"name": fmt.Sprint("p", i), "namespace": pick(d, "a", "a", "b", "c")}, "spec": spec}
}

func newChance(seed uint64) *chance {
	d := dice{rand.New(rand.NewPCG(seed, 5))}
	c := &chance{evaluator: evaluator{namespaces: map[string]map[string]string{}, podBlocks: d.one(3)}}
	var text strings.Builder
	write := func(v any) {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		text.WriteString("---\n" + string(data) + "\n")
	}
	for _, ns := range []string{"a", "b"} { // c has no manifest
		if d.one(4) {
			continue
		}
		c.namespaces[ns] = map[string]string{"team": pick(d, values...)}
		write(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": ns, "labels": c.namespaces[ns]}})
	}
	for i := range d.IntN(5) {
		p := d.policy(i)
		c.policies = append(c.policies, p)
		write(p)
	}
	for i := range 3 + d.IntN(4) {
		p := &plainPod{namespace: pick(d, "a", "a", "b", "c"), name: fmt.Sprint("w", i), labels: d.labels(), host: d.one(12)}
		for _, name := range portNames {
			for _, protocol := range transport[:2] {
				if d.one(3) {
					p.ports = append(p.ports, plainPort{name, protocol, pick(d, numbers...)})
				}
			}
		}
		if !d.one(3) {
			p.ip = net.ParseIP(pick(d, outsiders...))
		}
		c.pods = append(c.pods, p)
	}
	c.text = text.String()
	return c
}

// workloads are the same pods as the package wants them.
func (c *chance) workloads() []*reach.Workload {
	var out []*reach.Workload
	for _, p := range c.pods {
		w := &reach.Workload{Namespace: p.namespace, Name: p.name, Labels: p.labels, HostNetwork: p.host}
		if p.ip != nil {
			w.IP = netip.MustParseAddr(p.ip.String())
		}
		for _, port := range p.ports {
			w.Ports = append(w.Ports, reach.NamedPort{Name: port.name, Number: port.number, Protocol: port.protocol})
		}
		out = append(out, w)
	}
	return out
}

// asked are the ports of every question: each number that something names, its
// neighbours, and the ends.
var asked = func() []int {
	var out []int
	for _, n := range append([]int{1, 8081}, numbers...) {
		out = append(out, max(1, n-1), n, min(65535, n+1))
	}
	slices.Sort(out)
	return slices.Compact(out)
}()

// disagreement asks both about everything: every pair of ends, every protocol,
// two ports each by lot. It gives the first answer in which they differ.
func (c *chance) disagreement(seed uint64) string {
	d := dice{rand.New(rand.NewPCG(seed, 6))}
	objects, err := manifest.Parse("p.yaml", []byte(c.text))
	if err != nil {
		return err.Error()
	}
	mode := reach.BlocksMatchExternal
	if c.podBlocks {
		mode = reach.BlocksMatchPods
	}
	set, err := reach.New(objects, mode)
	if err != nil {
		return err.Error()
	}
	workloads := c.workloads()
	all := set.Connections(reach.Network, workloads)
	pairs := map[[2]*reach.Workload]reach.Connection{}
	for p := range all.Pairs() {
		pairs[[2]*reach.Workload{p.From.Workload, p.To.Workload}] = p
	}
	back := map[[2]*reach.Workload]reach.Ports{}
	for _, w := range workloads {
		for p := range all.To(w) {
			back[[2]*reach.Workload{p.From.Workload, w}] = p.Ports
		}
	}
	differ := func(what string, from, to reach.Endpoint, port reach.Port, got, want bool) string {
		return fmt.Sprintf("%s: %s -> %s %s: got %t, want %t\n%+v\n%s", what, from.Text(), to.Text(), port.Text(), got, want, c.pods, c.text)
	}
	for i, from := range c.pods {
		for j, to := range c.pods {
			a, b := reach.Pod(workloads[i]), reach.Pod(workloads[j])
			ports := reach.Ports{}
			for _, found := range all.Between(workloads[i], workloads[j]) {
				ports = ports.Union(found.Ports)
			}
			key := [2]*reach.Workload{workloads[i], workloads[j]}
			if i != j && (!pairs[key].Ports.Equal(ports) || !back[key].Equal(ports)) {
				return fmt.Sprintf("%s -> %s: Between %s, Pairs %s, To %s\n%s", a.Text(), b.Text(), ports.Text(), pairs[key].Ports.Text(), back[key].Text(), c.text)
			}
			for _, protocol := range transport {
				for range 2 {
					port := reach.Port{Protocol: protocol, Number: pick(d, asked...)}
					want := c.allowed(end{pod: from}, end{pod: to}, protocol, port.Number)
					if got, _ := set.Allowed(a, b, port); got != want {
						return differ("Allowed", a, b, port, got, want)
					}
					if got := ports.Has(port); got != want {
						return differ("Connections", a, b, port, got, want)
					}
				}
			}
		}
		if text := c.border(d, set, all.OutsideOf(workloads[i]), from, workloads[i], differ); text != "" {
			return text
		}
	}
	return ""
}

// border asks about addresses outside.
func (c *chance) border(d dice, set *reach.Set, crossing []reach.Connection, pod *plainPod, w *reach.Workload, differ func(string, reach.Endpoint, reach.Endpoint, reach.Port, bool, bool) string) string {
	for range 4 {
		ip := pick(d, outsiders...)
		port := reach.Port{Protocol: pick(d, transport...), Number: pick(d, asked...)}
		inside, outside := reach.Pod(w), reach.Address(netip.MustParseAddr(ip))
		for _, out := range []bool{true, false} {
			from, to := inside, outside
			a, b := end{pod: pod}, end{ip: net.ParseIP(ip)}
			if !out {
				from, to, a, b = to, from, b, a
			}
			want := c.allowed(a, b, port.Protocol, port.Number)
			if got, _ := set.Allowed(from, to, port); got != want {
				return differ("Allowed", from, to, port, got, want)
			}
			got := false
			for _, o := range crossing {
				party := o.To.Outside
				if !out {
					party = o.From.Outside
				}
				got = got || party != nil && party.Addresses.Has(outside.IP) && o.Ports.Has(port)
			}
			if got != want {
				return differ("Outside", from, to, port, got, want)
			}
		}
	}
	return ""
}

// TestSecondOpinion holds Allowed and Connections against the evaluator.
func TestSecondOpinion(t *testing.T) {
	sets := randomSets
	if raceEnabled {
		sets /= 20
	}
	if testing.Short() {
		sets /= 4
	}
	var wait sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := worker; seed < sets; seed += runtime.GOMAXPROCS(0) {
				if text := newChance(uint64(seed)).disagreement(uint64(seed)); text != "" {
					t.Errorf("set %d: %s", seed, text)
					return
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d sets of policies", sets)
}

// faults are the mistakes that the evaluator can make on purpose.
var faults = []string{
	"one side is enough", "the first policy decides", "egress isolates when it is mentioned", "egress rules alone do not isolate ingress",
	"except is ignored", "every namespace is everywhere", "a podSelector is for all namespaces", "selectors of one peer are alternatives",
	"protocols do not matter", "a name has no protocol", "endPort is not included", "NotIn wants the key",
}

// TestSecondOpinionSees: an evaluator with any one of the faults is seen to
// disagree, so that agreement means something.
func TestSecondOpinionSees(t *testing.T) {
	for _, fault := range faults {
		t.Run(fault, func(t *testing.T) {
			for seed := range uint64(5_000) {
				c := newChance(seed)
				c.fault = fault
				if c.disagreement(seed) != "" {
					t.Logf("seen at set %d", seed)
					return
				}
			}
			t.Error("nobody notices")
		})
	}
}
