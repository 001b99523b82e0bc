package audit

import "kgen.dev/kgen/internal/diag"

var patchOfNothing = &Rule{
	ID: "RP04", Severity: diag.Warning,
	Title:       "A patch is for no object",
	Items:       []string{"C10"},
	Constraints: []string{"K32"},
	Reads:       []Need{NeedsFiles},
	Doc: `The ` + "`target`" + ` of each entry of ` + "`patches`" + ` is held against the objects that the kustomization has. Where none is of that kind, name, group, version and
namespace, kustomize applies the patch to nothing and says nothing (kustomize, "patches"): a limit that was meant to be tightened for
production stays as it was, since the object was renamed or the name mistyped. A patch without a target, which names its object itself, is
refused by kustomize where that is not there; such a build has no objects to judge, and its error says where the patch stands.

Correct the target, or remove the patch. Labels and annotations of a target are not looked at, nor names where something renames the
objects, nor anything where a plugin makes or changes them. A component's patches are for whoever takes the component in: one that says
no name may be for nothing, and one with a name is a finding where it is for nothing of anybody's.`,
	check: func(c *Check) {
		for _, k := range c.Source.Kustomizations {
			c.Looked()
			for _, idle := range k.Idle {
				c.ReportFile(idle.Position, "correct the target, or remove the patch", "the patch changes nothing: no object is of %s", idle.Target)
			}
		}
	},
}
