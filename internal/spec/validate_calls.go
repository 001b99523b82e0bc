package spec

import (
	"fmt"
	"net/netip"
)

func (v *validator) calls(path *where, s *Service) {
	type callee struct {
		namespace, service string
		port               PortRef
	}
	seen := map[callee]bool{}
	for i, c := range s.Calls {
		at := path.in("calls", i)
		if key := (callee{c.Namespace, c.Service, c.Port}); seen[key] {
			v.errorf(at.text(), "duplicate", "remove one", "%s is listed twice", c.Service)
		} else {
			seen[key] = true
		}
		v.check(at.below("service"), "", CheckName(c.Service))
		v.labels(at.below("podLabels"), c.PodLabels)
		if c.Namespace != "" {
			v.check(at.below("namespace"), "", CheckName(c.Namespace))
			if c.Port.IsZero() || c.Port.Name != "" {
				v.errorf(at.to("port"), "missing", "write the number of the container's port", "nothing is known of %s in %s, so its port is needed by number", c.Service, c.Namespace)
			}
			continue
		}
		callee, ok := v.services[c.Service]
		switch {
		case c.Service == s.Name:
			v.errorf(at.text(), "self", fmt.Sprintf("remove it; where its pods call one another, say callers: [{namespace: %s, podLabels: {…}}] with its own labels", v.n.Spec.Namespace), "%s calls itself", s.Name)
		case !ok:
			fix := "declare it below services, or add its namespace"
			if near := v.nearest(c.Service); near != "" {
				fix = fmt.Sprintf("did you mean %s? Otherwise %s", near, fix)
			}
			v.errorf(at.text(), "undeclared", fix, "there is no service %q", c.Service)
		case len(callee.Ports) == 0:
			v.errorf(at.text(), "undeclared", "give it ports", "%s has no ports to call", c.Service)
		case len(callee.PortsFor(c.Port)) == 0:
			v.errorf(at.to("port"), "undeclared", portsFix(callee), "%s has no port %s", c.Service, c.Port.Text())
		case c.PodLabels != nil:
			v.errorf(at.to("podLabels"), "contradiction", "remove them", "%s is described in this file, with its labels", c.Service)
		}
	}
	for i, c := range s.Callers {
		at := path.in("callers", i)
		if c.Namespace != "" {
			v.check(at.below("namespace"), "", CheckName(c.Namespace))
		}
		v.labels(at.below("podLabels"), c.PodLabels)
		v.optional(at.below("serviceAccount"), c.ServiceAccount, "", CheckSubdomain)
		if c.Namespace == v.n.Spec.Namespace && !s.IsPeer(c, c.Namespace) {
			v.errorf(at.to("namespace"), "contradiction", "describe it below services, and let it call "+s.Name, "%s is this application's own namespace", c.Namespace)
		}
		if len(s.Ports) == 0 {
			v.errorf(at.text(), "undeclared", "give it ports", "%s has no ports to call", s.Name)
		} else if len(s.PortsFor(c.Port)) == 0 {
			v.errorf(at.to("port"), "undeclared", portsFix(s), "%s has no port %s", s.Name, c.Port.Text())
		}
	}
}

// metadataAddress is where every large cloud serves its machines' metadata.
var metadataAddress = netip.MustParseAddr("169.254.169.254")

func (v *validator) egress(path *where, s *Service) {
	for i, e := range s.Egress {
		at := path.in("egress", i)
		enum(v, at.below("protocol"), e.Protocol, TCP, UDP)
		switch {
		case (e.Host == "") == (e.CIDR == ""):
			v.errorf(at.text(), "contradiction", "set exactly one of the two", "a destination is either a host or a cidr")
		case e.Host != "":
			v.check(at.below("host"), "", CheckHost(e.Host))
			if len(e.Except) > 0 {
				v.errorf(at.to("except"), "contradiction", "remove it, or name a cidr", "only a cidr has exceptions")
			}
		default:
			p, err := ParseCIDR(e.CIDR)
			v.check(at.below("cidr"), "", err)
			if err == nil && p.Bits() >= 32 && p.Contains(metadataAddress) {
				v.errorf(at.to("cidr"), "contradiction", "remove it", "%s hands out the cloud's credentials to whoever reaches it, and is never opened", e.CIDR)
			}
			v.cidrs(at.below("except"), e.Except)
			for j, x := range e.Except {
				if xp, xerr := ParseCIDR(x); err == nil && xerr == nil && (!p.Overlaps(xp) || xp.Bits() <= p.Bits()) {
					v.errorf(fmt.Sprintf("%s.except[%d]", at.text(), j), "contradiction", "name a range inside it, or remove the exception", "%s is not inside %s", x, e.CIDR)
				}
			}
		}
		if len(e.Ports) == 0 {
			v.errorf(at.text(), "missing", "add port: 443", "no port is named")
		}
		ports := map[PortNumber]bool{}
		for _, p := range e.Ports {
			if ports[p] {
				v.errorf(at.text(), "duplicate", "remove one", "port %d is listed twice", p)
			}
			ports[p] = true
		}
	}
}
