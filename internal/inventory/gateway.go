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

// Proxies are who brings traffic in for one of the FrontGateways, as Door.From
// names them. There may be no route among the objects that says so: a controller
// that owns a canary writes its own.
func (inv *Inventory) Proxies(g Item[manifest.Gateway]) []reach.Endpoint {
	return inv.proxies[g.Object]
}

// takeProxies takes the proxies of all FrontGateways in as parties. Once the stock
// is taken nobody changes it, since many read it at once.
func (inv *Inventory) takeProxies() {
	inv.proxies = map[*manifest.Object][]reach.Endpoint{}
	for _, g := range inv.FrontGateways() {
		inv.proxies[g.Object] = inv.controller(spec.GatewayAPI, g.V.Spec.GatewayClassName, g.Name, g.Namespace)
	}
}
