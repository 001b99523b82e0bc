package manifest

import "testing"

// A method is a mapping in a GRPCRoute and a word in an HTTPRoute.
func TestRouteMethod(t *testing.T) {
	for _, c := range []struct {
		method string
		want   RouteMethod
		wrong  bool
	}{
		{method: "GET", want: RouteMethod{HTTP: "GET"}},
		{method: "{service: a.B, method: C, type: Exact}", want: RouteMethod{Service: "a.B", Method: "C", Type: "Exact"}},
		{method: "{servise: a.B}", wrong: true},
		{method: "[GET]", wrong: true},
	} {
		objects, err := Parse("route.yaml", []byte("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {rules: [{matches: [{method: "+c.method+"}]}]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		for name, view := range map[string]func(*Object) (*Route, error){"View": View[Route], "As": As[Route]} {
			r, err := view(objects[0])
			if (err != nil) != c.wrong {
				t.Errorf("%s of %s: %v", name, c.method, err)
			}
			if err == nil && *r.Spec.Rules[0].Matches[0].Method != c.want {
				t.Errorf("%s of %s: %+v", name, c.method, *r.Spec.Rules[0].Matches[0].Method)
			}
		}
	}
}
