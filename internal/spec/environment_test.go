package spec_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// TestFor lays an environment over a model, key by key.
func TestFor(t *testing.T) {
	for _, c := range []struct {
		name string
		env  spec.Environment
		want func(n *spec.Network)
	}{
		{"nothing", spec.Environment{}, func(*spec.Network) {}},
		{"a namespace, whose own name follows", spec.Environment{Namespace: "test", Services: []spec.EnvironmentService{{Name: "peer", Replicas: 9}}}, func(n *spec.Network) {
			n.Spec.Namespace = "test"
			peer := &n.Spec.Services[4]
			peer.Replicas = 9
			peer.Calls = []spec.Call{{Service: "api", Namespace: "test"}, {Service: "api", Namespace: "other"}}
			peer.Callers = []spec.Caller{{Namespace: "other"}, {Namespace: "test", PodLabels: map[string]string{"app": "peer"}}}
		}},
		{"a name, by which the namespace does not change", spec.Environment{Application: "shop-eu"}, func(n *spec.Network) { n.Metadata.Name = "shop-eu" }},
		{"a domain", spec.Environment{Domain: "example.eu"}, func(n *spec.Network) { n.Spec.Domain = "example.eu" }},
		{"certificates", spec.Environment{Ingress: &spec.EnvironmentIngress{TLS: &spec.TLS{SecretName: "own"}}}, func(n *spec.Network) {
			n.Spec.Ingress.TLS = &spec.TLS{SecretName: "own"}
		}},
		{"a front door of which nothing differs", spec.Environment{Ingress: &spec.EnvironmentIngress{}}, func(*spec.Network) {}},
		{"hosts", spec.Environment{Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"example.eu"}}}}, func(n *spec.Network) {
			n.Spec.Services[0].Hosts = []string{"example.eu"}
		}},
		{"no hosts", spec.Environment{Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{}}}}, func(n *spec.Network) {
			n.Spec.Services[0].Hosts = []string{}
		}},
		{"pods, type and promise", spec.Environment{Services: []spec.EnvironmentService{{Name: "api", Replicas: 9, Type: spec.Headless, SLO: &spec.SLO{Availability: 99}}}}, func(n *spec.Network) {
			n.Spec.Services[1].Replicas, n.Spec.Services[1].Type, n.Spec.Services[1].SLO = 9, spec.Headless, &spec.SLO{Availability: 99}
		}},
		{"a latency beside the availability", spec.Environment{Services: []spec.EnvironmentService{{Name: "new", SLO: &spec.SLO{Latency: &spec.Latency{Threshold: 9}}}}}, func(n *spec.Network) {
			n.Spec.Services[2].SLO = &spec.SLO{Availability: 99.9, Latency: &spec.Latency{Threshold: 9}}
		}},
		{"an availability beside the latency", spec.Environment{Services: []spec.EnvironmentService{{Name: "new", SLO: &spec.SLO{Availability: 95}}}}, func(n *spec.Network) {
			n.Spec.Services[2].SLO = &spec.SLO{Availability: 95, Latency: &spec.Latency{Percentile: 90, Threshold: 5}}
		}},
		{"the share of a canary", spec.Environment{Services: []spec.EnvironmentService{{Name: "new", Canary: &spec.EnvironmentCanary{Weight: 0}}}}, func(n *spec.Network) {
			n.Spec.Services[2].Canary = &spec.Canary{Version: "v2", Weight: 0}
		}},
		{"no load balancer, whose options go", spec.Environment{Services: []spec.EnvironmentService{{Name: "edge", Type: spec.ClusterIP}}}, func(n *spec.Network) {
			n.Spec.Services[3].Type, n.Spec.Services[3].LoadBalancer = spec.ClusterIP, nil
		}},
		{"a service that is not there", spec.Environment{Services: []spec.EnvironmentService{{Name: "wbe", Replicas: 9}}}, func(*spec.Network) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := func() *spec.Network {
				n := sound()
				n.Spec.Services = append(n.Spec.Services,
					spec.Service{Name: "new", Ports: []spec.Port{{Port: 80}}, Canary: &spec.Canary{Version: "v2", Weight: 10},
						SLO: &spec.SLO{Availability: 99.9, Latency: &spec.Latency{Percentile: 90, Threshold: 5}}},
					spec.Service{Name: "edge", Type: spec.LoadBalancer, Ports: []spec.Port{{Port: 443}}, LoadBalancer: &spec.LoadBalancerOptions{SourceRanges: []string{"203.0.113.0/24"}}},
					spec.Service{
						Name: "peer", Ports: []spec.Port{{Port: 80}},
						Calls:   []spec.Call{{Service: "api", Namespace: sound().WithDefaults().Spec.Namespace}, {Service: "api", Namespace: "other"}},
						Callers: []spec.Caller{{Namespace: "other"}, {Namespace: sound().WithDefaults().Spec.Namespace, PodLabels: map[string]string{"app": "peer"}}},
					})
				c.env.Name = "eu"
				n.Spec.Environments = []spec.Environment{{Name: "other", Namespace: "other"}, c.env}
				n.Spec.Delivery = &spec.Delivery{Tool: spec.Flux}
				return n
			}
			n, want := model(), model()
			got, err := n.For("eu")
			if err != nil {
				t.Fatal(err)
			}
			want.Spec.Environments, want.Spec.Delivery, want.Spec.Namespace = nil, nil, "shop"
			c.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(model(), n); diff != "" {
				t.Errorf("the model itself was changed:\n%s", diff)
			}
		})
	}
	n := sound()
	n.Spec.Ingress.TLS, n.Spec.Ingress.Insecure = nil, true
	n.Spec.Environments = []spec.Environment{{Name: "production", Ingress: &spec.EnvironmentIngress{TLS: &spec.TLS{Issuer: "own"}}}}
	got, err := n.For("production")
	if err != nil || got.Spec.Ingress.Insecure {
		t.Errorf("an environment with certificates is insecure still: %v", err)
	}
	if _, err := n.For("prodction"); err == nil || err.Error() != `there is no environment "prodction"; did you mean production?` {
		t.Errorf("got %v", err)
	}
}

