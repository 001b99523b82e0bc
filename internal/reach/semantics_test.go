package reach_test

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// A semantic is one hand-checked case: policies, and what they allow. Its name
// starts with the number of the point of NetworkPolicy's semantics that it is
// about. Policies are in namespace a, or in b after "b|". Each ask is "from to
// port", allowed unless it starts with "!"; "db:80 /TCP" is port 80 of db's
// Service.
type semantic struct {
	name     string
	policies []string
	asks     []string
}

var semantics = []semantic{
	{"1 no policy, all open", nil, []string{"web db 9090/TCP", "far db 1/UDP", "any far 443/TCP"}},
	{"1 an empty podSelector is every pod of the policy's namespace", []string{"podSelector: {}"}, []string{"!web db 1/TCP", "!any bare 1/TCP", "web api 1/TCP"}},
	{"1 peer with an empty podSelector is the same namespace", []string{toDB + "ingress: [{from: [{podSelector: {}}]}]"}, []string{"web db 1/TCP", "bare db 1/TCP", "!api db 1/TCP", "!far db 1/TCP"}},
	{"1 peer with an empty namespaceSelector is every pod and no address", []string{toDB + "ingress: [{from: [{namespaceSelector: {}}]}]"}, []string{"web db 1/TCP", "api db 1/TCP", "any db 1/TCP", "!far db 1/TCP", "!near db 1/TCP"}},
	{"1 the same for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]"}, []string{"web any 1/TCP", "!web far 1/TCP"}},

	{"2 both selectors in one peer are and", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: web}}}]}]"}, []string{"api db 1/TCP", "!mon db 1/TCP", "!web db 1/TCP"}},
	{"2 two peers are or, the bare podSelector means the own namespace", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: web}}}]}]"}, []string{"api db 1/TCP", "mon db 1/TCP", "web db 1/TCP", "!bare db 1/TCP", "!any db 1/TCP"}},
	{"2 two labels of one selector are and", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web, tier: back}}}]}]"}, []string{"!web db 1/TCP"}},

	{"3 no rules deny", []string{toDB + "ingress: []"}, []string{"!web db 1/TCP", "!far db 1/TCP"}},
	{"3 one empty rule allows all", []string{toDB + "ingress: [{}]"}, []string{"web db 1/TCP", "far db 1/UDP", "v6 db 7/SCTP"}},
	{"3 empty from is any source", []string{toDB + "ingress: [{from: [], ports: [{port: 9090}]}]"}, []string{"far db 9090/TCP", "any db 9090/TCP", "!far db 1/TCP"}},
	{"3 absent from is any source", []string{toDB + "ingress: [{ports: [{port: 9090}]}]"}, []string{"far db 9090/TCP"}},
	{"3 empty ports are all ports", []string{toDB + "ingress: [{from: [{podSelector: {}}], ports: []}]"}, []string{"web db 1/TCP", "web db 1/UDP", "!far db 1/TCP"}},
	{"3 the same for egress", []string{ofWeb + "egress: [{to: [], ports: [{port: 443}]}]"}, []string{"web far 443/TCP", "!web far 80/TCP"}},

	{"4 types omitted: ingress always", []string{ofWeb + "egress: [{}]"}, []string{"!db web 1/TCP", "web far 1/TCP"}},
	{"4 types omitted: egress only with rules", []string{"podSelector: {}"}, []string{"!db web 1/TCP", "web far 1/TCP"}},
	{"4 an empty egress without types does not isolate egress", []string{ofWeb + "egress: []"}, []string{"web far 1/TCP", "!db web 1/TCP"}},
	{"4 types named, nothing allowed", []string{denyAll}, []string{"!web db 1/TCP", "!web far 1/TCP", "!far web 1/TCP", "!web api 1/TCP", "api any 1/TCP"}},
	{"4 an empty list of types is omitted", []string{ofWeb + "policyTypes: [], egress: [{to: [{podSelector: {}}]}]"}, []string{"!db web 1/TCP", "web db 1/TCP", "!web far 1/TCP"}},

	{"5 rules of a type not listed are ignored", []string{toDB + "policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"any db 1/TCP", "!db web 1/TCP"}},
	{"5 and the other way round", []string{ofWeb + "policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]"}, []string{"web far 1/TCP", "!any web 1/TCP"}},

	{"6 no protocol is TCP", []string{toDB + "ingress: [{ports: [{port: 53}]}]"}, []string{"web db 53/TCP", "!web db 53/UDP"}},
	{"6 a protocol alone is all its ports", []string{toDB + "ingress: [{ports: [{protocol: UDP}]}]"}, []string{"web db 53/UDP", "web db 9/UDP", "!web db 53/TCP"}},
	{"6 both must be listed", []string{toDB + "ingress: [{ports: [{port: 53}, {port: 53, protocol: UDP}]}]"}, []string{"web db 53/TCP", "web db 53/UDP", "!web db 54/UDP"}},

	{"7 a range has both ends", []string{toDB + "ingress: [{ports: [{port: 8000, endPort: 8002}]}]"}, []string{"!web db 7999/TCP", "web db 8000/TCP", "web db 8001/TCP", "web db 8002/TCP", "!web db 8003/TCP"}},
	{"7 a range of one", []string{toDB + "ingress: [{ports: [{port: 8000, endPort: 8000}]}]"}, []string{"web db 8000/TCP", "!web db 8001/TCP"}},
	{"7 a range has a protocol", []string{toDB + "ingress: [{ports: [{port: 1, endPort: 65535, protocol: UDP}]}]"}, []string{"web db 65535/UDP", "!web db 1/TCP"}},

	{"8 a named port is the destination pod's", []string{"podSelector: {}, ingress: [{ports: [{port: http}]}]"}, []string{"any db 9090/TCP", "!any db 8080/TCP", "any web 8080/TCP", "!any web 9090/TCP"}},
	{"8 for egress too", []string{ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: http}]}]"}, []string{"web db 9090/TCP", "!web db 8080/TCP", "web api 8080/TCP", "!web far 8080/TCP"}},
	{"8 name and protocol", []string{toDB + "ingress: [{ports: [{port: dns}]}]"}, []string{"!web db 53/TCP", "!web db 53/UDP"}},
	{"8 name with its protocol", []string{toDB + "ingress: [{ports: [{port: dns, protocol: UDP}]}]"}, []string{"web db 53/UDP", "!web db 53/TCP"}},
	{"8 an unknown name is no port", []string{toDB + "ingress: [{ports: [{port: grpc}]}]"}, []string{"!web db 9090/TCP"}},

	{"9 a block", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"}, []string{"near db 1/TCP", "!far db 1/TCP", "mapped db 1/TCP"}},
	{"9 a block with a hole", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}]}]"}, []string{"web far 1/TCP", "!web near 1/TCP"}},
	{"9 a hole in one block is not one in another", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 10.1.2.3/32}}]}]"}, []string{"web near 1/TCP"}},
	{"9 a block is not for pods", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"}, []string{"!web db 1/TCP", "far db 1/TCP"}},

	{"11 policies add up", []string{toDB + "ingress: []", toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", denyAll, ofWeb + "egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"}, []string{"web db 1/TCP", "!bare db 1/TCP", "!web bare 1/TCP"}},
	{"11 NotIn matches pods without the key", []string{"podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}"}, []string{"!web db 1/TCP", "!web bare 1/TCP", "db web 1/TCP"}},
	{"11 DoesNotExist", []string{"podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}"}, []string{"!web bare 1/TCP", "web db 1/TCP"}},
	{"11 Exists", []string{"podSelector: {matchExpressions: [{key: tier, operator: Exists}]}"}, []string{"!db web 1/TCP", "web db 1/TCP"}},
	{"11 In as a peer", []string{toDB + "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, x]}]}}]}]"}, []string{"web db 1/TCP", "!bare db 1/TCP"}},
	{"11 labels and expressions are and", []string{"podSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: DoesNotExist}]}"}, []string{"db web 1/TCP"}},

	{"12 egress allowed, ingress not", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]", toDB + "ingress: []"}, []string{"!web db 1/TCP"}},
	{"12 ingress allowed, egress not", []string{denyAll, toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"!web db 1/TCP"}},
	{"12 both halves", []string{denyAll, toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9090}]}]", ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 9090}]}]"}, []string{"web db 9090/TCP", "!web db 9091/TCP", "!db web 9090/TCP"}},
	{"12 the halves must agree on the port", []string{toDB + "ingress: [{ports: [{port: 1}]}]", ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: 2}]}]"}, []string{"!web db 1/TCP", "!web db 2/TCP", "any db 1/TCP"}},
	{"12 a half elsewhere does not matter when nothing isolates it", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: blue}}}]}]"}, []string{"web mon 1/TCP", "!web any 1/TCP"}},

	{"13 the pod's own node", []string{denyAll}, []string{"node db 9090/TCP", "!db node 10250/TCP"}},
	{"14 a pod on its node's network is under no policy", []string{denyAll}, []string{"far host 80/TCP", "host far 80/TCP"}},
	{"14 and is known by no labels", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"!host db 1/TCP"}},

	{"16 SCTP is its own", []string{toDB + "ingress: [{ports: [{port: 9, protocol: SCTP}]}]"}, []string{"web db 9/SCTP", "!web db 9/TCP", "!web db 9/UDP"}},
	{"16 IPv4 blocks are not for IPv6", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"}, []string{"!v6 db 1/TCP", "far db 1/TCP"}},
	{"16 IPv6 blocks are not for IPv4", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]"}, []string{"v6 db 1/TCP", "!far db 1/TCP"}},

	{"17 the name label is there with a manifest", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]"}, []string{"api db 1/TCP", "!any db 1/TCP", "!web db 1/TCP"}},
	{"17 and without one", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: c}}}]}]"}, []string{"any db 1/TCP", "!api db 1/TCP"}},
	{"17 other labels are the manifest's", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}]}]"}, []string{"api db 1/TCP", "!any db 1/TCP"}},
	{"17 a namespace without the key is not in it", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [blue]}]}}]}]"}, []string{"!api db 1/TCP", "any db 1/TCP", "web db 1/TCP"}},

	{"1 an empty podSelector leaves other namespaces alone", []string{"b| podSelector: {}"}, []string{"!web api 1/TCP", "!any mon 1/TCP", "web db 1/TCP", "api db 1/TCP"}},
	{"1 a podSelector with labels selects in its own namespace alone", []string{"podSelector: {matchLabels: {app: web}}"}, []string{"!db web 1/TCP", "db api 1/TCP"}},
	{"1 a null podSelector in a policy is an empty one", []string{"podSelector: "}, []string{"!web db 1/TCP"}},
	{"1 peers of another namespace's policy are that namespace's", []string{"b| podSelector: {matchLabels: {app: mon}}, ingress: [{from: [{podSelector: {}}]}]"}, []string{"api mon 1/TCP", "!web mon 1/TCP", "!any mon 1/TCP"}},
	{"1 egress to the own namespace", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]"}, []string{"web db 1/TCP", "web bare 1/TCP", "!web api 1/TCP", "!web near 1/TCP"}},

	{"2 both selectors empty in one peer are every pod", []string{toDB + "ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]"}, []string{"any db 1/TCP", "!far db 1/TCP"}},
	{"2 both selectors for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: mon}}}]}]"}, []string{"web mon 1/TCP", "!web api 1/TCP", "!web db 1/TCP"}},
	{"2 or written where and was meant", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}, {podSelector: {matchLabels: {app: mon}}}]}]"}, []string{"mon db 1/TCP", "api db 1/TCP", "!web db 1/TCP"}},
	{"2 two rules are or as well", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}, {from: [{namespaceSelector: {matchLabels: {team: blue}}}]}]"}, []string{"web db 1/TCP", "mon db 1/TCP", "!bare db 1/TCP"}},
	{"2 ports of one rule are not another's", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 1}]}, {from: [{namespaceSelector: {}}], ports: [{port: 2}]}]"}, []string{"web db 1/TCP", "web db 2/TCP", "!any db 1/TCP", "any db 2/TCP"}},
	{"2 a selector and a block are or", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 203.0.113.0/24}}]}]"}, []string{"web db 1/TCP", "far db 1/TCP", "!near db 1/TCP", "!api db 1/TCP"}},

	{"3 null rules deny as none do", []string{toDB + "ingress: "}, []string{"!web db 1/TCP"}},
	{"3 null from is any source", []string{toDB + "ingress: [{from: null, ports: [{port: 1}]}]"}, []string{"far db 1/TCP", "any db 1/TCP", "!any db 2/TCP"}},
	{"3 null ports are all ports", []string{toDB + "ingress: [{from: [{podSelector: {}}], ports: null}]"}, []string{"web db 65535/SCTP", "!any db 1/TCP"}},
	{"3 no egress rules deny", []string{ofWeb + "policyTypes: [Egress], egress: []"}, []string{"!web db 1/TCP", "!web far 1/TCP", "db web 1/TCP"}},
	{"3 one empty egress rule allows all", []string{ofWeb + "policyTypes: [Egress], egress: [{}]"}, []string{"web far 1/TCP", "web any 1/UDP", "web v6 1/TCP"}},
	{"3 an empty rule beside a narrow one allows all", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 1}]}, {}]"}, []string{"any db 2/TCP", "far db 3/UDP"}},
	{"3 absent to, ports given", []string{ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]"}, []string{"web far 53/UDP", "web db 53/UDP", "!web db 53/TCP"}},

	{"4 types omitted with both kinds of rules isolate both", []string{ofWeb + "ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"}, []string{"web db 1/TCP", "db web 1/TCP", "!web bare 1/TCP", "!bare web 1/TCP"}},
	{"4 types omitted with egress rules alone isolate ingress too", []string{ofWeb + "egress: [{to: [{podSelector: {}}]}]"}, []string{"web db 1/TCP", "!db web 1/TCP", "!far web 1/TCP"}},
	{"4 types null are omitted", []string{ofWeb + "policyTypes: null, egress: [{to: [{podSelector: {}}]}]"}, []string{"!web far 1/TCP", "!db web 1/TCP"}},
	{"4 null egress without types does not isolate egress", []string{ofWeb + "egress: null"}, []string{"web far 1/TCP", "!db web 1/TCP"}},
	{"4 type Egress alone leaves ingress open", []string{ofWeb + "policyTypes: [Egress]"}, []string{"db web 1/TCP", "far web 1/TCP", "!web db 1/TCP"}},
	{"4 type Ingress alone leaves egress open", []string{ofWeb + "policyTypes: [Ingress]"}, []string{"!db web 1/TCP", "web far 1/TCP"}},
	{"4 the order of types is nothing", []string{ofWeb + "policyTypes: [Egress, Ingress]"}, []string{"!db web 1/TCP", "!web db 1/TCP"}},

	{"5 ignored rules isolate nobody", []string{toDB + "policyTypes: [Egress], ingress: []"}, []string{"any db 1/TCP", "far db 1/TCP"}},
	{"5 an ignored empty rule does not open what another policy closes", []string{toDB + "policyTypes: [Egress], ingress: [{}]", toDB + "ingress: []"}, []string{"!any db 1/TCP"}},
	{"5 ignored egress rules do not close", []string{ofWeb + "policyTypes: [Ingress], egress: []"}, []string{"web far 1/TCP"}},
	{"5 egress rules of a policy with both types count", []string{ofWeb + "policyTypes: [Ingress, Egress], egress: [{ports: [{port: 1}]}]"}, []string{"web far 1/TCP", "!web far 2/TCP", "!db web 1/TCP"}},

	{"6 a port without protocol is not SCTP", []string{toDB + "ingress: [{ports: [{port: 53}]}]"}, []string{"web db 53/TCP", "!web db 53/SCTP"}},
	{"6 an empty port entry is all TCP", []string{toDB + "ingress: [{ports: [{}]}]"}, []string{"web db 1/TCP", "web db 65535/TCP", "!web db 1/UDP", "!web db 1/SCTP"}},
	{"6 TCP alone is all TCP", []string{toDB + "ingress: [{ports: [{protocol: TCP}]}]"}, []string{"web db 443/TCP", "!web db 443/UDP"}},
	{"6 UDP for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{ports: [{protocol: UDP}]}]"}, []string{"web far 53/UDP", "web db 9/UDP", "!web far 53/TCP"}},
	{"6 a null port is all ports of the protocol", []string{toDB + "ingress: [{ports: [{protocol: UDP, port: null}]}]"}, []string{"web db 7/UDP", "!web db 7/TCP"}},
	{"6 a protocol and a number", []string{toDB + "ingress: [{ports: [{protocol: UDP, port: 53}]}]"}, []string{"web db 53/UDP", "!web db 54/UDP", "!web db 53/TCP"}},

	{"7 a range from the first port", []string{toDB + "ingress: [{ports: [{port: 1, endPort: 1024}]}]"}, []string{"web db 1/TCP", "web db 1024/TCP", "!web db 1025/TCP"}},
	{"7 a range to the last port", []string{toDB + "ingress: [{ports: [{port: 32768, endPort: 65535}]}]"}, []string{"!web db 32767/TCP", "web db 32768/TCP", "web db 65535/TCP"}},
	{"7 two ranges", []string{toDB + "ingress: [{ports: [{port: 10, endPort: 20}, {port: 30, endPort: 40}]}]"}, []string{"web db 20/TCP", "!web db 25/TCP", "web db 30/TCP"}},
	{"7 ranges that touch", []string{toDB + "ingress: [{ports: [{port: 10, endPort: 20}, {port: 21, endPort: 30}]}]"}, []string{"web db 20/TCP", "web db 21/TCP", "!web db 31/TCP"}},
	{"7 a range for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 8000, endPort: 8999}]}]"}, []string{"web far 8500/TCP", "!web far 9000/TCP", "!web near 8500/TCP"}},
	{"7 the halves' ranges meet", []string{toDB + "ingress: [{ports: [{port: 10, endPort: 20}]}]", ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: 15, endPort: 25}]}]"}, []string{"!web db 14/TCP", "web db 15/TCP", "web db 20/TCP", "!web db 21/TCP"}},

	{"8 a name for every destination of egress", []string{"podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]"}, []string{"web db 9090/TCP", "web bare 8081/TCP", "web any 8080/TCP", "!web bare 8080/TCP", "!bare db 8081/TCP"}},
	{"8 a name is nothing outside", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}]"}, []string{"!web far 80/TCP", "!web far 8080/TCP"}},
	{"8 a name admits addresses at the pod's number", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}]"}, []string{"far db 9090/TCP", "!far db 8080/TCP", "!web db 9090/TCP"}},
	{"8 a name and a number", []string{toDB + "ingress: [{ports: [{port: http}, {port: 1}]}]"}, []string{"web db 9090/TCP", "web db 1/TCP", "!web db 2/TCP"}},
	{"8 a name of UDP for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: dns, protocol: UDP}]}]"}, []string{"web db 53/UDP", "!web db 53/TCP", "!web far 53/UDP"}},
	{"8 a pod without the name is not reached", []string{"podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]"}, []string{"!web host 80/TCP", "!web host 8080/TCP"}},

	{"9 one address", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 203.0.113.9/32}}]}]"}, []string{"far db 1/TCP", "!near db 1/TCP"}},
	{"9 everything outside", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]"}, []string{"far db 1/TCP", "v6 db 1/TCP", "!web db 1/TCP", "!any db 1/TCP"}},
	{"9 two holes", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 203.0.113.0/24]}}]}]"}, []string{"!web near 1/TCP", "!web far 1/TCP", "web other 1/TCP"}},
	{"9 a hole beside the address", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.2.4/32]}}]}]"}, []string{"web near 1/TCP", "!web far 1/TCP"}},
	{"9 a hole of one rule is filled by another", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 1}]}, {from: [{ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 2}]}]"}, []string{"!near db 1/TCP", "near db 2/TCP"}},
	{"9 a block that is written with host bits", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 10.1.2.99/24}}]}]"}, []string{"near db 1/TCP", "!far db 1/TCP"}},
	{"9 the metadata address", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}], ports: [{port: 80}]}]"}, []string{"!web metadata 80/TCP", "web far 80/TCP"}},
	{"9 a block does not let a pod of its range out", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.9.0.0/16}}]}]"}, []string{"!web db 1/TCP", "!web near 1/TCP"}},

	{"11 three policies add up", []string{toDB + "ingress: [{ports: [{port: 1}]}]", toDB + "ingress: [{ports: [{port: 2}]}]", toDB + "ingress: [{ports: [{port: 3}]}]"}, []string{"web db 1/TCP", "web db 2/TCP", "web db 3/TCP", "!web db 4/TCP"}},
	{"11 a later denial takes nothing back", []string{toDB + "ingress: [{}]", denyAll}, []string{"!web db 1/TCP", "far db 1/TCP"}},
	{"11 NotIn with the key and another value", []string{"podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}"}, []string{"!web db 1/TCP", "!web bare 1/TCP", "db web 1/TCP"}},
	{"11 two expressions are and", []string{"podSelector: {matchExpressions: [{key: app, operator: Exists}, {key: tier, operator: DoesNotExist}]}"}, []string{"!web db 1/TCP", "db web 1/TCP", "web bare 1/TCP"}},
	{"11 In of several", []string{"podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}"}, []string{"!bare db 1/TCP", "!bare web 1/TCP", "web bare 1/TCP"}},
	{"11 In wants the key", []string{"podSelector: {matchExpressions: [{key: tier, operator: In, values: [front]}]}"}, []string{"!db web 1/TCP", "web db 1/TCP"}},
	{"11 an expression that nobody meets", []string{"podSelector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: NotIn, values: [web]}]}"}, []string{"db web 1/TCP"}},
	{"11 NotIn as a peer", []string{toDB + "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}]}]"}, []string{"bare db 1/TCP", "!web db 1/TCP", "!any db 1/TCP"}},
	{"11 an empty value is a value", []string{"podSelector: {matchLabels: {app: ''}}"}, []string{"web bare 1/TCP", "web db 1/TCP"}},

	{"12 the reply needs no rule", []string{denyAll, toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"}, []string{"web db 1/TCP", "!db web 1/TCP"}},
	{"12 only the source is isolated", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"}, []string{"web db 1/TCP", "!web bare 1/TCP", "bare db 1/TCP"}},
	{"12 only the destination is isolated", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"web db 1/TCP", "!bare db 1/TCP", "db bare 1/TCP"}},
	{"12 across namespaces each side has its own policy", []string{"b| podSelector: {matchLabels: {app: mon}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}]", ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: blue}}}]}]"}, []string{"web mon 1/TCP", "web api 1/TCP", "!any mon 1/TCP", "db mon 1/TCP"}},
	{"12 a default deny on one side closes all", []string{"b| podSelector: {}, policyTypes: [Ingress, Egress]"}, []string{"!web api 1/TCP", "!api web 1/TCP", "!api mon 1/TCP", "web db 1/TCP"}},
	{"12 the guide's two policies allow nothing", []string{denyAll, toDB + "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]"}, []string{"!web db 8080/TCP", "!web db 9090/TCP", "!web kubedns 53/UDP"}},
	{"12 the guide's two policies with the other half and DNS", []string{denyAll, toDB + "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9090}]}]", ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 9090}]}, {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]"}, []string{"web db 9090/TCP", "web kubedns 53/UDP", "web kubedns 53/TCP", "!web kubedns 80/TCP", "!db kubedns 53/UDP"}},

	{"13 the node past an ingress rule for others", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"node db 1/TCP", "!bare db 1/TCP"}},
	{"13 the node past an empty list", []string{toDB + "ingress: []"}, []string{"node db 8080/TCP", "node db 53/UDP"}},
	{"13 nothing says that a pod reaches its node", []string{ofWeb + "policyTypes: [Egress], egress: []"}, []string{"!web node 10250/TCP", "node web 1/TCP"}},
	{"13 a pod that nobody isolates reaches its node", nil, []string{"web node 10250/TCP", "node web 1/TCP"}},
	{"13 a node is no address of a block", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {}}, {namespaceSelector: {}}]}]"}, []string{"!web node 10250/TCP"}},

	{"14 it enters where everybody may", []string{toDB + "ingress: [{}]"}, []string{"host db 1/TCP"}},
	{"14 it is in no namespace's pods", []string{toDB + "ingress: [{from: [{namespaceSelector: {}}]}]"}, []string{"!host db 1/TCP", "web db 1/TCP"}},
	{"14 egress to it is by address only", []string{"podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"!db host 80/TCP", "db web 80/TCP"}},
	{"14 no policy selects it", []string{ofWeb + "policyTypes: [Ingress, Egress]"}, []string{"db host 80/TCP", "host db 80/TCP", "!db web 80/TCP"}},

	{"15 a Service's port is not asked about, its target is", []string{toDB + "ingress: [{ports: [{port: 9090}]}]"}, []string{"web db:80 /TCP", "web db:81 /TCP", "!web db:82 /TCP"}},
	{"15 a rule for the Service's port admits nothing", []string{toDB + "ingress: [{ports: [{port: 80}]}]"}, []string{"!web db:80 /TCP", "!web db:81 /TCP"}},
	{"15 a rule by the target's name", []string{toDB + "ingress: [{ports: [{port: http}]}]"}, []string{"web db:80 /TCP", "web db:81 /TCP"}},
	{"15 a Service of UDP", []string{toDB + "ingress: [{ports: [{port: 53, protocol: UDP}]}]"}, []string{"web db:53 /UDP", "!web db:80 /TCP"}},
	{"15 a load balancer's client is the client, with the policy Local", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 9090}]}]"}, []string{"far db:80 /TCP", "!near db:80 /TCP"}},
	{"15 with the policy Cluster it is a node", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 9090}]}]"}, []string{"near db:80 /TCP", "!far db:80 /TCP"}},

	{"16 SCTP without port", []string{toDB + "ingress: [{ports: [{protocol: SCTP}]}]"}, []string{"web db 1/SCTP", "web db 65535/SCTP", "!web db 1/TCP"}},
	{"16 SCTP by rules without ports", []string{toDB + "ingress: [{from: [{podSelector: {}}]}]"}, []string{"web db 9/SCTP", "!api db 9/SCTP"}},
	{"16 an IPv6 block with a hole", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:1::/48']}}]}]"}, []string{"v6 db 1/TCP", "!near db 1/TCP"}},
	{"16 an IPv6 hole over the address", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8::/64']}}]}]"}, []string{"!v6 db 1/TCP"}},
	{"16 both families", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}], ports: [{port: 443}]}]"}, []string{"web far 443/TCP", "web v6 443/TCP", "!web v6 80/TCP"}},

	{"17 Exists of the name label is every namespace", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: Exists}]}}]}]"}, []string{"any db 1/TCP", "api db 1/TCP", "web db 1/TCP"}},
	{"17 the own namespace by its name", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}]}]"}, []string{"web db 1/TCP", "!api db 1/TCP"}},
	{"17 all but one by name", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [b]}]}}]}]"}, []string{"any db 1/TCP", "web db 1/TCP", "!api db 1/TCP"}},
	{"17 a label that no namespace has", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]"}, []string{"!api db 1/TCP", "!any db 1/TCP", "!web db 1/TCP"}},
	{"17 a pod's label is not its namespace's", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {app: web}}}]}]"}, []string{"!web db 1/TCP", "!api db 1/TCP"}},
	{"17 egress by namespace", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: blue}}}], ports: [{port: http}]}]"}, []string{"web api 8080/TCP", "!web any 8080/TCP", "!web api 80/TCP"}},
}

