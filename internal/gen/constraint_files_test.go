package gen_test

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

var fileConstraints = []constraint{
	{"K32", "every file is in its kustomization exactly once; nothing renames or re-selects", checkKustomizations},
	{"N1", "every object has its namespace and a name of its own", checkNames},
	{"N2", "nothing is empty that means nothing", checkJunk},
	{"N3", "files are plain text that a person would sign", checkText},
}

func checkKustomizations(w *world) {
	kustomizations := map[string]item[manifest.Kustomization]{}
	for _, k := range all[manifest.Kustomization](w) {
		kustomizations[path.Dir(k.File)] = k
		v := k.v
		if v.NamePrefix+v.NameSuffix+v.Namespace != "" || len(v.CommonLabels) > 0 || len(v.Configurations)+len(v.Transformers) > 0 {
			w.at(k.Object, "has a transformer that changes names, namespaces or selectors")
		}
		for _, l := range v.Labels {
			if l.IncludeSelectors {
				w.at(k.Object, "puts labels into selectors")
			}
		}
	}
	listed := map[string]int{}
	var visit func(dir string, depth int)
	visit = func(dir string, depth int) {
		k, ok := kustomizations[dir]
		if !ok {
			w.fault(dir, "Kustomization", "folder %s has none", dir)
			return
		}
		if depth > 8 {
			w.at(k.Object, "kustomizations go round in a circle")
			return
		}
		for _, r := range k.v.Resources {
			target := path.Join(dir, r)
			if _, isFile := w.files.File(target); isFile {
				listed[target]++
				continue
			}
			if _, isDir := kustomizations[target]; !isDir {
				w.at(k.Object, "lists %s, which does not exist", r)
				continue
			}
			listed[path.Join(target, "kustomization.yaml")]++
			visit(target, depth+1)
		}
		if len(k.v.Resources)+len(k.v.Components) == 0 {
			w.at(k.Object, "lists nothing")
		}
	}
	visit(".", 0)
	for _, o := range w.objects {
		if o.Kind == "Kustomization" || o.File == madeByFlagger || strings.HasPrefix(o.File, "environments/") || strings.HasPrefix(o.File, "delivery/") {
			continue
		}
		if n := listed[o.File]; n != 1 {
			w.at(o, "its file is in the kustomizations %d times, want once", n)
		}
	}
	for dir, k := range kustomizations {
		if dir == "networking" || dir == "monitoring" { // each to be built by itself
			var want []string
			for _, r := range kustomizations["."].v.Resources {
				if below, ok := strings.CutPrefix(r, dir+"/"); ok {
					want = append(want, below)
				}
			}
			if !slices.Equal(want, k.v.Resources) {
				w.at(k.Object, "lists %q, and the root %q of it", k.v.Resources, want)
			}
			continue
		}
		if n := listed[k.File]; dir != "." && n != 1 && !strings.HasPrefix(dir, "environments/") && dir != "delivery" {
			w.at(k.Object, "its folder is in the kustomizations %d times, want once", n)
		}
	}
}

var clusterScoped = []string{"Namespace", "Kustomization", "ClusterRole", "ClusterRoleBinding"}

func checkNames(w *world) {
	type key struct{ group, kind, namespace, name string }
	seen := map[key]string{}
	for _, o := range w.objects {
		if o.Kind == "Kustomization" {
			continue
		}
		if o.Namespace == "" && !slices.Contains(clusterScoped, o.Kind) {
			w.at(o, "has no namespace")
		}
		if o.Name == "" {
			w.at(o, "has no name")
		}
		if len(o.Name) > 63 && o.Kind == "Service" || len(o.Name) > 253 {
			w.at(o, "its name has %d characters", len(o.Name))
		}
		k := key{o.Group(), o.Kind, o.Namespace, o.Name}
		if other := seen[k]; other != "" {
			w.at(o, "is there already, in %s", other)
		}
		seen[k] = o.Place()
	}
}

// meaningful are the keys whose emptiness says something.
func meaningful(kind string, at []string) bool {
	last := at[len(at)-1]
	switch kind {
	case "NetworkPolicy":
		return last == "podSelector"
	case "CiliumNetworkPolicy":
		return last == "endpointSelector"
	case "AuthorizationPolicy":
		return len(at) == 1 && last == "spec"
	case "PodMonitor", "ServiceMonitor":
		return last == "selector"
	case "HTTPRoute", "GRPCRoute", "TLSRoute":
		return last == "group" // parentRefs of the core group
	}
	return false
}

func checkJunk(w *world) {
	for _, o := range w.objects {
		var walk func(node *yaml.Node, at []string)
		walk = func(node *yaml.Node, at []string) {
			where := strings.Join(at, ".")
			switch node.Kind {
			case yaml.MappingNode:
				if len(node.Content) == 0 && len(at) > 0 && !meaningful(o.Kind, at) {
					w.at(o, "%s is an empty mapping", where)
				}
				for i := 0; i+1 < len(node.Content); i += 2 {
					walk(node.Content[i+1], append(slices.Clone(at), node.Content[i].Value))
				}
			case yaml.SequenceNode:
				if len(node.Content) == 0 {
					w.at(o, "%s is an empty list", where)
				}
				for _, item := range node.Content {
					walk(item, append(slices.Clone(at), "[]"))
				}
			case yaml.AliasNode:
				w.at(o, "%s is an alias", where)
			case yaml.ScalarNode:
				if node.ShortTag() == "!!null" {
					w.at(o, "%s is null", where)
				}
				if node.Value == "" && node.ShortTag() == "!!str" && !emptyMeans(o, at) {
					w.at(o, "%s is an empty string", where)
				}
			}
		}
		walk(o.Node, nil)
	}
}

// emptyMeans: the core group is written "", in references and in Roles.
func emptyMeans(o *manifest.Object, at []string) bool {
	last := at[len(at)-1]
	return last == "group" || last == "[]" && len(at) > 1 && at[len(at)-2] == "apiGroups"
}

func checkText(w *world) {
	for file, data := range w.files.All() {
		text := string(data)
		switch {
		case text == "":
			w.fault(file, "file", "is empty")
		case !strings.HasSuffix(text, "\n"), strings.HasSuffix(text, "\n\n"):
			w.fault(file, "file", "does not end in one newline")
		case strings.Contains(text, "\r"), strings.Contains(text, "\t") && isYAML(file):
			w.fault(file, "file", "has tabs or carriage returns")
		case strings.Contains(text, "<no value>"), strings.Contains(text, "%!"):
			w.fault(file, "file", "shows a failed format")
		}
		if !isYAML(file) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if strings.TrimRight(line, " ") != line {
				w.fault(file, "file", "line %d ends in blanks", i+1)
			}
		}
		if strings.Contains(text, "\n\n\n") {
			w.fault(file, "file", "has two blank lines in a row")
		}
	}
}

func isYAML(file string) bool { return path.Ext(file) == ".yaml" }

// clone copies a tree so that it can be broken.
func clone(files *tree.Tree) *tree.Tree {
	out := tree.New()
	for file, data := range files.All() {
		out.Set(file, slices.Clone(data))
	}
	return out
}
