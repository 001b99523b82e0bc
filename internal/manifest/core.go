package manifest

// Namespace is a v1 Namespace.
type Namespace struct {
	Head `yaml:",inline"`
}

// Service is a v1 Service.
type Service struct {
	Head `yaml:",inline"`
	Spec struct {
		Type                     string            `yaml:"type"`
		ClusterIP                string            `yaml:"clusterIP"`
		Selector                 map[string]string `yaml:"selector"`
		Ports                    []ServicePort     `yaml:"ports"`
		ExternalTrafficPolicy    string            `yaml:"externalTrafficPolicy"`
		InternalTrafficPolicy    string            `yaml:"internalTrafficPolicy"`
		LoadBalancerSourceRanges []string          `yaml:"loadBalancerSourceRanges"`
		LoadBalancerClass        string            `yaml:"loadBalancerClass"`
		PublishNotReadyAddresses bool              `yaml:"publishNotReadyAddresses"`
		SessionAffinity          string            `yaml:"sessionAffinity"`
		IPFamilyPolicy           string            `yaml:"ipFamilyPolicy"`
		IPFamilies               []string          `yaml:"ipFamilies"`
		TrafficDistribution      string            `yaml:"trafficDistribution"`
	} `yaml:"spec"`
}

// ServicePort is one port of a Service.
type ServicePort struct {
	Name        string      `yaml:"name"`
	Port        int         `yaml:"port"`
	TargetPort  IntOrString `yaml:"targetPort"` // zero means Port
	Protocol    string      `yaml:"protocol"`   // empty means TCP
	AppProtocol string      `yaml:"appProtocol"`
	NodePort    int         `yaml:"nodePort"`
}

// Target is where the port leads on the pod.
func (p ServicePort) Target() IntOrString {
	if p.TargetPort.IsZero() {
		return IntOrString{Number: p.Port}
	}
	return p.TargetPort
}

// Transport is the port's protocol, TCP by default.
func (p ServicePort) Transport() string {
	if p.Protocol == "" {
		return "TCP"
	}
	return p.Protocol
}

// Workload is a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or Argo
// Rollout, as far as networking is concerned. PodsOf is the view of these and
// of the kinds that are shaped otherwise.
type Workload struct {
	Head `yaml:",inline"`
	Spec struct {
		Replicas    *int         `yaml:"replicas"`
		Selector    *Selector    `yaml:"selector"`
		ServiceName string       `yaml:"serviceName"` // of a StatefulSet
		Template    PodTemplate  `yaml:"template"`
		WorkloadRef *WorkloadRef `yaml:"workloadRef"` // of a Rollout
	} `yaml:"spec"`
}

// WorkloadRef names the workload whose pod template a Rollout uses.
type WorkloadRef struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Name       string `yaml:"name"`
}

// Pod is a v1 Pod.
type Pod struct {
	Head `yaml:",inline"`
	Spec PodSpec `yaml:"spec"`
}

// PodTemplate is what a workload makes pods from.
type PodTemplate struct {
	Metadata Meta    `yaml:"metadata"`
	Spec     PodSpec `yaml:"spec"`
}

// PodSpec is the part of a pod that other pods notice.
type PodSpec struct {
	ServiceAccountName string      `yaml:"serviceAccountName"`
	ServiceAccount     string      `yaml:"serviceAccount"` // the deprecated name of the same
	HostNetwork        bool        `yaml:"hostNetwork"`
	Containers         []Container `yaml:"containers"`
	InitContainers     []Container `yaml:"initContainers"`
}

// Container is one container of a pod.
type Container struct {
	Name          string          `yaml:"name"`
	Image         string          `yaml:"image"`
	RestartPolicy string          `yaml:"restartPolicy"` // of an init container: Always makes it a sidecar
	Ports         []ContainerPort `yaml:"ports"`
	Env           []EnvVar        `yaml:"env"`
	EnvFrom       []EnvFrom       `yaml:"envFrom"`
	Command       []string        `yaml:"command"`
	Args          []string        `yaml:"args"`
}

