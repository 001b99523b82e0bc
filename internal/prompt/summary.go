package prompt

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"kgen.dev/kgen/internal/spec"
)

// Summary tells in a few lines what a model describes, for a last look before
// anything is written: the platform, each service with what it serves, and who
// calls whom. It ends with a newline.
func Summary(n *spec.Network) string {
	full := n.WithDefaults()
	var b strings.Builder
	fmt.Fprintf(&b, "%s in namespace %s: %s\n", full.Metadata.Name, full.Spec.Namespace, platformWords(&full.Spec))
	var rows []*spec.Service
	for i := range full.Spec.Services {
		rows = append(rows, &full.Spec.Services[i])
	}
	writeServices(&b, &full.Spec, rows)
	b.WriteString(headed(callLines(rows, func(spec.Call) bool { return true }), "no calls between services"))
	return b.String()
}

// ServiceSummary is Summary of one service of a model, and of those that call it.
func ServiceSummary(n *spec.Network, name string) string {
	full := n.WithDefaults()
	var b strings.Builder
	var own, others []*spec.Service
	for i := range full.Spec.Services {
		if s := &full.Spec.Services[i]; s.Name == name {
			own = append(own, s)
		} else {
			others = append(others, s)
		}
	}
	writeServices(&b, &full.Spec, own)
	calls := callLines(own, func(spec.Call) bool { return true })
	calls += callLines(others, func(c spec.Call) bool { return c.Namespace == "" && c.Service == name })
	b.WriteString(headed(calls, "no calls to or from it"))
	return b.String()
}

// writeServices writes a line for each service: what it serves and what sets
// it apart.
func writeServices(b *strings.Builder, n *spec.Spec, services []*spec.Service) {
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 3, ' ', 0)
	for _, s := range services {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", s.Name, portWords(s), strings.Join(traits(n, s), ", "))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(rows.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// callLines is a line for each service that makes any of the wanted calls.
func callLines(services []*spec.Service, wanted func(spec.Call) bool) string {
	var b strings.Builder
	for _, s := range services {
		var callees []string
		for _, c := range s.Calls {
			if !wanted(c) {
				continue
			}
			word := spec.FormatCallFlag(c)
			if c.Namespace != "" {
				word += " in " + c.Namespace
			}
			callees = append(callees, word)
		}
		if len(callees) > 0 {
			fmt.Fprintf(&b, "  %s -> %s\n", s.Name, strings.Join(callees, ", "))
		}
	}
	return b.String()
}

// headed puts a heading over the lines of calls, or says that there are none.
func headed(lines, none string) string {
	if lines == "" {
		return none + "\n"
	}
	return "calls\n" + lines
}

func platformWords(s *spec.Spec) string {
	words := []string{"no mesh"}
	if s.Mesh.Provider == spec.Istio {
		words[0] = "Istio in " + string(s.Mesh.Mode) + " mode"
	}
	in := s.Ingress
	if in == nil {
		return words[0] + ", nothing public"
	}
	api := "Gateway API"
	if in.API == spec.IngressResource {
		api = "Ingress"
	}
	words = append(words, fmt.Sprintf("%s of class %s", api, in.Class))
	switch {
	case in.TLS == nil:
		words = append(words, "no TLS at the front door")
	case in.TLS.ClusterIssuer != "":
		words = append(words, "certificates from ClusterIssuer "+in.TLS.ClusterIssuer)
	case in.TLS.Issuer != "":
		words = append(words, "certificates from Issuer "+in.TLS.Issuer)
	default:
		words = append(words, "the certificate in Secret "+in.TLS.SecretName)
	}
	return strings.Join(words, ", ")
}

func portWords(s *spec.Service) string {
	if len(s.Ports) == 0 {
		return "no ports"
	}
	var words []string
	for _, p := range s.Ports {
		word := fmt.Sprintf("%d", p.Port)
		if p.TargetPort.Name != "" || p.TargetPort.Number != p.Port {
			word += "->" + p.TargetPort.Text()
		}
		words = append(words, word+"/"+string(p.Protocol))
	}
	return strings.Join(words, " ")
}

// traits are what sets a service apart from a plain internal one.
func traits(n *spec.Spec, s *spec.Service) []string {
	var out []string
	if s.Type != spec.ClusterIP {
		out = append(out, string(s.Type))
	}
	scheme := "https://"
	if n.Ingress != nil && n.Ingress.Insecure {
		scheme = "http://"
	}
	for _, h := range s.Hosts {
		out = append(out, scheme+h)
	}
	switch c := s.Canary; {
	case c == nil:
	case c.Owned():
		out = append(out, "its canary moved by "+string(c.Owner))
	case c.Pinned():
		out = append(out, "all to "+c.Stable)
	default:
		out = append(out, fmt.Sprintf("%d%% to %s beside %s", c.Weight, c.Version, c.Stable))
	}
	if m := s.Metrics; m != nil {
		out = append(out, fmt.Sprintf("metrics on %d%s", m.Port, m.Path))
	}
	for _, c := range s.Callers {
		out = append(out, "called from namespace "+c.Namespace)
	}
	for _, e := range s.Egress {
		for _, p := range e.Ports {
			out = append(out, "calls "+spec.FormatEgressFlag(spec.Egress{Host: e.Host, CIDR: e.CIDR, Port: p, Protocol: e.Protocol}))
		}
	}
	return out
}
