package reach_test

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// A trio is a web, an api and a db in namespace shop, and a front door.
func trio() []*reach.Workload {
	put := func(namespace, name string, number int) *reach.Workload {
		return &reach.Workload{Namespace: namespace, Name: name, Account: name, Labels: map[string]string{"app": name}, Ports: []reach.NamedPort{{Number: number}}}
	}
	door := put("edge", "door", 443)
	door.Role = reach.FrontDoor
	return []*reach.Workload{put("shop", "db", 5432), put("shop", "web", 8080), put("shop", "api", 9000), door}
}

const (
	denyShop = "NP shop: podSelector: {}, policyTypes: [Ingress, Egress]"
	webToDB  = "NP shop: podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]"
	dbOfWeb  = "NP shop: podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]"
)

func TestCompare(t *testing.T) {
	doorIn := "NP shop: podSelector: {matchLabels: {app: api}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]"
	out := func(block string) string {
		return "NP shop: podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{ipBlock: " + block + "}], ports: [{port: 443}]}]"
	}
	for _, test := range []struct {
		name          string
		layer         reach.Layer
		before, after []string
		want          string
	}{
		{"nothing", reach.Network, []string{denyShop, webToDB, dbOfWeb}, []string{webToDB, dbOfWeb, denyShop}, ""},
		{"one half opens nothing", reach.Network, []string{denyShop}, []string{denyShop, webToDB}, ""},
		{"both halves open", reach.Network, []string{denyShop}, []string{denyShop, webToDB, dbOfWeb}, "opens shop/web -> shop/db: 5432/TCP\n"},
		{"and close", reach.Network, []string{denyShop, webToDB, dbOfWeb}, []string{denyShop}, "closes shop/web -> shop/db: 5432/TCP\n"},
		{"another port", reach.Network, []string{denyShop, webToDB, dbOfWeb}, []string{denyShop, strings.ReplaceAll(webToDB, "5432", "5433"), strings.ReplaceAll(dbOfWeb, "5432", "5433")},
			"opens shop/web -> shop/db: 5433/TCP\ncloses shop/web -> shop/db: 5432/TCP\n"},
		{"the front door", reach.Network, []string{denyShop}, []string{denyShop, doorIn}, "exposes shop/api to the front door edge/door: all ports\n"},
		{"the internet", reach.Network, []string{denyShop}, []string{denyShop, "NP shop: podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 8080}, {port: 8081}]}]"},
			"exposes shop/web to the internet (0.0.0.0/0): 8080-8081/TCP\n"},
		{"a block out", reach.Network, []string{denyShop}, []string{denyShop, out("{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}")}, "opens shop/api -> 10.0.0.0/8 except 10.1.0.0/16: 443/TCP\n"},
		{"a hole less", reach.Network, []string{denyShop, out("{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}")}, []string{denyShop, out("{cidr: 10.0.0.0/8}")}, "opens shop/api -> 10.1.0.0/16: 443/TCP\n"},
		{"a hole more", reach.Network, []string{denyShop, out("{cidr: 0.0.0.0/0}")}, []string{denyShop, out("{cidr: 0.0.0.0/0, except: [169.254.169.254/32]}")}, "closes shop/api -> 169.254.169.254: 443/TCP\n"},
		{"the same in two blocks", reach.Network, []string{denyShop, out("{cidr: 10.0.0.0/8}")}, []string{denyShop, out("{cidr: 10.0.0.0/9}"), out("{cidr: 10.128.0.0/9}")}, ""},
		{"isolation closes all but the port", reach.Network, nil, []string{"NP shop: podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}]"}, strings.Join([]string{
			"closes edge/door -> shop/db: all ports",
			"closes shop/api -> shop/db: 1-5431/TCP, 5433-65535/TCP, any UDP port, any SCTP port",
			"closes shop/db -> shop/db: 1-5431/TCP, 5433-65535/TCP, any UDP port, any SCTP port",
			"closes shop/web -> shop/db: 1-5431/TCP, 5433-65535/TCP, any UDP port, any SCTP port",
			"closes the internet -> shop/db: all ports", ""}, "\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Not the same workloads: they are matched by name.
			before := meshSet(t, test.before...).Connections(test.layer, trio())
			after := meshSet(t, test.after...).Connections(test.layer, trio())
			d := reach.Compare(before, after)
			if diff := cmp.Diff(test.want, d.Text()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d.IsEmpty() != (test.want == "") {
				t.Error("IsEmpty and Text disagree")
			}
		})
	}
}

// TestCompareMesh: what passed for all and now passes for some closes, and the
// other way round.
func TestCompareMesh(t *testing.T) {
	get := "AP shop: selector: {matchLabels: {app: api}}, rules: [{to: [{operation: {methods: [GET], ports: ['9000']}}]}]"
	all := "AP shop: selector: {matchLabels: {app: api}}, rules: [{to: [{operation: {ports: ['9000']}}]}]"
	sidecars := func() []*reach.Workload {
		list := trio()[:3]
		for _, w := range list {
			w.Mesh = reach.Sidecar
		}
		return list[1:]
	}
	text := func(before, after string) string {
		a, b := meshSet(t, before).Connections(reach.MeshPolicy, sidecars()), meshSet(t, after).Connections(reach.MeshPolicy, sidecars())
		return reach.Compare(a, b).Text()
	}
	want := "opens shop/web -> shop/api: 9000/TCP\nexposes shop/api to the internet: 9000/TCP\n"
	if diff := cmp.Diff(want, text(get, all)); diff != "" {
		t.Errorf("widened (-want +got):\n%s", diff)
	}
	want = "closes shop/web -> shop/api: 9000/TCP for some requests\ncloses the internet -> shop/api: 9000/TCP for some requests\n"
	if diff := cmp.Diff(want, text(all, get)); diff != "" {
		t.Errorf("narrowed (-want +got):\n%s", diff)
	}
}

func TestCompareParties(t *testing.T) {
	before := meshSet(t, denyShop).Connections(reach.Network, trio()[:3])
	after := meshSet(t, denyShop, webToDB, dbOfWeb).Connections(reach.Network, trio()[:2])
	d := reach.Compare(before, after)
	want := "**Opens**\n\n| From | To | Ports |\n| --- | --- | --- |\n| `shop/web` | `shop/db` | `5432/TCP` |\n\n"
	if diff := cmp.Diff(want, d.Markdown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("No connection opens or closes.\n", reach.Compare(after, after).Markdown()); diff != "" {
		t.Error(diff)
	}
	// A workload that is new opens whatever it may do.
	d = reach.Compare(meshSet(t).Connections(reach.Network, trio()[:1]), meshSet(t).Connections(reach.Network, trio()))
	if len(d.Exposed()) != 6 || len(d.Covered()) != 0 || len(d.Closed) != 0 {
		t.Errorf("exposed %d, covered %d, closed %d; want 6 (web, api and db from the front door; web, api and the front door from the internet), 0, 0:\n%s", len(d.Exposed()), len(d.Covered()), len(d.Closed), d.Text())
	}
}

// TestCompareRandom: the difference is, pair by pair, what the two say.
func TestCompareRandom(t *testing.T) {
	worlds := 3_000
	if raceEnabled {
		worlds /= 10
	}
	for seed := range uint64(worlds) {
		a := newChance(seed)
		// The second has the first's world, and half of its policies or others.
		b := newChance(seed)
		if seed%2 == 0 {
			b.text = newChance(seed + 1).text
		} else if first, rest, found := strings.Cut(b.text, "---\n{\"apiVersion\":\"networking"); found {
			_, other, _ := strings.Cut(rest, "\n")
			b.text = first + other
		}
		connections := func(c *chance) *reach.Connections {
			objects, err := manifest.Parse("p.yaml", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			set, err := reach.New(objects, reach.BlocksMatchExternal)
			if err != nil {
				t.Fatal(err)
			}
			return set.Connections(reach.Network, a.workloads())
		}
		before, after := connections(a), connections(b)
		d := reach.Compare(before, after)
		opened, closed := ports(d.Opened), ports(d.Closed)
		was, is := before.Workloads(), after.Workloads()
		for i := range was {
			for j := range was {
				if i == j {
					continue
				}
				old, now := union(before.Between(was[i], was[j])), union(after.Between(is[i], is[j]))
				key := was[i].Text() + " " + was[j].Text()
				if !opened[key].Equal(now.Minus(old)) || !closed[key].Equal(old.Minus(now)) {
					t.Fatalf("%d: %s: opened %s, closed %s; before %s, after %s\n%s\n%s", seed, key, opened[key].Text(), closed[key].Text(), old.Text(), now.Text(), a.text, b.text)
				}
			}
			dice := dice{rand.New(rand.NewPCG(seed, 8))}
			for range 3 {
				ip, p := netip.MustParseAddr(pick(dice, outsiders...)), reach.TCP(pick(dice, asked...))
				for _, out := range []bool{true, false} {
					old, now := crosses(before.OutsideOf(was[i]), ip, p, out), crosses(after.OutsideOf(is[i]), ip, p, out)
					name := was[i].Text()
					if got := crossesOf(d.Opened, name, ip, p, out); got != (now && !old) {
						t.Fatalf("%d: %s %s %s out %t opened is %t; before %t, after %t\n%s\n%s", seed, name, ip, p.Text(), out, got, old, now, a.text, b.text)
					}
					if got := crossesOf(d.Closed, name, ip, p, out); got != (old && !now) {
						t.Fatalf("%d: %s %s %s out %t closed is %t; before %t, after %t\n%s\n%s", seed, name, ip, p.Text(), out, got, old, now, a.text, b.text)
					}
				}
			}
		}
	}
}

func ports(list []reach.Connection) map[string]reach.Ports {
	out := map[string]reach.Ports{}
	for _, c := range list {
		key := c.From.Text() + " " + c.To.Text()
		out[key] = out[key].Union(c.Ports)
	}
	return out
}

func union(list []reach.Connection) (out reach.Ports) {
	for _, c := range list {
		out = out.Union(c.Ports)
	}
	return out
}

func crosses(list []reach.Connection, ip netip.Addr, p reach.Port, out bool) bool {
	for _, c := range list {
		party := c.From.Outside
		if out {
			party = c.To.Outside
		}
		if party != nil && party.Addresses.Has(ip) && c.Ports.Has(p) {
			return true
		}
	}
	return false
}

func crossesOf(list []reach.Connection, name string, ip netip.Addr, p reach.Port, out bool) bool {
	var own []reach.Connection
	for _, c := range list {
		if c.From.Workload != nil && c.From.Text() == name || c.To.Workload != nil && c.To.Text() == name {
			own = append(own, c)
		}
	}
	return crosses(own, ip, p, out)
}

// TestComparePartiesOfVersions: which versions of a service run is no change of
// who may talk to it; what one version may and another may not passes for some.
func TestComparePartiesOfVersions(t *testing.T) {
	world := func(names ...string) []*reach.Workload {
		out := trio()
		for _, name := range names {
			version := "v1"
			if strings.HasSuffix(name, "-v2") {
				version = "v2"
			}
			out = append(out, &reach.Workload{Namespace: "shop", Name: name, Account: "cart", Labels: map[string]string{"app": "cart", "version": version}, Ports: []reach.NamedPort{{Number: 7070}}})
		}
		return out
	}
	party := func(w *reach.Workload) string {
		if w.Labels["app"] == "cart" {
			return "shop/cart"
		}
		return w.Text()
	}
	cart := []string{
		denyShop,
		"NP shop: podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 7070}]}], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]",
		"NP shop: podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: cart}}}]}]",
		"NP shop: podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: cart}}}]}]",
	}
	second := "NP shop: podSelector: {matchLabels: {app: cart, version: v2}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 9999}]}], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}]}]"
	with := func(more ...string) []string { return append(append([]string{}, cart...), more...) }
	for _, test := range []struct {
		name                string
		was, is             []string // workloads
		wasPolicy, isPolicy []string
		want                string
	}{
		{"promoted", []string{"cart-v1", "cart-v2"}, []string{"cart"}, cart, cart, ""},
		{"begun", []string{"cart"}, []string{"cart-v1", "cart-v2"}, cart, cart, ""},
		{"promoted, without policies", []string{"cart-v1", "cart-v2"}, []string{"cart"}, nil, nil, ""},
		{"a third version", []string{"cart-v1", "cart-v2"}, []string{"cart-v2", "cart-v3"}, cart, cart, ""},
		{"promoted and closed", []string{"cart-v1", "cart-v2"}, []string{"cart"}, cart, cart[:2], "closes shop/cart -> shop/db: 5432/TCP\ncloses shop/web -> shop/cart: 7070/TCP\n"},
		{"begun, and one may do more", []string{"cart"}, []string{"cart-v1", "cart-v2"}, cart, with(second), strings.Join([]string{
			"opens shop/cart -> 192.0.2.0/24: 443/TCP for some requests",
			"opens shop/web -> shop/cart: 9999/TCP for some requests",
			"exposes shop/cart to 10.1.0.0/16: 9999/TCP for some requests", ""}, "\n")},
		{"promoted, and that was the one", []string{"cart-v1", "cart-v2"}, []string{"cart-v2"}, with(second), with(second), strings.Join([]string{
			"opens shop/cart -> 192.0.2.0/24: 443/TCP",
			"opens shop/web -> shop/cart: 9999/TCP",
			"exposes shop/cart to 10.1.0.0/16: 9999/TCP", ""}, "\n")},
		{"the same versions, each for itself", []string{"cart-v1", "cart-v2"}, []string{"cart-v1", "cart-v2"}, cart, with(second), strings.Join([]string{
			"opens shop/cart-v2 -> 192.0.2.0/24: 443/TCP",
			"opens shop/web -> shop/cart-v2: 9999/TCP",
			"exposes shop/cart-v2 to 10.1.0.0/16: 9999/TCP", ""}, "\n")},
		{"the service comes", nil, []string{"cart-v1", "cart-v2"}, []string{denyShop}, cart[:2], strings.Join([]string{
			"exposes shop/cart-v1 to 10.0.0.0/8: 7070/TCP",
			"exposes shop/cart-v2 to 10.0.0.0/8: 7070/TCP", ""}, "\n")},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := meshSet(t, test.wasPolicy...).Connections(reach.Network, world(test.was...))
			after := meshSet(t, test.isPolicy...).Connections(reach.Network, world(test.is...))
			if diff := cmp.Diff(test.want, reach.CompareParties(before, after, party).Text()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
