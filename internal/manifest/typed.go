package manifest

import (
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// Head is the part that all kinds share.
type Head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   Meta   `yaml:"metadata"`
}

// Meta is the part of metadata that people write; what servers add is unknown.
type Meta struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// kindOf is a kind in a group, whatever the version.
type kindOf struct{ group, kind string }

// shape is the Go type of a kind. A tolerant kind may have more fields than
// the type names: pod templates hold much that is no concern of networking.
type shape struct {
	typ      reflect.Type
	tolerant bool
}

func strictly[T any]() shape   { return shape{typ: reflect.TypeFor[T]()} }
func tolerantly[T any]() shape { return shape{typ: reflect.TypeFor[T](), tolerant: true} }

var shapes = map[kindOf]shape{
	{"", "Namespace"}: strictly[Namespace](),
	{"", "Service"}:   strictly[Service](),
	{"", "Pod"}:       tolerantly[Pod](),

	{"apps", "Deployment"}:  tolerantly[Workload](),
	{"apps", "StatefulSet"}: tolerantly[Workload](),
	{"apps", "DaemonSet"}:   tolerantly[Workload](),
	{"apps", "ReplicaSet"}:  tolerantly[Workload](),
	{"batch", "Job"}:        tolerantly[Workload](),
	{"batch", "CronJob"}:    tolerantly[CronJob](),

	{"", "ReplicationController"}: tolerantly[ReplicationController](),
	{"argoproj.io", "Rollout"}:    tolerantly[Workload](),

	{"networking.k8s.io", "NetworkPolicy"}: strictly[NetworkPolicy](),
	{"networking.k8s.io", "Ingress"}:       strictly[Ingress](),
	{"cilium.io", "CiliumNetworkPolicy"}:   strictly[CiliumNetworkPolicy](),

	{"networking.istio.io", "VirtualService"}:    strictly[VirtualService](),
	{"networking.istio.io", "DestinationRule"}:   strictly[DestinationRule](),
	{"networking.istio.io", "ServiceEntry"}:      strictly[ServiceEntry](),
	{"security.istio.io", "PeerAuthentication"}:  strictly[PeerAuthentication](),
	{"security.istio.io", "AuthorizationPolicy"}: strictly[AuthorizationPolicy](),

	{"gateway.networking.k8s.io", "Gateway"}:          strictly[Gateway](),
	{"gateway.networking.k8s.io", "HTTPRoute"}:        strictly[Route](),
	{"gateway.networking.k8s.io", "GRPCRoute"}:        strictly[Route](),
	{"gateway.networking.k8s.io", "TLSRoute"}:         strictly[Route](),
	{"gateway.networking.k8s.io", "TCPRoute"}:         strictly[Route](),
	{"gateway.networking.k8s.io", "UDPRoute"}:         strictly[Route](),
	{"gateway.networking.k8s.io", "ReferenceGrant"}:   strictly[ReferenceGrant](),
	{"gateway.networking.k8s.io", "BackendTLSPolicy"}: strictly[BackendTLSPolicy](),

	{"cert-manager.io", "Certificate"}: strictly[Certificate](),

	{"monitoring.coreos.com", "ServiceMonitor"}: strictly[Monitor](),
	{"monitoring.coreos.com", "PodMonitor"}:     strictly[Monitor](),
	{"monitoring.coreos.com", "PrometheusRule"}: strictly[PrometheusRule](),

	{"rbac.authorization.k8s.io", "Role"}:        strictly[Role](),
	{"rbac.authorization.k8s.io", "RoleBinding"}: strictly[RoleBinding](),

	{"flagger.app", "Canary"}:                        strictly[Canary](),
	{"argoproj.io", "ApplicationSet"}:                strictly[ApplicationSet](),
	{"source.toolkit.fluxcd.io", "GitRepository"}:    strictly[GitRepository](),
	{"kustomize.toolkit.fluxcd.io", "Kustomization"}: strictly[FluxKustomization](),

	{"traefik.io", "Middleware"}:                 strictly[Middleware](),
	{"networking.gke.io", "FrontendConfig"}:      strictly[FrontendConfig](),
	{"kustomize.config.k8s.io", "Kustomization"}: strictly[Kustomization](),
}

