package spec

import "slices"

// For returns the model of one environment as if it stood in a file of its own:
// this one with that environment's differences laid over it, and without what is
// said of environments and of their delivery. The receiver is not changed. The two share what is the same in
// both, so neither may be written to afterwards.
func (n *Network) For(environment string) (*Network, error) {
	names := make([]string, len(n.Spec.Environments))
	for i, e := range n.Spec.Environments {
		if e.Name == environment {
			return n.in(&n.Spec.Environments[i]), nil
		}
		names[i] = e.Name
	}
	return nil, undeclared("environment", environment, names)
}

// in lays an environment's differences over the model. What names no service of
// the model changes nothing.
func (n *Network) in(e *Environment) *Network {
	out := *n
	s := &out.Spec
	s.Environments, s.Delivery, s.CI = nil, nil, ""
	// The namespace's default is the name in the file, whatever it is called there.
	def(&s.Namespace, n.Metadata.Name)
	if e.Namespace != "" && e.Namespace != s.Namespace {
		s.move(e.Namespace)
	}
	if e.Application != "" {
		out.Metadata.Name = e.Application
	}
	if e.Domain != "" {
		s.Domain = e.Domain
	}
	if e.Ingress != nil && e.Ingress.TLS != nil && s.Ingress != nil {
		in := *s.Ingress
		in.TLS, in.Insecure = e.Ingress.TLS, false
		s.Ingress = &in
	}
	if len(e.Services) > 0 {
		s.Services = slices.Clone(s.Services)
		index := indexByName(s.Services)
		for i := range e.Services {
			if at, ok := index[e.Services[i].Name]; ok {
				e.Services[i].layOver(&s.Services[at])
			}
		}
	}
	return &out
}

// move takes the model to another namespace, and with it what the file says to be
// in the namespace that it leaves: the application's own Prometheus, the proxies
// of its front door, a callee or a caller. A default is no such word: what the
// file leaves out is where it is everywhere. What s shares with others is copied
// before it is written to.
func (s *Spec) move(to string) {
	from := s.Namespace
	s.Namespace = to
	for _, platform := range []*string{&s.DNS.Namespace, &s.Mesh.Namespace, &s.Monitoring.Namespace} {
		if *platform == from {
			*platform = to
		}
	}
	if in := s.Ingress; in != nil && in.Controller != nil && in.Controller.Namespace == from {
		door, controller := *in, *in.Controller
		controller.Namespace = to
		door.Controller, s.Ingress = &controller, &door
	}
	s.Services = moved(s.Services, from, to)
}

// moved are services in another namespace: what they say of their own one, as
// that of a callee or a caller, follows.
func moved(services []Service, from, to string) []Service {
	out := slices.Clone(services)
	for i := range out {
		s := &out[i]
		if slices.ContainsFunc(s.Calls, func(c Call) bool { return c.Namespace == from }) {
			s.Calls = slices.Clone(s.Calls)
		}
		for j := range s.Calls {
			if s.Calls[j].Namespace == from {
				s.Calls[j].Namespace = to
			}
		}
		if slices.ContainsFunc(s.Callers, func(c Caller) bool { return c.Namespace == from }) {
			s.Callers = slices.Clone(s.Callers)
		}
		for j := range s.Callers {
			if s.Callers[j].Namespace == from {
				s.Callers[j].Namespace = to
			}
		}
	}
	return out
}

// indexByName finds services by name: the first of each, where names are not unique.
func indexByName(services []Service) map[string]int {
	index := make(map[string]int, len(services))
	for i := range services {
		if _, taken := index[services[i].Name]; !taken {
			index[services[i].Name] = i
		}
	}
	return index
}

func (e *EnvironmentService) layOver(s *Service) {
	if e.Hosts != nil {
		s.Hosts = e.Hosts
	}
	if e.Replicas != 0 {
		s.Replicas = e.Replicas
	}
	if e.Type != "" {
		s.Type = e.Type
		if s.Type != LoadBalancer {
			s.LoadBalancer = nil // its options have nothing to say there
		}
	}
	if e.Canary != nil && s.Canary != nil {
		c := *s.Canary
		c.Weight = e.Canary.Weight
		s.Canary = &c
	}
	if e.SLO != nil {
		s.SLO = e.SLO.over(s.SLO)
	}
}

// over lays an environment's promises over the service's, each for itself: who
// promises another latency there has said nothing of the availability.
func (o *SLO) over(base *SLO) *SLO {
	if base == nil {
		return o
	}
	out := *base
	if o.Availability != 0 {
		out.Availability = o.Availability
	}
	if o.Latency != nil {
		out.Latency = o.Latency
	}
	return &out
}
