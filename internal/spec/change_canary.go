package spec

import "fmt"

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
	for _, e := range n.Spec.Environments {
		for _, s := range e.Services {
			if s.Name == name && s.Canary != nil {
				c.notef("%s keeps its own weight, %d%%", e.Name, s.Canary.Weight)
			}
		}
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
	if ended.Weight < 100 {
		c.notef("%s goes from %d%% to all requests at once: its pods have to bear them, and requests on their way to %s may fail; kgen canary set %s 100, applied before this, avoids both",
			ended.Version, ended.Weight, stable, name)
	}
	c.endCanary(name, stable, ended.Version)
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
	if ended.Weight > 0 {
		c.notef("%s goes from %d%% to all requests at once, and requests on their way to %s may fail; kgen canary set %s 0, applied before this, avoids that",
			stable, 100-ended.Weight, ended.Version, name)
	}
	c.endCanary(name, ended.Version, stable)
	return c, nil
}

// endCanary takes the weights of a canary that has ended out of the
// environments, and says what is left to do.
func (c *Change) endCanary(name, idle, served string) {
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
	c.notef("once this is applied, the pods of %s get no requests and can go", idle)
	c.notef("%s stays pinned to the label version: %s, so that no other pod is served before kgen canary start %[1]s says so", name, served)
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
