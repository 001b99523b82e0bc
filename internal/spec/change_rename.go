package spec

import (
	"fmt"
	"slices"
)

// RenameService gives a service another name, and every reference with it. The
// labels and the ServiceAccount that kgen derives from the name follow it,
// unless keepLabels writes the old ones down: pods that run carry them.
func RenameService(n *Network, old, name string, keepLabels bool) (*Change, error) {
	at, err := FindService(n, old)
	if err != nil {
		return nil, err
	}
	if err := CheckName(name); err != nil {
		return nil, wrong("", "bad-value", "", "the new name: %s", err)
	}
	if name == old {
		return nil, wrong("", "bad-value", "choose another name", "%s is its name already", old)
	}
	if taken, err := FindService(n, name); err == nil {
		return nil, wrong(fmt.Sprintf("services[%d].name", taken), "duplicate", "choose another name", "there is a service %s already", name)
	}
	c := changeOf(n)
	s := &c.Network.Spec.Services[at]
	s.Name = name
	var callers []string
	for i := range c.Network.Spec.Services {
		from := &c.Network.Spec.Services[i]
		refers := func(call Call) bool { return call.Service == old && n.own(call) }
		if !slices.ContainsFunc(from.Calls, refers) {
			continue
		}
		callers = append(callers, from.Name)
		from.Calls = slices.Clone(from.Calls)
		for j := range from.Calls {
			if refers(from.Calls[j]) {
				from.Calls[j].Service = name
			}
		}
	}
	var environments []string
	for i := range c.Network.Spec.Environments {
		e := &c.Network.Spec.Environments[i]
		e.Services = slices.Clone(e.Services)
		for j := range e.Services {
			if e.Services[j].Name == old {
				e.Services[j].Name = name
				environments = append(environments, e.Name)
			}
		}
	}
	c.Network.Spec.Expect = slices.Clone(n.Spec.Expect)
	for i, text := range c.Network.Spec.Expect {
		c.Network.Spec.Expect[i] = renamed(text, old, name)
	}
	if len(callers) > 0 {
		c.notef("the calls of %s follow", inWords(callers))
	}
	if len(environments) > 0 {
		c.notef("what %s of it follows", verb(environments, "says", "say"))
	}
	c.renameLabels(n, at, keepLabels)
	c.noteRenamedHosts(n, at)
	c.noteRenamedService(n, at)
	return c, nil
}

// renameLabels lets what is derived from the name follow it, or keeps it as it
// was. The service's own pods, where they call one another, are known by the
// same labels.
func (c *Change) renameLabels(n *Network, at int, keep bool) {
	was := n.WithDefaults().Spec.Services[at]
	s := &c.Network.Spec.Services[at]
	labels, account := s.PodLabels == nil, s.ServiceAccount == ""
	marks := func(name string) string {
		var out []string
		if labels {
			out = append(out, "the label app: "+name)
		}
		if account {
			out = append(out, "the ServiceAccount "+name)
		}
		return inWords(out)
	}
	switch {
	case !labels && !account:
		c.notef("its podLabels and its serviceAccount stay as they are written")
		return
	case keep:
		s.PodLabels, s.ServiceAccount = was.PodLabels, was.ServiceAccount
		c.notef("its pods keep %s", marks(was.Name))
		return
	}
	namespace := n.WithDefaults().Spec.Namespace
	s.Callers = slices.Clone(s.Callers)
	for i := range s.Callers {
		peer := &s.Callers[i]
		if !was.IsPeer(*peer, namespace) {
			continue
		}
		if labels {
			peer.PodLabels = map[string]string{"app": s.Name}
		}
		if account && peer.ServiceAccount == was.Name {
			peer.ServiceAccount = s.Name
		}
	}
	c.notef("its pods need %s from now on; a Deployment's selector cannot be changed, so that is a new Deployment, to be started before this is applied; --keep-labels keeps what runs",
		marks(s.Name))
}

// noteRenamedHosts tells which hosts follow the name, here and in environments.
func (c *Change) noteRenamedHosts(n *Network, at int) {
	raw := &n.Spec.Services[at]
	if len(raw.Paths) == 0 || len(raw.Hosts) > 0 {
		return
	}
	name := c.Network.Spec.Services[at].Name
	note := func(where, domain string) {
		if domain != "" {
			c.notef("%sit is served as %s.%s and no longer as %s.%s; hosts: [%[4]s.%[5]s] keeps that", where, name, domain, raw.Name, domain)
		}
	}
	note("", n.Spec.Domain)
	for i := range n.Spec.Environments {
		e := &n.Spec.Environments[i]
		hosts := slices.ContainsFunc(e.Services, func(s EnvironmentService) bool { return s.Name == raw.Name && len(s.Hosts) > 0 })
		if e.Domain != "" && !hosts {
			note("in "+e.Name+" ", e.Domain)
		}
	}
}

// noteRenamedService tells those who know the service by its name in the cluster.
func (c *Change) noteRenamedService(n *Network, at int) {
	full := n.WithDefaults().Spec
	old, name := full.Services[at].Name, c.Network.Spec.Services[at].Name
	if len(full.Services[at].Ports) > 0 {
		suffix := full.Namespace + ".svc." + full.ClusterDomain
		c.notef("whoever calls it has to call %s (%[1]s.%[3]s), because the Service %[2]s goes", name, old, suffix)
	}
	c.notef("its metrics and alerts are those of %s from now on: dashboards and silences that name %s have to follow", name, old)
}
