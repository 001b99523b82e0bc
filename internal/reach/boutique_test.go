package reach_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// boutiqueManifests are those that people really deploy, beside the repository
// where they are at hand.
const boutiqueManifests = "../../../shared/inputs/online-boutique"

// boutique reads the objects of some of its folders. Where the manifests are
// not at hand the test says so and is skipped, which is no pass.
func boutique(t *testing.T, folders ...string) []*manifest.Object {
	t.Helper()
	if _, err := os.Stat(boutiqueManifests); os.IsNotExist(err) {
		t.Skipf("the manifests of Online Boutique are not at hand: there is no folder %s", boutiqueManifests)
	}
	var objects []*manifest.Object
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS(boutiqueManifests), folder, func(name string, d fs.DirEntry, err error) error {
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
	}
	return objects
}

// A deployed application: its workloads, and the calls that it declares by the
// variables whose names end in _ADDR.
type deployed struct {
	workloads map[string]*reach.Workload
	declared  []string // from -> to port/protocol
}

func deploy(t *testing.T, objects []*manifest.Object) deployed {
	t.Helper()
	d := deployed{workloads: map[string]*reach.Workload{}}
	services := map[string]*manifest.Service{}
	variables := map[string][]string{} // workload: host:port
	for _, o := range objects {
		if o.Kind == "Service" {
			s, err := manifest.View[manifest.Service](o)
			if err != nil {
				t.Fatal(err)
			}
			services[o.Name] = s
		}
		pods, err := manifest.PodsOf(o)
		if err != nil {
			t.Fatal(err)
		}
		if pods == nil {
			continue
		}
		w := &reach.Workload{Name: o.Name, Labels: pods.Template.Metadata.Labels, Account: pods.Template.Spec.Account()}
		for _, c := range pods.Template.Spec.Running {
			for _, p := range c.Ports {
				w.Ports = append(w.Ports, reach.NamedPort{Name: p.Name, Number: p.ContainerPort, Protocol: p.Protocol})
			}
		}
		for _, c := range slices.Concat(pods.Template.Spec.InitContainers, pods.Template.Spec.Containers) {
			for _, env := range c.Env {
				if strings.HasSuffix(env.Name, "_ADDR") {
					variables[o.Name] = append(variables[o.Name], env.Value)
				}
			}
		}
		d.workloads[o.Name] = w
	}
	for _, from := range sorted(variables) {
		for _, value := range variables[from] {
			host, number, _ := strings.Cut(value, ":")
			s := services[host]
			if s == nil {
				continue // nobody has deployed it
			}
			for _, p := range s.Spec.Ports {
				for _, name := range sorted(d.workloads) {
					to := d.workloads[name]
					if strconv.Itoa(p.Port) == number && (manifest.Selector{MatchLabels: s.Spec.Selector}).Matches(to.Labels) {
						port, ok := reach.Target(p, to)
						if !ok {
							t.Fatalf("%s leads nowhere", value)
						}
						d.declared = append(d.declared, from+" -> "+name+" "+port.Text())
					}
				}
			}
		}
	}
	// The load generator names the frontend twice.
	slices.Sort(d.declared)
	d.declared = slices.Compact(d.declared)
	return d
}

// allowed are the pairs that may talk: an ordered pair of different workloads
// counts once if any port is allowed on which the second listens.
func (d deployed) allowed(set *reach.Set) (pairs []string, ports []string) {
	var all []*reach.Workload
	for _, name := range sorted(d.workloads) {
		all = append(all, d.workloads[name])
	}
	for c := range set.Connections(reach.Network, all).Pairs() {
		listening, _ := c.Ports.On(c.To.Workload)
		if listening.IsEmpty() {
			continue
		}
		pair := c.From.Workload.Name + " -> " + c.To.Workload.Name
		pairs = append(pairs, pair)
		for r := range listening.Ranges() {
			ports = append(ports, pair+" "+r.Text())
		}
	}
	return pairs, ports
}

// TestBoutique: Online Boutique with its own policies allows 26 pairs, of which
// its variables declare 16.
func TestBoutique(t *testing.T) {
	objects := boutique(t, "base", "components/network-policies")
	set, err := reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	d := deploy(t, objects)
	pairs, ports := d.allowed(set)
	if len(d.workloads) != 12 || len(pairs) != 26 {
		t.Errorf("%d workloads and %d pairs, want 12 and 26:\n%s", len(d.workloads), len(pairs), strings.Join(pairs, "\n"))
	}
	both := slices.DeleteFunc(slices.Clone(d.declared), func(edge string) bool { return !slices.Contains(ports, edge) })
	if diff := cmp.Diff(d.declared, both); diff != "" || len(both) != 16 {
		t.Errorf("%d of the allowed connections are declared, want 16 (-declared +allowed):\n%s", len(both), diff)
	}
	t.Logf("%d workloads, %d pairs, %d of them declared:\n%s", len(d.workloads), len(pairs), len(both), strings.Join(ports, "\n"))
}

// TestBoutiqueAssistant: its shopping-assistant component has the frontend call
// what no policy lets it reach.
func TestBoutiqueAssistant(t *testing.T) {
	objects := boutique(t, "base", "components/network-policies", "components/shopping-assistant")
	set, err := reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	// The base's frontend has the variable already; without the component nobody answers.
	d := deploy(t, objects)
	_, ports := d.allowed(set)
	denied := slices.DeleteFunc(slices.Clone(d.declared), func(edge string) bool { return slices.Contains(ports, edge) })
	if diff := cmp.Diff([]string{"frontend -> shoppingassistantservice 8080/TCP"}, denied); diff != "" {
		t.Fatalf("denied though declared (-want +got):\n%s", diff)
	}
	e := set.Explain(reach.Network, reach.Pod(d.workloads["frontend"]), reach.Pod(d.workloads["shoppingassistantservice"]), reach.TCP(8080))
	var got []string
	for _, r := range e.Routes[0].Reasons {
		got = append(got, string(r.Verdict)+": "+r.Text())
	}
	for _, c := range e.Changes {
		got = append(got, c.Text())
	}
	policies := "components/network-policies/network-policy-"
	want := []string{
		"admits: egress rule 1 of NetworkPolicy frontend (" + policies + "frontend.yaml:29:5) admits shoppingassistantservice on 8080/TCP",
		"isolates: NetworkPolicy deny-all (" + policies + "deny-all.yaml:15:1) isolates shoppingassistantservice for ingress and has no rule for frontend on 8080/TCP",
		"add an ingress rule for pods app=frontend, port 8080/TCP, for shoppingassistantservice to a NetworkPolicy of its own (NetworkPolicy deny-all (" + policies + "deny-all.yaml:19:1) is for all pods of the namespace)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