// dbService is the Service in front of db.
var dbService = []manifest.ServicePort{
	{Port: 80, TargetPort: manifest.IntOrString{Number: 9090}},
	{Port: 81, TargetPort: manifest.IntOrString{Name: "http"}},
	{Port: 82, TargetPort: manifest.IntOrString{Number: 1234}},
	{Port: 53, Protocol: "UDP", TargetPort: manifest.IntOrString{Name: "dns"}},
}

// question reads an ask.
func question(t *testing.T, ask string) (from, to string, p reach.Port, want bool) {
	t.Helper()
	want = !strings.HasPrefix(ask, "!")
	words := strings.Fields(strings.TrimPrefix(ask, "!"))
	from, to = words[0], words[1]
	name, number, service := strings.Cut(to, ":")
	if !service {
		return from, to, port(t, words[2]), want
	}
	for _, s := range dbService {
		if fmt.Sprint(s.Port) == number && "/"+s.Transport() == words[2] {
			p, ok := reach.Target(s, world[name].Workload)
			if !ok {
				t.Fatalf("%s leads nowhere", to)
			}
			return from, name, p, want
		}
	}
	t.Fatalf("db's Service has no port %s", to)
	return
}

// TestSemantics asks each case three ways: Allowed, Connections and, so that
// the second opinion is checked by hand as well, the evaluator.
func TestSemantics(t *testing.T) {
	for _, test := range semantics {
		t.Run(test.name, func(t *testing.T) {
			s, err := set(t, reach.BlocksMatchExternal, test.policies...)
			if err != nil {
				t.Fatal(err)
			}
			var workloads []*reach.Workload
			for _, name := range sorted(world) {
				if w := world[name].Workload; w != nil {
					workloads = append(workloads, w)
				}
			}
			all := s.Connections(reach.Network, workloads)
			opinion := evaluatorOf(t, test.policies)
			for _, ask := range test.asks {
				a, b, p, want := question(t, ask)
				from, to := world[a], world[b]
				got, reasons := s.Allowed(from, to, p)
				if got != want {
					t.Errorf("%s: allowed is %t, want %t", ask, got, want)
				}
				if len(reasons) < 2 {
					t.Errorf("%s: %d reasons, want one for each direction at least", ask, len(reasons))
				}
				if e := s.Explain(reach.Network, from, to, p); (e.Answer == reach.Allowed) != want {
					t.Errorf("%s: explained as %s", ask, e.Answer)
				}
				if a == "node" || b == "node" {
					continue // no pod, and no address that anybody knows
				}
				if got := inConnections(all, from, to, p); got != want {
					t.Errorf("%s: in Connections it is %t, want %t", ask, got, want)
				}
				if got := opinion.allowed(plain(from), plain(to), p.Protocol, p.Number); got != want {
					t.Errorf("%s: the evaluator says %t, want %t", ask, got, want)
				}
			}
		})
	}
}

