package cli

import (
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
)

// theInternet stands for every public address, by one of them.
var theInternet = inventory.Internet().As("the internet")

// standsForMany reports whether an end stands for all of the internet.
func standsForMany(e reach.Endpoint) bool {
	return e.Workload == nil && e.IP == theInternet.IP && e != inventory.Internet()
}

// explainer answers questions about one layer.
type explainer struct {
	*judged
	layer   reach.Layer
	reached *reach.Connections // made when the internet is first asked about
}

// answer explains one question, and gives the addresses for which the answer
// is so, where these are a part of the internet that was asked about.
func (j *explainer) answer(q question) (reach.Explanation, string) {
	ask := func(from, to reach.Endpoint) reach.Explanation {
		return j.inventory.Policies.Explain(j.layer, from, to, q.port)
	}
	outside, inside, direction := q.to, q.from.Workload, reach.Egress
	if standsForMany(q.from) {
		outside, inside, direction = q.from, q.to.Workload, reach.Ingress
	}
	if !standsForMany(outside) || inside == nil {
		return ask(q.from, q.to), ""
	}
	if j.reached == nil {
		j.reached = j.connections(j.layer)
	}
	public := reach.Public().Minus(j.inventory.PlatformAddresses())
	var passing, named, partly reach.Addresses
	for _, c := range j.reached.Crossings(inside, direction, public) {
		if !c.Any().Has(q.port) {
			continue
		}
		passing = passing.Union(c.Addresses)
		zone := c.From.Outside
		if zone == nil {
			zone = c.To.Outside
		}
		named = named.Union(zone.Addresses)
		if !c.Ports.Has(q.port) {
			partly = partly.Union(c.Addresses)
		}
	}
	var notes []string
	if outside != theInternet {
		notes = []string{outside.Text() + " is a name, and policies know none: addresses are what is allowed, whoever has them"}
	}
	if passing.IsEmpty() {
		e := ask(q.from, q.to)
		e.Notes = append(e.Notes, notes...)
		return e, ""
	}
	// One that passes speaks for all that do: if some pass for some requests only, one of those.
	at := passing
	if !partly.IsEmpty() {
		at = partly
	}
	name, addresses := outside.Text(), ""
	if !passing.HoldsFamilyOf(public) {
		addresses = named.Text()
		if outside == theInternet {
			name = addresses
		}
	}
	stand := reach.Address(at.First()).As(name)
	var e reach.Explanation
	if direction == reach.Egress {
		e = ask(q.from, stand)
	} else {
		e = ask(stand, q.to)
	}
	if addresses != "" {
		e.Answer = reach.ForSomeAddresses
	}
	e.Notes = append(e.Notes, notes...)
	return e, addresses
}
