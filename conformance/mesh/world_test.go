package mesh

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
)

// kgenVariable names the file of the command kgen, for tests in a network of
// their own, where nothing can be downloaded to build it from.
const kgenVariable = "KGEN_CONFORMANCE_KGEN"

// A world is a cluster with a mesh, the repository that kgen keeps for it, and
// the pods that the repository is about.
type world struct {
	*cluster.Cluster
	kgen       string // the command
	repository string // its folder
	authority  *authority
	versions   map[string]string // resource versions as they were last applied, by object
	route      route             // as it was last applied
}

// Ports and pods of testdata/kgen.yaml.
const cartPort, cartTarget = 7070, 7000

var (
	web    = pod{"shop", "web", "", "10.1.0.10"}
	mail   = pod{"shop", "mail", "", "10.1.0.11"}
	cartV1 = pod{"shop", "cart", "v1", "10.1.0.1"}
	cartV2 = pod{"shop", "cart", "v2", "10.1.0.2"}
)

// newWorld starts a cluster and istiod, and applies a new repository to them.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		Cluster: cluster.Start(t), kgen: os.Getenv(kgenVariable), repository: t.TempDir(),
		authority: newAuthority(t), versions: map[string]string{},
	}
	w.StartIstiod(t)
	model, err := os.ReadFile(filepath.Join("testdata", "kgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.repository, "kgen.yaml"), model, 0o644); err != nil {
		t.Fatal(err)
	}
	w.run(t, "generate")
	w.apply(t, monitoring)
	objects := w.build(t)
	for _, o := range objects {
		w.apply(t, o)
	}
	pods := []pod{web, mail, cartV1, cartV2}
	for _, p := range pods {
		w.apply(t, p.object())
		if err := w.ApplyStatus(t.Context(), p.status()); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range endpoints(t, objects, pods) {
		w.apply(t, o)
	}
	return w
}

// monitoring is the platform's, as kgen takes for granted.
var monitoring = cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: "monitoring",
	Text: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: monitoring\n")}

// run runs kgen in the repository and returns what it prints, the talk apart.
func (w *world) run(t *testing.T, args ...string) (out, talk string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.kgen, append([]string{"-C", w.repository}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("kgen %q: %v\n%s", args, err, stderr.String())
	}
	return stdout.String(), stderr.String()
}

// build returns what kgen build prints, in its order.
func (w *world) build(t *testing.T) []cluster.Object {
	t.Helper()
	out, _ := w.run(t, "build")
	objects, err := cluster.Objects([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) < 10 {
		t.Fatalf("kgen build prints %d objects", len(objects))
	}
	return objects
}

// apply reports whether the object was changed by it.
func (w *world) apply(t *testing.T, o cluster.Object) bool {
	t.Helper()
	applied, err := w.Apply(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range applied.Warnings {
		t.Errorf("%s brings a warning: %s", o, warning)
	}
	before := w.versions[o.String()]
	w.versions[o.String()] = applied.ResourceVersion
	if err := w.route.read(o); err != nil {
		t.Fatal(err)
	}
	return before != applied.ResourceVersion
}

// reset gives the canary of cart a version and a weight, whatever was before,
// applies that the safe way round and waits until the caller knows.
func (w *world) reset(t *testing.T, caller *workload, weight int) {
	t.Helper()
	model, err := os.ReadFile(filepath.Join("testdata", "kgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(model, []byte("weight: 5}"), fmt.Appendf(nil, "weight: %d}", weight), 1)
	if bytes.Equal(changed, model) && weight != 5 {
		t.Fatal("testdata/kgen.yaml has no weight: 5 to change")
	}
	if err := os.WriteFile(filepath.Join(w.repository, "kgen.yaml"), changed, 0o644); err != nil {
		t.Fatal(err)
	}
	w.run(t, "generate")
	for _, o := range w.build(t) { // subsets appear before somebody is sent to them
		w.apply(t, o)
	}
	w.settle(t, caller)
}

// patience bounds every wait for what is bound to come. It is long, for machines
// that have other work too.
const patience = 2 * time.Minute

// until asks again and again whether something holds, less often as time goes by.
func until(t *testing.T, what string, holds func() (ok bool, otherwise string)) {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 160*time.Millisecond) {
		ok, last := holds()
		if ok {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("waiting until %s: %s; last: %s", what, patience, last)
		case <-t.Context().Done():
			t.Fatalf("waiting until %s: %v; last: %s", what, t.Context().Err(), last)
		case <-time.After(pause):
		}
	}
}
