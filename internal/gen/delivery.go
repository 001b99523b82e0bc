package gen

import (
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// deliveryDir holds what a person applies, whenever it has changed, on the cluster
// where the GitOps engine runs. It is no part of what the engine delivers.
const deliveryDir = "delivery"

// Target is one thing that is delivered: an environment, or without any the
// application itself, to one cluster.
type Target struct {
	Object      string // the engine's own object for it
	Cluster     spec.Cluster
	Environment string // "" is the application itself
	Path        string // in the repository
	// After are the objects that have to be delivered first.
	After []string
	App   *App // the application in kgen.yaml
	There *App // the application as it is there
}

// Targets are all of them: environment by environment in the order of the file,
// and in each by cluster.
func (a *App) Targets() []Target {
	d := a.Delivery
	if d == nil {
		return nil
	}
	var out []Target
	if len(a.Environments) == 0 {
		for _, c := range d.Clusters {
			out = append(out, Target{Object: spec.DeliveredAs(a.Name, c.Name, ""), Cluster: c, Path: a.deliveredPath(""), App: a, There: a})
		}
		return out
	}
	var before []string
	for _, e := range a.Environments {
		var here []string
		for _, c := range d.Clusters {
			if !slices.Contains(c.Environments, e.Name) {
				continue
			}
			t := Target{
				Object: spec.DeliveredAs(a.Name, c.Name, e.Name), Cluster: c, Environment: e.Name,
				Path: a.deliveredPath(e.Dir()), After: before, App: a, There: e.App,
			}
			out, here = append(out, t), append(here, t.Object)
		}
		if len(here) > 0 {
			before = here
		}
	}
	return out
}

// deliveredPath is a folder of this repository as Argo CD writes one: relative
// to the root of what it reads.
func (a *App) deliveredPath(dir string) string {
	return path.Join(".", a.Delivery.Path, dir)
}

// MovedAnywhere lists what controllers move in any of the targets: Argo CD has
// one list for all of them.
func (a *App) MovedAnywhere() []Moved {
	var out []Moved
	seen := map[string]bool{}
	for _, t := range a.Targets() {
		for _, m := range t.There.Moved() {
			if key := m.Kind + " " + m.Name; !seen[key] {
				seen[key] = true
				out = append(out, m)
			}
		}
	}
	return out
}

// FluxPath is the same as Flux writes it.
func (t Target) FluxPath() string {
	if t.Path == "." {
		return "./"
	}
	return "./" + t.Path
}

// Text says in words what is delivered where.
func (t Target) Text() string {
	what := "all of " + t.App.Name
	if t.Environment != "" {
		what = t.Environment
	}
	return what + " on " + t.Cluster.Name
}

// Argo and Flux say by which engine the repository is delivered, if by any.
func (a *App) Argo() bool { return a.Delivery != nil && a.Delivery.Tool == spec.ArgoCD }
func (a *App) Flux() bool { return a.Delivery != nil && a.Delivery.Tool == spec.Flux }

// ByServer and ByName say how Argo CD finds the clusters: all by their URL, all
// by their name, or some in each way, so that both are named and one is empty.
func (a *App) ByServer() bool {
	return slices.ContainsFunc(a.Delivery.Clusters, func(c spec.Cluster) bool { return c.Server != "" })
}
func (a *App) ByName() bool {
	return slices.ContainsFunc(a.Delivery.Clusters, func(c spec.Cluster) bool { return c.Server == "" })
}

// ArgoName is the name by which Argo CD knows the cluster, "" where it is known
// by its URL: both at once it does not take.
func (t Target) ArgoName() string {
	if t.Cluster.Server != "" {
		return ""
	}
	return t.Cluster.Name
}

// ByKubeConfig says that Flux reaches some cluster by a kubeconfig.
func (a *App) ByKubeConfig() bool {
	return a.Flux() && slices.ContainsFunc(a.Delivery.Clusters, func(c spec.Cluster) bool { return c.KubeConfig != "" })
}

// KubeConfigText says where a cluster's kubeconfig is. Flux looks for it below the
// keys value and value.yaml, of which flux and kubectl write the second.
func (t Target) KubeConfigText() string {
	if t.Cluster.KubeConfig == "" {
		return "–"
	}
	return "Secret `" + t.Cluster.KubeConfig + "`, key `value.yaml`"
}

// IsBranch reports whether the revision is a branch's name and not a whole
// reference.
func (a *App) IsBranch() bool { return !strings.HasPrefix(a.Delivery.Revision, "refs/") }

// OneCluster reports whether the engine's own cluster is the only one, so that
// nothing has to be registered.
func (a *App) OneCluster() bool {
	c := a.Delivery.Clusters
	return len(c) == 1 && c[0].Server == "" && c[0].KubeConfig == "" && (a.Flux() || c[0].Name == spec.InCluster)
}

// delivery lists the files of the folder delivery, its kustomization last.
func delivery(a *App, without func(string) bool) []output {
	if a.Delivery == nil {
		return nil
	}
	var out []output
	var made []string
	add := func(name, template string, data any) {
		if file := path.Join(deliveryDir, name); !without(file) {
			out = append(out, output{path: file, template: template, data: data})
			made = append(made, name)
		}
	}
	if a.Argo() {
		add("applicationset.yaml", "delivery/applicationset.yaml.tmpl", a)
	} else {
		add("repository.yaml", "delivery/repository.yaml.tmpl", a)
		for _, t := range a.Targets() {
			add(t.Object+".yaml", "delivery/kustomization.yaml.tmpl", t)
		}
	}
	if file := path.Join(deliveryDir, kustomizationFile); len(made) > 0 && !without(file) {
		out = append(out, output{path: file, template: kustomizationTemplate, data: Kustomization{Resources: made}})
	}
	return out
}
