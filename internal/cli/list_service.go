package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// listedService is a service as list -o json prints it, with defaults.
type listedService struct {
	Name           string            `json:"name"`
	Type           spec.ServiceType  `json:"type"`
	Replicas       spec.Count        `json:"replicas"`
	PodLabels      map[string]string `json:"podLabels"`
	ServiceAccount string            `json:"serviceAccount"`
	Ports          []listedPort      `json:"ports"`
	Hosts          []string          `json:"hosts"`
	Paths          []listedPath      `json:"paths"`
	Callers        []string          `json:"callers"`
	Calls          []string          `json:"calls"`
	Egress         []string          `json:"egress"`
	Canary         *listedCanary     `json:"canary,omitempty"`
	Metrics        *listedMetrics    `json:"metrics,omitempty"`
}

type listedPort struct {
	Name       string          `json:"name"`
	Port       spec.PortNumber `json:"port"`
	TargetPort string          `json:"targetPort"`
	Protocol   spec.Protocol   `json:"protocol"`
}

type listedPath struct {
	Path string `json:"path"`
	Port string `json:"port"`
}

type listedMetrics struct {
	Port spec.PortNumber `json:"port"`
	Path string          `json:"path"`
}

// listedCanary says how the versions of a service share its requests. Where a
// controller moves them, only the owner is known here.
type listedCanary struct {
	Owner   string        `json:"owner"`
	Stable  string        `json:"stable,omitempty"`
	Version string        `json:"version,omitempty"`
	Weight  *spec.Percent `json:"weight,omitempty"` // of version, and absent without one
}

func listedServices(n *spec.Network) []listedService {
	full := n.WithDefaults()
	callers := map[string][]string{}
	out := make([]listedService, len(full.Spec.Services))
	for i := range full.Spec.Services {
		s := &full.Spec.Services[i]
		l := listedService{
			Name: s.Name, Type: s.Type, Replicas: s.Replicas, PodLabels: s.PodLabels, ServiceAccount: s.ServiceAccount,
			Hosts: append([]string{}, s.Hosts...), Ports: []listedPort{}, Paths: []listedPath{}, Calls: []string{}, Egress: []string{},
			Canary: canaryOf(s),
		}
		for _, p := range s.Ports {
			l.Ports = append(l.Ports, listedPort{p.Name, p.Port, p.TargetPort.Text(), p.Protocol})
		}
		for _, p := range s.Paths {
			l.Paths = append(l.Paths, listedPath{p.Path, p.Port})
		}
		for _, c := range s.Calls {
			word := spec.FormatCallFlag(c)
			if c.Namespace != "" {
				word = c.Namespace + "/" + word
			} else if known := callers[c.Service]; len(known) == 0 || known[len(known)-1] != s.Name { // of two calls to one callee
				callers[c.Service] = append(known, s.Name)
			}
			l.Calls = append(l.Calls, word)
		}
		for _, e := range s.Egress {
			l.Egress = append(l.Egress, egressWord(e))
		}
		if m := s.Metrics; m != nil {
			l.Metrics = &listedMetrics{m.Port, m.Path}
		}
		out[i] = l
	}
	for i := range out {
		s := &full.Spec.Services[i]
		out[i].Callers = append([]string{}, callers[s.Name]...)
		for _, c := range s.Callers {
			out[i].Callers = append(out[i].Callers, callerWord(full, s, c))
		}
	}
	return out
}

// callerWord names a caller from outside the file by what it is known by: its
// account, else its labels, else as anybody of its namespace. The service's own
// pods go by its name.
func callerWord(n *spec.Network, s *spec.Service, c spec.Caller) string {
	who := c.ServiceAccount
	switch {
	case s.IsPeer(c, n.Spec.Namespace):
		return s.Name
	case who == "" && len(c.PodLabels) > 0:
		who = strings.Join(labelWords(c.PodLabels), ",")
	case who == "":
		who = "*"
	}
	if word := c.Namespace + "/" + who; c.Port.IsZero() {
		return word
	} else {
		return word + ":" + c.Port.Text()
	}
}

func egressWord(e spec.Egress) string {
	ports := make([]string, len(e.Ports))
	for i, p := range e.Ports {
		ports[i] = strconv.Itoa(int(p))
	}
	word := e.Host + e.CIDR + ":" + strings.Join(ports, ",")
	if e.Protocol == spec.UDP {
		word += "/" + string(spec.UDP)
	}
	return word
}

func labelWords(labels map[string]string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	return out
}

// portWords are a service's ports as a table shows them: http:80.
func (s listedService) portWords() []string {
	words := make([]string, len(s.Ports))
	for i, p := range s.Ports {
		words[i] = fmt.Sprintf("%s:%d", p.Name, p.Port)
	}
	return words
}

func (m *listedMetrics) words() []string {
	if m == nil {
		return nil
	}
	return []string{strconv.Itoa(int(m.Port)) + m.Path}
}

// canaryOf is the canary of a service with defaults, or nil.
func canaryOf(s *spec.Service) *listedCanary {
	c := s.Canary
	switch {
	case c == nil:
		return nil
	case c.Owned():
		return &listedCanary{Owner: string(c.Owner)}
	}
	out := &listedCanary{Owner: string(spec.KgenOwner), Stable: c.Stable, Version: c.Version}
	if !c.Pinned() {
		out.Weight = &c.Weight
	}
	return out
}

// words are the canary in a table: v2 10%, the pinned version, or whose it is.
func (c *listedCanary) words() []string {
	switch {
	case c == nil:
		return nil
	case c.Owner != string(spec.KgenOwner):
		return one(c.Owner)
	case c.Weight == nil:
		return one("only " + c.Stable)
	}
	return one(fmt.Sprintf("%s %d%%", c.Version, *c.Weight))
}
