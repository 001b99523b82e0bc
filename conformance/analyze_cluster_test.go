package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// An istioReport is what Istio's analyzers say of a cluster; see components/istio-analyze.
type istioReport struct {
	Messages                []istioMessage
	Executed, Skipped, Idle []string
	Read, Unread            map[string]int
}

type istioMessage struct{ Analyzer, Code, Level, Text, Object string }

func (m istioMessage) String() string {
	return m.Level + " " + m.Code + " (" + m.Object + ") " + m.Text + ", says " + m.Analyzer
}

// An analyst is a running istio-analyze. It is asked about one cluster after
// another: most of what it takes for one is to begin.
type analyst struct {
	questions *json.Encoder
	reports   *json.Decoder
	end       func() error // says how it has ended, with what it printed on its standard error
}

// An istioQuestion is a cluster as istio-analyze is asked about it.
type istioQuestion struct{ Profile, Revision, Objects string }

// newAnalyst starts one, which ends with the test.
func newAnalyst(t *testing.T) *analyst {
	t.Helper()
	cmd := exec.Command(component.Build(t, "istio-analyze")) // it ends with its questions
	cmd.Env = append(os.Environ(), component.Thrift...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &analyst{questions: json.NewEncoder(in), reports: json.NewDecoder(out)}
	a.end = sync.OnceValue(func() error {
		in.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("istio-analyze: %w\n%s", err, stderr.String())
		}
		return nil
	})
	t.Cleanup(func() {
		if err := a.end(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// analyze has Istio's analyzers look at the objects, on a cluster on which Istio
// is installed the way that the model wants it, with the platform's namespaces.
func (a *analyst) analyze(t *testing.T, m *model, objects []cluster.Object) istioReport {
	t.Helper()
	q := istioQuestion{Profile: "minimal", Revision: m.network.Spec.Mesh.Revision}
	if m.network.Spec.Mesh.Mode == spec.Ambient {
		q.Profile = "ambient"
	}
	var stream strings.Builder
	for _, o := range append(surroundings(objects), objects...) {
		if o.Kind == "Namespace" && o.Name == "istio-system" {
			continue // which is Istio's own to make
		}
		stream.WriteString("\n---\n")
		stream.Write(o.Text)
	}
	q.Objects = stream.String()
	var r istioReport
	err := a.questions.Encode(q)
	if err == nil {
		err = a.reports.Decode(&r)
	}
	if err != nil {
		t.Fatalf("%v; %v", err, a.end())
	}
	return r
}

// deployments are the workloads of the model's services as the application's own
// repository has them: nothing of a mesh is in them yet.
func (m *model) deployments(t *testing.T, namespace string) []cluster.Object {
	t.Helper()
	var out []cluster.Object
	for _, pod := range m.workloads() {
		name, first := strings.CutSuffix(pod.name, "-0")
		if !first {
			continue // the next of the same
		}
		var containers []map[string]any
		for _, c := range pod.containers {
			if c.sidecar {
				continue
			}
			var ports []map[string]any
			for _, p := range c.ports {
				port := map[string]any{"containerPort": p.number, "protocol": p.transport}
				if p.name != "" {
					port["name"] = p.name
				}
				ports = append(ports, port)
			}
			containers = append(containers, map[string]any{"name": c.name, "image": "example.test/" + c.name, "ports": ports})
		}
		labels := map[string]string{}
		for key, value := range pod.labels {
			if !strings.HasPrefix(key, "security.istio.io/") {
				labels[key] = value
			}
		}
		out = append(out, yamlObject(t, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"namespace": namespace, "name": name},
			"spec": map[string]any{
				"replicas": 2,
				"selector": map[string]any{"matchLabels": labels},
				"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": containers}},
			}}))
	}
	if len(out) == 0 {
		t.Fatalf("%s has no workloads", m.name)
	}
	return out
}

// company is what is in a cluster with the objects that kgen makes: the workloads,
// the Services that Flagger makes for the canaries that are its own, the pod that
// solves a certificate's challenge, and the namespaces that policies name.
func (m *model) company(t *testing.T, objects []cluster.Object, namespace string) []cluster.Object {
	t.Helper()
	out := m.deployments(t, namespace)
	there := map[string]bool{}
	for _, o := range objects {
		there[o.Kind+" "+o.Name] = true
	}
	for _, s := range m.network.Spec.Services {
		if s.Canary == nil || s.Canary.Owner != spec.FlaggerOwner {
			continue
		}
		var ports []map[string]any
		for _, p := range s.Ports {
			ports = append(ports, map[string]any{"name": p.Name, "port": p.Port, "protocol": p.Protocol.Transport()})
		}
		for _, suffix := range []string{"", "-canary", "-primary"} {
			if !there["Service "+s.Name+suffix] {
				out = append(out, yamlObject(t, map[string]any{"apiVersion": "v1", "kind": "Service",
					"metadata": map[string]any{"namespace": namespace, "name": s.Name + suffix},
					"spec":     map[string]any{"ports": ports}}))
			}
		}
	}
	if there["AuthorizationPolicy allow-acme-solver"] {
		out = append(out, solver(t, namespace))
	}
	for _, p := range objectsOf[manifest.NetworkPolicy](m.objects, "NetworkPolicy") {
		(&netBuilder{policies: []*manifest.NetworkPolicy{p}}).peers(func(_ string, peer manifest.Peer) {
			if peer.NamespaceSelector == nil {
				return
			}
			name := peer.NamespaceSelector.MatchLabels[reach.NameLabel]
			if name == "" || name == "istio-system" || name == namespace || there["Namespace "+name] {
				return
			}
			there["Namespace "+name] = true
			out = append(out, yamlObject(t, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}))
		})
	}
	return out
}

// solver stands for the pod that cert-manager runs in a namespace as long as a
// challenge lasts: its label, and the annotation by which it wants no sidecar.
func solver(t *testing.T, namespace string) cluster.Object {
	labels := map[string]string{"acme.cert-manager.io/http01-solver": "true"}
	return yamlObject(t, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"namespace": namespace, "name": "cm-acme-http-solver"},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels, "annotations": map[string]string{"sidecar.istio.io/inject": "false"}},
				"spec":     map[string]any{"containers": []map[string]any{{"name": "acmesolver", "image": "example.test/acmesolver"}}},
			},
		}})
}

// gatewayCRDs are the definitions of Gateway API, whose age an analyzer looks at.
func gatewayCRDs(t *testing.T) []cluster.Object {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(component.Modules(t, "crds")["sigs.k8s.io/gateway-api"], "config/crd/standard/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no CRDs of Gateway API: %v", err)
	}
	var out []cluster.Object
	for _, file := range files {
		out = append(out, fileObjects(t, file)...)
	}
	return slices.DeleteFunc(out, func(o cluster.Object) bool { return o.Kind != "CustomResourceDefinition" })
}

func fileObjects(t *testing.T, file string) []cluster.Object {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return written(t, string(data))
}
