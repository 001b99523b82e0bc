package manifest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

func TestAt(t *testing.T) {
	o := one(t, `apiVersion: v1
kind: Service
metadata:
  name: &name a
  labels: &labels
    app.kubernetes.io/name: *name
  annotations:
    <<: *labels
    own: "é: x"
spec:
  selector: *labels
  ports:
  - name: http
    port: 80
  - {name: "ö", port: 81}
  empty:
  text: |
    more
`)
	for _, test := range []struct {
		path []any
		want string
		has  bool
	}{
		{nil, "f.yaml:1:1", true},
		{[]any{"metadata", "name"}, "f.yaml:4:9", true},
		{[]any{"metadata", "labels"}, "f.yaml:5:3", true},
		{[]any{"metadata", "labels", "app.kubernetes.io/name"}, "f.yaml:6:29", true},
		{[]any{"metadata", "annotations", "app.kubernetes.io/name"}, "f.yaml:6:29", true},
		{[]any{"metadata", "annotations", "none"}, "f.yaml:7:3", false},
		{[]any{"spec", "selector", "app.kubernetes.io/name"}, "f.yaml:6:29", true},
		{[]any{"spec", "ports"}, "f.yaml:12:3", true},
		{[]any{"spec", "ports", 0}, "f.yaml:13:5", true},
		{[]any{"spec", "ports", 0, "port"}, "f.yaml:14:11", true},
		{[]any{"spec", "ports", 1, "port"}, "f.yaml:15:23", true},
		{[]any{"spec", "ports", 1, "targetPort"}, "f.yaml:15:5", false},
		{[]any{"spec", "ports", 2, "port"}, "f.yaml:12:3", false},
		{[]any{"spec", "ports", -1}, "f.yaml:12:3", false},
		{[]any{"spec", "ports", "name"}, "f.yaml:12:3", false},
		{[]any{"spec", 0}, "f.yaml:10:1", false},
		{[]any{"spec", "empty"}, "f.yaml:16:3", true},
		{[]any{"spec", "empty", "more"}, "f.yaml:16:3", false},
		{[]any{"spec", "text"}, "f.yaml:17:9", true},
		{[]any{"status"}, "f.yaml:1:1", false},
	} {
		if got := o.At(test.path...).String(); got != test.want || o.Has(test.path...) != test.has {
			t.Errorf("%s is at %s (there: %t), want %s (%t)", manifest.PathText(test.path...), got, o.Has(test.path...), test.want, test.has)
		}
	}
}

// TestAtOtherFiles: what a patch brought is in the patch's file.
func TestAtOtherFiles(t *testing.T) {
	o := one(t, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  type: x\n")
	var patch yaml.Node
	if err := yaml.Unmarshal([]byte("- 1\n- 2\n- [{port: x}]\n"), &patch); err != nil {
		t.Fatal(err)
	}
	brought := patch.Content[0].Content[2]
	_, spec := o.Field("spec")
	spec.Content = append(spec.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "ports", Line: 5, Column: 3}, brought)
	o.Files = map[*yaml.Node]string{brought: "p.yaml"}
	for _, test := range []struct {
		path []any
		want string
	}{
		{[]any{"spec", "type"}, "f.yaml:5:9"},
		{[]any{"spec", "ports"}, "p.yaml:3:3"},
		{[]any{"spec", "ports", 0, "port"}, "p.yaml:3:11"},
		{[]any{"spec", "ports", 1}, "p.yaml:3:3"},
	} {
		if got := o.At(test.path...).String(); got != test.want {
			t.Errorf("%s is at %s, want %s", manifest.PathText(test.path...), got, test.want)
		}
	}
	_, err := manifest.View[manifest.Service](o)
	if want := "p.yaml:3:11: spec.ports[0].port: is not a whole number; write a whole number"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPathText(t *testing.T) {
	for want, path := range map[string][]any{
		"":                                   nil,
		"spec.ingress[0].from":               {"spec", "ingress", 0, "from"},
		"metadata.labels[a.b/c]":             {"metadata", "labels", "a.b/c"},
		"spec.portLevelMtls.9090":            {"spec", "portLevelMtls", "9090"},
		"metadata.annotations[x y].k-e_y[1]": {"metadata", "annotations", "x y", "k-e_y", 1},
	} {
		if got := manifest.PathText(path...); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestEntryIsBounded: merge keys that lead to merge keys end.
func TestEntryIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Pod\na: &a {}\n")
	for c := 'b'; c < 'z'; c++ {
		before := strings.Repeat("*"+string(c-1)+",", 9)
		b.WriteString(string(c) + ": &" + string(c) + " {<<: [" + before + "]}\n")
	}
	o := one(t, b.String()+"spec: *y\n")
	if o.Has("spec", "nothing") {
		t.Error("found what is not there")
	}
}

// TestView tolerates what it does not know, and names every wrong type.
func TestView(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"what servers and others add", "apiVersion: v1\nkind: Service\nmetadata: {name: a, creationTimestamp: null, uid: x}\nspec: {ports: [{port: 80, more: {}}]}\nstatus: {}\n", ""},
		{"all wrong types at once", "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {v: 1}}\nspec:\n  selector: [a]\n  ports:\n  - {port: many}\n  - {port: 1.5, targetPort: [1]}\n  - {port: 99999999999999999999}\n  publishNotReadyAddresses: maybe\n",
			`f.yaml:3:33: metadata.labels.v: 1 is read as a number, not as a string; quote it
f.yaml:5:13: spec.selector: is no mapping; write keys with values
f.yaml:7:12: spec.ports[0].port: is not a whole number; write a whole number
f.yaml:8:12: spec.ports[1].port: is not a whole number; write a whole number
f.yaml:8:29: spec.ports[1].targetPort: is neither a number nor a name; write a number or a name
f.yaml:9:12: spec.ports[2].port: is not a whole number; write a whole number
f.yaml:10:29: spec.publishNotReadyAddresses: is not true or false; write true or false`},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := one(t, test.in)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					first, err := manifest.View[manifest.Service](o)
					again, _ := manifest.View[manifest.Service](o)
					got := ""
					if err != nil {
						got = err.Error()
					}
					if diff := cmp.Diff(test.want, got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					if first != again {
						t.Error("made twice")
					}
				})
			}
			all.Wait()
			findings := ""
			if list := manifest.ViewAll([]*manifest.Object{o}); len(list) > 0 {
				findings = list.Error()
			}
			if diff := cmp.Diff(test.want, findings); diff != "" {
				t.Errorf("ViewAll (-want +got):\n%s", diff)
			}
		})
	}
	_, err := manifest.View[manifest.Service](one(t, "apiVersion: v1\nkind: Pod\n"))
	if want := "f.yaml:1: Pod  is no Service; ask for the type of its kind"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestPodsOf finds the pods of every kind that makes some.
