// Package spec is the model: what is true of an application's network and of
// the platform under it, as plain types, with the defaults and the validation
// that belong to them. It reads no file and writes none.
//
// The field names are those of kgen.yaml. The comments on the types are the
// descriptions in the JSON Schema that `kgen schema` prints.
package spec

const (
	// APIVersion and Kind head every kgen.yaml.
	APIVersion = "kgen.dev/v1alpha1"
	Kind       = "Network"
)

// Network describes one application's network: the whole of kgen.yaml.
type Network struct {
	// The version of this format. Always kgen.dev/v1alpha1.
	APIVersion string `yaml:"apiVersion" jsonschema:"required,enum=kgen.dev/v1alpha1"`
	// The kind of this document. Always Network.
	Kind string `yaml:"kind" jsonschema:"required,enum=Network"`
	// What the application is called.
	Metadata Metadata `yaml:"metadata" jsonschema:"required"`
	// The services and the platform that they run on.
	Spec Spec `yaml:"spec" jsonschema:"required"`
}

// Metadata names the application.
type Metadata struct {
	// The application's name, a DNS-1123 label. Mesh-wide and monitoring objects carry it.
	Name string `yaml:"name" jsonschema:"required,minLength=1,maxLength=63"`
}

// Spec says what is true of the application and of its platform.
type Spec struct {
	// The namespace of every service. Default: metadata.name.
	Namespace string `yaml:"namespace"`
	// The DNS domain below which exposed services without hosts get a name: <service>.<domain>.
	Domain string `yaml:"domain"`
	// The cluster's DNS domain. Default: cluster.local.
	ClusterDomain string `yaml:"clusterDomain"`
	// Where the cluster's DNS answers.
	DNS DNS `yaml:"dns"`
	// The service mesh, if there is one.
	Mesh Mesh `yaml:"mesh"`
	// The front door: how hosts are served to the outside. Needed once a service has hosts or paths.
	Ingress *Ingress `yaml:"ingress"`
	// The Prometheus that scrapes and alerts.
	Monitoring Monitoring `yaml:"monitoring"`
	// The application's services, at least one.
	Services []Service `yaml:"services" jsonschema:"required,minItems=1"`
	// Where else the application runs, and what differs there.
	Environments []Environment `yaml:"environments"`
	// How the files reach the clusters: by Argo CD or Flux. Default: by hand.
	Delivery *Delivery `yaml:"delivery"`
	// What has to hold of the connections, for kgen audit: "allow web -> api:8080", "deny * -> db".
	Expect []string `yaml:"expect"`
	// What kgen audit does with this repository.
	Audit *Audit `yaml:"audit"`
	// Where checks run when the repository changes: github or gitlab. The workflow for it is rendered. Default: none.
	CI CIProvider `yaml:"ci" jsonschema:"enum=github,enum=gitlab"`
}

// DNSProfile names a way in which clusters run their DNS.
type DNSProfile string

const (
	CoreDNS   DNSProfile = "coredns"   // kube-system, k8s-app: kube-dns, port 53
	NodeLocal DNSProfile = "nodelocal" // the same, and a cache on every node at 169.254.20.10
	OpenShift DNSProfile = "openshift" // openshift-dns, port 5353
)

// DNS says where queries go, so that pods that may otherwise send nothing can resolve names.
type DNS struct {
	// How the cluster runs its DNS. The other keys override single facts of it. Default: coredns.
	Profile DNSProfile `yaml:"profile" jsonschema:"enum=coredns,enum=nodelocal,enum=openshift"`
	// The namespace of the DNS pods.
	Namespace string `yaml:"namespace"`
	// The labels of the DNS pods.
	PodLabels map[string]string `yaml:"podLabels"`
	// The port on which the DNS pods listen (not the port of their Service).
	Port PortNumber `yaml:"port"`
	// Further addresses that answer DNS, as CIDRs: a node-local cache, the ClusterIP that it takes over.
	IPBlocks []string `yaml:"ipBlocks"`
}

