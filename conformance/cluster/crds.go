package cluster

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
)

// platforms are the files that the platforms' own releases install, by module of
// components/crds. Gateway API's hold its ValidatingAdmissionPolicy too.
var platforms = []struct{ module, files string }{
	{"istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml"},
	{"sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"},
	{"github.com/prometheus-operator/prometheus-operator", "example/prometheus-operator-crd/*.yaml"},
	{"github.com/cert-manager/cert-manager", "deploy/crds/*.yaml"},
	{"github.com/traefik/traefik/v3", "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"},
	{"github.com/fluxcd/flagger", "artifacts/flagger/crd.yaml"},
	{"github.com/fluxcd/source-controller", "config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml"},
	{"github.com/fluxcd/kustomize-controller", "config/crd/bases/*.yaml"},
	{"github.com/argoproj/argo-cd/v3", "manifests/crds/applicationset-crd.yaml"},
	{"github.com/cilium/cilium", "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml"},
}

// own are definitions that no module has as a file.
//
//go:embed crds/*.yaml
var own embed.FS

// definitions are the objects that make a cluster one that kgen writes for.
func definitions(t testing.TB) []Object {
	t.Helper()
	var out []Object
	read := func(from fs.FS, pattern, of string) {
		files, err := fs.Glob(from, pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no %s: %v", of, pattern, err)
		}
		for _, file := range files {
			data, err := fs.ReadFile(from, file)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := Objects(data)
			if err != nil || len(objects) == 0 {
				t.Fatalf("%s of %s has %d objects: %v", file, of, len(objects), err)
			}
			out = append(out, objects...)
		}
	}
	modules := component.Modules(t, "crds")
	for _, p := range platforms {
		dir, known := modules[p.module]
		if !known {
			t.Fatalf("components/crds/go.mod does not require %s", p.module)
		}
		read(os.DirFS(dir), p.files, p.module)
	}
	read(own, "crds/*.yaml", "package cluster")
	return out
}

// install applies the definitions.
func (c *Cluster) install(ctx context.Context, objects []Object) error {
	for _, o := range objects {
		if _, err := c.Apply(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// serving waits until the server serves what the definitions define, and until
// the policy among them is heeded.
func (c *Cluster) serving(ctx context.Context, objects []Object) error {
	for _, o := range objects {
		if o.Kind != "CustomResourceDefinition" {
			continue
		}
		path, err := c.path(ctx, o)
		if err != nil {
			return err
		}
		if err := c.until(ctx, o.String()+" is served", func() (bool, error) { return c.served(ctx, path) }); err != nil {
			return err
		}
	}
	return c.until(ctx, "Gateway API's admission policy is heeded", func() (bool, error) { return c.guarded(ctx, objects) })
}

// guarded says whether a CRD of Gateway API's other channel is refused, as its
// ValidatingAdmissionPolicy has it.
func (c *Cluster) guarded(ctx context.Context, objects []Object) (bool, error) {
	for _, o := range objects {
		if o.Name != "httproutes.gateway.networking.k8s.io" {
			continue
		}
		o.Text = bytes.Replace(o.Text, []byte("channel: standard"), []byte("channel: experimental"), 1)
		_, err := c.Try(ctx, o)
		if err == nil {
			return false, fmt.Errorf("%s of the experimental channel is taken", o)
		}
		return strings.Contains(err.Error(), "safe-upgrades.gateway.networking.k8s.io"), err
	}
	return false, fmt.Errorf("there is no CRD of an HTTPRoute to try")
}

// served says whether every version of a CRD that is to be served is.
func (c *Cluster) served(ctx context.Context, path string) (bool, error) {
	a, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return false, err
	}
	var crd struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
			}
		}
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(a.body, &crd); err != nil {
		return false, err
	}
	established := false
	for _, condition := range crd.Status.Conditions {
		established = established || condition.Type == "Established" && condition.Status == "True"
	}
	if !established {
		return false, fmt.Errorf("it is not established: %v", crd.Status.Conditions)
	}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		if _, err := c.resource(ctx, crd.Spec.Group+"/"+v.Name, crd.Spec.Names.Kind); err != nil {
			return false, err
		}
	}
	return true, nil
}
