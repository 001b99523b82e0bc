package cli

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/plan"
)

// mostNamed is how many resources are named one by one.
const mostNamed = 12

// removals says how a cluster gets rid of what the files no longer have.
func removals(resources []plan.Resource) []string {
	if len(resources) == 0 {
		return nil
	}
	if len(resources) > mostNamed {
		return []string{fmt.Sprintf("%d resources are not made any more, and kubectl apply deletes none of them; -o json lists them", len(resources))}
	}
	out := []string{"not made any more, and kubectl apply does not delete it:"}
	if len(resources) > 1 {
		out[0] = "not made any more, and kubectl apply does not delete them:"
	}
	for i := 0; i < len(resources); {
		namespace := resources[i].Namespace
		words := []string{"  kubectl"}
		if namespace != "" {
			words = append(words, "-n", namespace)
		}
		words = append(words, "delete")
		for ; i < len(resources) && resources[i].Namespace == namespace; i++ {
			kind := strings.ToLower(resources[i].Kind)
			if resources[i].Group != "" {
				kind += "." + resources[i].Group
			}
			words = append(words, kind+"/"+resources[i].Name)
		}
		out = append(out, strings.Join(words, " "))
	}
	return out
}

// sayFollows says what a step leaves to be done outside the repository.
func (sh *shell) sayFollows(s *step) {
	sh.report.removed = s.plan.Removed()
	for _, line := range removals(sh.report.removed) {
		sh.say("%s", line)
	}
	for _, c := range s.plan.Writes() {
		if strings.HasPrefix(c.Path, "delivery/") {
			sh.say("delivery has changed: kubectl apply -k delivery, where the engine runs, before this is pushed")
			break
		}
	}
}
