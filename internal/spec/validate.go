package spec

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// Validate returns everything that is wrong or doubtful about the model, each
// with its path below spec (services[1].canary.weight); positions are the
// file's to add. The model is taken as written, without defaults.
func Validate(raw *Network) diag.List { return validate(raw).list }

func validate(raw *Network) *validator {
	v := &validator{n: raw.WithDefaults(), raw: raw, services: make(map[string]*Service, len(raw.Spec.Services))}
	v.network()
	for i := range v.n.Spec.Services {
		v.service(i)
	}
	v.hosts()
	v.derivedNames()
	v.selectors()
	v.expectations()
	v.audit()
	v.environments() // after all that is said of the file's own place, which it does not say again
	v.delivery()
	return v
}

type validator struct {
	list      diag.List
	n, raw    *Network
	services  map[string]*Service
	names     []string // sorted, for suggestions; made when first needed
	suggested int
	called    map[string]bool // the services that one of this file calls; made when first needed
}

// nearest is the declared service whose name is closest to a misspelt one.
func (v *validator) nearest(name string) string {
	if v.names == nil {
		v.names = slices.Sorted(maps.Keys(v.services))
	}
	// A suggestion is a courtesy: not one worth minutes on a file of thousands.
	if v.suggested++; v.suggested > 100 {
		return ""
	}
	return diag.Nearest(name, v.names)
}

func (v *validator) errorf(path, code, fix, format string, args ...any) {
	v.list.Errorf(path, code, fix, format, args...)
}

// check reports a parser's error under its path.
func (v *validator) check(at where, fix string, err error) {
	if err != nil {
		v.errorf(at.text(), "bad-value", fix, "%s", err)
	}
}

// optional checks a string that may be left out.
func (v *validator) optional(at where, value, fix string, check func(string) error) {
	if value != "" {
		v.check(at, fix, check(value))
	}
}

func enum[T ~string](v *validator, at where, value T, allowed ...T) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	fix := "write one of " + strings.Join(names, ", ")
	if near := diag.Nearest(string(value), names); near != "" {
		fix = fmt.Sprintf("did you mean %s? One of %s", near, strings.Join(names, ", "))
	}
	v.errorf(at.text(), "bad-value", fix, "%q is not known here", string(value))
}

func (v *validator) labels(at where, labels map[string]string) {
	v.allowed(at, labels)
	if labels != nil && len(labels) == 0 {
		v.errorf(at.text(), "bad-value", "name at least one label, or leave the key out for the default", "is empty and would select every pod")
	}
}

// allowed checks the keys and values of labels. They are sorted only where one is
// wrong.
func (v *validator) allowed(at where, labels map[string]string) {
	sound := true
	for k, value := range labels {
		sound = sound && CheckLabel(k, value) == nil
	}
	if sound {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		v.check(at.below(k), "", CheckLabel(k, labels[k]))
	}
}

func (v *validator) cidrs(at where, cidrs []string) {
	for i, c := range cidrs {
		if _, err := ParseCIDR(c); err != nil {
			v.errorf(fmt.Sprintf("%s[%d]", at.text(), i), "bad-value", "", "%s", err)
		}
	}
}

