package conformance

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/spec"
)

// forgiven are messages above Info that are Istio's mistake, by code and object,
// with the reason. Each has to come up, or it is not needed any more.
var forgiven = map[string]string{}

// TestIstioAnalyzes has all of Istio's analyzers look at each model and each
// environment with its workloads, on a cluster on which Istio is installed: no
// error, no warning.
func TestIstioAnalyzes(t *testing.T) {
	record.Start(t, record.Istio, "all analyzers of istioctl analyze look at each model and environment with its workloads: no message above Info")
	istio := newAnalyst(t)
	crds := gatewayCRDs(t)
	idle := map[string]int{}
	ran, told, used := 0, map[string]int{}, map[string]bool{}
	look := func(t *testing.T, m *model, objects []cluster.Object, namespace string) {
		r := istio.analyze(t, m, slices.Concat(objects, m.company(t, objects, namespace), crds))
		if len(r.Skipped) > 0 || len(r.Executed) < 40 {
			t.Errorf("%d analyzers have run; skipped are %q", len(r.Executed), r.Skipped)
		}
		for _, message := range r.Messages {
			told[message.Level+" "+message.Code]++
			at := message.Code + " " + message.Object
			switch {
			case forgiven[at] != "":
				used[at] = true
			case message.Level != "Info":
				t.Error(message)
			case message.Code == namespaceNotInjected && m.network.Spec.Mesh.Provider == spec.Istio && strings.HasPrefix(message.Object, "Namespace "+namespace):
				t.Error(message)
			case message.Code == portNameIsNoProtocol && !strings.HasPrefix(message.Text, "Port name sctp"): // of which Istio knows nothing
				t.Error(message)
			}
		}
		for _, name := range r.Idle {
			idle[name]++
		}
		ran++
		record.Checks(t, len(r.Executed))
	}
	for _, m := range models(t) {
		t.Run("model "+m.name, func(t *testing.T) { look(t, m, m.built(t), m.network.Spec.Namespace) })
		for _, e := range m.network.Spec.Environments {
			t.Run("model "+m.name+" environment "+e.Name, func(t *testing.T) {
				namespace := m.network.Spec.Namespace
				if e.Namespace != "" {
					namespace = e.Namespace
				}
				look(t, m, m.builtFor(t, e.Name), namespace)
			})
		}
	}
	for at, reason := range forgiven {
		if !used[at] {
			t.Errorf("%s does not come up any more; it was forgiven because %s", at, reason)
		}
	}
	var never []string
	for _, name := range slices.Sorted(maps.Keys(idle)) {
		if idle[name] == ran {
			never = append(never, name)
		}
	}
	t.Logf("%d clusters; messages: %v; no analyzer was skipped; %d had nothing to look at in any cluster: %q", ran, told, len(never), never)
}

// The codes of messages that are Info and still a fault of what kgen makes.
const (
	namespaceNotInjected = "IST0102"
	portNameIsNoProtocol = "IST0118"
)

// TestIstioAnalyzersSee is the control: what is broken on purpose is seen, each
// time by the message that is meant for it and that was not there before.
func TestIstioAnalyzersSee(t *testing.T) {
	record.Start(t, record.Istio, "what is broken on purpose brings the analyzers' message for it")
	istio := newAnalyst(t)
	m := modelOf(t, "sidecar-gateway-istio")
	built := m.built(t)
	whole := slices.Concat(built, m.company(t, built, m.network.Spec.Namespace), gatewayCRDs(t))
	before := istio.analyze(t, m, whole)
	for _, tt := range []struct{ name, object, old, new, code, of string }{
		{"a missing subset", "DestinationRule shop/web", "name: green", "name: greener", "IST0101", "VirtualService shop/web"},
		{"a subset of no pods", "DestinationRule shop/web", "version: green", "version: greener", "IST0173", "DestinationRule shop/web"},
		{"a host that is not there", "VirtualService shop/cart", "host: cart.shop.svc", "host: card.shop.svc", "IST0101", "VirtualService shop/cart"},
		{"a DestinationRule's host that is not there", "DestinationRule shop/cart", "host: cart.shop.svc", "host: card.shop.svc", "IST0174", "DestinationRule shop/cart"},
		{"a namespace without its label", "Namespace shop", "istio-injection: enabled", "other: label", "IST0102", "Namespace shop"},
		{"a namespace with two labels", "Namespace shop", "istio-injection: enabled", "istio-injection: enabled\n    istio.io/dataplane-mode: ambient", "IST0123", "Namespace shop"},
		{"two VirtualServices of one host", "VirtualService shop/cart", "", "", "IST0109", "VirtualService shop/cart-again"},
		{"a port without a protocol", "Service shop/cart", "appProtocol: grpc\n    name: grpc", "name: calls", "IST0118", "Service shop/cart"},
		{"a port to be chosen", "VirtualService shop/price", "        port:\n          number: 80\n", "", "IST0112", "VirtualService shop/price"},
		{"a policy of no pods", "AuthorizationPolicy shop/cart", "app: cart", "app: card", "IST0127", "AuthorizationPolicy shop/cart"},
		{"a share below zero", "VirtualService shop/price", "weight: 0\n", "weight: -10\n", "IST0106", "VirtualService shop/price"},
		{"definitions that are too old", "CustomResourceDefinition tlsroutes.gateway.networking.k8s.io", "bundle-version: v1.6", "bundle-version: v1.2", "IST0176", "CustomResourceDefinition tlsroutes.gateway.networking.k8s.io"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := breakOne(t, whole, tt.object, tt.old, tt.new)
			expect := func(r istioReport) bool {
				return slices.ContainsFunc(r.Messages, func(m istioMessage) bool { return m.Code == tt.code && strings.HasPrefix(m.Object, tt.of) })
			}
			if expect(before) {
				t.Errorf("%s of %s is there before anything is broken", tt.code, tt.of)
			}
			if r := istio.analyze(t, m, broken); !expect(r) {
				t.Errorf("%s of %s does not come up; it says %v", tt.code, tt.of, r.Messages)
			}
			record.Checks(t, 1)
		})
	}
}

// breakOne is the objects with one text of one of them in place of another. No
// text stands for the object being there twice, under another name.
func breakOne(t *testing.T, objects []cluster.Object, name, old, new string) []cluster.Object {
	t.Helper()
	out := slices.Clone(objects)
	at := slices.IndexFunc(out, func(o cluster.Object) bool { return o.String() == name })
	if at < 0 {
		t.Fatalf("there is no %s to break", name)
	}
	o := out[at]
	if old == "" {
		o.Text = []byte(strings.Replace(string(o.Text), "\n  name: "+o.Name+"\n", "\n  name: "+o.Name+"-again\n", 1))
		return append(out, o)
	}
	o.Text = []byte(strings.ReplaceAll(string(o.Text), old, new))
	if string(o.Text) == string(out[at].Text) {
		t.Fatalf("%s has no %q to break:\n%s", name, old, o.Text)
	}
	out[at] = o
	return out
}
