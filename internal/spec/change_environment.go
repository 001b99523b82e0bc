package spec

import (
	"fmt"
	"reflect"
	"slices"
)

// AddEnvironment adds one more place where the application runs, and lets the
// named clusters of delivery run it.
func AddEnvironment(n *Network, e Environment, clusters []string) (*Change, error) {
	if i := slices.IndexFunc(n.Spec.Environments, func(o Environment) bool { return o.Name == e.Name }); i >= 0 {
		return nil, wrong(fmt.Sprintf("environments[%d].name", i), "duplicate", "edit it there, or choose another name", "there is an environment %s already", e.Name)
	}
	c := changeOf(n)
	c.Network.Spec.Environments = append(c.Network.Spec.Environments, e)
	if len(clusters) == 0 {
		return c, nil
	}
	delivery := c.ownDelivery()
	if delivery == nil {
		return nil, wrong("delivery", "missing", "describe delivery in kgen.yaml first", "nothing says how the files reach a cluster")
	}
	for _, name := range clusters {
		i, err := find("cluster", name, delivery.Clusters, func(o Cluster) string { return o.Name })
		if err != nil {
			return nil, err
		}
		if known := &delivery.Clusters[i].Environments; !slices.Contains(*known, e.Name) {
			*known = append(slices.Clip(*known), e.Name)
		}
	}
	return c, nil
}

// RemoveEnvironment takes an environment out of the model, and out of delivery
// with the clusters that would run nothing else.
func RemoveEnvironment(n *Network, name string) (*Change, error) {
	at, err := FindEnvironment(n, name)
	if err != nil {
		return nil, err
	}
	if n.Spec.Delivery != nil && len(n.Spec.Environments) == 1 {
		// Its clusters would be delivered what belongs elsewhere.
		return nil, wrong("delivery", "last", "remove delivery first: kgen set network delivery-",
			"%s is the last environment, and without one the rest of the file would be delivered in its place", name)
	}
	c := changeOf(n)
	c.Network.Spec.Environments = emptyIsNil(slices.Delete(c.Network.Spec.Environments, at, at+1))
	if delivery := c.ownDelivery(); delivery != nil {
		var idle []string
		clusters := make([]Cluster, 0, len(delivery.Clusters))
		for _, cluster := range delivery.Clusters {
			rest := slices.DeleteFunc(slices.Clone(cluster.Environments), func(e string) bool { return e == name })
			if len(rest) == 0 {
				idle = append(idle, cluster.Name)
				continue
			}
			cluster.Environments = rest
			clusters = append(clusters, cluster)
		}
		delivery.Clusters = emptyIsNil(clusters)
		if len(idle) > 0 {
			c.notef("%s from delivery, because nothing else runs there", verb(idle, "goes", "go"))
		}
	}
	c.notef("what a cluster has of %s stays there until it is pruned or deleted", name)
	return c, nil
}

// ownDelivery makes the delivery of the new model, and its list of clusters,
// the change's own to write to; nil where there is none.
func (c *Change) ownDelivery() *Delivery {
	if c.Network.Spec.Delivery == nil {
		return nil
	}
	own := *c.Network.Spec.Delivery
	own.Clusters = slices.Clone(own.Clusters)
	c.Network.Spec.Delivery = &own
	return &own
}

// empty reports whether an entry says nothing but which service it is about.
func (s EnvironmentService) empty() bool {
	return reflect.DeepEqual(s, EnvironmentService{Name: s.Name})
}
