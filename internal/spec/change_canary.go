package spec

import (
	"fmt"
	"slices"
)

// FirstWeight is the share that a canary starts with unless another is named.
const FirstWeight Percent = 5

// StartCanary lets version take weight percent of a service's requests beside
// stable, or if that is empty beside the version that the service is pinned to
// and else the default one.
func StartCanary(n *Network, name, version, stable string, weight Percent) (*Change, error) {
	at, err := FindService(n, name)
	if err != nil {
		return nil, err
	}
	c := changeOf(n)
	canary := &Canary{Stable: stable}
	was := n.Spec.Services[at].Canary
	if was != nil {
		*canary = *was
		place := fmt.Sprintf("services[%d].canary", at)
		if err := n.ownedElsewhere(at); err != nil {
			return nil, err
		}
		if !was.Pinned() {
			return nil, wrong(place, "running", fmt.Sprintf("kgen canary set, promote or abort %s first", name),
				"%s has a canary already: %s at %d%%", name, was.Version, was.Weight)
		}
		if pinned := n.stableOf(at); stable != "" && stable != pinned {
			return nil, wrong(place, "contradiction", fmt.Sprintf("leave the stable version out, or name %s", pinned),
				"%s is pinned to %s, so %s takes no requests", name, pinned, stable)
		}
	}
	canary.Version, canary.Weight = version, weight
	c.Network.Spec.Services[at].Canary = canary
	inService := c.Network.stableOf(at)
	if version == inService {
		return nil, wrong("", "bad-value", "name the new version", "%s is the stable version of %s", version, name)
	}
	if was == nil {
		c.notef("the pods that run now need the label version: %s before this is applied: from then on, pods without it get no requests", inService)
	}
	c.notef("the pods of the new version need the label version: %s and have to be ready before this is applied", version)
	return c, nil
}

// SetCanary gives the canary of a service another share of its requests.
func SetCanary(n *Network, name string, weight Percent) (*Change, error) {
	c, canary, stable, err := canaryUnderWay(n, name)
	if err != nil {
		return nil, err
	}
	canary.Weight = weight
	for _, own := range n.shares(name, weight)[1:] {
		c.notef("%s keeps its own weight, %d%%", own.environment, own.weight)
	}
	switch weight {
	case 0:
		c.notef("%s gets no requests; kgen canary abort %s ends it", canary.Version, name)
	case 100:
		c.notef("%s gets no requests, and its pods are the way back: keep them until kgen canary promote %s", stable, name)
	}
	return c, nil
}

// PromoteCanary makes the canary of a service its stable version and pins the
// service to it: without a version in the model, every pod with the service's
// labels would be served again, those of the version before among them. A
// canary that does not have all requests yet may be promoted, with a warning:
// objects are applied one by one, and a mesh that learns of the lost version
// before it learns of the new weights has nowhere to send that version's share.
func PromoteCanary(n *Network, name string) (*Change, error) {
	c, canary, stable, err := canaryUnderWay(n, name)
	if err != nil {
		return nil, err
	}
	ended := *canary
	canary.Stable, canary.Version, canary.Weight = ended.Version, "", 0
	for _, share := range n.shares(name, ended.Weight) {
		if share.weight < 100 {
			c.notef("%s%s goes from %d%% to all requests at once: its pods have to bear them, and requests on their way to %s may fail; %s, applied before this, avoids both",
				share.where(), ended.Version, share.weight, stable, share.move(name, 100))
		}
	}
	c.endCanary(name)
	c.idle(stable, applied)
	c.pinned(name, ended.Version)
	return c, nil
}

// AbortCanary gives all requests back to the stable version of a service and
// pins the service to it, because pods of the canary still run.
func AbortCanary(n *Network, name string) (*Change, error) {
	c, canary, stable, err := canaryUnderWay(n, name)
	if err != nil {
		return nil, err
	}
	ended := *canary
	canary.Stable, canary.Version, canary.Weight = stable, "", 0
	for _, share := range n.shares(name, ended.Weight) {
		if share.weight > 0 {
			c.notef("%s%s goes from %d%% to all requests at once, and requests on their way to %s may fail; %s, applied before this, avoids that",
				share.where(), stable, 100-share.weight, ended.Version, share.move(name, 0))
		}
	}
	c.endCanary(name)
	when := applied
	if n.splitsByIngress(name) {
		c.noteCanaryIngress(ended.Version)
		when = deleted
	}
	c.idle(ended.Version, when)
	c.pinned(name, stable)
	return c, nil
}

