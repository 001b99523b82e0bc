package prompt

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// describe asks for everything about n's service i that is not set in svc yet,
// except who calls whom. Every answer is tried in the model first, so what
// contradicts an earlier answer is refused at its own question, and a question
// to which no answer could be right is not asked.
func (s *session) describe(n *spec.Network, i int, svc *spec.Service, at place) error {
	with := trials(n, i, svc)
	for _, step := range []func(*spec.Service, place, verdict) error{
		s.ports,
		func(svc *spec.Service, at place, with verdict) error { return s.hosts(n, svc, at, with) },
		s.metrics, s.canary,
	} {
		if err := step(svc, at, with); err != nil {
			return err
		}
	}
	return nil
}

// verdict says why a service would be wrong after a change.
type verdict func(change func(*spec.Service)) error

// trials gives the model's verdict on n's service i, taken to be what svc
// points to by then.
func trials(n *spec.Network, i int, svc *spec.Service) verdict {
	return func(change func(*spec.Service)) error {
		trial := *svc
		change(&trial)
		m := *n
		m.Spec.Services = slices.Clone(n.Spec.Services)
		m.Spec.Services[i] = settled(trial)
		return faults(&m, fmt.Sprintf("services[%d]", i))
	}
}

func (s *session) ports(svc *spec.Service, at place, with verdict) error {
	if svc.Ports != nil {
		return nil
	}
	q := Text{
		Message: "Ports of " + svc.Name, Optional: true, Suggest: "8080",
		Help: spec.PortForm + ", several parted by commas, such as 80:8080 or http=8080,grpc=9000/grpc. " +
			"Protocols are http, http2, grpc, https, tls, tcp, udp and sctp. Answer none for a service that only calls others.",
	}
	ports, given, err := answered(s, place{at.key + ".ports", at.flag + "port=" + spec.PortForm}, q, func(answer string) ([]spec.Port, error) {
		ports, err := parseList(answer, spec.ParsePortFlag)
		if err == nil {
			err = with(func(t *spec.Service) { t.Ports = ports })
		}
		return ports, err
	})
	if err != nil {
		return err
	}
	if svc.Ports = ports; !given {
		s.warnings.Warnf(at.key+".ports", "no-ports", fmt.Sprintf("say %sport=%s if it only calls others", at.flag, spec.NoPorts),
			"%s serves no port: nothing can call it", svc.Name)
	}
	return nil
}