func (v *validator) network() {
	n, raw := v.n, v.raw
	s := &raw.Spec
	if raw.APIVersion != APIVersion {
		v.errorf("apiVersion", "bad-value", "write "+APIVersion, "%q is not a version that this kgen reads", raw.APIVersion)
	}
	if raw.Kind != Kind {
		v.errorf("kind", "bad-value", "write "+Kind, "%q is not a kind that this kgen reads", raw.Kind)
	}
	v.check(top("metadata.name"), "", CheckName(raw.Metadata.Name))
	if in := n.Spec.Ingress; in != nil && in.API == GatewayAPI && mustClass(in.Class).FollowsGateway {
		// The controller names what it deploys for a Gateway <gateway>-<class>.
		if name := raw.Metadata.Name + "-" + in.Class; len(name) > 63 {
			v.errorf("metadata.name", "bad-value", "shorten it", "%q, the name of the Gateway's own Service, has %d characters, more than 63", name, len(name))
		}
	}
	v.optional(top("namespace"), s.Namespace, "", CheckName)
	v.optional(top("domain"), s.Domain, "", CheckHost)
	v.optional(top("clusterDomain"), s.ClusterDomain, "", CheckHost)

	enum(v, top("dns.profile"), s.DNS.Profile, CoreDNS, NodeLocal, OpenShift)
	v.optional(top("dns.namespace"), s.DNS.Namespace, "", CheckName)
	v.labels(top("dns.podLabels"), s.DNS.PodLabels)
	v.cidrs(top("dns.ipBlocks"), s.DNS.IPBlocks)
	if s.DNS.Profile == NodeLocal && s.DNS.IPBlocks == nil {
		v.list.Warnf("dns.profile", "partial", "set dns.ipBlocks: [169.254.20.10/32, …] with the ClusterIP of kube-dns as well",
			"where the node's cache also answers on the ClusterIP of kube-dns, that address is not known here and stays closed")
	}

	enum(v, top("mesh.provider"), s.Mesh.Provider, NoMesh, Istio)
	enum(v, top("mesh.mode"), s.Mesh.Mode, Sidecar, Ambient)
	if s.Mesh.Mode != "" && n.Spec.Mesh.Provider == NoMesh {
		v.list.Warnf("mesh.mode", "no-effect", "set mesh.provider: istio", "there is no mesh to run in %s mode", s.Mesh.Mode)
	}
	v.optional(top("mesh.namespace"), s.Mesh.Namespace, "", CheckName)
	v.optional(top("mesh.revision"), s.Mesh.Revision, "", CheckName)
	if s.Mesh.Revision != "" && n.Spec.Mesh.Mode == Ambient {
		v.errorf("mesh.revision", "contradiction", "remove it", "a revision picks the sidecar injector, and ambient mode injects none")
	}

	m := &s.Monitoring
	v.optional(top("monitoring.namespace"), m.Namespace, "", CheckName)
	v.labels(top("monitoring.prometheusLabels"), m.PrometheusLabels)
	v.allowed(top("monitoring.selectorLabels"), m.SelectorLabels)
	v.optional(top("monitoring.serviceAccount"), m.ServiceAccount, "", CheckSubdomain)
	if m.RunbookBase != "" {
		if u, err := url.Parse(m.RunbookBase); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(m.RunbookBase, "{}\"'`<> \\") {
			v.errorf("monitoring.runbookBase", "bad-value", "write one such as https://runbooks.example.com/", "%q is not an http or https URL", m.RunbookBase)
		}
	}
	v.ingress()
	if len(s.Services) == 0 {
		v.errorf("services", "missing", "name at least one service", "there is none")
	}
	for i := range n.Spec.Services {
		svc := &n.Spec.Services[i]
		if first, dup := v.services[svc.Name]; dup && svc.Name != "" {
			v.errorf(fmt.Sprintf("services[%d].name", i), "duplicate", "rename it, or merge the two", "service %q is already described above (services[%d])", first.Name, slices.IndexFunc(s.Services, func(o Service) bool { return o.Name == svc.Name }))
			continue
		}
		v.services[svc.Name] = svc
	}
}

