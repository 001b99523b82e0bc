package manifest

import "go.yaml.in/yaml/v3"

// VirtualService is a networking.istio.io VirtualService.
type VirtualService struct {
	Head `yaml:",inline"`
	Spec struct {
		Hosts    []string       `yaml:"hosts"`
		Gateways []string       `yaml:"gateways"`
		ExportTo []string       `yaml:"exportTo"`
		HTTP     []VirtualRoute `yaml:"http"`
		TCP      []VirtualRoute `yaml:"tcp"`
		TLS      []VirtualRoute `yaml:"tls"`
	} `yaml:"spec"`
}

// VirtualRoute is one http, tcp or tls entry of a VirtualService.
type VirtualRoute struct {
	Name    string         `yaml:"name"`
	Match   []VirtualMatch `yaml:"match"`
	Route   []Destination  `yaml:"route"`
	Rewrite *struct {
		URI       string `yaml:"uri"`
		Authority string `yaml:"authority"`
	} `yaml:"rewrite"`
	Timeout string        `yaml:"timeout"`
	Retries *IstioRetries `yaml:"retries"`
}

// VirtualMatch is one condition of a route.
type VirtualMatch struct {
	URI      *StringMatch           `yaml:"uri"`
	Port     int                    `yaml:"port"`
	SNIHosts []string               `yaml:"sniHosts"`
	Headers  map[string]StringMatch `yaml:"headers"`
	Gateways []string               `yaml:"gateways"`
}

// StringMatch is exactly one of its fields.
type StringMatch struct {
	Exact  string `yaml:"exact"`
	Prefix string `yaml:"prefix"`
	Regex  string `yaml:"regex"`
}

// Destination is one weighted target of a route.
type Destination struct {
	Destination struct {
		Host   string `yaml:"host"`
		Subset string `yaml:"subset"`
		Port   *struct {
			Number int `yaml:"number"`
		} `yaml:"port"`
	} `yaml:"destination"`
	Weight *int `yaml:"weight"`
}

// IstioRetries is a route's retry policy.
type IstioRetries struct {
	Attempts      *int   `yaml:"attempts"`
	PerTryTimeout string `yaml:"perTryTimeout"`
	RetryOn       string `yaml:"retryOn"`
}

// DestinationRule is a networking.istio.io DestinationRule.
type DestinationRule struct {
	Head `yaml:",inline"`
	Spec struct {
		Host          string         `yaml:"host"`
		ExportTo      []string       `yaml:"exportTo"`
		TrafficPolicy *TrafficPolicy `yaml:"trafficPolicy"`
		Subsets       []Subset       `yaml:"subsets"`
	} `yaml:"spec"`
}

// Subset is a version of a host by its pods' labels.
type Subset struct {
	Name          string            `yaml:"name"`
	Labels        map[string]string `yaml:"labels"`
	TrafficPolicy *TrafficPolicy    `yaml:"trafficPolicy"`
}

// TrafficPolicy is how clients treat a host.
type TrafficPolicy struct {
	TLS *struct {
		Mode           string   `yaml:"mode"`
		SNI            string   `yaml:"sni"`
		CACertificates string   `yaml:"caCertificates"`
		SubjectAlt     []string `yaml:"subjectAltNames"`
	} `yaml:"tls"`
	LoadBalancer *struct {
		Simple             string `yaml:"simple"`
		LocalityLBSettings *struct {
			Enabled *bool `yaml:"enabled"`
		} `yaml:"localityLbSetting"`
	} `yaml:"loadBalancer"`
	ConnectionPool *struct {
		TCP *struct {
			MaxConnections int        `yaml:"maxConnections"`
			ConnectTimeout string     `yaml:"connectTimeout"`
			TCPKeepalive   *yaml.Node `yaml:"tcpKeepalive"`
		} `yaml:"tcp"`
		HTTP *struct {
			HTTP1MaxPendingRequests  int    `yaml:"http1MaxPendingRequests"`
			HTTP2MaxRequests         int    `yaml:"http2MaxRequests"`
			MaxRequestsPerConnection int    `yaml:"maxRequestsPerConnection"`
			MaxRetries               int    `yaml:"maxRetries"`
			IdleTimeout              string `yaml:"idleTimeout"`
		} `yaml:"http"`
	} `yaml:"connectionPool"`
	OutlierDetection *OutlierDetection `yaml:"outlierDetection"`
	PortLevel        []struct {
		Port struct {
			Number int `yaml:"number"`
		} `yaml:"port"`
		TLS *struct {
			Mode string `yaml:"mode"`
		} `yaml:"tls"`
	} `yaml:"portLevelSettings"`
}

