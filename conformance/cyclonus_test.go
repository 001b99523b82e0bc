package conformance

import (
	"math/rand/v2"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
)

// TestCyclonusOnModels holds reach to an evaluator that knows nothing of it, on
// what kgen makes: who may talk to whom under the policies of each model and
// each environment.
func TestCyclonusOnModels(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "cyclonus and reach agree on each connection under each model's and each environment's policies")
	binary := component.Build(t, "cyclonus")
	var worlds []*netWorld
	var names []string
	add := func(m *model, folder, namespace string) {
		for _, w := range m.builtWorlds(t, folder, namespace) {
			worlds, names = append(worlds, w), append(names, m.name+" "+folder)
		}
	}
	environments := 0
	for _, m := range models(t) {
		add(m, ".", m.network.Spec.Namespace)
		for _, e := range m.network.Spec.Environments {
			environments++
			namespace := e.Namespace
			if namespace == "" {
				namespace = m.network.Spec.Namespace
			}
			add(m, "environments/"+e.Name, namespace)
		}
	}
	if environments == 0 {
		t.Error("no model has an environment")
	}
	all, allowed := 0, 0
	askCyclonus(t, binary, worlds, func(i int, a netAnswer) {
		agreed, refused := heedWorld(t, names[i], worlds[i], a)
		if len(refused) > 0 {
			t.Errorf("%s: the API server refuses policies: %v", names[i], refused)
		}
		if agreed == 0 || agreed == len(a.Allowed) {
			t.Errorf("%s: of %d connections %d are allowed; nothing is told apart", names[i], len(a.Allowed), agreed)
		}
		all, allowed = all+len(a.Allowed), allowed+agreed
	})
	record.Checks(t, all)
	t.Logf("%d models and environments in %d worlds: %s", len(models(t))+environments, len(worlds), shares(allowed, all))
}

// heedWorld compares cyclonus' answer with that of reach, and returns how many
// connections are allowed and which policies both refuse.
func heedWorld(t *testing.T, name string, w *netWorld, a netAnswer) (allowed int, refused map[string]string) {
	t.Helper()
	set, err := w.set()
	if set == nil {
		t.Fatalf("%s: %v", name, err)
	}
	if (err != nil) != (len(a.Refused) > 0) {
		t.Errorf("%s: the API server refuses %v, reach says %v", name, a.Refused, err)
	}
	if n, example := w.differences(a.Allowed, w.reached(set)); n > 0 {
		t.Errorf("%s: %d of %d connections differ, such as\n%s", name, n, len(a.Allowed), example)
	}
	return allowedIn(a.Allowed), a.Refused
}

// randomWorlds are as many as wanted, the same in each run.
func randomWorlds(n int) []*netWorld {
	out := make([]*netWorld, n)
	for i := range out {
		out[i] = netDice{rand.New(rand.NewPCG(8, uint64(i)))}.world()
	}
	return out
}

// TestCyclonusOnRandomPolicies holds reach to it on policies that kgen would
// never make. Two kinds of a selector's requirements cyclonus reads otherwise
// than the API's documentation has it: NotIn on labels without the key, which
// holds, and an empty value in matchLabels, which wants the key. They are judged
// by Kubernetes' own library instead, and counted.
func TestCyclonusOnRandomPolicies(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "cyclonus and reach agree on each connection under random policies that the API server takes")
	binary := component.Build(t, "cyclonus")
	worlds := randomWorlds(4000)
	all, allowed, policies, judged, unaided, differing := 0, 0, 0, 0, 0, 0
	askCyclonus(t, binary, worlds, func(i int, a netAnswer) {
		w := worlds[i]
		set, err := w.set()
		if err != nil || len(a.Refused) > 0 {
			t.Fatalf("world %d: the API server refuses %v, reach says %v", i, a.Refused, err)
		}
		if n, example := w.differences(a.Allowed, w.reached(set)); n > 0 {
			if differing++; differing <= 3 {
				t.Errorf("world %d: %d of %d connections differ, such as\n%s", i, n, len(a.Allowed), example)
			}
		}
		all, allowed, policies = all+len(a.Allowed), allowed+allowedIn(a.Allowed), policies+len(w.Policies)
		judged, unaided = judged+a.Judged, unaided+a.Unaided
	})
	if differing > 0 {
		t.Errorf("%d worlds of %d differ", differing, len(worlds))
	}
	if min(allowed, all-allowed) < all/10 {
		t.Errorf("%s: one of the two is hardly seen", shares(allowed, all))
	}
	if unaided == 0 {
		t.Error("cyclonus has become right about NotIn and empty values: let it judge them")
	}
	record.Checks(t, all)
	t.Logf("%d policies in %d worlds: %s; %d requirements were judged by Kubernetes' own library, without which cyclonus has %d connections otherwise",
		policies, len(worlds), shares(allowed, all), judged, unaided)
}

// TestCyclonusSeesMisreadings is the control: an evaluator that misreads
// policies in one way that is common is seen to differ.
func TestCyclonusSeesMisreadings(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "an evaluator that misreads policies in one of the common ways is seen to differ from reach")
	binary := component.Build(t, "cyclonus")
	worlds := randomWorlds(150)
	var misread []*netWorld
	for _, m := range misreadings {
		for _, w := range worlds {
			misread = append(misread, w.misread(t, m))
		}
	}
	seen := map[string]int{}
	askCyclonus(t, binary, misread, func(i int, a netAnswer) {
		w := worlds[i%len(worlds)]
		set, err := w.set()
		if err != nil || len(a.Refused) > 0 {
			t.Fatalf("world %d: the API server refuses %v, reach says %v", i%len(worlds), a.Refused, err)
		}
		if n, _ := w.differences(a.Allowed, w.reached(set)); n > 0 {
			seen[misreadings[i/len(worlds)].name]++
		}
	})
	for _, m := range misreadings {
		if seen[m.name] == 0 {
			t.Errorf("that %s goes unseen", m.name)
		}
	}
	record.Checks(t, len(misreadings))
	t.Logf("of %d worlds there differ, by what is misread: %v", len(worlds), seen)
}