func (v *validator) ingress() {
	raw := v.raw.Spec.Ingress
	exposed := slices.IndexFunc(v.n.Spec.Services, func(s Service) bool { return s.Exposed() })
	if raw == nil {
		if exposed >= 0 {
			v.errorf(fmt.Sprintf("services[%d].hosts", exposed), "missing", "add ingress: {class: …, tls: {clusterIssuer: …}} below spec",
				"%s is exposed, and nothing says by what", v.n.Spec.Services[exposed].Name)
		}
		return
	}
	in := v.n.Spec.Ingress
	enum(v, top("ingress.api"), raw.API, GatewayAPI, IngressResource)
	class, known := ClassOf(in.Class)
	v.optional(top("ingress.class"), raw.Class, "", CheckSubdomain)
	switch {
	case !known && raw.Controller == nil:
		v.errorf("ingress.class", "missing", "add controller: {namespace: …, podLabels: {…}} or {ipBlocks: […]}; known classes are "+strings.Join(ClassNames(in.API), ", "),
			"nothing is known of class %q, so nobody could be let in to exposed pods", in.Class)
	case in.API == GatewayAPI && !class.Gateway, in.API == IngressResource && !class.Ingress:
		other := GatewayAPI
		if in.API == GatewayAPI {
			other = IngressResource
		}
		v.errorf("ingress.class", "contradiction", fmt.Sprintf("set ingress.api: %s, or choose one of %s", other, strings.Join(ClassNames(in.API), ", ")),
			"%s does not serve the %s API", in.Class, in.API)
	}
	if c := raw.Controller; c != nil {
		v.optional(top("ingress.controller.namespace"), c.Namespace, "", CheckName)
		v.labels(top("ingress.controller.podLabels"), c.PodLabels)
		v.cidrs(top("ingress.controller.ipBlocks"), c.IPBlocks)
		v.optional(top("ingress.controller.metricsPort"), c.MetricsPort, "", CheckPortName)
		if len(in.Controller.PodLabels) == 0 && len(in.Controller.IPBlocks) == 0 && in.Controller.Namespace == "" && !class.IngressEntity {
			v.errorf("ingress.controller", "missing", "name its namespace and podLabels, or its ipBlocks", "says nothing of who may reach exposed pods")
		}
		if len(in.Controller.PodLabels) > 0 && in.Controller.Namespace == "" {
			v.errorf("ingress.controller.podLabels", "missing", "add controller.namespace", "pods are known by labels and namespace, and the namespace is missing")
		}
	}
	if in.API == GatewayAPI && in.Class == "nginx" && in.Controller.Namespace == v.n.Spec.Namespace {
		v.errorf("ingress.controller.namespace", "contradiction", "give the Gateway a namespace of its own, such as nginx-gateway",
			"the proxies of nginx would run below the default deny of %s, and how they reach their control plane is not known here", v.n.Spec.Namespace)
	}
	if tls := raw.TLS; tls != nil {
		given := 0
		for _, one := range []struct{ key, value string }{{"clusterIssuer", tls.ClusterIssuer}, {"issuer", tls.Issuer}, {"secretName", tls.SecretName}} {
			if one.value != "" {
				given++
				v.check(top("ingress.tls."+one.key), "", CheckSubdomain(one.value))
			}
		}
		if given != 1 {
			v.errorf("ingress.tls", "contradiction", "set exactly one of clusterIssuer, issuer and secretName", "%d sources of certificates are named", given)
		}
		if raw.Insecure {
			v.errorf("ingress.insecure", "contradiction", "remove one of the two", "hosts cannot be both insecure and served with tls")
		}
	} else if !raw.Insecure {
		v.errorf("ingress", "missing", "add tls: {clusterIssuer: …}, {issuer: …} or {secretName: …}, or say insecure: true", "tls is missing, so hosts would be served in the clear")
	}
	if exposed >= 0 {
		if in.API == IngressResource && class.Retired != "" {
			v.list.Warnf("ingress.class", "retired", "move to api: gateway, or to a class that is maintained", "%s", class.Retired)
		}
		if in.API == GatewayAPI && in.Class == "gce" {
			v.list.Warnf("ingress.class", "partial", "write the class that is meant, such as gke-l7-global-external-managed", "GKE's own gateway classes begin with gke-l7-, so a class gce has to be made first")
		}
		if in.API == GatewayAPI && in.Class == "alb" {
			v.list.Warnf("ingress.class", "partial", "add a TargetGroupConfiguration with targetType ip, and a LoadBalancerConfiguration with the scheme and the certificate",
				"the AWS controller needs objects of its own beside the Gateway, which are not made here")
		}
		if in.API == IngressResource && in.TLS != nil && !class.RedirectsIngress && class.Ingress {
			v.list.Warnf("ingress.class", "partial", "let the controller redirect, or use ingress.api: gateway", "how class %s redirects plain HTTP to HTTPS is not known here", in.Class)
		}
		if in.Class == "alb" && in.TLS != nil {
			v.list.Warnf("ingress.class", "partial", "import or issue a certificate for each host there", "an AWS load balancer takes its certificates from ACM and reads no Secret")
		}
		if in.Class == "alb" && (raw.Controller == nil || raw.Controller.IPBlocks == nil) {
			v.list.Warnf("ingress.class", "wide", "set ingress.controller.ipBlocks to the subnets of the load balancer", "exposed pods admit every private address, because the load balancer's subnets are not known")
		}
	}
}