// TestPlatformFollows: what the file says to be in the application's own
// namespace is in that of the environment there, and nothing else moves.
func TestPlatformFollows(t *testing.T) {
	platform := func(n *spec.Network) map[string]string {
		out := map[string]string{"dns": n.Spec.DNS.Namespace, "mesh": n.Spec.Mesh.Namespace, "monitoring": n.Spec.Monitoring.Namespace, "ingress": "no controller"}
		if c := n.Spec.Ingress.Controller; c != nil {
			out["ingress"] = c.Namespace
		}
		return out
	}
	keys := map[string]func(n *spec.Network, namespace string){
		"dns":        func(n *spec.Network, namespace string) { n.Spec.DNS.Namespace = namespace },
		"mesh":       func(n *spec.Network, namespace string) { n.Spec.Mesh.Namespace = namespace },
		"monitoring": func(n *spec.Network, namespace string) { n.Spec.Monitoring.Namespace = namespace },
		"ingress": func(n *spec.Network, namespace string) {
			n.Spec.Ingress.Controller = &spec.Controller{Namespace: namespace, MetricsPort: "metrics"}
		},
	}
	for key, set := range keys {
		for given, there := range map[string]string{"shop": "test", "elsewhere": "elsewhere", "": ""} {
			model := func() *spec.Network {
				n := sound()
				n.Spec.Environments = []spec.Environment{{Name: "test", Namespace: "test"}}
				set(n, given)
				return n
			}
			n := model()
			want := platform(n)
			want[key] = there
			got, err := n.For("test")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, platform(got)); diff != "" {
				t.Errorf("%s in %q (-want +got):\n%s", key, given, diff)
			}
			if c := got.Spec.Ingress.Controller; c != nil && c.MetricsPort != "metrics" {
				t.Errorf("%s in %q: the rest of the controller is lost", key, given)
			}
			if diff := cmp.Diff(model(), n); diff != "" {
				t.Errorf("%s in %q: the model itself was changed:\n%s", key, given, diff)
			}
		}
	}
}