// TestSemanticsCoverEachPoint: several cases to each of the points that a
// question can be about, and 150 in all. Of the others, 10 is TestInvalid and
// 18 is TestOverrides.
func TestSemanticsCoverEachPoint(t *testing.T) {
	cases := map[int]int{10: len(invalid), 18: len(overrides)}
	for _, test := range semantics {
		var point int
		if _, err := fmt.Sscan(test.name, &point); err != nil {
			t.Fatalf("%q has no point: %v", test.name, err)
		}
		cases[point]++
	}
	total := 0
	for point := 1; point <= 18; point++ {
		if cases[point] < 5 {
			t.Errorf("point %d has %d cases, want 5", point, cases[point])
		}
		total += cases[point]
	}
	if total < 150 {
		t.Errorf("%d cases, want 150", total)
	}
	t.Logf("%d cases: %v", total, cases)
}

func inConnections(all *reach.Connections, from, to reach.Endpoint, p reach.Port) bool {
	inside, outside, out := from.Workload, to, true
	switch {
	case from.Workload != nil && to.Workload != nil:
		for _, c := range all.Between(from.Workload, to.Workload) {
			if c.Ports.Has(p) {
				return true
			}
		}
		return false
	case from.Workload == nil:
		inside, outside, out = to.Workload, from, false
	}
	for _, c := range all.OutsideOf(inside) {
		party := c.From.Outside
		if out {
			party = c.To.Outside
		}
		if party != nil && party.Addresses.Has(outside.IP) && c.Ports.Has(p) {
			return true
		}
	}
	return false
}

