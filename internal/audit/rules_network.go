package audit

// networkRules are about NetworkPolicy: who may talk to whom, and whether the
// policies say what they were written to say.
var networkRules = []*Rule{
	defaultDeny, podNotIsolated, noDNS, edgeDenied, edgeUndeclared,
	policySelectsNothing, peerSelectsNothing, servicePortInPolicy, portUnresolved, orForAnd, allowAll,
	typesContradictRules, invalidPolicy, wideAddressRange,
	doorNotAdmitted, scrapeNotAdmitted, istiodUnreachable, tunnelMissing, probesMissing, namespaceLabelMissing,
}
