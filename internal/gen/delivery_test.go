package gen_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// delivered is a model with two environments on three clusters, and with what a
// Rollout moves inside the mesh, at the front door and in both at once.
func delivered(tool spec.DeliveryTool) *spec.Network {
	n := model(platform{mesh: meshes["sidecar"], ingress: doors["gateway-istio"]}, certificates[0], 0)
	rollouts := &spec.Canary{Owner: spec.RolloutsOwner}
	n.Spec.Services = []spec.Service{
		{Name: "web", Ports: one(spec.Port{Port: 80}), Hosts: []string{"web.example.test"}, Paths: []spec.Path{{Path: "/a"}, {Path: "/b"}}, Calls: calls("api", "stall"), Canary: rollouts},
		{Name: "api", Ports: []spec.Port{{Port: 80}, {Name: "grpc", Port: 9000, Protocol: spec.GRPC}}, Canary: rollouts},
		{Name: "stall", Ports: one(spec.Port{Port: 80}), Canary: &spec.Canary{Owner: spec.FlaggerOwner}},
	}
	n.Spec.Environments = []spec.Environment{
		{Name: "staging", Namespace: "shop-staging", Application: "shop-staging", Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"staging.example.test"}}, {Name: "api", Hosts: []string{"api.staging.example.test"}}}},
		{Name: "production"},
	}
	n.Spec.Delivery = &spec.Delivery{Tool: tool, Repository: "https://git.example.com/shop.git", Path: "apps/shop/", Clusters: []spec.Cluster{
		{Name: "eu", Environments: []string{"production", "staging"}},
		{Name: "us", Environments: []string{"production"}},
	}}
	switch c := n.Spec.Delivery.Clusters; tool {
	case spec.ArgoCD:
		c[1].Server = "https://203.0.113.7:6443"
	case spec.Flux:
		c[1].KubeConfig = "us-kubeconfig"
	}
	return n
}

