package reach

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// Layer is which policies are asked.
type Layer string

const (
	Network    Layer = "network" // NetworkPolicy
	MeshPolicy Layer = "mesh"    // AuthorizationPolicy and PeerAuthentication
	All        Layer = "all"     // both, on the way that the packets take
)

// Verdict is what one reason contributes.
type Verdict string

const (
	Admits   Verdict = "admits"   // a rule of the policy lets the connection pass
	Isolates Verdict = "isolates" // the policy restricts the pod and has no rule for the connection
	Open     Verdict = "open"     // no policy restricts the pod in this direction
	Unknown  Verdict = "unknown"  // NetworkPolicy does not say; plugins differ
	Refuses  Verdict = "refuses"  // a rule of the mesh denies the connection, or plaintext is not taken
	Partly   Verdict = "partly"   // a rule of the mesh admits or denies some requests
)

// Reason is one step to an answer.
type Reason struct {
	Layer     Layer // Network or MeshPolicy
	Direction Direction
	Verdict   Verdict
	Policy    *manifest.Object // nil for Open and Unknown
	Rule      int              // index of the rule that decides; -1 where there is none

	self, other Endpoint // whose policies were asked, and about whom
	port        Port
	plaintext   bool   // what PeerAuthentication refuses
	note        string // what the mesh has to add
}

// Position is where the rule stands, or the policy where no rule decides; zero
// where there is no policy.
func (r Reason) Position() manifest.Position {
	if r.Policy == nil {
		return manifest.Position{}
	}
	if r.Rule < 0 {
		return r.Policy.At()
	}
	if r.Layer == MeshPolicy {
		return r.Policy.At("spec", "rules", r.Rule)
	}
	return r.Policy.At("spec", string(r.Direction), r.Rule)
}

// Text says the reason in a sentence.
func (r Reason) Text() string {
	if r.Layer == MeshPolicy {
		return r.meshText()
	}
	switch {
	case r.Verdict == Admits:
		return fmt.Sprintf("%s rule %d of %s admits %s on %s", r.Direction, r.Rule+1, refAt(r.Policy, r.Position()), r.other.Text(), r.port.Text())
	case r.Verdict == Isolates:
		return fmt.Sprintf("%s isolates %s for %s and has no rule for %s on %s", refAt(r.Policy, r.Position()), r.self.Text(), r.Direction, r.other.Text(), r.port.Text())
	case r.self.Workload == nil:
		return r.self.Text() + " is under no policy"
	case r.self.Workload.HostNetwork:
		return r.self.Text() + " is on its node's network, where policies are not defined"
	case r.Verdict == Unknown:
		return r.other.Text() + " has its node's address, which a plugin may take for the node's own traffic"
	case r.other.node && r.Direction == Ingress:
		return "a pod's own node always reaches it"
	}
	return fmt.Sprintf("no policy isolates %s for %s", r.self.Text(), r.Direction)
}

// Sentences says reasons in their order, the policies that isolate one end
// without a rule for the other in one sentence.
func Sentences(reasons []Reason) []string {
	type side struct {
		layer       Layer
		direction   Direction
		self, other Endpoint
		port        Port
		note        string
	}
	at := map[side]int{}
	var out []string
	var together [][]Reason
	for _, r := range reasons {
		s := side{r.Layer, r.Direction, r.self, r.other, r.port, r.note}
		if i, again := at[s]; again && r.Verdict == Isolates {
			together[i] = append(together[i], r)
			continue
		} else if r.Verdict == Isolates {
			at[s] = len(together)
		}
		together = append(together, []Reason{r})
	}
	for _, group := range together {
		if len(group) == 1 {
			out = append(out, group[0].Text())
			continue
		}
		var names []string
		for _, r := range group {
			names = append(names, fmt.Sprintf("%s/%s (%s)", r.Policy.Namespace, r.Policy.Name, r.Position()))
		}
		r := group[0]
		text := fmt.Sprintf("NetworkPolicies %s isolate %s for %s", strings.Join(names, ", "), r.self.Text(), r.Direction)
		if r.Layer == MeshPolicy {
			text = fmt.Sprintf("AuthorizationPolicies %s restrict %s", strings.Join(names, ", "), r.self.Text())
		}
		text += fmt.Sprintf(", and none has a rule for %s on %s", r.other.Text(), r.port.Text())
		if r.note != "" {
			text += " (" + r.note + ")"
		}
		out = append(out, text)
	}
	return out
}

func (r Reason) meshText() string {
	var b strings.Builder
	switch {
	case r.plaintext:
		fmt.Fprintf(&b, "%s takes mutual TLS alone on %s, and %s speaks plaintext", r.self.Text(), r.port.Text(), r.other.Text())
		if r.Policy != nil {
			fmt.Fprintf(&b, ": %s is STRICT", refAt(r.Policy, r.Policy.At("spec", "mtls", "mode")))
		}
	case r.Policy == nil:
		b.WriteString(r.note)
		return b.String()
	case r.Verdict == Isolates:
		fmt.Fprintf(&b, "%s restricts %s and has no rule for %s on %s", refAt(r.Policy, r.Position()), r.self.Text(), r.other.Text(), r.port.Text())
	case r.Verdict == Refuses:
		fmt.Fprintf(&b, "rule %d of %s denies %s on %s", r.Rule+1, refAt(r.Policy, r.Position()), r.other.Text(), r.port.Text())
	case r.Verdict == Admits:
		fmt.Fprintf(&b, "rule %d of %s admits %s on %s", r.Rule+1, refAt(r.Policy, r.Position()), r.other.Text(), r.port.Text())
	default:
		fmt.Fprintf(&b, "rule %d of %s is for some requests of %s on %s", r.Rule+1, refAt(r.Policy, r.Position()), r.other.Text(), r.port.Text())
	}
	if r.note != "" {
		b.WriteString(" (" + r.note + ")")
	}
	return b.String()
}
