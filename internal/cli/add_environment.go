package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

type addEnvironmentFlags struct {
	changeFlags
	words
	environment spec.Environment
	clusters    []string
}

func newAddEnvironment(sh *shell) *cobra.Command {
	var flags addEnvironmentFlags
	cmd := &cobra.Command{
		Use:   "environment NAME",
		Short: "Add an environment",
		Long: `Environment adds one more place where the application runs to kgen.yaml, and
writes the folder environments/NAME, which kustomize builds. What the flags do not
say is there as it is in the rest of the file; kgen set environment says more.

In a cluster that it shares with the others, an environment needs a namespace, an
application name, and hosts or a domain of its own: what it shares is named.`,
		Example: `  kgen add environment staging --namespace shop-staging --application shop-staging \
    --domain staging.example.com
  kgen add environment load --replicas web=20 --replicas api=40 --weight web=0
  kgen add environment eu --host web=eu.shop.example.com --cluster eu-1`,
		Args:              exactly("NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := spec.CheckName(args[0]); err != nil {
				flags.errorf("the name: %s", err)
			}
			if err := flags.wrong.Err(); err != nil {
				return err
			}
			flags.environment.Name = args[0]
			return sh.verb(&flags.changeFlags, func(f *specfile.File, _ []string) (change, error) {
				c, err := changed(spec.AddEnvironment(f.Network, flags.environment, flags.clusters))
				c.Notes = append(c.Notes, fmt.Sprintf("kgen build --env %s prints its manifests", flags.environment.Name))
				return c, err
			})(cmd, args)
		},
	}
	flags.add(cmd, sh)
	addChange(cmd, sh, &flags.changeFlags)
	cmd.Flags().SortFlags = false
	return cmd
}

func (f *addEnvironmentFlags) add(cmd *cobra.Command, sh *shell) {
	e, w := &f.environment, &f.words
	read(cmd, w, "namespace", "NAMESPACE", "the namespace of its services", checked(spec.CheckName), func(v string) { e.Namespace = v })
	read(cmd, w, "application", "NAME", "the application's name there, which objects outside its namespace carry", checked(spec.CheckName), func(v string) { e.Application = v })
	read(cmd, w, "domain", "DOMAIN", "the domain of the exposed services without hosts", checked(spec.CheckHost), func(v string) { e.Domain = v })
	read(cmd, w, "issuer", "NAME|issuer/NAME|secret/NAME", "its certificates: from a cert-manager ClusterIssuer or Issuer, or an existing Secret", spec.ParseIssuerFlag, func(t spec.TLS) {
		if t == (spec.TLS{}) {
			w.errorf("--issuer insecure: an environment cannot do without the certificates that the rest of the file has")
		}
		e.Ingress = &spec.EnvironmentIngress{TLS: &t}
	})
	perService(cmd, sh, f, "host", "HOST", "a host name under which a service is served there", checked(spec.CheckHost), func(s *spec.EnvironmentService, host string) { s.Hosts = append(s.Hosts, host) })
	perService(cmd, sh, f, "replicas", "N", "how many pods of a service run there", spec.ParseCount, func(s *spec.EnvironmentService, n spec.Count) { s.Replicas = n })
	perService(cmd, sh, f, "type", "TYPE", "how a service is reached there", spec.ParseTypeFlag, func(s *spec.EnvironmentService, t spec.ServiceType) { s.Type = t })
	perService(cmd, sh, f, "weight", "PERCENT", "the share of a service's canary there", parseWeight, func(s *spec.EnvironmentService, p spec.Percent) {
		s.Canary = &spec.EnvironmentCanary{Weight: p}
	})
	many(cmd, w, "cluster", "NAME", "a cluster of delivery that runs it", checked(spec.CheckName), &f.clusters)
	for _, name := range []string{"namespace", "application", "domain"} {
		complete(cmd, name)
	}
	complete(cmd, "issuer", "issuer/", "secret/")
	must(cmd.RegisterFlagCompletionFunc("cluster", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if n := sh.modelForCompletion(); n != nil && n.Spec.Delivery != nil {
			for _, c := range n.Spec.Delivery.Clusters {
				names = append(names, c.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}))
}

// perService adds a flag SERVICE=VALUE about one service in an environment. The
// services stand in kgen.yaml in the order in which the flags first name them.
func perService[T any](cmd *cobra.Command, sh *shell, f *addEnvironmentFlags, name, form, usage string, parse func(string) (T, error), say func(*spec.EnvironmentService, T)) {
	type said struct {
		service string
		value   T
	}
	read(cmd, &f.words, name, "SERVICE="+form, usage+"; may be repeated", func(text string) (said, error) {
		service, word, found := strings.Cut(text, "=")
		if !found {
			return said{}, fmt.Errorf("write SERVICE=%s", form)
		}
		if err := spec.CheckName(service); err != nil {
			return said{}, fmt.Errorf("the service: %w", err)
		}
		value, err := parse(word)
		return said{service, value}, err
	}, func(one said) { say(f.service(one.service), one.value) })
	must(cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var begun []string
		if n := sh.modelForCompletion(); n != nil {
			for _, s := range n.Spec.Services {
				begun = append(begun, s.Name+"=")
			}
		}
		return begun, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}))
}

// service is the entry about a service.
func (f *addEnvironmentFlags) service(name string) *spec.EnvironmentService {
	entries := &f.environment.Services
	i := slices.IndexFunc(*entries, func(s spec.EnvironmentService) bool { return s.Name == name })
	if i < 0 {
		i = len(*entries)
		*entries = append(*entries, spec.EnvironmentService{Name: name})
	}
	return &(*entries)[i]
}
