package conformance

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// boutiqueManifests are those that people really deploy, beside the repository
// where they are at hand.
const boutiqueManifests = "../../shared/inputs/online-boutique/base"

// A boutique is Online Boutique as it is deployed, in the namespace of the
// example's model and under the policies that kgen renders from it.
type boutique struct {
	namespace string
	policies  *reach.Set
	ports     []reach.Port // every port at which some answer may change
	pods      []*reach.Workload
	deployed  map[string]*manifest.Workload // Deployments by name
	services  map[string]*manifest.Service
}

// A connection is one workload's to a container port of another's.
type connection struct {
	from, to string
	port     reach.Port
}

func (c connection) String() string { return c.from + " -> " + c.to + ":" + c.port.Text() }

func byEnds(a, b connection) int {
	return cmp.Or(strings.Compare(a.from, b.from), strings.Compare(a.to, b.to), strings.Compare(a.port.Text(), b.port.Text()))
}

func openBoutique(t *testing.T) *boutique {
	t.Helper()
	if _, err := os.Stat(boutiqueManifests); os.IsNotExist(err) {
		t.Skipf("the manifests of Online Boutique are not at hand: there is no folder %s", boutiqueManifests)
	}
	m := modelOf(t, "examples/online-boutique")
	b := &boutique{namespace: m.network.Spec.Namespace, deployed: map[string]*manifest.Workload{}, services: map[string]*manifest.Service{}}
	var err error
	if b.policies, err = reach.New(m.objects, reach.BlocksMatchExternal); err != nil {
		t.Fatal(err)
	}
	if len(b.policies.Overrides) > 0 {
		t.Fatalf("%d cluster-wide policies may override what is computed here", len(b.policies.Overrides))
	}
	for _, o := range deployedObjects(t) {
		switch o.Kind {
		case "Deployment":
			w := b.readPods(t, o)
			b.pods = append(b.pods, w)
		case "Service":
			s, err := manifest.As[manifest.Service](o)
			if err != nil {
				t.Fatal(err)
			}
			b.services[o.Name] = s
		}
	}
	b.findPorts(m)
	return b
}

