package fastyaml

// Plain is the fast reader alone, without the yaml package behind it.
var Plain = plain

// Resolved is the tag that the fast reader gives a plain scalar.
func Resolved(value string) string { return tags[resolved(value)] }
