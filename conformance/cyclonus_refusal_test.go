package conformance

import (
	"encoding/json"
	"fmt"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
)

// specsInDoubt are specs of NetworkPolicies at the border of what the API server takes.
func specsInDoubt() []string {
	inRule := func(rule string) string { return `{"podSelector": {}, "ingress": [` + rule + `]}` }
	onPort := func(port string) string { return inRule(`{"ports": [` + port + `]}`) }
	fromPeer := func(peer string) string { return inRule(`{"from": [` + peer + `]}`) }
	out := []string{
		`{"podSelector": {}}`,
		`{"podSelector": {}, "policyTypes": ["Ingress", "Ingress"]}`,
		`{"podSelector": {}, "policyTypes": ["Ingress", "Egress", "Egress"]}`,
		`{"podSelector": {}, "policyTypes": ["ingress"]}`,
		`{"podSelector": {}, "policyTypes": null, "ingress": null}`,
		inRule(`{}`), inRule(`{"from": null, "ports": null}`),
		fromPeer(`{}`), fromPeer(`{"podSelector": null}`), fromPeer(`{"podSelector": {}}`), fromPeer(`{"namespaceSelector": {}, "podSelector": {}}`),
		fromPeer(`{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}`), fromPeer(`{"namespaceSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}`),
	}
	for _, port := range []string{
		`{}`, `{"protocol": "TCP"}`, `{"protocol": "tcp"}`, `{"protocol": "ICMP"}`, `{"port": null}`,
		`{"port": 0}`, `{"port": 1}`, `{"port": 65535}`, `{"port": 65536}`, `{"port": -1}`,
		`{"port": ""}`, `{"port": "http"}`, `{"port": "8080"}`, `{"port": "HTTP"}`, `{"port": "a-name-of-15-chr"}`, `{"port": "a-name-of15-chr"}`, `{"port": "a--b"}`, `{"port": "-a"}`, `{"port": "a_b"}`,
		`{"port": 80, "endPort": 90}`, `{"port": 80, "endPort": 80}`, `{"port": 80, "endPort": 79}`, `{"port": 80, "endPort": 65536}`, `{"port": 80, "endPort": 0}`, `{"port": 80, "endPort": null}`,
		`{"endPort": 90}`, `{"port": "http", "endPort": 90}`,
	} {
		out = append(out, onPort(port))
	}
	for _, block := range []string{
		`{"cidr": "10.0.0.0/8"}`, `{"cidr": "0.0.0.0/0"}`, `{"cidr": "::/0"}`, `{"cidr": "10.0.0.1/32"}`, `{"cidr": "10.0.0.1"}`, `{"cidr": ""}`, `{}`, `{"cidr": "10.0.0.0/33"}`, `{"cidr": "10.0.0/8"}`, `{"cidr": "fd00::/129"}`, `{"cidr": "ten/8"}`,
		`{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}`, `{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}`, `{"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}`,
		`{"cidr": "10.0.0.0/8", "except": ["0.0.0.0/0"]}`, `{"cidr": "10.0.0.0/8", "except": ["10.1.0.0"]}`, `{"cidr": "10.0.0.0/8", "except": ["fd00::/16"]}`, `{"cidr": "::/0", "except": ["10.0.0.0/8"]}`, `{"cidr": "10.0.0.0/8", "except": []}`,
	} {
		out = append(out, fromPeer(`{"ipBlock": `+block+`}`))
	}
	for _, requirement := range []string{
		`{"key": "app", "operator": "In", "values": ["web"]}`, `{"key": "app", "operator": "In", "values": []}`, `{"key": "app", "operator": "In"}`, `{"key": "app", "operator": "NotIn"}`,
		`{"key": "app", "operator": "Exists"}`, `{"key": "app", "operator": "Exists", "values": []}`, `{"key": "app", "operator": "Exists", "values": ["web"]}`, `{"key": "app", "operator": "DoesNotExist", "values": ["web"]}`,
		`{"key": "app", "operator": "Equals", "values": ["web"]}`, `{"key": "app", "operator": "exists"}`, `{"key": "app"}`, `{"operator": "Exists"}`, `{"key": "a b", "operator": "Exists"}`, `{"key": "example.test/app", "operator": "Exists"}`, `{"key": "example.test/a/b", "operator": "Exists"}`,
		`{"key": "app", "operator": "In", "values": ["a b"]}`, `{"key": "app", "operator": "In", "values": [""]}`,
	} {
		out = append(out, `{"podSelector": {"matchExpressions": [`+requirement+`]}}`, fromPeer(`{"namespaceSelector": {"matchExpressions": [`+requirement+`]}}`))
	}
	for _, label := range []string{`"app": "web"`, `"app": ""`, `"": "web"`, `"a b": "web"`, `"app": "a b"`, `"-app": "web"`, `"app": "-web"`} {
		out = append(out, `{"podSelector": {"matchLabels": {`+label+`}}}`)
	}
	return out
}

// TestCyclonusRefusals: reach leaves out a policy when the API server would
// refuse it, by the server's own validation, and only then. It is the program
// that asks cyclonus which asks the server's code first.
func TestCyclonusRefusals(t *testing.T) {
	record.Start(t, record.NetworkPolicy, "reach leaves out the policies that the API server's own validation refuses, and no others")
	binary := component.Build(t, "cyclonus")
	specs := specsInDoubt()
	var worlds []*netWorld
	for _, text := range specs {
		var spec map[string]any
		if err := json.Unmarshal([]byte(text), &spec); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		worlds = append(worlds, &netWorld{
			Namespaces: map[string]map[string]string{"a": {"kubernetes.io/metadata.name": "a"}},
			Policies: []map[string]any{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
				"metadata": map[string]any{"name": "doubtful", "namespace": "a"}, "spec": spec}},
			Pods:  []netPod{{Namespace: "a", Labels: map[string]string{"app": "web"}, IP: "10.244.0.1", Ports: []netNamedPort{{"http", 8080, "TCP"}}}},
			Ports: []netPort{{8080, "TCP"}, {80, "TCP"}},
		})
	}
	refused := 0
	askCyclonus(t, binary, worlds, func(i int, a netAnswer) {
		refused += len(a.Refused)
		set, err := worlds[i].set()
		if (err != nil) != (len(a.Refused) > 0) {
			t.Errorf("%s: the API server says %v, reach says %v", specs[i], said(a.Refused), err)
			return
		}
		if set == nil {
			return
		}
		if n, example := worlds[i].differences(a.Allowed, worlds[i].reached(set)); n > 0 {
			t.Errorf("%s\n%s", specs[i], example)
		}
	})
	if taken := len(specs) - refused; min(taken, refused) < len(specs)/4 {
		t.Errorf("%d are taken and %d refused; one of the two is hardly seen", taken, refused)
	}
	record.Checks(t, len(specs))
	t.Logf("%d policies, of which the API server refuses %d", len(specs), refused)
}

func said(refused map[string]string) string {
	if len(refused) == 0 {
		return "nothing"
	}
	return fmt.Sprint(refused)
}
