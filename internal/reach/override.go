package reach

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

type kind struct{ group, kind string }

// overriding are the kinds of policies that may say otherwise than
// NetworkPolicies: the cluster-wide API in its versions (sigs.k8s.io/network-policy-api)
// and the network plugins' own.
var overriding = map[kind]bool{
	{"policy.networking.k8s.io", "ClusterNetworkPolicy"}:       true,
	{"policy.networking.k8s.io", "AdminNetworkPolicy"}:         true,
	{"policy.networking.k8s.io", "BaselineAdminNetworkPolicy"}: true,
	{"cilium.io", "CiliumNetworkPolicy"}:                       true,
	{"cilium.io", "CiliumClusterwideNetworkPolicy"}:            true,
	{"projectcalico.org", "NetworkPolicy"}:                     true,
	{"projectcalico.org", "GlobalNetworkPolicy"}:               true,
	{"crd.projectcalico.org", "NetworkPolicy"}:                 true,
	{"crd.projectcalico.org", "GlobalNetworkPolicy"}:           true,
}

// Notes say what a reader of any answer must know: that this is the
// NetworkPolicy-only view where other policies stand beside, with their places.
func (s *Set) Notes() []string {
	if len(s.Overrides) == 0 {
		return nil
	}
	list := slices.Clone(s.Overrides)
	slices.SortStableFunc(list, placeOrder)
	var names []string
	for _, o := range list {
		names = append(names, refAt(o, o.At()))
	}
	return []string{fmt.Sprintf("NetworkPolicy-only view: %s may allow or deny otherwise", strings.Join(names, ", "))}
}

func refAt(o *manifest.Object, p manifest.Position) string { return o.Ref() + " (" + p.String() + ")" }