// MeshProvider names a service mesh.
type MeshProvider string

const (
	NoMesh MeshProvider = "none"
	Istio  MeshProvider = "istio"
)

// MeshMode says how pods join the mesh.
type MeshMode string

const (
	Sidecar MeshMode = "sidecar" // a proxy in every pod
	Ambient MeshMode = "ambient" // ztunnel on every node, and a waypoint for HTTP
)

// Mesh says which mesh carries the traffic between services.
type Mesh struct {
	// none or istio. Default: none.
	Provider MeshProvider `yaml:"provider" jsonschema:"enum=none,enum=istio"`
	// sidecar or ambient. Default: sidecar.
	Mode MeshMode `yaml:"mode" jsonschema:"enum=sidecar,enum=ambient"`
	// The control plane's namespace. Default: istio-system.
	Namespace string `yaml:"namespace"`
	// The Istio revision that injects sidecars (the istio.io/rev label). Default: the unnamed revision.
	Revision string `yaml:"revision"`
}

// IngressAPI names the Kubernetes API by which hosts are served.
type IngressAPI string

const (
	GatewayAPI      IngressAPI = "gateway" // gateway.networking.k8s.io
	IngressResource IngressAPI = "ingress" // networking.k8s.io/v1 Ingress
)

// Ingress is the front door.
type Ingress struct {
	// gateway (Gateway API) or ingress (the Ingress resource). Default: gateway.
	API IngressAPI `yaml:"api" jsonschema:"enum=gateway,enum=ingress"`
	// The gatewayClassName or ingressClassName: istio, envoy-gateway, traefik, haproxy, nginx, contour, cilium, alb, gce, or any other name together with controller. Default: istio with a mesh, envoy-gateway or traefik without.
	Class string `yaml:"class"`
	// Where the proxies run that reach exposed pods. Default: by class.
	Controller *Controller `yaml:"controller"`
	// Where the certificates come from. May be absent only with insecure.
	TLS *TLS `yaml:"tls"`
	// Serve hosts over plain HTTP, without certificates or redirect.
	Insecure bool `yaml:"insecure"`
}

// Controller says who may reach exposed pods: pods by namespace and labels, or addresses.
type Controller struct {
	// The namespace of the proxies.
	Namespace string `yaml:"namespace"`
	// The labels of the proxies' pods.
	PodLabels map[string]string `yaml:"podLabels"`
	// The addresses of proxies that are not pods, as CIDRs.
	IPBlocks []string `yaml:"ipBlocks"`
	// The name of the container port on which the proxies serve Prometheus metrics. Default: by class; without one, nothing is scraped there.
	MetricsPort string `yaml:"metricsPort"`
}

// TLS says where certificates come from. Exactly one of its keys is set.
type TLS struct {
	// A cert-manager ClusterIssuer.
	ClusterIssuer string `yaml:"clusterIssuer"`
	// A cert-manager Issuer in the application's namespace.
	Issuer string `yaml:"issuer"`
	// An existing Secret of type kubernetes.io/tls in the application's namespace that covers every host.
	SecretName string `yaml:"secretName"`
}

// Monitoring describes the Prometheus that scrapes the application.
type Monitoring struct {
	// Where Prometheus and its monitor and rule objects live. Default: monitoring.
	Namespace string `yaml:"namespace"`
	// The labels of the Prometheus pods. Default: app.kubernetes.io/name: prometheus.
	PrometheusLabels map[string]string `yaml:"prometheusLabels"`
	// The labels by which Prometheus selects monitors and rules. Default: release: kube-prometheus-stack.
	SelectorLabels map[string]string `yaml:"selectorLabels"`
	// The ServiceAccount of Prometheus, bound to read this namespace. Default: by selectorLabels, as kube-prometheus-stack or kube-prometheus name it.
	ServiceAccount string `yaml:"serviceAccount"`
	// How long Prometheus keeps samples; alerts that look back further are left out. Default: 10d.
	Retention Duration `yaml:"retention"`
	// What runbook_url starts with; the alert's name in lower case follows. Default: the runbooks in monitoring/alerts/README.md.
	RunbookBase string `yaml:"runbookBase"`
}