// parseList reads words parted by commas.
func parseList[T any](answer string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	for word := range strings.SplitSeq(answer, ",") {
		item, err := parse(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

func (s *session) hosts(n *spec.Network, svc *spec.Service, at place, with verdict) error {
	if svc.Exposed() || svc.Hosts != nil || n.Spec.Ingress == nil || s.nobody() {
		return nil
	}
	if with(func(t *spec.Service) { t.Hosts = []string{"any.example"} }) != nil {
		return nil
	}
	public, err := s.ask.Confirm(s.ctx, YesNo{
		Message: fmt.Sprintf("Is %s public?", svc.Name),
		Help:    "A public service is served by the front door under its hosts. Say no for everything that only other services call.",
	})
	if err != nil || !public {
		return err
	}
	q := Text{Message: "Hosts of " + svc.Name, Help: "Host names, several parted by commas."}
	if n.Spec.Domain != "" {
		q.Default = svc.Name + "." + n.Spec.Domain
	}
	svc.Hosts, err = text(s, place{at.key + ".hosts", at.flag + "host=HOST"}, q, func(answer string) ([]string, error) {
		hosts, err := parseList(answer, checked(spec.CheckHost))
		if err == nil {
			err = with(func(t *spec.Service) { t.Hosts = hosts })
		}
		return hosts, err
	})
	return err
}

func (s *session) metrics(svc *spec.Service, at place, with verdict) error {
	if svc.Metrics != nil {
		return nil
	}
	q := Text{
		Message: "Metrics of " + svc.Name, Optional: true,
		Help: "Where it serves Prometheus metrics: " + spec.MetricsForm + ", such as 9090 or 9090/stats. Leave it empty if nowhere.",
	}
	m, err := text(s, place{at.key + ".metrics", at.flag + "metrics=" + spec.MetricsForm}, q, func(answer string) (*spec.Metrics, error) {
		m, err := spec.ParseMetricsFlag(answer)
		if err == nil {
			err = with(func(t *spec.Service) { t.Metrics = &m })
		}
		return &m, err
	})
	svc.Metrics = m
	return err
}

func (s *session) canary(svc *spec.Service, at place, with verdict) error {
	if svc.Canary != nil || s.nobody() || with(func(t *spec.Service) { t.Canary = &spec.Canary{Stable: "v1", Version: "v2"} }) != nil {
		return nil
	}
	c, err := text(s, place{at.key + ".canary", at.flag + "canary=" + spec.CanaryForm}, Text{
		Message: "Canary of " + svc.Name, Optional: true,
		Help: "A new version and its share of the traffic in percent: " + spec.CanaryForm + ", such as v2=10. Leave it empty if there is one version.",
	}, func(answer string) (*spec.Canary, error) {
		c, err := spec.ParseCanaryFlag(answer)
		if err == nil {
			// Which version is stable is asked next; here it is any other one.
			stable := stableVersion
			if c.Version == stable {
				stable = "v0"
			}
			err = with(func(t *spec.Service) { t.Canary = &spec.Canary{Stable: stable, Version: c.Version} })
		}
		return &c, err
	})
	if err != nil || c == nil {
		return err
	}
	q := Text{Message: "Stable version of " + svc.Name, Help: "The version label of the pods that take the rest of the traffic."}
	if c.Version != stableVersion {
		q.Default = stableVersion
	}
	stable, err := text(s, place{at.key + ".canary.stable", at.flag + "stable=VERSION"}, q, func(answer string) (string, error) {
		return answer, with(func(t *spec.Service) { t.Canary = &spec.Canary{Stable: answer, Version: c.Version} })
	})
	if stable != stableVersion {
		c.Stable = stable
	}
	svc.Canary = c
	return err
}

// stableVersion is the model's default for canary.stable.
const stableVersion = "v1"

// calls asks whom a service calls, among the others that have ports.
func (s *session) calls(svc *spec.Service, all []spec.Service) error {
	if svc.Calls != nil || s.nobody() {
		return nil
	}
	options := callees(svc.Name, all)
	if len(options) == 0 {
		return nil
	}
	words, err := s.ask.Choose(s.ctx, Choice{
		Message: fmt.Sprintf("What does %s call?", svc.Name), Many: true, Options: options,
		Help: "Only the calls named here are let through. A name alone is every port of that service, NAME:PORT is one of them.",
	})
	for _, word := range words {
		call, err := spec.ParseCallFlag(word)
		if err != nil {
			return err
		}
		if call.Port.IsZero() || !slices.Contains(words, call.Service) {
			svc.Calls = append(svc.Calls, call)
		}
	}
	return err
}

// callees are what a service may call: the others that have ports, whole, and
// port by port where there are several. They are written as spec.CallForm.
func callees(name string, all []spec.Service) []Option {
	// The model knows what a port is called that has no name.
	full := (&spec.Network{Spec: spec.Spec{Services: all}}).WithDefaults().Spec.Services
	var options []Option
	for i, other := range all {
		if other.Name == name || len(other.Ports) == 0 {
			continue
		}
		words := make([]string, len(other.Ports))
		for j, p := range other.Ports {
			words[j] = spec.FormatPortFlag(p)
		}
		options = append(options, Option{other.Name, strings.Join(words, ", ")})
		if len(words) == 1 {
			continue
		}
		for j, p := range full[i].Ports {
			call := spec.Call{Service: other.Name, Port: spec.PortRef{Name: p.Name}}
			options = append(options, Option{spec.FormatCallFlag(call), words[j]})
		}
	}
	return options
}

// egress asks what a service calls outside the cluster.
func (s *session) egress(svc *spec.Service, at place, with verdict) error {
	if svc.Egress != nil {
		return nil
	}
	q := Text{
		Message: fmt.Sprintf("Calls of %s outside the cluster", svc.Name), Optional: true,
		Help: spec.EgressForm + ", several parted by commas, such as api.stripe.com:443 or 10.20.0.0/16:5432. Leave it empty if there are none.",
	}
	var err error
	svc.Egress, err = text(s, place{at.key + ".egress", at.flag + "egress=" + spec.EgressForm}, q, func(answer string) ([]spec.Egress, error) {
		list, err := parseList(answer, spec.ParseEgressFlag)
		if err == nil {
			err = with(func(t *spec.Service) { t.Egress = list })
		}
		return list, err
	})
	return err
}
