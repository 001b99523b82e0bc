package spec

import (
	"fmt"
	"net/netip"
	"strings"
)

// Words of an expectation that are no services.
const (
	Anyone    = "*"          // every workload of the application
	TheDoor   = "front-door" // the proxies that bring traffic in
	Internet  = "internet"   // any address outside the cluster
	TheMetric = "prometheus" // the Prometheus that scrapes
)

// Expectation is a statement about connections that has to hold, as kgen.yaml
// says it: "allow web -> api:8080", "deny * -> db".
type Expectation struct {
	Allow bool
	From  Someone
	To    Someone
	// Port is the port of To, by its number (a service's own or its container's)
	// or its name; zero means all of its ports: allowed are then all, denied each.
	Port PortRef
	// Protocol is tcp, udp or sctp; tcp where it is not said.
	Protocol Protocol
}

// Someone is an end of an expectation: a service of the file, a workload in
// another namespace (shop/api, shop/*), an address, or one of the words above.
type Someone struct {
	Namespace string // "" for the file's own
	Name      string // Anyone for all of the namespace
	Address   netip.Addr
}

// Text gives the end as it is written.
func (s Someone) Text() string {
	switch {
	case s.Address.IsValid():
		return s.Address.String()
	case s.Namespace != "":
		return s.Namespace + "/" + s.Name
	}
	return s.Name
}

const expectationForm = `write it as in "allow web -> api:8080" or "deny * -> db"`

// ParseExpectation reads a statement: allow or deny, who, ->, whom, and
// perhaps a port with a protocol behind it (dns:53/udp).
func ParseExpectation(text string) (Expectation, error) {
	var e Expectation
	words := strings.Fields(text)
	if len(words) != 4 || words[2] != "->" {
		return e, fmt.Errorf("%q is no expectation: %s", text, expectationForm)
	}
	switch words[0] {
	case "allow":
		e.Allow = true
	case "deny":
	default:
		return e, fmt.Errorf("%q is neither allow nor deny: %s", words[0], expectationForm)
	}
	var err error
	if e.From, err = parseSomeone(words[1]); err != nil {
		return e, err
	}
	to := words[3]
	e.Protocol = TCP
	if at := strings.LastIndexByte(to, ':'); at >= 0 && !isAddress(to) {
		port := to[at+1:]
		to = to[:at]
		if number, protocol, ok := strings.Cut(port, "/"); ok {
			port, e.Protocol = number, Protocol(strings.ToLower(protocol))
		}
		if e.Protocol != TCP && e.Protocol != UDP && e.Protocol != SCTP {
			return e, fmt.Errorf("%q is none of tcp, udp and sctp", e.Protocol)
		}
		if err := e.Port.ParseText(port); err != nil {
			return e, err
		}
	}
	if to, err = unbracketed(to); err != nil {
		return e, err
	}
	if e.To, err = parseSomeone(to); err != nil {
		return e, err
	}
	if e.To.Name == TheDoor || e.To.Name == TheMetric {
		return e, fmt.Errorf("%s is only known as the one that calls: put it before ->", e.To.Name)
	}
	return e, nil
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// unbracketed takes the brackets off an IPv6 address that has a port behind it.
func unbracketed(s string) (string, error) {
	inner, open := strings.CutPrefix(s, "[")
	if !open {
		return s, nil
	}
	inner, closed := strings.CutSuffix(inner, "]")
	if !closed || !isAddress(inner) {
		return "", fmt.Errorf("%q is no address in brackets", s)
	}
	return inner, nil
}

func parseSomeone(text string) (Someone, error) {
	if at, err := netip.ParseAddr(text); err == nil {
		if at.Zone() != "" {
			return Someone{}, fmt.Errorf("%q has a zone, and no policy knows zones", text)
		}
		return Someone{Address: at}, nil
	}
	namespace, name, qualified := strings.Cut(text, "/")
	if !qualified {
		namespace, name = "", text
	} else if err := CheckName(namespace); err != nil {
		return Someone{}, fmt.Errorf("the namespace of %q: %w", text, err)
	}
	if name != Anyone {
		if err := CheckName(name); err != nil {
			return Someone{}, fmt.Errorf("%q names nobody: %w", text, err)
		}
	}
	return Someone{Namespace: namespace, Name: name}, nil
}

// Said reports whether the end is one of the words that are no service's name.
func (s Someone) said() bool {
	return s.Namespace == "" && (s.Name == Anyone || s.Name == TheDoor || s.Name == Internet || s.Name == TheMetric) || s.Address.IsValid()
}

// expectations checks that each can be read, and names what there is. A service
// that is called like one of the words is not meant by it.
func (v *validator) expectations() {
	seen := map[string]int{}
	for i, text := range v.raw.Spec.Expect {
		at := fmt.Sprintf("expect[%d]", i)
		e, err := ParseExpectation(text)
		if err != nil {
			v.errorf(at, "bad-value", "", "%s", err)
			continue
		}
		key := strings.Join(strings.Fields(text), " ")
		if first, twice := seen[key]; twice {
			v.errorf(at, "duplicate", "remove one", "is expect[%d] again", first)
			continue
		}
		seen[key] = i
		for _, end := range []Someone{e.From, e.To} {
			if end.said() || end.Namespace != "" {
				continue
			}
			s := v.services[end.Name]
			if s == nil {
				fix := "name a service of this file, namespace/name, *, " + TheDoor + ", " + TheMetric + " or " + Internet
				if near := v.nearest(end.Name); near != "" {
					fix = "did you mean " + near + "?"
				}
				v.errorf(at, "reference", fix, "there is no service %s", end.Name)
			}
		}
		if s := v.services[e.To.Name]; s != nil && !e.To.said() && e.To.Namespace == "" && !e.Port.IsZero() && e.Port.Name != "" && len(s.PortsFor(e.Port)) == 0 {
			v.errorf(at, "reference", "name one of its ports, or give a number", "%s has no port %s", s.Name, e.Port.Name)
		}
	}
}

// mentions reports whether the expectation names a service of the file.
func (e Expectation) mentions(service string) bool {
	named := func(s Someone) bool { return !s.said() && s.Namespace == "" && s.Name == service }
	return named(e.From) || named(e.To)
}

// renamed gives an expectation's text with a service's new name, byte for byte
// the same otherwise.
func renamed(text, old, name string) string {
	e, err := ParseExpectation(text)
	if err != nil || !e.mentions(old) {
		return text
	}
	left, right, _ := strings.Cut(text, "->")
	if e.From.Name == old && e.From.Namespace == "" && !e.From.said() {
		at := strings.LastIndex(left, old)
		left = left[:at] + name + left[at+len(old):]
	}
	if e.To.Name == old && e.To.Namespace == "" && !e.To.said() {
		right = strings.Replace(right, old, name, 1)
	}
	return left + "->" + right
}