func deployedObjects(t *testing.T) []*manifest.Object {
	t.Helper()
	var objects []*manifest.Object
	err := fs.WalkDir(os.DirFS(boutiqueManifests), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(filepath.Join(boutiqueManifests, name))
		if err != nil {
			return err
		}
		found, err := manifest.Parse(name, data)
		objects = append(objects, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func (b *boutique) readPods(t *testing.T, o *manifest.Object) *reach.Workload {
	t.Helper()
	d, err := manifest.As[manifest.Workload](o)
	if err != nil {
		t.Fatal(err)
	}
	b.deployed[o.Name] = d
	w := &reach.Workload{Namespace: b.namespace, Name: o.Name, Labels: d.Spec.Template.Metadata.Labels, HostNetwork: d.Spec.Template.Spec.HostNetwork}
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, p := range c.Ports {
			w.Ports = append(w.Ports, reach.NamedPort{Name: p.Name, Number: p.ContainerPort, Protocol: p.Protocol})
		}
	}
	return w
}

// findPorts collects the ports to try. What policies say of a port changes only
// at the numbers that they, a container or a Service name; so those, their
// neighbours and the ends of the range stand for all.
func (b *boutique) findPorts(m *model) {
	numbers := map[int]bool{1: true, 65535: true}
	near := func(n int) {
		for _, p := range []int{n - 1, n, n + 1} {
			if p >= 1 && p <= 65535 {
				numbers[p] = true
			}
		}
	}
	for _, p := range objectsOf[manifest.NetworkPolicy](m.objects, "NetworkPolicy") {
		for _, rule := range p.Spec.Ingress {
			for _, port := range rule.Ports {
				near(port.Port.Number)
				near(port.EndPort)
			}
		}
		for _, rule := range p.Spec.Egress {
			for _, port := range rule.Ports {
				near(port.Port.Number)
				near(port.EndPort)
			}
		}
	}
	for _, w := range b.pods {
		for _, p := range w.Ports {
			near(p.Number)
		}
	}
	for _, s := range b.services {
		for _, p := range s.Spec.Ports {
			near(p.Port)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		b.ports = append(b.ports, reach.TCP(n), reach.UDP(n), reach.SCTP(n))
	}
}

// declared are the calls that the Deployments' own variables tell of, with the
// variable. A callee that nobody has deployed is left out, and returned.
func (b *boutique) declared(t *testing.T) (calls map[connection]string, missing []string) {
	t.Helper()
	calls = map[connection]string{}
	for _, name := range slices.Sorted(maps.Keys(b.deployed)) {
		pod := b.deployed[name].Spec.Template.Spec
		for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
			for _, env := range c.Env {
				if !strings.HasSuffix(env.Name, "_ADDR") {
					continue
				}
				host, port, found := strings.Cut(env.Value, ":")
				number, err := strconv.Atoi(port)
				if !found || err != nil {
					t.Fatalf("%s: %s=%q is no host and port", name, env.Name, env.Value)
				}
				service := b.services[host]
				if service == nil {
					missing = append(missing, host)
					continue
				}
				for _, to := range b.behind(service) {
					calls[connection{name, to.Name, target(t, service, number, to)}] = env.Name
				}
			}
		}
	}
	return calls, missing
}

// behind are the pods that a Service selects.
func (b *boutique) behind(s *manifest.Service) []*reach.Workload {
	var out []*reach.Workload
	for _, w := range b.pods {
		if (manifest.Selector{MatchLabels: s.Spec.Selector}).Matches(w.Labels) {
			out = append(out, w)
		}
	}
	return out
}

func target(t *testing.T, s *manifest.Service, number int, w *reach.Workload) reach.Port {
	t.Helper()
	for _, p := range s.Spec.Ports {
		if p.Port == number {
			if port, ok := reach.Target(p, w); ok {
				return port
			}
		}
	}
	t.Fatalf("Service %s has no port %d that leads to %s", s.Metadata.Name, number, w.Name)
	return reach.Port{}
}

// opened are the ports at which from may connect to to.
func (b *boutique) opened(from, to reach.Endpoint) []reach.Port {
	var out []reach.Port
	for _, p := range b.ports {
		if ok, _ := b.policies.Allowed(from, to, p); ok {
			out = append(out, p)
		}
	}
	return out
}

// TestBoutiqueCallsAreTheDeclaredOnes: between the deployed workloads, what the
// policies allow is what the Deployments declare: nothing missing, nothing extra.
func TestBoutiqueCallsAreTheDeclaredOnes(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "Online Boutique as it is deployed: what the policies allow is what its Deployments declare, at every port")
	b := openBoutique(t)
	declared, missing := b.declared(t)
	if diff := gocmp.Diff([]string{"shoppingassistantservice"}, missing); diff != "" {
		t.Errorf("callees that are not deployed (-want +got):\n%s", diff)
	}
	if len(declared) != 16 || len(b.pods) != 12 {
		t.Errorf("%d Deployments declare %d calls; Online Boutique has 12 and 16", len(b.pods), len(declared))
	}
	var allowed []connection
	for _, from := range b.pods {
		for _, to := range b.pods {
			for _, p := range b.opened(reach.Pod(from), reach.Pod(to)) {
				allowed = append(allowed, connection{from.Name, to.Name, p})
			}
		}
	}
	want := slices.SortedFunc(maps.Keys(declared), byEnds)
	slices.SortFunc(allowed, byEnds)
	asText := func(list []connection) []string {
		var out []string
		for _, c := range list {
			out = append(out, c.String())
		}
		return out
	}
	if diff := gocmp.Diff(asText(want), asText(allowed)); diff != "" {
		t.Errorf("connections (-declared +allowed):\n%s", diff)
	}
	record.Checks(t, len(b.pods)*len(b.pods)*len(b.ports))
	table := fmt.Sprintf("%-22s %-22s %-10s %-32s %s\n", "from", "to", "port", "declared by", "allowed")
	for _, c := range want {
		table += fmt.Sprintf("%-22s %-22s %-10s %-32s %t\n", c.from, c.to, c.port.Text(), declared[c], slices.Contains(allowed, c))
	}
	t.Logf("%d workloads, %d pairs, %d ports each; %d declared, %d allowed\n%s",
		len(b.pods), len(b.pods)*len(b.pods), len(b.ports), len(want), len(allowed), table)
}

// TestBoutiquePlatform: beyond its own calls, each workload has what the
// platform needs, exactly.
func TestBoutiquePlatform(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "Online Boutique as it is deployed: each workload reaches what the platform asks for, and nothing else of the world")
	b := openBoutique(t)
	outside := func(namespace string, labels map[string]string) reach.Endpoint {
		return reach.Pod(&reach.Workload{Namespace: namespace, Name: "pod", Labels: labels})
	}
	dns := outside("kube-system", map[string]string{"k8s-app": "kube-dns"})
	istiod := outside("istio-system", map[string]string{"app": "istiod", "istio": "pilot"})
	prometheus := outside("monitoring", map[string]string{"app.kubernetes.io/name": "prometheus"})
	door := outside("istio-ingress", map[string]string{"gateway.networking.k8s.io/gateway-name": "boutique", "istio.io/gateway-name": "boutique"})
	type ports = []reach.Port
	for _, w := range b.pods {
		self := reach.Pod(w)
		front := ports(nil)
		if w.Name == "frontend" {
			front = ports{reach.TCP(8080)}
		}
		for _, tt := range []struct {
			what     string
			from, to reach.Endpoint
			want     ports
		}{
			{"to the cluster's DNS", self, dns, ports{reach.TCP(53), reach.UDP(53)}},
			{"to istiod", self, istiod, ports{reach.TCP(15012)}},
			{"from Prometheus", prometheus, self, ports{reach.TCP(15090)}},
			{"from the front door", door, self, front},
			{"to the front door", self, door, nil},
			{"from another Gateway's proxies", outside("istio-ingress", map[string]string{"gateway.networking.k8s.io/gateway-name": "elsewhere"}), self, nil},
			{"from a front door of another namespace", outside("elsewhere", map[string]string{"gateway.networking.k8s.io/gateway-name": "boutique"}), self, nil},
			{"from any pod beside Prometheus", outside("monitoring", map[string]string{"app": "grafana"}), self, nil},
			{"from another namespace", outside("default", map[string]string{"app": "frontend"}), self, nil},
			{"to another namespace", self, outside("default", map[string]string{"app": "frontend"}), nil},
			{"from the internet", reach.Address(netip.MustParseAddr("203.0.113.7")), self, nil},
			{"to the internet", self, reach.Address(netip.MustParseAddr("203.0.113.7")), nil},
			{"to the cloud's metadata", self, reach.Address(netip.MustParseAddr("169.254.169.254")), nil},
		} {
			if diff := gocmp.Diff(tt.want, b.opened(tt.from, tt.to)); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", w.Name, tt.what, diff)
			}
			record.Checks(t, 1)
		}
	}
}