func (v *validator) service(i int) {
	path := ofService(i)
	raw, s := &v.raw.Spec.Services[i], &v.n.Spec.Services[i]
	v.check(path.below("name"), "", CheckName(raw.Name))
	v.labels(path.below("podLabels"), raw.PodLabels)
	if _, has := raw.PodLabels["version"]; has && s.Canary != nil {
		v.errorf(path.to("podLabels.version"), "contradiction", "leave version out of podLabels", "the root selector must not name a version while a canary runs")
	}
	v.optional(path.below("serviceAccount"), raw.ServiceAccount, "", CheckSubdomain)
	enum(v, path.below("type"), raw.Type, ClusterIP, LoadBalancer, Headless)
	if raw.LoadBalancer != nil {
		v.cidrs(path.below("loadBalancer.sourceRanges"), raw.LoadBalancer.SourceRanges)
		if s.Type != LoadBalancer {
			v.list.Warnf(path.to("loadBalancer"), "no-effect", "set type: LoadBalancer", "the service is of type %s, which these options do not concern", s.Type)
		}
	}
	if s.Type == LoadBalancer && (raw.LoadBalancer == nil || len(raw.LoadBalancer.SourceRanges) == 0) {
		v.list.Warnf(path.to("type"), "wide", "set loadBalancer.sourceRanges", "the load balancer admits every address")
	}
	v.ports(path, s)
	v.exposure(path, raw, s)
	v.calls(path, s)
	v.egress(path, s)
	v.canary(path, raw, s)
	v.behaviour(path, raw, s)
}

func (v *validator) ports(path *where, s *Service) {
	type number struct {
		port      PortNumber
		transport string
	}
	names, numbers := map[string]bool{}, map[number]bool{}
	for i, p := range s.Ports {
		at := path.in("ports", i)
		enum(v, at.below("protocol"), p.Protocol, HTTP, HTTP2, GRPC, HTTPS, TLSP, TCP, UDP, SCTP)
		if err := CheckPortName(p.Name); err != nil {
			v.check(at.below("name"), "", err)
		} else if names[p.Name] {
			v.errorf(at.to("name"), "duplicate", "give each port a name of its own", "port name %q is already taken in %s", p.Name, s.Name)
		}
		names[p.Name] = true
		if p.Port == 0 {
			continue // reported where it was read
		}
		key := number{p.Port, p.Protocol.Transport()}
		if numbers[key] {
			v.errorf(at.to("port"), "duplicate", "give it another number", "port %d/%s is already taken in %s", key.port, key.transport, s.Name)
		}
		numbers[key] = true
		if p.TargetPort.Number != 0 && p.ContainerPort != p.TargetPort.Number {
			v.errorf(at.to("containerPort"), "contradiction", "remove it", "targetPort already says %d", p.TargetPort.Number)
		}
	}
	if len(s.Ports) == 0 && s.Type != ClusterIP {
		v.errorf(path.to("type"), "contradiction", "add ports, or remove the type", "%s has no ports to serve", s.Name)
	}
	if m := s.Metrics; m != nil {
		v.check(path.below("metrics.path"), "", CheckPath(m.Path))
		for i, p := range s.Ports {
			if p.Name == MetricsPortName && p.ContainerPort != m.Port {
				v.errorf(fmt.Sprintf("%s.ports[%d].name", path.text(), i), "duplicate", "rename the port", "%q is the name of the port that metrics adds", MetricsPortName)
			}
			if p.Port == m.Port && p.Protocol.Transport() == "TCP" && p.ContainerPort != m.Port {
				v.errorf(path.to("metrics.port"), "duplicate", "serve the metrics on another port", "the Service already uses port %d for %s, which leads to another container port", m.Port, p.Name)
			}
			if p.ContainerPort == m.Port && p.Protocol == GRPC {
				v.list.Warnf(path.to("metrics.port"), "doubtful", "serve the metrics on a port of their own", "port %s speaks gRPC, and metrics are scraped over HTTP/1.1 and, in a mesh, without mutual TLS", p.Name)
			}
			if p.ContainerPort == m.Port && !p.Protocol.IsHTTP() && p.Protocol.Transport() == "TCP" {
				v.errorf(path.to("metrics.port"), "contradiction", "name the port that serves metrics over HTTP", "port %s speaks %s, and metrics are scraped over HTTP", p.Name, p.Protocol)
			}
		}
	}
}

