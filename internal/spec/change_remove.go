package spec

import (
	"slices"
	"strings"
)

// RemoveService takes a service out of the model, with the calls of the others
// to it and what environments say of it.
func RemoveService(n *Network, name string) (*Change, error) {
	at, err := FindService(n, name)
	if err != nil {
		return nil, err
	}
	if len(n.Spec.Services) == 1 {
		return nil, wrong("services", "last", "add another service first; to give the application up, delete the folder",
			"%s is the only service, and a network has at least one", name)
	}
	c := changeOf(n)
	s := &c.Network.Spec
	s.Services = slices.Delete(s.Services, at, at+1)
	var callers []string
	for i := range s.Services {
		from := &s.Services[i]
		calls := slices.DeleteFunc(slices.Clone(from.Calls), func(call Call) bool { return call.Service == name && n.own(call) })
		if len(calls) == len(from.Calls) {
			continue
		}
		callers = append(callers, from.Name)
		from.Calls = emptyIsNil(calls)
	}
	expect := slices.DeleteFunc(slices.Clone(s.Expect), func(text string) bool {
		e, err := ParseExpectation(text)
		return err == nil && e.mentions(name)
	})
	if gone := len(s.Expect) - len(expect); gone > 0 {
		s.Expect = emptyIsNil(expect)
		c.notef("what is expected of it goes from expect: %d of %d", gone, gone+len(expect))
	}
	if len(callers) > 0 {
		c.notef("%s %s", verb(callers, "no longer calls", "no longer call"), name)
	}
	before, after := n.WithDefaults(), c.Network.WithDefaults()
	c.noteUncalled(&before.Spec.Services[at], after)
	c.noteHosts(&before.Spec.Services[at], before, after)
	c.dropEntries(name)
	c.notef("what a cluster has of %s stays there until it is pruned or deleted; its Deployment and its ServiceAccount are not kgen's", name)
	return c, nil
}

// emptyIsNil gives an empty list as the file would say it: not at all.
func emptyIsNil[E any](list []E) []E {
	if len(list) == 0 {
		return nil
	}
	return list
}

// noteUncalled tells which callees of a removed service nothing reaches any more.
func (c *Change) noteUncalled(removed *Service, after *Network) {
	lost := map[string]bool{}
	for _, call := range removed.Calls {
		lost[call.Service] = lost[call.Service] || call.Namespace == ""
	}
	for i := range after.Spec.Services {
		for _, call := range after.Spec.Services[i].Calls {
			if call.Namespace == "" {
				delete(lost, call.Service)
			}
		}
	}
	var names []string
	for i := range after.Spec.Services {
		s := &after.Spec.Services[i]
		outside := func(from Caller) bool { return !s.IsPeer(from, after.Spec.Namespace) }
		if lost[s.Name] && !s.Exposed() && s.Type != LoadBalancer && !slices.ContainsFunc(s.Callers, outside) {
			names = append(names, s.Name)
		}
	}
	if len(names) > 0 {
		c.notef("nothing calls %s any more", inWords(names))
	}
}

// noteHosts tells where the requests for the hosts and paths of a removed
// service go, and who has the certificates of the hosts that it shared.
func (c *Change) noteHosts(removed *Service, before, after *Network) {
	if !removed.Exposed() || before.Spec.Ingress == nil {
		return
	}
	firstOf := func(n *Network, host string) *Service {
		for i := range n.Spec.Services {
			if s := &n.Spec.Services[i]; slices.Contains(s.Hosts, host) {
				return s
			}
		}
		return nil
	}
	for _, host := range removed.Hosts {
		heir := firstOf(after, host)
		if heir == nil {
			c.notef("%s is no longer served", host)
			continue
		}
		for _, p := range removed.Paths {
			if to, prefix := serving(after, host, p.Path); to != nil {
				c.notef("%s%s goes to %s, which serves %s%s", host, p.Path, to.Name, host, prefix)
			} else {
				c.notef("%s%s is no longer served", host, p.Path)
			}
		}
		if firstOf(before, host).Name == removed.Name && before.Spec.Ingress.TLS != nil {
			c.notef("the certificate and the redirect of %s move to %s", host, heir.Name)
		}
	}
	exposed := func(s Service) bool { return s.Exposed() }
	if before.Spec.Ingress.API == GatewayAPI && !slices.ContainsFunc(after.Spec.Services, exposed) {
		c.notef("no service is exposed any more: the Gateway goes, and with it the address that DNS names lead to")
	}
}

// serving is the service whose prefix takes a path, the longest if there are
// several, as both ingress APIs choose.
func serving(n *Network, host, path string) (service *Service, prefix string) {
	for i := range n.Spec.Services {
		s := &n.Spec.Services[i]
		if !slices.Contains(s.Hosts, host) {
			continue
		}
		for _, p := range s.Paths {
			if whole := strings.TrimSuffix(p.Path, "/") + "/"; strings.HasPrefix(path+"/", whole) && len(p.Path) > len(prefix) {
				service, prefix = s, p.Path
			}
		}
	}
	return service, prefix
}

// dropEntries removes what environments say of a service.
func (c *Change) dropEntries(name string) {
	var losers []string
	for i := range c.Network.Spec.Environments {
		e := &c.Network.Spec.Environments[i]
		entries := slices.DeleteFunc(slices.Clone(e.Services), func(s EnvironmentService) bool { return s.Name == name })
		if len(entries) == len(e.Services) {
			continue
		}
		losers = append(losers, e.Name)
		e.Services = emptyIsNil(entries)
	}
	if len(losers) > 0 {
		c.notef("what %s of %s goes", verb(losers, "says", "say"), name)
	}
}