// TestValidateEnvironments spoils an environment of a sound model, or the model
// below it, and compares everything that is said.
func TestValidateEnvironments(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(n *spec.Network, eu *spec.Environment)
		want  []string
	}{
		{"nothing", func(*spec.Network, *spec.Environment) {}, nil},
		{"no name", func(_ *spec.Network, eu *spec.Environment) { eu.Name = "" }, []string{
			"environments[1].name: is empty",
		}},
		{"a name that leads elsewhere", func(_ *spec.Network, eu *spec.Environment) { eu.Name = "../eu" }, []string{
			`environments[1].name: "../eu" is not a DNS-1123 label (lower-case letters, digits and hyphens)`,
		}},
		{"a name that Windows cannot write", func(_ *spec.Network, eu *spec.Environment) { eu.Name = "aux" }, []string{
			`environments[1].name: "aux" is a device on Windows, where no folder can be called so; choose another`,
		}},
		{"a name twice", func(_ *spec.Network, eu *spec.Environment) { eu.Name = "us" }, []string{
			`environments[1].name: environment "us" is already described above; rename it, or merge the two`,
		}},
		{"an unknown service", func(_ *spec.Network, eu *spec.Environment) { eu.Services[0].Name = "wbe" }, []string{
			`environments[1].services[0].name: there is no service "wbe"; did you mean web? Otherwise declare it in services below spec first`,
		}},
		{"a service twice", func(_ *spec.Network, eu *spec.Environment) { eu.Services = append(eu.Services, eu.Services[0]) }, []string{
			`environments[1].services[1].name: service "web" is already described above in environments[1]; merge the two`,
		}},
		{"nothing about a service", func(_ *spec.Network, eu *spec.Environment) { eu.Services[0].Hosts = nil }, []string{
			"warning: environments[1].services[0]: nothing of web differs; remove it, or say what differs",
		}},
		{"the share of no canary", func(_ *spec.Network, eu *spec.Environment) {
			eu.Services[0].Canary = &spec.EnvironmentCanary{Weight: 5}
		}, []string{
			"environments[1].services[0].canary: web has no canary whose weight could differ; give web a canary below spec first, or remove this one",
		}},
		{"the share of no version", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Canary = &spec.Canary{Stable: "v1"}
			eu.Services[0].Canary = &spec.EnvironmentCanary{Weight: 5}
		}, []string{
			"environments[1].services[0].canary.weight: no version is named that could have a share; name the new version, or leave weight out",
		}},
		{"a bad host", func(_ *spec.Network, eu *spec.Environment) { eu.Services[0].Hosts = []string{"ok.example.eu", "a_b"} }, []string{
			`environments[1].services[0].hosts[1]: "a_b" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`,
		}},
		{"a host that another service has", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Hosts = []string{"api.example.com"}
			eu.Services[0].Hosts = []string{"api.example.com"}
		}, []string{
			"environments[1]: services[1].hosts[0] there: api.example.com/ is already served by web; serve another path or host",
		}},
		{"a host that another service has, of which something else differs", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Hosts = []string{"api.example.com"}
			eu.Services[0].Hosts = []string{"api.example.com"}
			eu.Services = append(eu.Services, spec.EnvironmentService{Name: "api", Replicas: 3})
		}, []string{
			"environments[1].services[1]: services[1].hosts[0] there: api.example.com/ is already served by web; serve another path or host",
		}},
		{"a bad namespace and domain", func(_ *spec.Network, eu *spec.Environment) {
			eu.Namespace, eu.Domain, eu.Application = "Eu", "-", "e.u"
		}, []string{
			"warning: environments[1]: example.eu is served in environment us already; give its services hosts of their own, unless the two are never reached by the same DNS",
			`environments[1].application: "e.u" is not a DNS-1123 label (lower-case letters, digits and hyphens)`,
			`environments[1].domain: "-" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`,
			`environments[1].namespace: "Eu" is not a DNS-1123 label (lower-case letters, digits and hyphens)`,
		}},
		{"two sources of certificates", func(_ *spec.Network, eu *spec.Environment) {
			eu.Ingress = &spec.EnvironmentIngress{TLS: &spec.TLS{Issuer: "a", SecretName: "b"}}
		}, []string{
			"environments[1].ingress.tls: 2 sources of certificates are named; set exactly one of clusterIssuer, issuer and secretName",
		}},
		{"no front door to differ from", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Ingress, n.Spec.Services[0].Hosts, eu.Services = nil, nil, nil
			n.Spec.Environments[0].Services = nil
			eu.Ingress = &spec.EnvironmentIngress{TLS: &spec.TLS{Issuer: "a"}}
		}, []string{
			"environments[1].ingress: there is no ingress for it to differ from; describe the front door in ingress below spec first",
		}},
		{"a type that does not fit", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services = append(n.Spec.Services, spec.Service{Name: "job"})
			eu.Services = append(eu.Services, spec.EnvironmentService{Name: "job", Type: spec.Headless})
		}, []string{
			"environments[1].services[1].type: job has no ports to serve; add ports, or remove the type",
		}},
		{"a promise of nothing", func(_ *spec.Network, eu *spec.Environment) { eu.Services[0].SLO = &spec.SLO{} }, []string{
			"environments[1].services[0].slo: promises nothing; add availability: 99.9, or latency",
		}},
		{"a promise of nothing in the place of one", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].SLO, eu.Services[0].SLO = &spec.SLO{Availability: 99}, &spec.SLO{}
		}, []string{
			"environments[1].services[0].slo: promises nothing; add availability: 99.9, or latency",
		}},
		{"pods too few for what the model says", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Replicas, n.Spec.Services[0].CircuitBreaker = 5, &spec.CircuitBreaker{MaxEjectionPercent: 20}
			eu.Services[0].Replicas = 2
		}, []string{
			"environments[1].services[0]: services[0].circuitBreaker.maxEjectionPercent there: 20 % of 2 pods is less than one, so no pod would ever be ejected; write at least 50, or raise replicas",
		}},
		{"a caller whose namespace it takes", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Callers = []spec.Caller{{Namespace: "test"}}
			eu.Namespace, eu.Application, eu.Services[0].Hosts = "test", "shop-eu", []string{"eu.example.com"}
		}, []string{
			"environments[1]: services[1].callers[0].namespace there: test is this application's own namespace; describe it below services, and let it call api",
		}},
		{"what is wrong in the model is said once", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Calls[0].Service = "apii"
			n.Spec.Services[0].Replicas, n.Spec.Services[0].CircuitBreaker = 4, &spec.CircuitBreaker{MaxEjectionPercent: 20}
			n.Spec.Services[1].Timeout = spec.Duration(time.Second)
			n.Spec.Mesh = spec.Mesh{}
			eu.Services[0].Replicas = 2
		}, []string{
			`services[0].calls[0]: there is no service "apii"; did you mean api? Otherwise declare it below services, or add its namespace`,
			"warning: services[0].circuitBreaker: nothing here breaks circuits without a mesh; set mesh.provider: istio",
			"services[0].circuitBreaker.maxEjectionPercent: 20 % of 4 pods is less than one, so no pod would ever be ejected; write at least 25, or raise replicas",
			"warning: services[1].timeout: nothing here carries a timeout without a mesh; set mesh.provider: istio",
		}},
		{"a wrong value of its own, beside the model's", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Hosts, eu.Services[0].Hosts = []string{"a_b"}, []string{"c_d"}
		}, []string{
			`environments[1].services[0].hosts[0]: "c_d" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`,
			`services[0].hosts[0]: "a_b" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`,
		}},
		{"a namespace of its own, and nothing else", func(_ *spec.Network, eu *spec.Environment) { eu.Namespace, eu.Services = "test", nil }, []string{
			"warning: environments[1]: example.com is served in namespace shop already; give its services hosts of their own, unless the two are never reached by the same DNS",
			"warning: environments[1].namespace: what stands outside it, such as the alerts in monitoring, is called shop there as well: in one cluster, the one would replace the other; add application: shop-eu, or application: shop where it has a cluster of its own",
		}},
		{"hosts that a domain of its own would change", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Hosts, n.Spec.Services[0].Paths = nil, []spec.Path{{Path: "/"}}
			eu.Namespace, eu.Application, eu.Services = "test", "test", nil
		}, []string{
			"warning: environments[1]: web.example.com is served in namespace shop already; give its services hosts of their own, or set domain, unless the two are never reached by the same DNS",
		}},
		{"hosts of which a domain of its own would change one", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Paths = []spec.Path{{Path: "/"}}
			eu.Namespace, eu.Application, eu.Services = "test", "test", nil
		}, []string{
			"warning: environments[1]: example.com and api.example.com are served in namespace shop already; give its services hosts of their own, unless the two are never reached by the same DNS",
		}},
		{"a domain that names a host", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Paths = []spec.Path{{Path: "/"}}
			eu.Domain = "test.example.com"
		}, nil},
		{"a domain, and hosts wherever something is exposed", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[1].Paths = []spec.Path{{Path: "/"}}
			eu.Domain, eu.Services = "test.example.com", append(eu.Services, spec.EnvironmentService{Name: "api", Hosts: []string{"api.example.eu"}})
		}, []string{
			"warning: environments[1].domain: has no effect: each exposed service names its hosts; give them hosts under the environment's services",
		}},
		{"a domain, and nothing exposed", func(n *spec.Network, eu *spec.Environment) {
			n.Spec.Services[0].Hosts, n.Spec.Ingress, n.Spec.Environments[0].Services = nil, nil, nil
			n.Spec.Environments[0].Namespace, n.Spec.Environments[0].Application = "us", "us"
			eu.Domain, eu.Services = "test.example.com", nil
		}, []string{
			"warning: environments[1].domain: has no effect: no service is exposed; remove it, or expose one: a service with paths and without hosts is called by it",
		}},
		{"two in one namespace, and so not in one cluster", func(n *spec.Network, eu *spec.Environment) {
			eu.Namespace, eu.Application, eu.Services[0].Hosts = "test", "test", []string{"test.example.com"}
			n.Spec.Environments = append(n.Spec.Environments, *eu)
			n.Spec.Environments[2].Name = "eu-2"
		}, nil},
		{"a cluster of its own, by its own word", func(_ *spec.Network, eu *spec.Environment) {
			eu.Namespace, eu.Application, eu.Services[0].Hosts = "test", "shop", []string{"test.example.com"}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sound()
			n.Spec.Environments = []spec.Environment{
				{Name: "us", Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"example.com", "example.eu"}}}},
				{Name: "eu", Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"example.eu"}}}},
			}
			c.spoil(n, &n.Spec.Environments[1])
			var got []string
			findings := spec.Validate(n)
			findings.Sort()
			for _, d := range findings {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestManySharedHosts names some of many hosts, and says how many there are.
func TestManySharedHosts(t *testing.T) {
	n := sound()
	for i := range 30 {
		n.Spec.Services = append(n.Spec.Services, spec.Service{Name: fmt.Sprintf("s%d", i), Ports: []spec.Port{{Port: 80}}, Hosts: []string{fmt.Sprintf("s%d.example.com", i)}})
	}
	n.Spec.Environments = []spec.Environment{{Name: "test", Namespace: "test", Application: "test"}}
	want := "warning: environments[0]: example.com, s0.example.com, s1.example.com, s2.example.com, s3.example.com, s4.example.com, s5.example.com and 24 more " +
		"are served in namespace shop already; give its services hosts of their own, unless the two are never reached by the same DNS"
	if diff := cmp.Diff(want, spec.Validate(n).Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