// MetricsPortName names the Service port that metrics adds.
const MetricsPortName = "http-metrics"

// derivedNames checks that the Services that kgen adds beside a service's own,
// one a version and one for a load balancer's metrics, have names of their own
// and names that a Service can have.
func (v *validator) derivedNames() {
	// Where the Service of a name is a service's own, what is empty.
	owners := make(map[string]string, len(v.n.Spec.Services))
	if in := v.n.Spec.Ingress; in != nil && in.API == GatewayAPI && mustClass(in.Class).FollowsGateway && in.Controller.Namespace == v.n.Spec.Namespace {
		owners[v.n.Metadata.Name+"-"+in.Class] = "the Gateway's proxies"
	}
	if v.n.Spec.Mesh.Mode == Ambient {
		owners["waypoint"] = "the namespace's own waypoint proxy"
		if in := v.n.Spec.Ingress; v.n.Metadata.Name == "waypoint" && in != nil && in.API == GatewayAPI && in.Controller.Namespace == v.n.Spec.Namespace {
			v.errorf("metadata.name", "duplicate", "rename the application", "waypoint is the name of the namespace's own waypoint proxy")
		}
	}
	for i := range v.n.Spec.Services {
		s := &v.n.Spec.Services[i]
		if other := owners[s.Name]; other != "" {
			v.errorf(fmt.Sprintf("services[%d].name", i), "duplicate", "rename the service", "%s is the name of the Service of %s", s.Name, other)
			continue
		}
		owners[s.Name] = ""
	}
	for i := range v.n.Spec.Services {
		s := &v.n.Spec.Services[i]
		path := ofService(i)
		claim := func(key, suffix, what string) {
			name := s.Name + "-" + suffix
			if len(name) > 63 {
				v.errorf(path.to("name"), "bad-value", "shorten it", "%q, the Service of %s, has %d characters, more than 63", name, what, len(name))
			}
			if other, taken := owners[name]; taken {
				if other == "" {
					other = "service " + name
				}
				v.errorf(path.to(key), "duplicate", "rename one of them", "the Service of %s would be %s, the name of %s", what, name, other)
				return
			}
			owners[name] = what
		}
		if c := s.Canary; c != nil && (c.Owned() || c.Stable != c.Version) {
			for _, version := range c.Versions() {
				claim("canary", version, fmt.Sprintf("version %s of %s", version, s.Name))
			}
		}
		if s.Type == LoadBalancer && s.Metrics != nil {
			claim("metrics", "metrics", "the metrics of "+s.Name)
		}
	}
}
