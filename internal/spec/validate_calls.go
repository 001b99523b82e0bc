package spec

import (
	"fmt"
	"net/netip"
)

func (v *validator) calls(path string, s *Service) {
	seen := map[string]bool{}
	for i, c := range s.Calls {
		at := fmt.Sprintf("%s.calls[%d]", path, i)
		if key := c.Namespace + "/" + c.Service + ":" + c.Port.Text(); seen[key] {
			v.errorf(at, "duplicate", "remove one", "%s is listed twice", c.Service)
		} else {
			seen[key] = true
		}
		v.check(at+".service", "", CheckName(c.Service))
		v.labels(at+".podLabels", c.PodLabels)
		if c.Namespace != "" {
			v.check(at+".namespace", "", CheckName(c.Namespace))
			if c.Port.IsZero() || c.Port.Name != "" {
				v.errorf(at+".port", "missing", "write the number of the container's port", "nothing is known of %s in %s, so its port is needed by number", c.Service, c.Namespace)
			}
			continue
		}
		callee, ok := v.services[c.Service]
		switch {
		case c.Service == s.Name:
			v.errorf(at, "self", fmt.Sprintf("remove it; where its pods call one another, say callers: [{namespace: %s, podLabels: {…}}] with its own labels", v.n.Spec.Namespace), "%s calls itself", s.Name)
		case !ok:
			fix := "declare it below services, or add its namespace"
			if near := v.nearest(c.Service); near != "" {
				fix = fmt.Sprintf("did you mean %s? Otherwise %s", near, fix)
			}
			v.errorf(at, "undeclared", fix, "there is no service %q", c.Service)
		case len(callee.Ports) == 0:
			v.errorf(at, "undeclared", "give it ports", "%s has no ports to call", c.Service)
		case len(callee.PortsFor(c.Port)) == 0:
			v.errorf(at+".port", "undeclared", portsFix(callee), "%s has no port %s", c.Service, c.Port.Text())
		case c.PodLabels != nil:
			v.errorf(at+".podLabels", "contradiction", "remove them", "%s is described in this file, with its labels", c.Service)
		}
	}
	for i, c := range s.Callers {
		at := fmt.Sprintf("%s.callers[%d]", path, i)
		if c.Namespace != "" {
			v.check(at+".namespace", "", CheckName(c.Namespace))
		}
		v.labels(at+".podLabels", c.PodLabels)
		v.optional(at+".serviceAccount", c.ServiceAccount, "", CheckSubdomain)
		if c.Namespace == v.n.Spec.Namespace && !s.IsPeer(c, c.Namespace) {
			v.errorf(at+".namespace", "contradiction", "describe it below services, and let it call "+s.Name, "%s is this application's own namespace", c.Namespace)
		}
		if len(s.Ports) == 0 {
			v.errorf(at, "undeclared", "give it ports", "%s has no ports to call", s.Name)
		} else if len(s.PortsFor(c.Port)) == 0 {
			v.errorf(at+".port", "undeclared", portsFix(s), "%s has no port %s", s.Name, c.Port.Text())
		}
	}
}

// metadataAddress is where every large cloud serves its machines' metadata.
var metadataAddress = netip.MustParseAddr("169.254.169.254")

func (v *validator) egress(path string, s *Service) {
	for i, e := range s.Egress {
		at := fmt.Sprintf("%s.egress[%d]", path, i)
		enum(v, at+".protocol", e.Protocol, TCP, UDP)
		switch {
		case (e.Host == "") == (e.CIDR == ""):
			v.errorf(at, "contradiction", "set exactly one of the two", "a destination is either a host or a cidr")
		case e.Host != "":
			v.check(at+".host", "", CheckHost(e.Host))
			if len(e.Except) > 0 {
				v.errorf(at+".except", "contradiction", "remove it, or name a cidr", "only a cidr has exceptions")
			}
		default:
			p, err := ParseCIDR(e.CIDR)
			v.check(at+".cidr", "", err)
			if err == nil && p.Bits() >= 32 && p.Contains(metadataAddress) {
				v.errorf(at+".cidr", "contradiction", "remove it", "%s hands out the cloud's credentials to whoever reaches it, and is never opened", e.CIDR)
			}
			v.cidrs(at+".except", e.Except)
			for j, x := range e.Except {
				if xp, xerr := ParseCIDR(x); err == nil && xerr == nil && (!p.Overlaps(xp) || xp.Bits() <= p.Bits()) {
					v.errorf(fmt.Sprintf("%s.except[%d]", at, j), "contradiction", "name a range inside it, or remove the exception", "%s is not inside %s", x, e.CIDR)
				}
			}
		}
		if len(e.Ports) == 0 {
			v.errorf(at, "missing", "add port: 443", "no port is named")
		}
		ports := map[PortNumber]bool{}
		for _, p := range e.Ports {
			if ports[p] {
				v.errorf(at, "duplicate", "remove one", "port %d is listed twice", p)
			}
			ports[p] = true
		}
	}
}
