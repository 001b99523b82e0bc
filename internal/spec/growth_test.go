package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// large is a sound model of n services with something to judge in each.
func large(n int) *spec.Network {
	m := sound()
	m.Spec.Services = nil
	for i := range n {
		name := fmt.Sprintf("svc-%d", i)
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name: name, PodLabels: map[string]string{"app": name, "tier": "backend"},
			Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}, {Name: "grpc", Port: 90, Protocol: spec.GRPC}},
			Calls:   []spec.Call{{Service: fmt.Sprintf("svc-%d", (i+1)%n)}, {Service: fmt.Sprintf("svc-%d", (i+7)%n), Port: spec.PortRef{Name: "http"}}},
			Egress:  []spec.Egress{{Host: "api.example.net", Port: 443}},
			Metrics: &spec.Metrics{Port: 9090}, Timeout: 5e9,
		})
	}
	return m
}

// TestValidateGrowsInAStraightLine holds that a sound service is judged for a few
// pieces of memory, however many there are: nothing is spelt out of which
// nothing is said.
func TestValidateGrowsInAStraightLine(t *testing.T) {
	const n = 250
	allocated := func(n int) float64 {
		m := large(n)
		if found := spec.Validate(m); len(found) > 0 {
			t.Fatal(found)
		}
		return testing.AllocsPerRun(3, func() { spec.Validate(m) })
	}
	one, two, four := allocated(n), allocated(2*n), allocated(4*n)
	if four-two > 2.1*(two-one)+100 {
		t.Errorf("%v allocations for %d services, %v for twice, %v for four times as many", one, n, two, four)
	}
	const most = 5
	if each := (four - two) / (2 * n); each > most {
		t.Errorf("%v allocations a service, more than %d", each, most)
	}
}

// TestWhatOthersSelect names the first of several services whose pods another
// one selects, and judges labels in the order of their keys.
func TestWhatOthersSelect(t *testing.T) {
	n := sound()
	n.Spec.Ingress, n.Spec.Services = nil, nil
	for i, labels := range []map[string]string{
		{"app": "a", "tier": "x"}, {"tier": "x"}, {"app": "c", "tier": "x"}, {"app": "d", "tier": "y", "zone": "z"}, {"app": "d", "zone": "z"},
		{"-b": "1", "-a": "2", "c": "-"},
	} {
		n.Spec.Services = append(n.Spec.Services, spec.Service{Name: string(rune('a' + i)), PodLabels: labels})
	}
	var got []string
	for _, d := range spec.Validate(n) {
		got = append(got, d.String())
	}
	const shared = ", which then share connections; give the two labels that tell them apart"
	want := []string{
		`services[5].podLabels.-a: "-a" is not a label key`,
		`services[5].podLabels.-b: "-b" is not a label key`,
		`services[5].podLabels.c: "-" is not a label value (at most 63 letters, digits, '-', '_' and '.')`,
		"warning: services[1].podLabels: these labels select the pods of a as well" + shared,
		"warning: services[4].podLabels: these labels select the pods of d as well" + shared,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	slices.Reverse(n.Spec.Services)
	for _, d := range spec.Validate(n) {
		if strings.HasPrefix(d.Path, "services[4]") && !strings.Contains(d.Message, "pods of c as well") {
			t.Errorf("of several services, another one than the first is named: %s", d)
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		m := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				spec.Validate(m)
			}
		})
	}
}
