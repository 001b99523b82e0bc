package spec

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// The forms in which prompts and flags say in one word what kgen.yaml says in
// a mapping. Each has a parser that leaves unset what the word does not say,
// and a Format function that gives the word back: Parse(Format(x)) is x for
// every x that the parser can return. What a form has no room for (the
// namespace of a call, an exception from a range) is written in kgen.yaml.
const (
	PortForm    = "[NAME=]PORT[:TARGET][/PROTOCOL]"
	CallForm    = "SVC[:PORT]"
	CanaryForm  = "VERSION=WEIGHT"
	MetricsForm = "PORT[/PATH]"
	EgressForm  = "HOST:PORT[/udp] or CIDR:PORT[/udp]"
	PathForm    = "PATH[=[PORT][:REWRITE]]"
)

// malformed says which part of a word is wrong, why, and what the form is.
func malformed(part string, err error, form string) error {
	return fmt.Errorf("the %s %w; write %s", part, err, form)
}

// oneOf reads one of a few words.
func oneOf[T ~string](s string, all ...T) (T, error) {
	names := make([]string, len(all))
	for i, one := range all {
		if string(one) == s {
			return one, nil
		}
		names[i] = string(one)
	}
	if near := diag.Nearest(s, names); near != "" {
		return "", fmt.Errorf("%q is not known, did you mean %s? It is one of %s", s, near, strings.Join(names, ", "))
	}
	return "", fmt.Errorf("%q is not one of %s", s, strings.Join(names, ", "))
}

// ParsePortFlag reads PortForm: 8080, 80:8080, grpc=9000/grpc, db=5432:pg/tcp.
// TARGET is a container port by number or by name.
func ParsePortFlag(s string) (Port, error) {
	var p Port
	rest, named := s, false
	if name, after, found := strings.Cut(s, "="); found {
		if err := CheckPortName(name); err != nil {
			return Port{}, malformed("port's name", err, PortForm)
		}
		p.Name, rest, named = name, after, true
	}
	var err error
	if before, protocol, found := strings.Cut(rest, "/"); found {
		if p.Protocol, err = oneOf(protocol, HTTP, HTTP2, GRPC, HTTPS, TLSP, TCP, UDP, SCTP); err != nil {
			return Port{}, malformed("protocol", err, PortForm)
		}
		rest = before
	}
	if before, target, found := strings.Cut(rest, ":"); found {
		if p.TargetPort, err = ParsePortRef(target); err != nil {
			return Port{}, malformed("target port", err, PortForm)
		}
		rest = before
	}
	if p.Port, err = ParsePort(rest); err != nil {
		// "http:80" is the likeliest slip: the name belongs before an equals sign.
		if !named && CheckPortName(rest) == nil {
			err = fmt.Errorf("%w (a name goes in front, as in %s=8080)", err, rest)
		}
		return Port{}, malformed("port", err, PortForm)
	}
	return p, nil
}

// NoPorts is the word in the place of PortForm for a service that serves none.
// It makes a list that is empty and not nil: somebody has said so.
const NoPorts = "none"

// AppendPortFlag reads PortForm or NoPorts into a service's list of ports.
func AppendPortFlag(ports []Port, word string) ([]Port, error) {
	if word == NoPorts {
		if len(ports) > 0 {
			return ports, fmt.Errorf("%s says that there is no port, and %s is one", NoPorts, FormatPortFlag(ports[0]))
		}
		return []Port{}, nil
	}
	if ports != nil && len(ports) == 0 {
		return ports, fmt.Errorf("%s said that there is no port", NoPorts)
	}
	p, err := ParsePortFlag(word)
	if err != nil {
		return ports, err
	}
	return append(ports, p), nil
}

// FormatPortFlag gives a port in PortForm.
func FormatPortFlag(p Port) string {
	var b strings.Builder
	if p.Name != "" {
		b.WriteString(p.Name + "=")
	}
	b.WriteString(strconv.Itoa(int(p.Port)))
	if !p.TargetPort.IsZero() {
		b.WriteString(":" + p.TargetPort.Text())
	}
	if p.Protocol != "" {
		b.WriteString("/" + string(p.Protocol))
	}
	return b.String()
}

// ParseCallFlag reads CallForm: cart, cart:grpc, cart:7070.
func ParseCallFlag(s string) (Call, error) {
	service, port, found := strings.Cut(s, ":")
	if err := CheckName(service); err != nil {
		if strings.Contains(service, ".") {
			err = fmt.Errorf("%w (a callee in another namespace is described in kgen.yaml, with service, namespace and port)", err)
		}
		return Call{}, malformed("callee", err, CallForm)
	}
	call := Call{Service: service}
	if found {
		var err error
		if call.Port, err = ParsePortRef(port); err != nil {
			return Call{}, malformed("callee's port", err, CallForm)
		}
	}
	return call, nil
}