// OutlierDetection ejects endpoints that fail. consecutiveErrors, which Istio
// ignores, is deliberately no field.
type OutlierDetection struct {
	Consecutive5xxErrors     *int   `yaml:"consecutive5xxErrors"`
	ConsecutiveGatewayErrors *int   `yaml:"consecutiveGatewayErrors"`
	SplitExternalLocal       *bool  `yaml:"splitExternalLocalOriginErrors"`
	ConsecutiveLocalFailures *int   `yaml:"consecutiveLocalOriginFailures"`
	Interval                 string `yaml:"interval"`
	BaseEjectionTime         string `yaml:"baseEjectionTime"`
	MaxEjectionPercent       *int   `yaml:"maxEjectionPercent"`
	MinHealthPercent         *int   `yaml:"minHealthPercent"`
}

// ServiceEntry is a networking.istio.io ServiceEntry.
type ServiceEntry struct {
	Head `yaml:",inline"`
	Spec struct {
		Hosts      []string `yaml:"hosts"`
		Addresses  []string `yaml:"addresses"`
		Location   string   `yaml:"location"`
		Resolution string   `yaml:"resolution"`
		ExportTo   []string `yaml:"exportTo"`
		Ports      []struct {
			Number     int    `yaml:"number"`
			Name       string `yaml:"name"`
			Protocol   string `yaml:"protocol"`
			TargetPort int    `yaml:"targetPort"`
		} `yaml:"ports"`
	} `yaml:"spec"`
}

// PeerAuthentication is a security.istio.io PeerAuthentication.
type PeerAuthentication struct {
	Head `yaml:",inline"`
	Spec struct {
		Selector      *Selector       `yaml:"selector"`
		MTLS          *MTLS           `yaml:"mtls"`
		PortLevelMTLS map[string]MTLS `yaml:"portLevelMtls"`
	} `yaml:"spec"`
}

// MTLS is UNSET, DISABLE, PERMISSIVE or STRICT.
type MTLS struct {
	Mode string `yaml:"mode"`
}

// AuthorizationPolicy is a security.istio.io AuthorizationPolicy. Rules keep
// the difference between absent (deny) and one empty rule (allow all).
type AuthorizationPolicy struct {
	Head `yaml:",inline"`
	Spec struct {
		Selector   *Selector   `yaml:"selector"`
		TargetRef  *TargetRef  `yaml:"targetRef"` // the former way to write one of TargetRefs
		TargetRefs []TargetRef `yaml:"targetRefs"`
		Action     string      `yaml:"action"` // empty means ALLOW
		Provider   *struct {
			Name string `yaml:"name"`
		} `yaml:"provider"` // of the action CUSTOM
		Rules []AuthRule `yaml:"rules"`
	} `yaml:"spec"`
}

// TargetRef attaches a policy to an object.
type TargetRef struct {
	Group       string `yaml:"group"`
	Kind        string `yaml:"kind"`
	Name        string `yaml:"name"`
	SectionName string `yaml:"sectionName"`
}

// AuthRule matches when each of its parts does.
type AuthRule struct {
	From []struct {
		Source AuthSource `yaml:"source"`
	} `yaml:"from"`
	To []struct {
		Operation AuthOperation `yaml:"operation"`
	} `yaml:"to"`
	When []struct {
		Key       string   `yaml:"key"`
		Values    []string `yaml:"values"`
		NotValues []string `yaml:"notValues"`
	} `yaml:"when"`
}

// AuthSource says who asks.
type AuthSource struct {
	Principals           []string `yaml:"principals"`
	NotPrincipals        []string `yaml:"notPrincipals"`
	RequestPrincipals    []string `yaml:"requestPrincipals"`
	NotRequestPrincipals []string `yaml:"notRequestPrincipals"`
	ServiceAccounts      []string `yaml:"serviceAccounts"`
	NotServiceAccounts   []string `yaml:"notServiceAccounts"`
	Namespaces           []string `yaml:"namespaces"`
	NotNamespaces        []string `yaml:"notNamespaces"`
	TrustDomains         []string `yaml:"trustDomains"`
	NotTrustDomains      []string `yaml:"notTrustDomains"`
	IPBlocks             []string `yaml:"ipBlocks"`
	NotIPBlocks          []string `yaml:"notIpBlocks"`
	RemoteIPBlocks       []string `yaml:"remoteIpBlocks"`
	NotRemoteIPBlocks    []string `yaml:"notRemoteIpBlocks"`
}

// AuthOperation says what is asked for. All but Ports needs an HTTP proxy.
type AuthOperation struct {
	Ports      []string `yaml:"ports"`
	NotPorts   []string `yaml:"notPorts"`
	Hosts      []string `yaml:"hosts"`
	NotHosts   []string `yaml:"notHosts"`
	Methods    []string `yaml:"methods"`
	NotMethods []string `yaml:"notMethods"`
	Paths      []string `yaml:"paths"`
	NotPaths   []string `yaml:"notPaths"`
}

// HTTP reports whether the operation speaks of requests, not connections.
func (o AuthOperation) HTTP() bool {
	return len(o.Hosts)+len(o.NotHosts)+len(o.Methods)+len(o.NotMethods)+len(o.Paths)+len(o.NotPaths) > 0
}
