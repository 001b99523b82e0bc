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
		c.notef("every pod of %s gets requests from now on, whatever its label version says", name)
	}
	return c, nil
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
