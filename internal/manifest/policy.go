package manifest

// NetworkPolicy is a networking.k8s.io/v1 NetworkPolicy. Ingress and Egress
// keep the difference between absent (nil) and empty.
type NetworkPolicy struct {
	Head `yaml:",inline"`
	Spec NetworkPolicySpec `yaml:"spec"`
}

// NetworkPolicySpec is what a NetworkPolicy says.
type NetworkPolicySpec struct {
	PodSelector Selector      `yaml:"podSelector"`
	PolicyTypes []string      `yaml:"policyTypes"`
	Ingress     []IngressRule `yaml:"ingress"`
	Egress      []EgressRule  `yaml:"egress"`
}

// IngressRule admits traffic from its peers to its ports.
type IngressRule struct {
	From  []Peer       `yaml:"from"`
	Ports []PolicyPort `yaml:"ports"`
}

// EgressRule lets traffic out to its peers' ports.
type EgressRule struct {
	To    []Peer       `yaml:"to"`
	Ports []PolicyPort `yaml:"ports"`
}

// Peer is one party of a rule.
type Peer struct {
	PodSelector       *Selector `yaml:"podSelector"`
	NamespaceSelector *Selector `yaml:"namespaceSelector"`
	IPBlock           *IPBlock  `yaml:"ipBlock"`
}

// IPBlock is an address range with holes.
type IPBlock struct {
	CIDR   string   `yaml:"cidr"`
	Except []string `yaml:"except"`
}

// PolicyPort is one port, or range of ports, of a rule.
type PolicyPort struct {
	Protocol string      `yaml:"protocol"` // empty means TCP
	Port     IntOrString `yaml:"port"`     // zero means all
	EndPort  int         `yaml:"endPort"`
}

// CiliumNetworkPolicy is a cilium.io/v2 CiliumNetworkPolicy, as far as kgen
// writes one: who may enter, by entity or endpoint, and on which ports.
type CiliumNetworkPolicy struct {
	Head `yaml:",inline"`
	Spec struct {
		Description      string       `yaml:"description"`
		EndpointSelector Selector     `yaml:"endpointSelector"`
		Ingress          []CiliumRule `yaml:"ingress"`
		Egress           []CiliumRule `yaml:"egress"`
	} `yaml:"spec"`
}

// CiliumRule is one ingress or egress rule.
type CiliumRule struct {
	FromEntities  []string   `yaml:"fromEntities"`
	FromEndpoints []Selector `yaml:"fromEndpoints"`
	ToEntities    []string   `yaml:"toEntities"`
	ToEndpoints   []Selector `yaml:"toEndpoints"`
	ToPorts       []struct {
		Ports []CiliumPort `yaml:"ports"`
	} `yaml:"toPorts"`
	ToFQDNs []struct {
		MatchName    string `yaml:"matchName"`
		MatchPattern string `yaml:"matchPattern"`
	} `yaml:"toFQDNs"`
}

// CiliumPort is a port; Cilium wants it as a string.
type CiliumPort struct {
	Port     string `yaml:"port"`
	Protocol string `yaml:"protocol"`
}
