package gen

import (
	"path"
	"slices"

	"kgen.dev/kgen/internal/spec"
)

const environmentsFolder = "environments"

// EnvironmentDir is the folder of an environment's kustomization.
func EnvironmentDir(name string) string { return path.Join(environmentsFolder, name) }

// Environment is one environment of the application, resolved like it.
//
// Its folder has one of two forms, each of which builds what the environment's
// model (spec.Network.For) builds when it is rendered by itself:
//
//   - Where the namespace and the application's name are the base's, patches:
//     the folders of the base, and for each resource that differs a JSON patch
//     that tests what it replaces. An overlay that no longer fits the base fails
//     to build instead of changing something else. Never a strategic patch,
//     which replaces the lists of custom resources whole.
//   - Where one of them differs, a whole tree. Nearly every resource would need a
//     patch then (metadata.namespace, host names, peers, principals, alert
//     expressions), and kustomize looks for the target of each patch among all
//     resources. Its namespace transformer is no way out: it leaves host names
//     and expressions as they are, and moves what stands in another namespace on
//     purpose, such as the Gateway and the monitors.
//
// An overlay lists the folders of the base one by one, because kustomize takes a
// kustomization that contains the one that names it for a cycle.
type Environment struct {
	Name string
	App  *App // the application as it is there
	base *App
}

// resolveEnvironments resolves every environment of the model.
func (a *App) resolveEnvironments(n *spec.Network) error {
	for _, e := range n.Spec.Environments {
		flat, err := n.For(e.Name)
		if err != nil {
			return err
		}
		a.Environments = append(a.Environments, &Environment{e.Name, newApp(flat), a})
	}
	return nil
}

// Dir is the environment's folder.
func (e *Environment) Dir() string { return EnvironmentDir(e.Name) }

// OwnTree reports whether the environment's folder holds a whole tree, and not
// patches on the base's.
func (e *Environment) OwnTree() bool {
	return e.App.Namespace != e.base.Namespace || e.App.Name != e.base.Name
}

// FormText says for a table what the environment's folder holds.
func (e *Environment) FormText() string {
	if e.OwnTree() {
		return "a whole tree of its own"
	}
	return "patches on the tree here"
}

// Patched reports whether some environment patches the base, and OwnTrees
// whether some has a tree of its own.
func (a *App) Patched() bool {
	return slices.ContainsFunc(a.Environments, func(e *Environment) bool { return !e.OwnTree() })
}
func (a *App) OwnTrees() bool { return slices.ContainsFunc(a.Environments, (*Environment).OwnTree) }
