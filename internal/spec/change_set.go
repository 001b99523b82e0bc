package spec

import (
	"maps"
	"slices"
)

// SetService changes keys of a service other than its name, as set does on a
// copy of it. Set must not write into what the copy shares with the original.
func SetService(n *Network, name string, set func(*Service) error) (*Change, error) {
	at, err := FindService(n, name)
	if err != nil {
		return nil, err
	}
	c := changeOf(n)
	s := &c.Network.Spec.Services[at]
	if err := set(s); err != nil {
		return nil, err
	}
	if s.Name != name {
		return nil, wrong("name", "reference", "kgen rename service "+name+" "+s.Name, "others refer to a service by its name")
	}
	was, now := n.WithDefaults().Spec.Services[at], c.Network.WithDefaults().Spec.Services[at]
	if !maps.Equal(was.PodLabels, now.PodLabels) {
		c.notef("its pods are selected by %s from now on, and no longer by %s", labelsInWords(now.PodLabels), labelsInWords(was.PodLabels))
	}
	if was.ServiceAccount != now.ServiceAccount {
		c.notef("its pods have to run as the ServiceAccount %s from now on, and no longer as %s", now.ServiceAccount, was.ServiceAccount)
	}
	if was.Canary != nil && now.Canary == nil {
		c.noteUnpinned(&was, &now, n)
	}
	return c, nil
}

// noteUnpinned says what it takes that the versions of a service are no longer
// told apart: some of what did so is no longer made, and applying what is made
// deletes nothing.
func (c *Change) noteUnpinned(was, now *Service, before *Network) {
	when := applied
	speaks := func(protocols ...Protocol) bool {
		return slices.ContainsFunc(now.Ports, func(p Port) bool { return slices.Contains(protocols, p.Protocol) })
	}
	mesh := c.Network.WithDefaults().Spec.Mesh
	switch {
	case was.Canary.Owner == FlaggerOwner:
		c.notef("the Canary of %s has to be deleted, and be gone, before this is applied: what Flagger has made of it goes with it", was.Name)
	case mesh.Provider != Istio:
	case mesh.Mode == Sidecar && now.Timeout == 0 && now.Retries == nil && speaks(HTTP, HTTP2, GRPC):
		c.notef("the VirtualService of %s is no longer made: delete it before this is applied, because the subset goes to which it sends every request", was.Name)
	case mesh.Mode == Ambient && now.Type != Headless && (speaks(GRPC) || now.Timeout == 0 && speaks(HTTP, HTTP2)):
		// A route with a timeout stays, but for gRPC, where there is none to set.
		c.notef("routes of %s in the mesh are no longer made: delete them before the Services of its versions, to which they send every request", was.Name)
		when = deleted
	}
	if !was.Canary.Pinned() && !was.Canary.Owned() && before.splitsByIngress(was.Name) {
		c.noteCanaryIngress(was.Canary.Version)
		when = deleted
	}
	c.notef("%s, every pod of %s gets requests, whatever its version", when, was.Name)
}

// labelsInWords gives labels as a sentence does.
func labelsInWords(labels map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, key+": "+labels[key])
	}
	return inWords(words)
}

// SetEnvironment changes keys of an environment other than its name, likewise.
func SetEnvironment(n *Network, name string, set func(*Environment) error) (*Change, error) {
	at, err := FindEnvironment(n, name)
	if err != nil {
		return nil, err
	}
	c := changeOf(n)
	e := &c.Network.Spec.Environments[at]
	if err := set(e); err != nil {
		return nil, err
	}
	if e.Name != name {
		return nil, wrong("name", "reference", "change it in kgen.yaml", "its folder is called after an environment, and delivery refers to it by its name")
	}
	return c, nil
}

// SetNetwork changes keys below spec, likewise.
func SetNetwork(n *Network, set func(*Spec) error) (*Change, error) {
	c := changeOf(n)
	if err := set(&c.Network.Spec); err != nil {
		return nil, err
	}
	if was, now := n.WithDefaults().Spec.Namespace, c.Network.WithDefaults().Spec.Namespace; was != now {
		c.notef("everything goes to the namespace %s; what a cluster has in %s stays there until it is pruned or deleted", now, was)
	}
	return c, nil
}
