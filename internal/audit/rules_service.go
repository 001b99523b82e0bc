package audit

// serviceRules are about Services: whom they select, what their ports mean and
// who can reach them.
var serviceRules = []*Rule{serviceSelectsNothing, targetPortMissing, portUnnamed, serviceExposed, rootPinsVersion, clientHidden, portNotAsModelled}