// ServiceType says how a Service is reached.
type ServiceType string

const (
	ClusterIP    ServiceType = "ClusterIP"
	LoadBalancer ServiceType = "LoadBalancer"
	Headless     ServiceType = "Headless" // ClusterIP: None, for StatefulSets
)

// Service is one workload, the ports that it serves and the ones that it calls.
type Service struct {
	// A DNS-1123 label, unique in the file.
	Name string `yaml:"name" jsonschema:"required,minLength=1,maxLength=63"`
	// The labels that select its pods. Default: app: <name>.
	PodLabels map[string]string `yaml:"podLabels"`
	// The ServiceAccount of its pods: its identity in the mesh. Default: <name>.
	ServiceAccount string `yaml:"serviceAccount"`
	// How many pods run, for the circuit breaker's arithmetic. Default: 2.
	Replicas Count `yaml:"replicas"`
	// ClusterIP, LoadBalancer or Headless. Default: ClusterIP.
	Type ServiceType `yaml:"type" jsonschema:"enum=ClusterIP,enum=LoadBalancer,enum=Headless"`
	// What belongs to type LoadBalancer.
	LoadBalancer *LoadBalancerOptions `yaml:"loadBalancer"`
	// The ports that it serves. None for a workload that only calls others.
	Ports []Port `yaml:"ports"`
	// The host names under which the front door serves it.
	Hosts []string `yaml:"hosts"`
	// The paths served under its hosts. Default: / to the first HTTP port.
	Paths []Path `yaml:"paths"`
	// The services that it calls: a name, or an object with service and port.
	Calls []Call `yaml:"calls"`
	// Who may call it from outside this file; with its own namespace and podLabels, its own pods among themselves.
	Callers []Caller `yaml:"callers"`
	// What it calls outside the cluster.
	Egress []Egress `yaml:"egress"`
	// Two versions side by side, with the new one's share of the traffic; or the one version that is served.
	Canary *Canary `yaml:"canary"`
	// Where it serves Prometheus metrics.
	Metrics *Metrics `yaml:"metrics"`
	// How long a request may take in all.
	Timeout Duration `yaml:"timeout"`
	// How failed requests are tried again.
	Retries *Retries `yaml:"retries"`
	// When callers stop sending. Every called service in a mesh has one; the keys override single values.
	CircuitBreaker *CircuitBreaker `yaml:"circuitBreaker"`
	// What it promises, for burn-rate and latency alerts.
	SLO *SLO `yaml:"slo"`
}

// LoadBalancerOptions belongs to type LoadBalancer.
type LoadBalancerOptions struct {
	// The client addresses that may connect, as CIDRs. Default: all.
	SourceRanges []string `yaml:"sourceRanges"`
}

// Protocol is what a port speaks.
type Protocol string

const (
	HTTP  Protocol = "http"
	HTTP2 Protocol = "http2" // HTTP/2 without TLS (h2c)
	GRPC  Protocol = "grpc"
	HTTPS Protocol = "https" // the pod terminates TLS
	TLSP  Protocol = "tls"   // the pod terminates TLS; not HTTP
	TCP   Protocol = "tcp"
	UDP   Protocol = "udp"
	SCTP  Protocol = "sctp"
)

// Port is one port of a service.
type Port struct {
	// The port's name, unique in the service. Default: the protocol.
	Name string `yaml:"name"`
	// The Service's port.
	Port PortNumber `yaml:"port" jsonschema:"required"`
	// The container's port: a number, or the name of a container port. Default: port.
	TargetPort PortRef `yaml:"targetPort"`
	// The container port's number where targetPort is a name, for the mesh objects that take numbers only.
	ContainerPort PortNumber `yaml:"containerPort"`
	// http, http2, grpc, https, tls, tcp, udp or sctp. Default: http.
	Protocol Protocol `yaml:"protocol" jsonschema:"enum=http,enum=http2,enum=grpc,enum=https,enum=tls,enum=tcp,enum=udp,enum=sctp"`
}

