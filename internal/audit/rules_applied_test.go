package audit

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// moEnd adds a text at the end of a file.
func moEnd(file, more string) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		data, ok := t.File(file)
		if !ok {
			return fmt.Errorf("there is no %s", file)
		}
		t.Set(file, append(bytes.Clone(data), more...))
		return nil
	}
}

// TestAppliedTooLate: where an order is written down, and where none is.
func TestAppliedTooLate(t *testing.T) {
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	const thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t, namespace: shop}\n"
	const definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, names: {kind: Thing, plural: things}}\n"
	const fifo = "sortOptions: {order: fifo}\n"
	const late = "Namespace shop: comes after what is in it, so that a new cluster refuses that"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"in one file, after", map[string]string{"a.yaml": config + "---\n" + namespace}, []string{"7:18 " + late}},
		{"in one file, before", map[string]string{"a.yaml": namespace + "---\n" + config}, nil},
		{"in one file, between", map[string]string{"a.yaml": config + "---\n" + namespace + "---\n" + config}, []string{"7:18 " + late}},
		{"another namespace", map[string]string{"a.yaml": config + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: else}\n"}, nil},
		{"in two files that nobody puts in order", map[string]string{"a.yaml": config, "b.yaml": namespace}, nil},
		{"built in order", map[string]string{"kustomization.yaml": fifo + "resources: [a.yaml, b.yaml]\n", "a.yaml": config, "b.yaml": namespace}, []string{"3:18 " + late}},
		{"built in the right order", map[string]string{"kustomization.yaml": fifo + "resources: [b.yaml, a.yaml]\n", "a.yaml": config, "b.yaml": namespace}, nil},
		{"built and sorted", map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml]\n", "a.yaml": config, "b.yaml": namespace}, nil},
		{"one file, built and sorted", map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": config + "---\n" + namespace}, nil},
		{"the order of what is below does not count", map[string]string{"kustomization.yaml": "resources: [x]\n", "x/kustomization.yaml": fifo + "resources: [a.yaml, b.yaml]\n", "x/a.yaml": config, "x/b.yaml": namespace}, nil},
		{"built by kustomize", map[string]string{"kustomization.yaml": fifo + "namePrefix: x-\nresources: [a.yaml, b.yaml]\n", "a.yaml": config, "b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"}, []string{"3:18 " + late}},
		{"two builds", map[string]string{"one/kustomization.yaml": fifo + "resources: [a.yaml]\n", "one/a.yaml": config, "two/kustomization.yaml": fifo + "resources: [b.yaml]\n", "two/b.yaml": namespace}, nil},
		{"a definition after", map[string]string{"a.yaml": thing + "---\n" + definition}, []string{"8:42 CustomResourceDefinition things.example.com: comes after an object of its kind, so that a new cluster refuses that"}},
		{"a definition before", map[string]string{"a.yaml": definition + "---\n" + thing}, nil},
		{"a definition of the same kind in another group", map[string]string{"a.yaml": "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\n---\n" + definition}, nil},
		{"a definition that says nothing", map[string]string{"a.yaml": thing + "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := moAudit(t, "RP05", c.files)
			if diff := cmp.Diff(c.want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFailover: which settings need outlier detection, and whose counts.
func TestFailover(t *testing.T) {
	const od = "outlierDetection: {consecutive5xxErrors: 5}"
	lb := func(setting string) string { return "loadBalancer: {localityLbSetting: {" + setting + "}}" }
	const failover = "failover: [{from: a, to: b}]"
	const why = " DestinationRule shop/api: asks for failover between localities, and has no outlier detection, without which Istio does not fail over"
	for _, c := range []struct {
		name, spec string
		want       []string
	}{
		{"failover", "trafficPolicy: {" + lb(failover) + "}", []string{"4:93" + why}},
		{"failover by labels", "trafficPolicy: {" + lb("failoverPriority: [a]") + "}", []string{"4:93" + why}},
		{"switched on", "trafficPolicy: {" + lb("enabled: true") + "}", []string{"4:102" + why}},
		{"switched off", "trafficPolicy: {" + lb("enabled: false, "+failover) + "}", nil},
		{"by weights", "trafficPolicy: {" + lb("enabled: true, distribute: [{from: a, to: {b: 100}}]") + "}", nil},
		{"with outlier detection", "trafficPolicy: {" + lb(failover) + ", " + od + "}", nil},
		{"a subset's", "subsets: [{name: v1, labels: {a: b}, trafficPolicy: {" + lb(failover) + "}}]", []string{"4:130" + why}},
		{"a subset's with its own", "subsets: [{name: v1, labels: {a: b}, trafficPolicy: {" + lb(failover) + ", " + od + "}}]", nil},
		{"a subset's with its host's", "trafficPolicy: {" + od + "}, subsets: [{name: v1, labels: {a: b}, trafficPolicy: {" + lb(failover) + "}}]", nil},
		{"a port's beside its host's", "trafficPolicy: {" + od + ", portLevelSettings: [{port: {number: 80}, " + lb(failover) + "}]}",
			[]string{"4:179 DestinationRule shop/api: asks for failover between localities, and the settings of this port have no outlier detection, without which Istio does not fail over"}},
		{"a port's with its own", "trafficPolicy: {portLevelSettings: [{port: {number: 80}, " + lb(failover) + ", " + od + "}]}", nil},
		{"nothing of localities", "trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, skipped := moAudit(t, "SM20", map[string]string{"a.yaml": "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: api, namespace: shop}\nspec: {host: api.shop.svc.cluster.local, " + c.spec + "}\n"})
			if diff := cmp.Diff(c.want, found); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, skipped)
			}
		})
	}
}
