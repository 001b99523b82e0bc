package audit

import "slices"

// catalogue is every rule, in the order in which people meet them: who may talk
// to whom, the mesh, the front door, Services, monitoring, alerts, the
// repository, what is expected, and the suppressions themselves.
func catalogue() []*Rule {
	return slices.Concat(networkRules, meshRules, doorRules, serviceRules, monitorRules, alertRules, repositoryRules, expectationRules, suppressionRules)
}