// Path sends one path prefix to one port.
type Path struct {
	// A prefix of whole path segments, starting with /.
	Path string `yaml:"path" jsonschema:"required"`
	// The name of the port. Default: the first HTTP port.
	Port string `yaml:"port"`
	// What the prefix is replaced with. Default: the path is passed on as it is.
	Rewrite string `yaml:"rewrite"`
}

// Call is one declared edge: a service of this file, or one in another namespace.
// In the file it is a name, or an object.
type Call struct {
	// The callee's name.
	Service string `yaml:"service" jsonschema:"required"`
	// The callee's port by name or number; for another namespace, the container's port number. Default: all ports of a callee in this file.
	Port PortRef `yaml:"port"`
	// The callee's namespace, if it is not part of this file.
	Namespace string `yaml:"namespace"`
	// The labels of the callee's pods in that namespace. Default: app: <service>.
	PodLabels map[string]string `yaml:"podLabels"`
}

// Caller is a workload outside this file that may call a service, or the service's own pods.
type Caller struct {
	// The caller's namespace.
	Namespace string `yaml:"namespace" jsonschema:"required"`
	// The labels of the caller's pods. Default: every pod of the namespace.
	PodLabels map[string]string `yaml:"podLabels"`
	// The caller's ServiceAccount, its identity in the mesh. Default: any of the namespace.
	ServiceAccount string `yaml:"serviceAccount"`
	// The port that it may call, by name or number. Default: all ports.
	Port PortRef `yaml:"port"`
}

// Egress is one destination outside the cluster: a host or a CIDR, with one port or several.
type Egress struct {
	// A host name.
	Host string `yaml:"host"`
	// An address range, instead of a host.
	CIDR string `yaml:"cidr"`
	// Ranges inside cidr that stay closed.
	Except []string `yaml:"except"`
	// The port.
	Port PortNumber `yaml:"port"`
	// The ports, instead of port.
	Ports []PortNumber `yaml:"ports"`
	// tcp or udp. Default: tcp.
	Protocol Protocol `yaml:"protocol" jsonschema:"enum=tcp,enum=udp"`
}

// Canary is a new version that takes a share of the traffic. Pods carry their version in the label version.
// Without version, all traffic goes to the pods of stable alone: so kgen canary promote and abort leave it,
// because pods of the other version may still run.
// With an owner other than kgen, a controller tells versions apart and moves the weights: nothing but owner is said here.
type Canary struct {
	// Who moves the weights: kgen (this file says them), flagger (its Canary object is rendered) or
	// argo-rollouts (routes for the application's own Rollout are rendered). Default: kgen.
	Owner CanaryOwner `yaml:"owner" jsonschema:"enum=kgen,enum=flagger,enum=argo-rollouts"`
	// The version label of the pods in service. Default: v1.
	Stable string `yaml:"stable"`
	// The version label of the new pods. Default: none, and all traffic goes to stable.
	Version string `yaml:"version"`
	// The new version's share, in percent. Default: 0.
	Weight Percent `yaml:"weight"`
}

// Pinned reports whether no new version is under way: all traffic goes to Stable.
func (c *Canary) Pinned() bool { return c.Version == "" && !c.Owned() }

// Metrics says where a service serves Prometheus metrics.
type Metrics struct {
	// The container's port.
	Port PortNumber `yaml:"port" jsonschema:"required"`
	// The path. Default: /metrics.
	Path string `yaml:"path"`
}

// Retries says how failed requests are tried again.
type Retries struct {
	// How many times a request is tried again; 0 turns retries off.
	Attempts Attempts `yaml:"attempts" jsonschema:"required"`
	// How long each try may take. Default: the timeout divided by the attempts.
	PerTryTimeout Duration `yaml:"perTryTimeout"`
}

