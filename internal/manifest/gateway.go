package manifest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Ingress is a networking.k8s.io/v1 Ingress.
type Ingress struct {
	Head `yaml:",inline"`
	Spec struct {
		IngressClassName string          `yaml:"ingressClassName"`
		DefaultBackend   *IngressBackend `yaml:"defaultBackend"`
		TLS              []struct {
			Hosts      []string `yaml:"hosts"`
			SecretName string   `yaml:"secretName"`
		} `yaml:"tls"`
		Rules []struct {
			Host string `yaml:"host"`
			HTTP struct {
				Paths []struct {
					Path     string         `yaml:"path"`
					PathType string         `yaml:"pathType"`
					Backend  IngressBackend `yaml:"backend"`
				} `yaml:"paths"`
			} `yaml:"http"`
		} `yaml:"rules"`
	} `yaml:"spec"`
}

// IngressBackend is a Service and one of its ports, by number or by name.
type IngressBackend struct {
	Service *struct {
		Name string `yaml:"name"`
		Port struct {
			Name   string `yaml:"name"`
			Number int    `yaml:"number"`
		} `yaml:"port"`
	} `yaml:"service"`
}

// Gateway is a gateway.networking.k8s.io Gateway.
type Gateway struct {
	Head `yaml:",inline"`
	Spec struct {
		GatewayClassName string     `yaml:"gatewayClassName"`
		Listeners        []Listener `yaml:"listeners"`
		Addresses        []struct {
			Type  string `yaml:"type"`
			Value string `yaml:"value"`
		} `yaml:"addresses"`
		Infrastructure *struct {
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"infrastructure"`
	} `yaml:"spec"`
}

// Listener is one port and host of a Gateway.
type Listener struct {
	Name     string `yaml:"name"`
	Hostname string `yaml:"hostname"`
	Port     int    `yaml:"port"`
	Protocol string `yaml:"protocol"`
	TLS      *struct {
		Mode            string            `yaml:"mode"` // empty means Terminate
		CertificateRefs []ObjectRef       `yaml:"certificateRefs"`
		Options         map[string]string `yaml:"options"`
	} `yaml:"tls"`
	AllowedRoutes *struct {
		Namespaces *struct {
			From     string    `yaml:"from"` // empty means Same
			Selector *Selector `yaml:"selector"`
		} `yaml:"namespaces"`
		Kinds []struct {
			Group string `yaml:"group"`
			Kind  string `yaml:"kind"`
		} `yaml:"kinds"`
	} `yaml:"allowedRoutes"`
}

// ObjectRef names another object.
type ObjectRef struct {
	Group     *string `yaml:"group"`
	Kind      string  `yaml:"kind"`
	Namespace string  `yaml:"namespace"`
	Name      string  `yaml:"name"`
}

// Route is an HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute.
type Route struct {
	Head `yaml:",inline"`
	Spec struct {
		ParentRefs []ParentRef `yaml:"parentRefs"`
		Hostnames  []string    `yaml:"hostnames"`
		Rules      []RouteRule `yaml:"rules"`
	} `yaml:"spec"`
}

// ParentRef is the Gateway that a route hangs on, or the Service that it steers.
type ParentRef struct {
	Group       *string `yaml:"group"` // nil means gateway.networking.k8s.io
	Kind        string  `yaml:"kind"`  // empty means Gateway
	Namespace   string  `yaml:"namespace"`
	Name        string  `yaml:"name"`
	SectionName string  `yaml:"sectionName"`
	Port        int     `yaml:"port"`
}

// Service reports whether the parent is a Service: the route is the mesh's.
func (p ParentRef) Service() bool { return p.Kind == "Service" && p.Group != nil && *p.Group == "" }

// RouteRule is one rule of a route.
type RouteRule struct {
	Name    string `yaml:"name"`
	Matches []struct {
		Path *struct {
			Type  string `yaml:"type"`
			Value string `yaml:"value"`
		} `yaml:"path"`
		Method  *RouteMethod `yaml:"method"`
		Headers []struct {
			Type  string `yaml:"type"`
			Name  string `yaml:"name"`
			Value string `yaml:"value"`
		} `yaml:"headers"`
	} `yaml:"matches"`
	Filters     []RouteFilter `yaml:"filters"`
	BackendRefs []BackendRef  `yaml:"backendRefs"`
	Timeouts    *struct {
		Request        string `yaml:"request"`
		BackendRequest string `yaml:"backendRequest"`
	} `yaml:"timeouts"`
	Retry *struct {
		Attempts *int   `yaml:"attempts"`
		Codes    []int  `yaml:"codes"`
		Backoff  string `yaml:"backoff"`
	} `yaml:"retry"`
}

// RouteMethod is what a route matches of a request's method: of a GRPCRoute a
// mapping, of an HTTPRoute one word such as GET.
type RouteMethod struct {
	HTTP    string `yaml:"-"` // the word
	Type    string `yaml:"type"`
	Service string `yaml:"service"`
	Method  string `yaml:"method"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (m *RouteMethod) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&m.HTTP)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains([]string{"type", "service", "method"}, key.Value) {
			return fmt.Errorf("line %d: field %s is none of a GRPCRoute's method", key.Line, key.Value)
		}
	}
	type mapping RouteMethod
	return node.Decode((*mapping)(m))
}

