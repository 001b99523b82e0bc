package audit

// meshRules are about Istio: whether its routes lead somewhere, whether its
// circuit breakers break, and whether who is meant to call may.
var meshRules = []*Rule{
	subsetUndefined, subsetSelectsNothing, destinationMissing, weightsWrong, virtualServiceTwice, destinationRuleTwice, deprecatedMeshField,
	neverEjects, noBreaker, clientTLSRefused, meshNotStrict, callerNotAuthorised, requestsUnseen, retriesExceedTimeout, callerUndeclared, policyPortUnserved, policyGuardsNobody, principalOfNobody,
	limitOfOne, failoverNever,
}
