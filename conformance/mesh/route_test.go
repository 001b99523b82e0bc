package mesh

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/conformance/cluster"
)

// A route is where the manifests send calls to cart.
type route struct {
	weights map[string]int  // by subset, of those that get any
	subsets map[string]bool // that there are
}

// read takes up what an object says of it, if it does.
func (r *route) read(o cluster.Object) error {
	if o.Name != "cart" || !strings.HasPrefix(o.APIVersion, "networking.istio.io/") {
		return nil
	}
	var spec struct {
		Spec struct {
			Subsets []struct{ Name string }
			HTTP    []struct {
				Route []struct {
					Destination struct{ Subset string }
					Weight      *int
				}
			}
		}
	}
	if err := yaml.Unmarshal(o.Text, &spec); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	switch o.Kind {
	case "DestinationRule":
		r.subsets = map[string]bool{}
		for _, s := range spec.Spec.Subsets {
			r.subsets[s.Name] = true
		}
	case "VirtualService":
		if len(spec.Spec.HTTP) != 1 {
			return fmt.Errorf("%s has %d routes, want one", o, len(spec.Spec.HTTP))
		}
		r.weights = map[string]int{}
		for _, d := range spec.Spec.HTTP[0].Route {
			weight := 100
			if d.Weight != nil {
				weight = *d.Weight
			}
			if weight > 0 {
				r.weights[d.Destination.Subset] = weight
			}
		}
	}
	return nil
}

// configured is what a caller says that istiod has told it.
type configured struct {
	Weights  map[string]int
	Clusters map[string]string
}

// subset takes the name out of outbound|7070|v1|cart.shop.svc.cluster.local.
func subset(clusterName string) string {
	parts := strings.Split(clusterName, "|")
	if len(parts) != 4 {
		return clusterName
	}
	return parts[2]
}

// arrived says what of the route the caller has not been told, nothing once it
// knows all of it: the weights, and which of the versions that it wants exist.
func (r route) arrived(c configured) (missing string) {
	weights := map[string]int{}
	for name, weight := range c.Weights {
		if weight > 0 {
			weights[subset(name)] = weight
		}
	}
	if diff := cmp.Diff(r.weights, weights); diff != "" {
		return "weights (-want +got):\n" + diff
	}
	for name := range r.weights {
		found := ""
		for clusterName, status := range c.Clusters {
			if subset(clusterName) == name {
				found = status
			}
		}
		if known := found == "ACKED"; known != r.subsets[name] {
			return fmt.Sprintf("subset %s is %q; that it exists is %t", name, found, r.subsets[name])
		}
	}
	return ""
}

// settle waits until the caller knows the route and, where all of it leads
// somewhere, goes by it: nobody answers who is to get nothing.
func (w *world) settle(t *testing.T, caller *workload) {
	t.Helper()
	until(t, "the caller knows the route", func() (bool, string) {
		missing := w.route.arrived(tell[configured](t, caller, "config"))
		return missing == "", missing
	})
	for name := range w.route.weights {
		if !w.route.subsets[name] {
			return
		}
	}
	until(t, "the caller goes by the route", func() (bool, string) {
		got := caller.calls(t, 50)
		answered := maps.Clone(got.Answers)
		for name := range w.route.weights {
			delete(answered, name)
		}
		return got.failed() == 0 && len(answered) == 0, got.String()
	})
}
