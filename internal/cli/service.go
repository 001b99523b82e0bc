package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
)

// serviceFlags are the flags that describe one service.
type serviceFlags struct {
	words
	preset prompt.ServicePreset
}

func (f *serviceFlags) setName(name string) {
	if err := spec.CheckName(name); err != nil {
		f.errorf("the name: %s", err)
	}
	f.preset.Service.Name = name
}

func (f *serviceFlags) add(cmd *cobra.Command, sh *shell) {
	s, w := &f.preset.Service, &f.words
	read(cmd, w, "port", spec.PortForm, "a port that it serves, or none; may be repeated", func(text string) ([]spec.Port, error) {
		return spec.AppendPortFlag(s.Ports, text)
	}, func(ports []spec.Port) { s.Ports = ports })
	many(cmd, w, "host", "HOST", "a host name under which the front door serves it", checked(spec.CheckHost), &s.Hosts)
	many(cmd, w, "path", spec.PathForm, "a path served under its hosts", spec.ParsePathFlag, &s.Paths)
	many(cmd, w, "calls", spec.CallForm, "a service that it calls", spec.ParseCallFlag, &s.Calls)
	many(cmd, w, "called-by", "SVC", "a service that calls it", checked(spec.CheckName), &f.preset.CalledBy)
	read(cmd, w, "canary", spec.CanaryForm, "a new version, and its share of the traffic in percent", spec.ParseCanaryFlag, func(c spec.Canary) {
		if s.Canary != nil {
			c.Stable = s.Canary.Stable
		}
		s.Canary = &c
	})
	read(cmd, w, "stable", "VERSION", "the version that takes the rest of the traffic", checked(spec.CheckVersion), func(v string) {
		if s.Canary == nil {
			s.Canary = &spec.Canary{}
		}
		s.Canary.Stable = v
	})
	read(cmd, w, "type", "ClusterIP|LoadBalancer|Headless", "how it is reached", spec.ParseTypeFlag, func(t spec.ServiceType) { s.Type = t })
	read(cmd, w, "metrics", spec.MetricsForm, "where it serves Prometheus metrics", spec.ParseMetricsFlag, func(m spec.Metrics) { s.Metrics = &m })
	read(cmd, w, "replicas", "N", "how many pods run", spec.ParseCount, func(n spec.Count) { s.Replicas = n })
	many(cmd, w, "egress", "HOST:PORT|CIDR:PORT", "what it calls outside the cluster, with /udp at the end if it is not TCP", spec.ParseEgressFlag, &s.Egress)

	complete(cmd, "type", string(spec.ClusterIP), string(spec.LoadBalancer), string(spec.Headless))
	for _, name := range []string{"calls", "called-by"} {
		must(cmd.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return completeServices(sh, nil)(cmd, nil, begun)
		}))
	}
	complete(cmd, "port", spec.NoPorts)
	for _, name := range []string{"host", "path", "canary", "stable", "metrics", "replicas", "egress"} {
		complete(cmd, name)
	}
}
