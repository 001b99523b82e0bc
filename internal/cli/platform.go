package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
)

// platformFlags are the flags that answer the questions of init.
type platformFlags struct {
	words
	preset prompt.Preset
}

// names are the flags, in the order of their questions.
func (*platformFlags) names() []string {
	return []string{"name", "namespace", "mesh", "domain", "ingress", "class", "controller", "issuer", "service"}
}

func (f *platformFlags) add(cmd *cobra.Command) {
	p, w := &f.preset, &f.words
	read(cmd, w, "name", "NAME", "the application's name; by default that of the folder", checked(spec.CheckName), func(v string) { p.Name = v })
	read(cmd, w, "namespace", "NAME", "the namespace of its services; by default the application's name", checked(spec.CheckName), func(v string) { p.Namespace = v })
	read(cmd, w, "mesh", spec.MeshForm, "the service mesh: none, or Istio in one of its modes", spec.ParseMeshFlag, func(v spec.Mesh) { p.Mesh = &v })
	read(cmd, w, "domain", "DOMAIN", "the domain of public hosts", checked(spec.CheckHost), func(v string) { p.Domain = v })
	read(cmd, w, "ingress", spec.APIForm, "the API of the front door", spec.ParseAPIFlag, func(v spec.IngressAPI) { p.API = v })
	read(cmd, w, "class", "NAME", "its gatewayClassName or ingressClassName", checked(spec.CheckSubdomain), func(v string) { p.Class = v })
	read(cmd, w, "controller", "NAMESPACE[,KEY=VALUE]...|CIDR,...", "where its proxies run, for a class that kgen does not know", spec.ParseControllerFlag, func(v spec.Controller) { p.Controller = &v })
	read(cmd, w, "issuer", "NAME|issuer/NAME|secret/NAME|insecure", "its certificates: from a cert-manager ClusterIssuer or Issuer, an existing Secret, or none", spec.ParseIssuerFlag, func(v spec.TLS) { p.TLS = &v })
	many(cmd, w, "service", "NAME[,KEY=VALUE]...", "a service, whole; the keys are the flags of kgen add service, and port=none is one that serves no port", spec.ParseServiceFlag, &p.Services)

	complete(cmd, "mesh", string(spec.NoMesh), string(spec.Sidecar), string(spec.Ambient))
	complete(cmd, "ingress", string(spec.GatewayAPI), string(spec.IngressResource))
	must(cmd.RegisterFlagCompletionFunc("class", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		api := p.API
		if api == "" {
			api = spec.GatewayAPI
		}
		return spec.ClassNames(api), cobra.ShellCompDirectiveNoFileComp
	}))
	complete(cmd, "issuer", "issuer/", "secret/", "insecure")
	for _, name := range []string{"name", "namespace", "domain", "controller", "service"} {
		complete(cmd, name)
	}
}