// When a change takes effect in a cluster. What is no longer made stays there until
// somebody deletes it, or a GitOps engine does: that counts where it still works.
const (
	applied = "once this is applied"
	deleted = "once this is applied and what is no longer made is deleted"
)

// noteCanaryIngress tells of the one object that outlives its canary with effect.
func (c *Change) noteCanaryIngress(version string) {
	c.notef("the front door gives %s its share until the Ingress of the canary is deleted, which is no longer made", version)
}

// A share is the weight of a canary somewhere: in an environment that has one of
// its own, or "" in the rest of the file.
type share struct {
	environment string
	weight      Percent
}

func (n *Network) shares(name string, weight Percent) []share {
	out := []share{{"", weight}}
	for _, e := range n.Spec.Environments {
		for _, s := range e.Services {
			if s.Name == name && s.Canary != nil {
				out = append(out, share{e.Name, s.Canary.Weight})
			}
		}
	}
	return out
}

// where begins a sentence about the share.
func (s share) where() string {
	if s.environment == "" {
		return ""
	}
	return "in " + s.environment + ", "
}

// move is the command that changes it.
func (s share) move(name string, weight Percent) string {
	if s.environment == "" {
		return fmt.Sprintf("kgen canary set %s %d", name, weight)
	}
	return fmt.Sprintf("kgen set environment %s 'services[%s].canary.weight=%d'", s.environment, name, weight)
}

// splitsByIngress reports whether a canary's share at the front door is an
// Ingress of its own, here or in an environment: one that goes on taking it
// until it is deleted.
func (n *Network) splitsByIngress(name string) bool {
	d := n.WithDefaults()
	in := d.Spec.Ingress
	if in == nil || in.API != IngressResource {
		return false
	}
	if class, _ := ClassOf(in.Class); !class.SplitsIngress {
		return false
	}
	return slices.ContainsFunc(d.Spec.Services, func(s Service) bool { return s.Name == name && s.Exposed() }) ||
		slices.ContainsFunc(d.Spec.Environments, func(e Environment) bool {
			return slices.ContainsFunc(e.Services, func(s EnvironmentService) bool { return s.Name == name && len(s.Hosts) > 0 })
		})
}

// endCanary takes the weights of a canary that has ended out of the environments.
func (c *Change) endCanary(name string) {
	for i := range c.Network.Spec.Environments {
		e := &c.Network.Spec.Environments[i]
		entries := make([]EnvironmentService, 0, len(e.Services))
		for _, s := range e.Services {
			if s.Name == name && s.Canary != nil {
				c.notef("in %s it ends as well, from %d%%", e.Name, s.Canary.Weight)
				if s.Canary = nil; s.empty() {
					continue
				}
			}
			entries = append(entries, s)
		}
		e.Services = emptyIsNil(entries)
	}
}

// idle and pinned say what is left to do of the two versions.
func (c *Change) idle(version, when string) {
	c.notef("%s, the pods of %s get no requests and can go", when, version)
}

func (c *Change) pinned(name, version string) {
	c.notef("%s stays pinned to the label version: %s, so that no other pod is served before kgen canary start %[1]s says so", name, version)
}

// canaryUnderWay begins a change of a service's canary, which is the change's
// own to write to, and gives the version that it runs beside.
func canaryUnderWay(n *Network, name string) (c *Change, canary *Canary, stable string, err error) {
	at, err := FindService(n, name)
	if err != nil {
		return nil, nil, "", err
	}
	was := n.Spec.Services[at].Canary
	start := fmt.Sprintf("start one: kgen canary start %s --version VERSION", name)
	if was == nil {
		return nil, nil, "", wrong("", "no-canary", start, "%s has no canary", name)
	}
	if err := n.ownedElsewhere(at); err != nil {
		return nil, nil, "", err
	}
	stable = n.stableOf(at)
	if was.Pinned() {
		return nil, nil, "", wrong(fmt.Sprintf("services[%d].canary", at), "no-canary", start, "%s has no canary under way: it is pinned to %s", name, stable)
	}
	own := *was
	c = changeOf(n)
	c.Network.Spec.Services[at].Canary = &own
	return c, &own, stable, nil
}

// ownedElsewhere refuses to move a canary that a controller moves.
func (n *Network) ownedElsewhere(at int) error {
	s := &n.Spec.Services[at]
	if !s.Canary.Owned() {
		return nil
	}
	return wrong(fmt.Sprintf("services[%d].canary.owner", at), "owned", s.OwnersWay(), "%s moves the canary of %s itself", s.Canary.Owner, s.Name)
}

// stableOf is the version in service of a service that has a canary.
func (n *Network) stableOf(at int) string { return n.WithDefaults().Spec.Services[at].Canary.Stable }