func TestPodsOf(t *testing.T) {
	template := "{metadata: {labels: {app: a}, annotations: {x: why}}, spec: {serviceAccountName: s, hostNetwork: true, " +
		"containers: [{name: c, ports: [{name: http, containerPort: 80}], env: [{name: A, value: b:80}, {name: B, valueFrom: {}}]}], " +
		"initContainers: [{name: once, ports: [{containerPort: 1}]}, {name: side, restartPolicy: Always, ports: [{containerPort: 2, protocol: UDP}]}]}}"
	plain := strings.Replace(strings.Replace(template[1:len(template)-1], "metadata: {", "metadata: {name: nn, ", 1), "\n", "", 1)
	for _, test := range []struct{ kind, in string }{
		{"Deployment", "apiVersion: apps/v1\nspec: {replicas: 2, strategy: {}, selector: {matchLabels: {app: a}}, template: " + template + "}"},
		{"StatefulSet", "apiVersion: apps/v1\nspec: {template: " + template + "}"},
		{"DaemonSet", "apiVersion: apps/v1\nspec: {template: " + template + "}"},
		{"ReplicaSet", "apiVersion: apps/v1\nspec: {template: " + template + "}"},
		{"Job", "apiVersion: batch/v1\nspec: {template: " + template + "}"},
		{"CronJob", "apiVersion: batch/v1\nspec: {jobTemplate: {spec: {template: " + template + "}}}"},
		{"ReplicationController", "apiVersion: v1\nspec: {selector: {app: a}, template: " + template + "}"},
		{"Rollout", "apiVersion: argoproj.io/v1alpha1\nspec: {strategy: {canary: {}}, template: " + template + "}"},
		{"Pod", "apiVersion: v1\n" + strings.ReplaceAll(plain, "}, spec:", "}\nspec:")},
	} {
		t.Run(test.kind, func(t *testing.T) {
			o := one(t, "kind: "+test.kind+"\n"+test.in+"\n")
			pods, err := manifest.PodsOf(o)
			if err != nil || pods == nil || !o.MakesPods() {
				t.Fatal(pods, err)
			}
			var ports []string
			for path, c := range pods.Template.Spec.Running {
				at := append(pods.At("spec"), path...)
				if !o.Has(append(at, "ports", 0, "containerPort")...) {
					t.Errorf("nothing is at %s", manifest.PathText(at...))
				}
				ports = append(ports, c.Name+" "+c.Ports[0].Transport())
			}
			spec := pods.Template.Spec
			got := []any{pods.Template.Metadata.Labels["app"], pods.Template.Metadata.Annotations["x"], spec.Account(), spec.HostNetwork, ports, spec.Containers[0].Env}
			want := []any{"a", "why", "s", true, []string{"c TCP", "side UDP"}, []manifest.EnvVar{{Name: "A", Value: "b:80"}, {Name: "B"}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !o.Has(pods.At("metadata", "labels", "app")...) {
				t.Errorf("no labels at %s", manifest.PathText(pods.At("metadata", "labels", "app")...))
			}
		})
	}
	for _, in := range []string{"apiVersion: v1\nkind: Service\n", "apiVersion: example.com/v1\nkind: Deployment\n"} {
		if pods, err := manifest.PodsOf(one(t, in)); pods != nil || err != nil {
			t.Errorf("%q: got %v and %v", in, pods, err)
		}
	}
	if _, err := manifest.PodsOf(one(t, "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: x}}}\n")); err == nil {
		t.Error("containers that are a word pass")
	}
	if got := (&manifest.PodSpec{}).Account(); got != "default" {
		t.Errorf("without an account they run as %s", got)
	}
}