// FormatCallFlag gives a call within the file in CallForm.
func FormatCallFlag(c Call) string {
	if c.Port.IsZero() {
		return c.Service
	}
	return c.Service + ":" + c.Port.Text()
}

// ParseCanaryFlag reads CanaryForm: v2=10.
func ParseCanaryFlag(s string) (Canary, error) {
	version, weight, found := strings.Cut(s, "=")
	if !found {
		return Canary{}, fmt.Errorf("%q has no weight; write %s, such as v2=10", s, CanaryForm)
	}
	if err := CheckVersion(version); err != nil {
		return Canary{}, malformed("version", err, CanaryForm)
	}
	percent, err := ParsePercent(weight)
	if err != nil {
		return Canary{}, malformed("weight", err, CanaryForm)
	}
	return Canary{Version: version, Weight: percent}, nil
}

// FormatCanaryFlag gives a canary in CanaryForm, which leaves out stable.
func FormatCanaryFlag(c Canary) string {
	return c.Version + "=" + strconv.Itoa(int(c.Weight))
}

// ParseMetricsFlag reads MetricsForm: 9090, 9090/stats/prometheus.
func ParseMetricsFlag(s string) (Metrics, error) {
	number, path := s, ""
	if i := strings.IndexByte(s, '/'); i >= 0 {
		number, path = s[:i], s[i:]
		if err := CheckPath(path); err != nil {
			return Metrics{}, malformed("path", err, MetricsForm)
		}
	}
	port, err := ParsePort(number)
	if err != nil {
		return Metrics{}, malformed("port", err, MetricsForm)
	}
	return Metrics{Port: port, Path: path}, nil
}

// FormatMetricsFlag gives a metrics endpoint in MetricsForm.
func FormatMetricsFlag(m Metrics) string { return strconv.Itoa(int(m.Port)) + m.Path }

// ParseEgressFlag reads EgressForm: api.stripe.com:443, 10.20.0.0/16:5432,
// 2001:db8::/32:443, ntp.example.com:123/udp. The port is what follows the last
// colon; /tcp may be said, and is the default.
func ParseEgressFlag(s string) (Egress, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Egress{}, fmt.Errorf("%q has no port; write %s, such as api.example.com:443", s, EgressForm)
	}
	destination := s[:i]
	number, word, named := strings.Cut(s[i+1:], "/")
	port, err := ParsePort(number)
	if err != nil {
		return Egress{}, malformed("port", err, EgressForm)
	}
	e := Egress{Port: port}
	if named {
		if e.Protocol, err = oneOf(word, TCP, UDP); err != nil {
			return Egress{}, malformed("protocol", err, EgressForm)
		}
		if e.Protocol == TCP {
			e.Protocol = ""
		}
	}
	if _, aerr := netip.ParseAddr(destination); aerr == nil || strings.Contains(destination, "/") {
		e.CIDR = destination
		if _, err := ParseCIDR(destination); err != nil {
			return Egress{}, malformed("CIDR", err, EgressForm)
		}
		return e, nil
	}
	e.Host = destination
	if err := CheckHost(destination); err != nil {
		return Egress{}, malformed("host", err, EgressForm)
	}
	return e, nil
}

// FormatEgressFlag gives a destination with one port in EgressForm.
func FormatEgressFlag(e Egress) string {
	word := e.Host + e.CIDR + ":" + strconv.Itoa(int(e.Port))
	if e.Protocol == UDP {
		word += "/" + string(UDP)
	}
	return word
}

// ParsePathFlag reads PathForm: /, /api=http, /old=http:/new, /v1=:/ (the
// first HTTP port, the prefix taken off). A path with an equals sign in it is
// written in kgen.yaml.
func ParsePathFlag(s string) (Path, error) {
	prefix, target, found := strings.Cut(s, "=")
	if err := CheckPath(prefix); err != nil {
		return Path{}, malformed("path", err, PathForm)
	}
	path := Path{Path: prefix}
	if !found {
		return path, nil
	}
	port, rewrite, rewritten := strings.Cut(target, ":")
	if port != "" || !rewritten {
		if err := CheckPortName(port); err != nil {
			return Path{}, malformed("port's name", err, PathForm)
		}
		path.Port = port
	}
	if rewritten {
		if err := CheckPath(rewrite); err != nil {
			return Path{}, malformed("rewrite", err, PathForm)
		}
		path.Rewrite = rewrite
	}
	return path, nil
}

// FormatPathFlag gives a path in PathForm.
func FormatPathFlag(p Path) string {
	switch {
	case p.Rewrite != "":
		return p.Path + "=" + p.Port + ":" + p.Rewrite
	case p.Port != "":
		return p.Path + "=" + p.Port
	}
	return p.Path
}
