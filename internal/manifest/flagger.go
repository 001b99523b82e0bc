package manifest

// Canary is a flagger.app Canary, as far as kgen writes one.
type Canary struct {
	Head `yaml:",inline"`
	Spec CanarySpec `yaml:"spec"`
}

// CanarySpec is what a Canary says.
type CanarySpec struct {
	Provider  string `yaml:"provider"`
	TargetRef struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Name       string `yaml:"name"`
	} `yaml:"targetRef"`
	AutoscalerRef *struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Name       string `yaml:"name"`
	} `yaml:"autoscalerRef"`
	ProgressDeadlineSeconds int            `yaml:"progressDeadlineSeconds"`
	RevertOnDeletion        bool           `yaml:"revertOnDeletion"`
	SkipAnalysis            bool           `yaml:"skipAnalysis"`
	Service                 CanaryService  `yaml:"service"`
	Analysis                CanaryAnalysis `yaml:"analysis"`
}

// CanaryService is what Flagger makes Services, routes and destination rules of.
type CanaryService struct {
	Name          string          `yaml:"name"`
	Port          int             `yaml:"port"`
	PortName      string          `yaml:"portName"`
	TargetPort    IntOrString     `yaml:"targetPort"`
	AppProtocol   string          `yaml:"appProtocol"`
	PortDiscovery bool            `yaml:"portDiscovery"`
	Apex          *CanaryMetadata `yaml:"apex"`
	Primary       *CanaryMetadata `yaml:"primary"`
	Canary        *CanaryMetadata `yaml:"canary"`
	GatewayRefs   []ParentRef     `yaml:"gatewayRefs"`
	Gateways      []string        `yaml:"gateways"`
	Hosts         []string        `yaml:"hosts"`
	Match         []struct {
		URI struct {
			Prefix string `yaml:"prefix"`
			Exact  string `yaml:"exact"`
			Regex  string `yaml:"regex"`
		} `yaml:"uri"`
	} `yaml:"match"`
	Rewrite *struct {
		Type      string `yaml:"type"`
		URI       string `yaml:"uri"`
		Authority string `yaml:"authority"`
	} `yaml:"rewrite"`
	Timeout       string        `yaml:"timeout"`
	Retries       *IstioRetries `yaml:"retries"`
	TrafficPolicy *struct {
		TLS struct {
			Mode string `yaml:"mode"`
		} `yaml:"tls"`
		// The definition of a Canary knows no tcp here, though Flagger itself does.
		ConnectionPool struct {
			HTTP struct {
				HTTP1MaxPendingRequests  int    `yaml:"http1MaxPendingRequests"`
				HTTP2MaxRequests         int    `yaml:"http2MaxRequests"`
				MaxRequestsPerConnection int    `yaml:"maxRequestsPerConnection"`
				MaxRetries               int    `yaml:"maxRetries"`
				IdleTimeout              string `yaml:"idleTimeout"`
			} `yaml:"http"`
		} `yaml:"connectionPool"`
		OutlierDetection *OutlierDetection `yaml:"outlierDetection"`
	} `yaml:"trafficPolicy"`
}

// CanaryMetadata is what the made objects carry beside their names.
type CanaryMetadata struct {
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// CanaryAnalysis is when Flagger goes on and when it goes back.
type CanaryAnalysis struct {
	Interval    string         `yaml:"interval"`
	Threshold   int            `yaml:"threshold"`
	Iterations  int            `yaml:"iterations"`
	MaxWeight   int            `yaml:"maxWeight"`
	StepWeight  int            `yaml:"stepWeight"`
	StepWeights []int          `yaml:"stepWeights"`
	Metrics     []CanaryMetric `yaml:"metrics"`
}

// CanaryMetric is one measurement and its bounds.
type CanaryMetric struct {
	Name           string `yaml:"name"`
	Interval       string `yaml:"interval"`
	ThresholdRange struct {
		Min *float64 `yaml:"min"`
		Max *float64 `yaml:"max"`
	} `yaml:"thresholdRange"`
	Query       string `yaml:"query"`
	TemplateRef *struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"templateRef"`
}