// CircuitBreaker bounds what callers send to a service and ejects pods that fail.
type CircuitBreaker struct {
	// TCP connections to the service. Default: 100.
	MaxConnections Count `yaml:"maxConnections"`
	// Requests that wait for a connection (HTTP/1.1). Default: 100.
	MaxPendingRequests Count `yaml:"maxPendingRequests"`
	// Requests under way (HTTP/2 and gRPC). Default: 200.
	MaxRequests Count `yaml:"maxRequests"`
	// How long a connection may take. Default: 3s.
	ConnectTimeout Duration `yaml:"connectTimeout"`
	// 5xx answers in a row that eject a pod. Default: 5.
	Consecutive5xxErrors Count `yaml:"consecutive5xxErrors"`
	// Gateway errors (502, 503, 504) in a row that eject a pod. Default: 3, or less if consecutive5xxErrors is smaller.
	ConsecutiveGatewayErrors Count `yaml:"consecutiveGatewayErrors"`
	// How often pods are judged. Default: 10s.
	Interval Duration `yaml:"interval"`
	// How long a pod stays ejected the first time. Default: 30s.
	BaseEjectionTime Duration `yaml:"baseEjectionTime"`
	// The share of pods that may be ejected at once. Default: 50, or what lets one pod of replicas go.
	MaxEjectionPercent Share `yaml:"maxEjectionPercent"`
}

// SLO is what a service promises over 30 days.
type SLO struct {
	// The share of requests that succeed, in percent: 99.9.
	Availability Availability `yaml:"availability"`
	// How fast requests are answered.
	Latency *Latency `yaml:"latency"`
}

// Latency is the time within which a share of the requests is answered.
type Latency struct {
	// The share, in percent. Default: 99.
	Percentile Percentile `yaml:"percentile"`
	// The time.
	Threshold Duration `yaml:"threshold" jsonschema:"required"`
}

// Environment is one more place where the application runs. What it does not
// say is as in the rest of the file.
type Environment struct {
	// A DNS-1123 label, unique in the file: the folder below environments/.
	Name string `yaml:"name" jsonschema:"required,minLength=1,maxLength=63"`
	// The namespace of every service there; what the file says to be in spec.namespace follows. Default: spec.namespace.
	Namespace string `yaml:"namespace"`
	// The application's name there, which objects outside its namespace carry: needed where
	// environments share a cluster. Default: metadata.name.
	Application string `yaml:"application"`
	// The DNS domain of exposed services without hosts there. Default: spec.domain.
	Domain string `yaml:"domain"`
	// What differs at the front door.
	Ingress *EnvironmentIngress `yaml:"ingress"`
	// The services that differ.
	Services []EnvironmentService `yaml:"services"`
}

// EnvironmentIngress is what differs at an environment's front door.
type EnvironmentIngress struct {
	// Where the certificates come from. Default: spec.ingress.tls.
	TLS *TLS `yaml:"tls"`
}

// EnvironmentService is what differs in one service. A key that is given
// replaces the service's own, in slo each of the two; lists are replaced, not added to.
type EnvironmentService struct {
	// The service's name.
	Name string `yaml:"name" jsonschema:"required,minLength=1,maxLength=63"`
	// The host names under which the front door serves it there.
	Hosts []string `yaml:"hosts"`
	// How many pods run there.
	Replicas Count `yaml:"replicas"`
	// ClusterIP, LoadBalancer or Headless.
	Type ServiceType `yaml:"type" jsonschema:"enum=ClusterIP,enum=LoadBalancer,enum=Headless"`
	// The canary's share there. Only for a service that has a canary.
	Canary *EnvironmentCanary `yaml:"canary"`
	// What it promises there: availability and latency each replace the service's own.
	SLO *SLO `yaml:"slo"`
}

// EnvironmentCanary is what differs in a service's canary.
type EnvironmentCanary struct {
	// The new version's share, in percent.
	Weight Percent `yaml:"weight" jsonschema:"required"`
}
