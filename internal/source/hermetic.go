package source

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pathKeys are the words under which a kustomization names what is elsewhere,
// but for its own fields of that kind.
var pathKeys = []string{"path", "files", "envs", "env", "file"}

// hermetic reports whether kustomize can be given these kustomizations: that
// nothing in them makes it fetch. kustomize reads field names whatever their
// case, and takes some names of folders for addresses; what it would read
// otherwise than kgen did is a finding.
func (r *reader) hermetic(closure []*kustomization) bool {
	sound := true
	for _, k := range closure {
		for i := 0; i+1 < len(k.node.Content); i += 2 {
			key, value := k.node.Content[i], k.node.Content[i+1]
			if want := respelt(key.Value, append(slices.Clone(pathLists), "patches", "patchesJson6902", "replacements", "openapi", "configMapGenerator",
				"secretGenerator", "helmCharts", "helmGlobals", "helmChartInflationGenerator")); want != "" {
				sound = false
				r.fault(k, position(k.File, key), "spelling", "write "+want, "%s is read by kustomize alone", key.Value)
			}
			if !slices.Contains([]string{"labels", "commonLabels", "commonAnnotations", "metadata"}, key.Value) {
				sound = r.spelt(k, value, 0) && sound
			}
		}
		for _, e := range k.Entries {
			if remote(e.Path) {
				sound = false
				r.fault(k, e.Position, Address, "give the folder another name", "%s: kustomize takes %s for an address", e.Field, e.Path)
			}
		}
	}
	return sound
}

func (r *reader) spelt(k *kustomization, n *yaml.Node, depth int) bool {
	sound := true
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if c.Kind == yaml.AliasNode || c.ShortTag() == "!!merge" {
				sound = false
				r.fault(k, position(k.File, c), "spelling", "write it out", "kgen does not follow this key in a kustomization")
			} else if want := respelt(c.Value, pathKeys); want != "" {
				sound = false
				r.fault(k, position(k.File, c), "spelling", "write "+want, "%s is read by kustomize alone", c.Value)
			}
			continue
		}
		sound = r.spelt(k, c, depth+1) && sound
	}
	return sound
}

// respelt is the word that kustomize reads name as, if it is spelt otherwise.
func respelt(name string, words []string) string {
	for _, w := range words {
		if name != w && strings.EqualFold(name, w) {
			return w
		}
	}
	return ""
}

// remote reports whether kustomize takes a path for an address, whatever is
// there (api/internal/git/repospec.go and api/internal/loader of v0.21).
func remote(text string) bool {
	lower := strings.ToLower(text)
	host, _, _ := strings.Cut(lower, "/")
	return strings.Contains(lower, "://") || strings.HasPrefix(lower, "git::") || strings.Contains(host, "@") ||
		strings.Contains(host, ":") || strings.HasPrefix(host, "github.com") || strings.HasPrefix(host, "www.github.com")
}