// evaluatorOf reads the same policies for the second opinion.
func evaluatorOf(t *testing.T, specs []string) *evaluator {
	t.Helper()
	e := &evaluator{namespaces: map[string]map[string]string{"b": {"team": "blue"}}}
	decoder := yaml.NewDecoder(strings.NewReader(policies(specs...)))
	for {
		var v map[string]any
		if decoder.Decode(&v) != nil {
			break
		}
		if v["kind"] == "NetworkPolicy" {
			e.policies = append(e.policies, v)
		}
	}
	if len(e.policies) != len(specs) {
		t.Fatalf("%d policies read of %d", len(e.policies), len(specs))
	}
	return e
}

// plain is an endpoint for the second opinion.
func plain(e reach.Endpoint) end {
	if e.Workload == nil {
		return end{ip: net.IP(e.IP.Unmap().AsSlice())}
	}
	w := e.Workload
	p := &plainPod{namespace: w.Namespace, name: w.Name, labels: w.Labels, host: w.HostNetwork, ip: net.IP(w.IP.AsSlice())}
	for _, c := range w.Ports {
		protocol := c.Protocol
		if protocol == "" {
			protocol = "TCP"
		}
		p.ports = append(p.ports, plainPort{c.Name, protocol, c.Number})
	}
	return end{pod: p}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
