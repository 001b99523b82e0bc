package inventory

import (
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// FrontGateways are the Gateways that let traffic in from outside: all but waypoints.
func (inv *Inventory) FrontGateways() []Item[manifest.Gateway] {
	var out []Item[manifest.Gateway]
	for _, g := range All[manifest.Gateway](inv) {
		if g.V.Spec.GatewayClassName != waypointClass {
			out = append(out, g)
		}
	}
	return out
}

// Proxies are who brings traffic in for a Gateway, as Door.From names them.
// There may be no route among the objects that says so: a controller that owns
// a canary writes its own.
func (inv *Inventory) Proxies(g Item[manifest.Gateway]) []reach.Endpoint {
	return inv.controller(spec.GatewayAPI, g.V.Spec.GatewayClassName, g.Name, g.Namespace)
}

// takeProxies takes the proxies of all Gateways in as parties.
func (inv *Inventory) takeProxies() {
	for _, g := range inv.FrontGateways() {
		inv.Proxies(g)
	}
}
