package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
)

func TestWriteShort(t *testing.T) {
	many := []plan.Change{
		{Path: "README.md", Action: plan.Update},
		{Path: "kgen.yaml", Action: plan.Update},
		{Path: "monitoring/alerts/web.yaml", Action: plan.Create},
		{Path: "monitoring/kustomization.yaml", Action: plan.Update},
	}
	for i := range shortList {
		many = append(many, plan.Change{Path: fmt.Sprintf("monitoring/services/%d.yaml", i), Action: plan.Create})
	}
	many = append(many, plan.Change{Path: "monitoring/services/kustomization.yaml", Action: plan.Update})
	for _, c := range []struct {
		name    string
		changes []plan.Change
		want    string
	}{
		{"few", many[:3], "update  README.md\nupdate  kgen.yaml\ncreate  monitoring/alerts/web.yaml\n"},
		{"many", many, `update  README.md
update  kgen.yaml
create  monitoring/alerts/web.yaml
update  monitoring/kustomization.yaml
create  20 files in monitoring/services
update  monitoring/services/kustomization.yaml
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			if err := writeShort(&out, c.changes, false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddCommand(t *testing.T) {
	for _, c := range []struct {
		service  spec.Service
		calledBy []string
		want     string
	}{
		{spec.Service{Name: "job"}, nil, "kgen add service job --yes --port none"},
		{
			spec.Service{
				Name: "web", Ports: []spec.Port{{Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
				Hosts: []string{"a.org"}, Paths: []spec.Path{{Path: "/it's (new)"}},
				Calls:  []spec.Call{{Service: "api", Port: spec.PortRef{Name: "grpc"}}},
				Canary: &spec.Canary{Stable: "v2", Version: "v3", Weight: 10}, Metrics: &spec.Metrics{Port: 9090, Path: "/stats"},
				Type: spec.LoadBalancer, Replicas: 3, Egress: []spec.Egress{{Host: "ntp.org", Port: 123, Protocol: spec.UDP}},
			},
			[]string{"edge"},
			`kgen add service web --yes --port 80:8080 --host a.org --path '/it'\''s (new)' --calls api:grpc --called-by edge ` +
				"--canary v3=10 --stable v2 --type LoadBalancer --metrics 9090/stats --replicas 3 --egress ntp.org:123/udp",
		},
	} {
		got := addCommand(&prompt.Addition{Service: &c.service, CalledBy: c.calledBy})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