// Known reports whether the kind has a typed view.
func (o *Object) Known() bool {
	_, known := shapes[kindOf{o.Group(), o.Kind}]
	return known
}

// Typed returns the object as a pointer to this package's type for its kind
// (*NetworkPolicy, *Route …), or nil for a kind that it has no type for. A key
// that the type does not have, and a word that is no string where one is
// wanted, is an error (a diag.List) with its place.
func (o *Object) Typed() (any, error) {
	s, known := shapes[kindOf{o.Group(), o.Kind}]
	if !known {
		return nil, nil
	}
	value := reflect.New(s.typ)
	if err := o.decode(value.Interface(), s.typ, s.tolerant); err != nil {
		return nil, err
	}
	return value.Interface(), nil
}

// As returns the object as T, which must be this package's type for its kind.
func As[T any](o *Object) (*T, error) {
	typed, err := o.Typed()
	if err != nil {
		return nil, err
	}
	value, ok := typed.(*T)
	if !ok {
		return nil, fmt.Errorf("%s: %s is no %s; ask for the type of its kind", o.Place(), o.Ref(), reflect.TypeFor[T]().Name())
	}
	return value, nil
}

// Check decodes every object of a known kind and returns all findings.
func Check(objects []*Object) error {
	var findings diag.List
	for _, o := range objects {
		_, err := o.Typed()
		var list diag.List
		if errors.As(err, &list) {
			findings = append(findings, list...)
		}
	}
	return findings.Err()
}

func (o *Object) decode(into any, t reflect.Type, tolerant bool) error {
	c := checker{file: o.File, files: o.Files, tolerant: tolerant}
	c.walk(o.Node, t, nil)
	if err := c.findings.Err(); err != nil {
		return err
	}
	if err := o.Node.Decode(into); err != nil {
		return diag.List{syntax(o.File, err)}
	}
	return nil
}

// IntOrString is a port by number or by name.
type IntOrString struct {
	Number int
	Name   string
}

// IsZero reports whether neither is given.
func (v IntOrString) IsZero() bool { return v == IntOrString{} }

// Text gives the number or the name as written.
func (v IntOrString) Text() string {
	if v.Name != "" {
		return v.Name
	}
	return fmt.Sprint(v.Number)
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (v *IntOrString) UnmarshalYAML(node *yaml.Node) error {
	switch node.ShortTag() {
	case "!!int":
		return node.Decode(&v.Number)
	case "!!str":
		return node.Decode(&v.Name)
	}
	return fmt.Errorf("line %d: %q is neither a number nor a name", node.Line, node.Value)
}

// Selector is a label selector. Empty selects everything; a nil *Selector is
// absent, which is something else.
type Selector struct {
	MatchLabels      map[string]string `yaml:"matchLabels"`
	MatchExpressions []Requirement     `yaml:"matchExpressions"`
}

// Requirement is one expression of a selector.
type Requirement struct {
	Key      string   `yaml:"key"`
	Operator string   `yaml:"operator"` // In, NotIn, Exists, DoesNotExist
	Values   []string `yaml:"values"`
}

// Matches reports whether labels satisfy every part of the selector. NotIn
// and DoesNotExist hold for labels without the key.
func (s Selector) Matches(labels map[string]string) bool {
	for key, want := range s.MatchLabels {
		if have, ok := labels[key]; !ok || have != want {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		if !r.matches(labels) {
			return false
		}
	}
	return true
}

func (r Requirement) matches(labels map[string]string) bool {
	have, ok := labels[r.Key]
	in := false
	for _, v := range r.Values {
		in = in || ok && v == have
	}
	switch r.Operator {
	case "In":
		return in
	case "NotIn":
		return !in
	case "Exists":
		return ok
	case "DoesNotExist":
		return !ok
	}
	return false
}