// TestBoutiqueSeesAnOpenDoor is the control: one policy more, and there are
// connections that nobody declared; one fewer, and declared ones are gone.
func TestBoutiqueSeesAnOpenDoor(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "control: a policy too many and one too few are seen")
	b := openBoutique(t)
	objects := modelOf(t, "examples/online-boutique").objects
	pod := func(name string) reach.Endpoint {
		return reach.Pod(b.pods[slices.IndexFunc(b.pods, func(w *reach.Workload) bool { return w.Name == name })])
	}
	redis := reach.TCP(6379)
	if ok, _ := b.policies.Allowed(pod("adservice"), pod("redis-cart"), redis); ok {
		t.Fatal("adservice reaches redis-cart")
	}
	extra, err := manifest.Parse("open.yaml", []byte(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: `+b.namespace+`}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	open, err := reach.New(slices.Concat(objects, extra), reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := open.Allowed(pod("adservice"), pod("redis-cart"), redis); !ok {
		t.Error("a policy that allows everything goes unseen")
	}
	without := slices.DeleteFunc(slices.Clone(objects), func(o *manifest.Object) bool { return o.Kind == "NetworkPolicy" && o.Name == "cartservice" })
	if len(without) != len(objects)-1 {
		t.Fatalf("%d policies are called cartservice", len(objects)-len(without))
	}
	closed, err := reach.New(without, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := closed.Allowed(pod("cartservice"), pod("redis-cart"), redis); ok {
		t.Error("a missing policy goes unseen")
	}
	record.Checks(t, 2)
}
