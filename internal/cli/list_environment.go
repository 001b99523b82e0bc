package cli

import (
	"slices"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// listedEnvironment is an environment as list -o json prints it, with defaults.
type listedEnvironment struct {
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Application string   `json:"application"`
	Domain      string   `json:"domain"`
	Path        string   `json:"path"`
	Services    []string `json:"services"` // that differ there
	Clusters    []string `json:"clusters"` // that delivery has it run on
}

func listedEnvironments(n *spec.Network) ([]listedEnvironment, error) {
	out := make([]listedEnvironment, len(n.Spec.Environments))
	for i, e := range n.Spec.Environments {
		there, err := n.For(e.Name)
		if err != nil {
			return nil, err
		}
		there = there.WithDefaults()
		l := listedEnvironment{
			Name: e.Name, Namespace: there.Spec.Namespace, Application: there.Metadata.Name, Domain: there.Spec.Domain,
			Path: gen.EnvironmentDir(e.Name), Services: []string{}, Clusters: []string{},
		}
		for _, s := range e.Services {
			l.Services = append(l.Services, s.Name)
		}
		if d := n.Spec.Delivery; d != nil {
			for _, c := range d.Clusters {
				if slices.Contains(c.Environments, e.Name) {
					l.Clusters = append(l.Clusters, c.Name)
				}
			}
		}
		out[i] = l
	}
	return out, nil
}

func (sh *shell) listEnvironments(n *spec.Network, wide bool) error {
	environments, err := listedEnvironments(n)
	if err != nil {
		return err
	}
	if sh.format.word == "json" {
		return sh.document(struct {
			Environments []listedEnvironment `json:"environments"`
		}{environments})
	}
	if len(environments) == 0 {
		sh.say("there is none; kgen add environment adds one")
		return nil
	}
	t := table{wide: wide, columns: []string{"NAME", "NAMESPACE", "DOMAIN", "FOLDER", "DIFFERING SERVICES"}, further: []string{"APPLICATION", "CLUSTERS"}}
	for _, e := range environments {
		t.add(one(e.Name), one(e.Namespace), one(e.Domain), one(e.Path), e.Services, one(e.Application), e.Clusters)
	}
	return t.print(sh.Out)
}
