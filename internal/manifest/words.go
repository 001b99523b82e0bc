package manifest

import (
	"regexp"
	"strings"
)

// mistyped is how the YAML library says that a value has the wrong type: with its
// own name for the one, and Go's for the other.
var mistyped = regexp.MustCompile("cannot unmarshal !!(\\w+)(?: (`[^`]*`))? into (\\S+)")

// plainTypes says in YAML's words what the YAML library says in Go's.
func plainTypes(message string) string {
	return mistyped.ReplaceAllStringFunc(message, func(found string) string {
		parts := mistyped.FindStringSubmatch(found)
		what, subject := tagWords[parts[1]], parts[2]
		if what == "" {
			what = "another type"
		}
		if subject == "" {
			return what + " stands where " + goWord(strings.TrimSuffix(parts[3], ",")) + " is wanted"
		}
		return strings.Trim(subject, "`") + " is " + what + ", and " + goWord(parts[3]) + " is wanted"
	})
}

var tagWords = map[string]string{
	"seq": "a list", "map": "a mapping", "str": "text", "int": "a number", "float": "a number", "bool": "a boolean", "null": "nothing", "timestamp": "a date",
}

// goWord is YAML's word for a type of Go's.
func goWord(name string) string {
	name = strings.TrimPrefix(name, "*")
	switch {
	case name == "string":
		return "text"
	case name == "bool":
		return "true or false"
	case strings.HasPrefix(name, "int"), strings.HasPrefix(name, "uint"):
		return "a whole number"
	case strings.HasPrefix(name, "float"):
		return "a number"
	case strings.HasPrefix(name, "[]"):
		return "a list"
	}
	return "a mapping"
}