// RouteFilter changes a request on its way.
type RouteFilter struct {
	Type            string `yaml:"type"`
	RequestRedirect *struct {
		Scheme     string        `yaml:"scheme"`
		Hostname   string        `yaml:"hostname"`
		Path       *PathModifier `yaml:"path"`
		Port       int           `yaml:"port"`
		StatusCode int           `yaml:"statusCode"`
	} `yaml:"requestRedirect"`
	URLRewrite *struct {
		Hostname string        `yaml:"hostname"`
		Path     *PathModifier `yaml:"path"`
	} `yaml:"urlRewrite"`
	ExtensionRef *ObjectRef `yaml:"extensionRef"`
}

// PathModifier replaces a path or its matched prefix.
type PathModifier struct {
	Type               string  `yaml:"type"`
	ReplaceFullPath    *string `yaml:"replaceFullPath"`
	ReplacePrefixMatch *string `yaml:"replacePrefixMatch"`
}

// BackendRef is one weighted backend of a rule.
type BackendRef struct {
	Group     *string `yaml:"group"`
	Kind      string  `yaml:"kind"` // empty means Service
	Namespace string  `yaml:"namespace"`
	Name      string  `yaml:"name"`
	Port      int     `yaml:"port"`
	Weight    *int    `yaml:"weight"` // nil means 1
}

// ReferenceGrant lets objects of other namespaces refer to this one's.
type ReferenceGrant struct {
	Head `yaml:",inline"`
	Spec struct {
		From []struct {
			Group     string `yaml:"group"`
			Kind      string `yaml:"kind"`
			Namespace string `yaml:"namespace"`
		} `yaml:"from"`
		To []struct {
			Group string `yaml:"group"`
			Kind  string `yaml:"kind"`
			Name  string `yaml:"name"`
		} `yaml:"to"`
	} `yaml:"spec"`
}

// BackendTLSPolicy says how a Gateway speaks TLS to a backend.
type BackendTLSPolicy struct {
	Head `yaml:",inline"`
	Spec struct {
		TargetRefs []TargetRef `yaml:"targetRefs"`
		Validation struct {
			Hostname                string      `yaml:"hostname"`
			WellKnownCACertificates string      `yaml:"wellKnownCACertificates"`
			CACertificateRefs       []ObjectRef `yaml:"caCertificateRefs"`
		} `yaml:"validation"`
	} `yaml:"spec"`
}

// Certificate is a cert-manager.io Certificate.
type Certificate struct {
	Head `yaml:",inline"`
	Spec struct {
		SecretName string   `yaml:"secretName"`
		CommonName string   `yaml:"commonName"`
		DNSNames   []string `yaml:"dnsNames"`
		IssuerRef  struct {
			Group string `yaml:"group"`
			Kind  string `yaml:"kind"`
			Name  string `yaml:"name"`
		} `yaml:"issuerRef"`
		Duration    string   `yaml:"duration"`
		RenewBefore string   `yaml:"renewBefore"`
		Usages      []string `yaml:"usages"`
		PrivateKey  *struct {
			Algorithm      string `yaml:"algorithm"`
			Encoding       string `yaml:"encoding"`
			Size           int    `yaml:"size"`
			RotationPolicy string `yaml:"rotationPolicy"`
		} `yaml:"privateKey"`
	} `yaml:"spec"`
}

// Middleware is a traefik.io Middleware, the ones that kgen writes.
type Middleware struct {
	Head `yaml:",inline"`
	Spec struct {
		RedirectScheme *struct {
			Scheme    string `yaml:"scheme"`
			Port      string `yaml:"port"`
			Permanent bool   `yaml:"permanent"`
		} `yaml:"redirectScheme"`
		ReplacePathRegex *struct {
			Regex       string `yaml:"regex"`
			Replacement string `yaml:"replacement"`
		} `yaml:"replacePathRegex"`
		StripPrefix *struct {
			Prefixes []string `yaml:"prefixes"`
		} `yaml:"stripPrefix"`
		AddPrefix *struct {
			Prefix string `yaml:"prefix"`
		} `yaml:"addPrefix"`
		Chain *struct {
			Middlewares []struct {
				Name      string `yaml:"name"`
				Namespace string `yaml:"namespace"`
			} `yaml:"middlewares"`
		} `yaml:"chain"`
	} `yaml:"spec"`
}

// FrontendConfig is a networking.gke.io FrontendConfig.
type FrontendConfig struct {
	Head `yaml:",inline"`
	Spec struct {
		SSLPolicy       string `yaml:"sslPolicy"`
		RedirectToHTTPS *struct {
			Enabled          bool   `yaml:"enabled"`
			ResponseCodeName string `yaml:"responseCodeName"`
		} `yaml:"redirectToHttps"`
	} `yaml:"spec"`
}