func deliver(t *testing.T, n *spec.Network) (*tree.Tree, []*manifest.Object) {
	t.Helper()
	if err := spec.Validate(n).Errors(); len(err) > 0 {
		t.Fatal(err)
	}
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := kustomize.BuildTree(files, "delivery")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifest.Parse("delivery", stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := manifest.Check(objects); err != nil {
		t.Fatal(err)
	}
	if root, err := kustomize.BuildTree(files, "."); err != nil || strings.Contains(string(root), "ApplicationSet") || strings.Contains(string(root), "GitRepository") {
		t.Errorf("the root delivers itself, or does not build: %v", err)
	}
	return files, objects
}

func TestArgoDelivers(t *testing.T) {
	n := delivered(spec.ArgoCD)
	files, objects := deliver(t, n)
	if len(objects) != 1 {
		t.Fatalf("%d objects, want one ApplicationSet", len(objects))
	}
	set, err := manifest.As[manifest.ApplicationSet](objects[0])
	if err != nil {
		t.Fatal(err)
	}
	elements := set.Spec.Generators[0].List.Elements
	want := []map[string]string{
		{"object": "shop-eu-staging", "path": "apps/shop/environments/staging", "namespace": "shop-staging", "cluster": "eu", "server": ""},
		{"object": "shop-eu-production", "path": "apps/shop/environments/production", "namespace": "shop", "cluster": "eu", "server": ""},
		{"object": "shop-us-production", "path": "apps/shop/environments/production", "namespace": "shop", "cluster": "", "server": "https://203.0.113.7:6443"},
	}
	if diff := cmp.Diff(want, elements); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	app := set.Spec.Template.Spec
	got := []string{set.Spec.Template.Metadata.Name, app.Source.RepoURL, app.Source.TargetRevision, app.Source.Path, app.Project,
		app.Destination.Name, app.Destination.Server, app.Destination.Namespace, strings.Join(app.SyncPolicy.SyncOptions, " ")}
	if diff := cmp.Diff([]string{"{{ .object }}", "https://git.example.com/shop.git", "main", "{{ .path }}", "default",
		"{{ .cluster }}", "{{ .server }}", "{{ .namespace }}", "ServerSideApply=true PruneLast=true ApplyOutOfSyncOnly=true"}, got); diff != "" {
		t.Errorf("template (-want +got):\n%s", diff)
	}
	var kept struct {
		Spec struct {
			SyncPolicy struct {
				PreserveResourcesOnDeletion bool `yaml:"preserveResourcesOnDeletion"`
			} `yaml:"syncPolicy"`
		} `yaml:"spec"`
	}
	if err := objects[0].Node.Decode(&kept); err != nil {
		t.Fatal(err)
	}
	if !kept.Spec.SyncPolicy.PreserveResourcesOnDeletion {
		t.Error("a cluster that is dropped loses its network")
	}
	for _, e := range elements {
		dir := strings.TrimPrefix(e["path"], "apps/shop/")
		if _, err := kustomize.BuildTree(files, dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	var ignored []string
	for _, i := range app.IgnoreDifferences {
		ignored = append(ignored, i.Kind+" "+i.Name+" "+strings.Join(i.JQPathExpressions, " "))
	}
	slices.Sort(ignored)
	// api is at the front door of staging alone.
	hash := `."rollouts-pod-template-hash"`
	if diff := cmp.Diff([]string{
		"DestinationRule api .spec.subsets[].labels" + hash,
		"DestinationRule web .spec.subsets[].labels" + hash,
		"HTTPRoute api .spec.rules[].backendRefs[].weight",
		"HTTPRoute web .spec.rules[].backendRefs[].weight",
		"Service api-canary .spec.selector" + hash,
		"Service api-stable .spec.selector" + hash,
		"Service web-canary .spec.selector" + hash,
		"Service web-stable .spec.selector" + hash,
		"VirtualService api .spec.http[].route[].weight",
		"VirtualService web .spec.http[].route[].weight",
	}, ignored); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
}

// TestArgoFindsClusters: a destination has a name or a server, and never both.
func TestArgoFindsClusters(t *testing.T) {
	for _, c := range []struct {
		name     string
		clusters []spec.Cluster
		want     map[string]string
		dest     [2]string
	}{
		{"its own", nil, map[string]string{"object": "shop", "path": "apps/shop", "namespace": "shop", "cluster": "in-cluster"}, [2]string{"{{ .cluster }}", ""}},
		{"by name", []spec.Cluster{{Name: "eu"}}, map[string]string{"object": "shop-eu", "path": "apps/shop", "namespace": "shop", "cluster": "eu"}, [2]string{"{{ .cluster }}", ""}},
		{"by URL", []spec.Cluster{{Name: "eu", Server: "https://203.0.113.7"}}, map[string]string{"object": "shop-eu", "path": "apps/shop", "namespace": "shop", "server": "https://203.0.113.7"}, [2]string{"", "{{ .server }}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := delivered(spec.ArgoCD)
			n.Spec.Environments, n.Spec.Delivery.Clusters = nil, c.clusters
			_, objects := deliver(t, n)
			set, err := manifest.As[manifest.ApplicationSet](objects[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]map[string]string{c.want}, set.Spec.Generators[0].List.Elements); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d := set.Spec.Template.Spec.Destination; d.Name != c.dest[0] || d.Server != c.dest[1] {
				t.Errorf("destination is %q, %q; want %q", d.Name, d.Server, c.dest)
			}
		})
	}
}

func TestFluxDelivers(t *testing.T) {
	n := delivered(spec.Flux)
	n.Spec.Delivery.Revision, n.Spec.Delivery.SecretName = "refs/tags/v1", "git"
	files, objects := deliver(t, n)
	var got []string
	for _, o := range objects {
		switch v, err := o.Typed(); v := v.(type) {
		case *manifest.GitRepository:
			got = append(got, strings.Join([]string{o.Name, v.Spec.URL, v.Spec.Ref.Branch, v.Spec.Ref.Name, v.Spec.SecretRef.Name}, " "))
		case *manifest.FluxKustomization:
			kubeConfig, after := "here", ""
			if v.Spec.KubeConfig != nil {
				kubeConfig = v.Spec.KubeConfig.SecretRef.Name
			}
			for _, d := range v.Spec.DependsOn {
				after += " after " + d.Name
			}
			got = append(got, strings.Join([]string{o.Name, v.Spec.Path, v.Spec.SourceRef.Name, kubeConfig, fmt.Sprint(v.Spec.Prune, v.Spec.Wait), deletionPolicy(t, o)}, " ")+after)
			there, err := kustomize.BuildTree(files, strings.TrimPrefix(v.Spec.Path, "./apps/shop/"))
			if err != nil {
				t.Fatal(err)
			}
			held(t, there, v)
		default:
			t.Fatalf("%s: %v", o.Ref(), err)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{
		"shop https://git.example.com/shop.git  refs/tags/v1 git",
		"shop-eu-production ./apps/shop/environments/production shop here true true Orphan after shop-eu-staging",
		"shop-eu-staging ./apps/shop/environments/staging shop here true true Orphan",
		"shop-us-production ./apps/shop/environments/production shop us-kubeconfig true true Orphan after shop-eu-staging",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// deletionPolicy says what becomes of everything that a Kustomization delivers
// when it is deleted itself.
func deletionPolicy(t *testing.T, o *manifest.Object) string {
	t.Helper()
	var k struct {
		Spec struct {
			DeletionPolicy string `yaml:"deletionPolicy"`
		} `yaml:"spec"`
	}
	if err := o.Node.Decode(&k); err != nil {
		t.Fatal(err)
	}
	return k.Spec.DeletionPolicy
}

// held looks up every pointer that is ignored in what is delivered, and finds
// every weight and every label that a Rollout moves among them.
func held(t *testing.T, stream []byte, k *manifest.FluxKustomization) {
	t.Helper()
	objects, err := manifest.Parse("built", stream)
	if err != nil {
		t.Fatal(err)
	}
	ignored := map[string]bool{}
	for _, rule := range k.Spec.Ignore {
		name := strings.ReplaceAll(strings.Trim(rule.Target.Name, "^$"), `\.`, ".")
		i := slices.IndexFunc(objects, func(o *manifest.Object) bool { return o.Kind == rule.Target.Kind && o.Name == name })
		if i < 0 {
			t.Errorf("%s: there is no %s %s", k.Metadata.Name, rule.Target.Kind, name)
			continue
		}
		var value map[string]any
		if err := objects[i].Node.Decode(&value); err != nil {
			t.Fatal(err)
		}
		for _, p := range rule.Paths {
			ignored[rule.Target.Kind+" "+name+" "+p] = true
			// The hash comes with the controller, into labels that are there.
			if at(value, strings.TrimSuffix(p, "/rollouts-pod-template-hash")) == nil {
				t.Errorf("%s: %s %s has nothing at %s", k.Metadata.Name, rule.Target.Kind, name, p)
			}
		}
	}
	for _, o := range objects {
		var value map[string]any
		if err := o.Node.Decode(&value); err != nil {
			t.Fatal(err)
		}
		for _, p := range slices.Concat(weights(value, ""), hashes(o, value)) {
			if !ignored[o.Kind+" "+o.Name+" "+p] {
				t.Errorf("%s: a Rollout moves %s of %s %s, and Flux would move it back", k.Metadata.Name, p, o.Kind, o.Name)
			}
		}
	}
}

// at follows a JSON pointer.
func at(value any, pointer string) any {
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// weights are the pointers to all that is called weight.
func weights(value any, pointer string) []string {
	var out []string
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "weight" {
				out = append(out, pointer+"/weight")
			}
			out = append(out, weights(v[k], pointer+"/"+k)...)
		}
	case []any:
		for i, item := range v {
			out = append(out, weights(item, fmt.Sprintf("%s/%d", pointer, i))...)
		}
	}
	return out
}

// hashes are the pointers at which the hash of a Rollout's pods appears, and
// nothing but it: what else selects them is the repository's to say.
func hashes(o *manifest.Object, value map[string]any) []string {
	const hash = "/rollouts-pod-template-hash"
	switch {
	case o.Kind == "Service" && (strings.HasSuffix(o.Name, "-stable") || strings.HasSuffix(o.Name, "-canary")):
		return []string{"/spec/selector" + hash}
	case o.Kind == "DestinationRule" && at(value, "/spec/subsets/1/labels") != nil:
		return []string{"/spec/subsets/0/labels" + hash, "/spec/subsets/1/labels" + hash}
	}
	return nil
}

// TestDeliveryGuide: the README says what has to be done by hand, and what is
// never undone.
func TestDeliveryGuide(t *testing.T) {
	for _, c := range []struct {
		tool          spec.DeliveryTool
		want, without []string
	}{
		{spec.ArgoCD, []string{
			"apply it where Argo CD runs, `kubectl apply -k delivery`, and again\nwhenever it changes, before what needs it is pushed.",
			"keeps\neverything that runs there until somebody deletes it by hand.\n",
			"| what | path | namespace | object |\n|---|---|---|---|\n| staging on eu |",
			"The files in `delivery` leave alone what Argo Rollouts moves.\nA change in Git of such an object is applied with the whole of it: its weights start again at 100 to 0,\n",
			"            namespace: shop # in an environment, its own\n",
		}, []string{"kubeconfig", "RespectIgnoreDifferences", "--force-conflicts"}},
		{spec.Flux, []string{
			"apply it where Flux runs, `kubectl apply -k delivery`, and again\nwhenever it changes, before what needs it is pushed.",
			"deletes it by hand; the object that delivered it stays too and is deleted first.\n",
			"| production on eu | `apps/shop/environments/production` | `shop` | `shop-eu-production` | – |\n",
			"| production on us | `apps/shop/environments/production` | `shop` | `shop-us-production` | Secret `us-kubeconfig`, key `value.yaml` |\n",
		}, []string{"start again at 100 to 0", "--force-conflicts"}},
	} {
		files, err := gen.Render(delivered(c.tool), gen.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := files.File("README.md")
		for _, want := range c.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: README.md does not say %q:\n%s", c.tool, want, text)
			}
		}
		for _, not := range c.without {
			if strings.Contains(string(text), not) {
				t.Errorf("%s: README.md says %q", c.tool, not)
			}
		}
	}
}

// TestOwnersGuide: the README holds what a Rollout has to say, with the names of
// objects that are there.
func TestOwnersGuide(t *testing.T) {
	n := delivered(spec.ArgoCD)
	n.Spec.Environments, n.Spec.Delivery = nil, nil
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := files.File("README.md")
	for _, want := range []string{
		"Flagger does for stall.",
		"Argo Rollouts does for web and api.",
		"```yaml\n# Rollout web\nspec:\n  strategy:\n    canary:\n      stableService: web-stable\n      canaryService: web-canary\n      trafficRouting:\n        istio:\n          virtualService:\n            name: web\n            routes:\n            - http\n          destinationRule:\n            name: web\n            stableSubsetName: stable\n            canarySubsetName: canary\n        plugins:\n          argoproj-labs/gatewayAPI:\n            namespace: shop\n            httpRoutes:\n            - name: web\n      steps:\n",
		"# Rollout api\nspec:\n  strategy:\n    canary:\n      trafficRouting:\n        istio:\n          virtualService:\n            name: api\n            routes:\n            - http\n            - grpc\n",
		"  - group: networking.istio.io\n    kind: VirtualService\n    name: web\n    jqPathExpressions:\n    - \".spec.http[].route[].weight\"\n",
		"    paths:\n    - /spec/rules/0/backendRefs/0/weight\n    - /spec/rules/0/backendRefs/1/weight\n    - /spec/rules/1/backendRefs/0/weight\n",
		"a conflict in\n`spec.http` of VirtualServices, `spec.subsets` of DestinationRules, `spec.rules` of HTTPRoutes and `spec.selector` of Services. Apply with `--force-conflicts` then, and only\nwhile none of these rolls out:",
		"  syncPolicy:\n    syncOptions:\n    - ServerSideApply=true\n    - ApplyOutOfSyncOnly=true\n",
		"```\n\nA change in Git of such an object is applied with the whole of it: its weights start again at 100 to 0,\n",
		"Leave `RespectIgnoreDifferences=true` out:",
		"    - /spec/subsets/1/labels/rollouts-pod-template-hash\n",
		"    - /spec/selector/rollouts-pod-template-hash\n",
		"- the Deployment `stall`, whose selector holds `app: stall`",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("README.md does not say %q:\n%s", want, text)
		}
	}
	if again, err := gen.Render(delivered(spec.Flux), gen.Options{}); err != nil {
		t.Fatal(err)
	} else if text, _ := again.File("README.md"); strings.Contains(string(text), "ignoreDifferences") {
		t.Error("README.md tells what the files of delivery say already")
	}
}
