package audit

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
)

var entriesWrong = &Rule{
	ID: "RP01", Severity: diag.Error,
	Title:       "A kustomization leaves something out, names it twice or not rightly, or renames what others name",
	Items:       []string{"C10"},
	Constraints: []string{"K32"},
	Reads:       []Need{NeedsFiles},
	Doc: `Each kustomization is held against its folder: what it names is there, once, and every file with Kubernetes objects in the folder is named by
some kustomization, as is every folder with a kustomization beside those that it names. A policy in a file that nothing names is applied by
nobody, and reads as if it were.

` + "`namePrefix`" + ` and ` + "`nameSuffix`" + ` rename a Service where kustomize knows of the reference, which it does not in VirtualServices, DestinationRules,
the routes of Gateway API, environment variables and ConfigMaps: what still names it as it was is a finding. ` + "`commonLabels`" + ` and ` + "`labels`" + ` with
` + "`includeSelectors`" + ` add their labels to the peers of NetworkPolicies too (kustomize, "commonLabels": they are for selectors). A peer whose pods are
built elsewhere, the cluster's DNS first of all, then selects nobody, which is a finding; one whose pods got the labels as well is none. Write
the names and the labels out, or use ` + "`labels`" + ` with ` + "`pairs`" + ` alone.`,
	check: func(c *Check) {
		for _, d := range c.Source.Findings {
			if d.Code == source.MissingEntry || d.Code == source.DuplicateEntry {
				at := manifest.Position{File: d.File, Line: d.Line, Column: d.Column}
				c.ReportFile(at, c.restoring(at, d.Fix), "%s", d.Message)
			}
		}
		for _, k := range c.Source.Kustomizations {
			c.Looked()
			for _, o := range k.Orphans {
				c.ReportFile(manifest.Position{File: o, Line: 1, Column: 1}, "name it under resources in "+k.File+", or remove it", "no kustomization names it, so nothing of it is built")
			}
			c.forgotten(k)
			for _, m := range k.Mutators {
				if m.Value != "" {
					c.renames(m)
				} else {
					c.relabels(m)
				}
			}
		}
	},
}

// restoring is the way out where an entry leads to a file that is gone: beside a
// kgen.yaml it is most likely one that kgen wrote and somebody took away.
func (c *Check) restoring(at manifest.Position, fix string) string {
	if c.Model == nil {
		return fix
	}
	for _, k := range c.Source.Kustomizations {
		for _, e := range k.Entries {
			if e.Missing && e.Position == at && fix != "" {
				return fmt.Sprintf("if kgen wrote it, kgen generate --restore %s brings it back; otherwise %s", path.Join(tidyPath(k.Dir), e.Path), fix)
			}
		}
	}
	return fix
}

// forgotten reports the folders that a kustomization does not name, where it names
// others right beside them: overlays and environments lie deeper, or elsewhere.
func (c *Check) forgotten(k *source.Kustomization) {
	beside := map[string]bool{}
	for _, e := range k.Entries {
		if (e.Field == "resources" || e.Field == "bases") && e.Target != "" && path.Ext(e.Target) == "" {
			beside[folderOf(e.Target)] = true
		}
	}
	for _, dir := range k.Unreached {
		if !beside[folderOf(dir)] || slices.Contains(apart, path.Base(tidyPath(dir))) {
			continue
		}
		name := strings.TrimPrefix(tidyPath(dir), tidyPath(k.Dir)+"/")
		c.ReportFile(manifest.Position{File: k.File, Line: 1, Column: 1}, "add "+name+" to resources, or remove the folder", "it names other folders and not %s, so nothing of that is built", name)
	}
}

// apart are folders that are built for themselves.
var apart = []string{"delivery", "environments", "overlays", "components", "clusters", "base", "tests", "test", "examples"}

func tidyPath(p string) string { return path.Clean(strings.ReplaceAll(p, `\`, "/")) }

func folderOf(p string) string { return path.Dir(tidyPath(p)) }