// ContainerPort is one port that a container says it listens on.
type ContainerPort struct {
	Name          string `yaml:"name"`
	ContainerPort int    `yaml:"containerPort"`
	HostPort      int    `yaml:"hostPort"`
	Protocol      string `yaml:"protocol"` // empty means TCP
}

// EnvVar is an environment variable with a literal value, or one of a ConfigMap.
type EnvVar struct {
	Name      string `yaml:"name"`
	Value     string `yaml:"value"`
	ValueFrom struct {
		ConfigMapKeyRef struct {
			Name string `yaml:"name"`
			Key  string `yaml:"key"`
		} `yaml:"configMapKeyRef"`
	} `yaml:"valueFrom"`
}

// EnvFrom makes a variable of each entry of a ConfigMap.
type EnvFrom struct {
	Prefix       string `yaml:"prefix"`
	ConfigMapRef struct {
		Name string `yaml:"name"`
	} `yaml:"configMapRef"`
}

// Role is an rbac.authorization.k8s.io/v1 Role.
type Role struct {
	Head  `yaml:",inline"`
	Rules []PolicyRule `yaml:"rules"`
}

// PolicyRule grants verbs on resources.
type PolicyRule struct {
	APIGroups     []string `yaml:"apiGroups"`
	Resources     []string `yaml:"resources"`
	ResourceNames []string `yaml:"resourceNames"`
	Verbs         []string `yaml:"verbs"`
}

// RoleBinding is an rbac.authorization.k8s.io/v1 RoleBinding.
type RoleBinding struct {
	Head    `yaml:",inline"`
	RoleRef struct {
		APIGroup string `yaml:"apiGroup"`
		Kind     string `yaml:"kind"`
		Name     string `yaml:"name"`
	} `yaml:"roleRef"`
	Subjects []Subject `yaml:"subjects"`
}

// Subject is who a RoleBinding binds.
type Subject struct {
	APIGroup  string `yaml:"apiGroup"`
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// Kustomization is a kustomization.yaml. Transformers are here so that their
// presence can be seen; kgen writes none that touch names or selectors.
type Kustomization struct {
	APIVersion     string            `yaml:"apiVersion"`
	Kind           string            `yaml:"kind"`
	Metadata       Meta              `yaml:"metadata"`
	Namespace      string            `yaml:"namespace"`
	NamePrefix     string            `yaml:"namePrefix"`
	NameSuffix     string            `yaml:"nameSuffix"`
	CommonLabels   map[string]string `yaml:"commonLabels"`
	CommonAnnots   map[string]string `yaml:"commonAnnotations"`
	Labels         []LabelPairs      `yaml:"labels"`
	Resources      []string          `yaml:"resources"`
	Components     []string          `yaml:"components"`
	Patches        []Patch           `yaml:"patches"`
	Configurations []string          `yaml:"configurations"`
	Transformers   []string          `yaml:"transformers"`
	SortOptions    *SortOptions      `yaml:"sortOptions"`
}

// SortOptions is the order in which a kustomization prints what it builds.
type SortOptions struct {
	Order             string             `yaml:"order"` // legacy or fifo
	LegacySortOptions *LegacySortOptions `yaml:"legacySortOptions"`
}

// LegacySortOptions are the kinds that the order legacy prints first and last.
type LegacySortOptions struct {
	OrderFirst []string `yaml:"orderFirst"`
	OrderLast  []string `yaml:"orderLast"`
}

// LabelPairs is one entry of a kustomization's labels.
type LabelPairs struct {
	Pairs            map[string]string `yaml:"pairs"`
	IncludeSelectors bool              `yaml:"includeSelectors"`
	IncludeTemplates bool              `yaml:"includeTemplates"`
}

// Patch is one entry of a kustomization's patches.
type Patch struct {
	Path   string `yaml:"path"`
	Patch  string `yaml:"patch"`
	Target *struct {
		Group     string `yaml:"group"`
		Version   string `yaml:"version"`
		Kind      string `yaml:"kind"`
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"target"`
	Options map[string]bool `yaml:"options"`
}
