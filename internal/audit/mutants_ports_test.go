package audit

// portMutants break the Service ports that kgen.yaml declares: K13, the port that
// callers dial, and K9, the port of the pods that it leads to.
var portMutants = []mutant{
	{Rule: "SV07", Constraint: "K13", Name: "another port", Example: "guide", Break: isSpec("Service", "service-a", 9001, "ports", 0, "port"), Also: []string{"SM03"}},
	{Rule: "SV07", Constraint: "K13", Name: "another port of another name", Example: "ingress-no-mesh", Break: npAll(isSpec("Service", "postgres", 5433, "ports", 0, "port"), isSpec("Service", "postgres", "tcp-admin", "ports", 0, "name"))},
	{Rule: "SV07", Constraint: "K13", Name: "another port of a headless Service", Example: "mixed", Break: isSpec("Service", "broker", 9192, "ports", 0, "port")},
	{Rule: "SV07", Constraint: "K13", Name: "a port is gone", Example: "mixed", Break: isSpec("Service", "broker", npGone, "ports", 1)},
	{Rule: "SV07", Constraint: "K13", Name: "another port of a version's Service", Example: "ambient", Break: isSpec("Service", "web-v1", 81, "ports", 0, "port"), Also: []string{"IN02"}},
	{Rule: "SV07", Constraint: "K9", Name: "another port of the pods", Example: "mixed", Break: isSpec("Service", "broker", 9093, "ports", 0, "targetPort")},
	{Rule: "SV07", Constraint: "K9", Name: "the port of the metrics", Example: "mixed", Break: isSpec("Service", "broker", 9404, "ports", 2, "targetPort")},
}
