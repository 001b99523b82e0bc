package audit

// repositoryRules are about the repository itself: that what stands in it is
// built, and that it is what the model says.
var repositoryRules = []*Rule{entriesWrong, drifted, formerVersion, patchOfNothing, appliedTooLate}
