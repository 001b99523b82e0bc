package manifest

// Monitor is a monitoring.coreos.com ServiceMonitor or PodMonitor: Endpoints
// are the former's, PodMetricsEndpoints the latter's.
type Monitor struct {
	Head `yaml:",inline"`
	Spec struct {
		JobLabel          string   `yaml:"jobLabel"`
		TargetLabels      []string `yaml:"targetLabels"`
		PodTargetLabels   []string `yaml:"podTargetLabels"`
		Selector          Selector `yaml:"selector"`
		NamespaceSelector struct {
			Any        bool     `yaml:"any"`
			MatchNames []string `yaml:"matchNames"`
		} `yaml:"namespaceSelector"`
		Endpoints           []Scrape `yaml:"endpoints"`
		PodMetricsEndpoints []Scrape `yaml:"podMetricsEndpoints"`
		SampleLimit         int      `yaml:"sampleLimit"`
	} `yaml:"spec"`
}

// Scrapes are the endpoints, whichever kind they belong to.
func (m *Monitor) Scrapes() []Scrape {
	return append(append([]Scrape(nil), m.Spec.Endpoints...), m.Spec.PodMetricsEndpoints...)
}

// Scrape is one endpoint of a monitor.
type Scrape struct {
	Port          string      `yaml:"port"`
	PortNumber    int         `yaml:"portNumber"`
	TargetPort    IntOrString `yaml:"targetPort"`
	Path          string      `yaml:"path"`
	Scheme        string      `yaml:"scheme"`
	Interval      string      `yaml:"interval"`
	ScrapeTimeout string      `yaml:"scrapeTimeout"`
	HonorLabels   bool        `yaml:"honorLabels"`
	TLSConfig     *struct {
		CAFile             string `yaml:"caFile"`
		CertFile           string `yaml:"certFile"`
		KeyFile            string `yaml:"keyFile"`
		InsecureSkipVerify bool   `yaml:"insecureSkipVerify"`
	} `yaml:"tlsConfig"`
	Relabelings       []Relabeling        `yaml:"relabelings"`
	MetricRelabelings []Relabeling        `yaml:"metricRelabelings"`
	Params            map[string][]string `yaml:"params"`
}

// Relabeling is one relabelling step.
type Relabeling struct {
	SourceLabels []string `yaml:"sourceLabels"`
	Separator    string   `yaml:"separator"`
	TargetLabel  string   `yaml:"targetLabel"`
	Regex        string   `yaml:"regex"`
	Replacement  *string  `yaml:"replacement"`
	Action       string   `yaml:"action"`
	Modulus      int      `yaml:"modulus"`
}

// PrometheusRule is a monitoring.coreos.com PrometheusRule.
type PrometheusRule struct {
	Head `yaml:",inline"`
	Spec struct {
		Groups []RuleGroup `yaml:"groups"`
	} `yaml:"spec"`
}

// RuleGroup is evaluated in order, at one interval.
type RuleGroup struct {
	Name     string            `yaml:"name"`
	Interval string            `yaml:"interval"`
	Labels   map[string]string `yaml:"labels"`
	Rules    []Rule            `yaml:"rules"`
}

// Rule is a recording rule (Record) or an alert (Alert).
type Rule struct {
	Record        string            `yaml:"record"`
	Alert         string            `yaml:"alert"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for"`
	KeepFiringFor string            `yaml:"keep_firing_for"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
}
