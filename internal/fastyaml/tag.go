package fastyaml

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// tag is a node's tag as a number.
type tag uint8

const (
	noTag tag = iota
	strTag
	intTag
	boolTag
	nullTag
	floatTag
	timestampTag
	mergeTag
	mapTag
	seqTag
)

var tags = [...]string{
	noTag: "", strTag: "!!str", intTag: "!!int", boolTag: "!!bool", nullTag: "!!null", floatTag: "!!float",
	timestampTag: "!!timestamp", mergeTag: "!!merge", mapTag: "!!map", seqTag: "!!seq",
}

// resolved is the tag of a plain scalar. What is plainly a word or a short
// number is told here; of all else the yaml package is asked.
func resolved(value string) tag {
	switch c := value[0]; {
	case c >= '0' && c <= '9':
		if t := number(value); t != noTag {
			return t
		}
		fallthrough
	case c == '+', c == '-':
		if quantity(value) {
			return strTag
		}
		return asked(value)
	case c == '.':
		return asked(value)
	}
	switch value {
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolTag
	case "~", "null", "Null", "NULL":
		return nullTag
	case "<<":
		return mergeTag
	}
	return strTag
}

// number is the tag of decimal digits, with or without a fraction, that are few
// enough to fit; noTag is for all else. A 0 before other digits means octal.
func number(value string) tag {
	if len(value) > 18 || value[0] == '0' && len(value) > 1 && value[1] != '.' {
		return noTag
	}
	t := intTag
	for i := range len(value) {
		switch c := value[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && t == intTag:
			t = floatTag
		default:
			return noTag
		}
	}
	return t
}

// asked is what the yaml package makes of a plain scalar.
func asked(value string) tag {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: value}
	short := n.ShortTag()
	for t, text := range tags {
		if text == short {
			return tag(t)
		}
	}
	panic("fastyaml: a plain scalar with the tag " + short)
}

// quantity tells whether a plain scalar that starts like a number has a letter
// that neither a number nor a date is written with: 10m, 2Gi, 30s, 50%. Dates
// start with a year and a dash.
func quantity(value string) bool {
	if len(value) > 4 && value[4] == '-' {
		return false
	}
	for i := range len(value) {
		switch c := value[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		case strings.IndexByte("xXoOnNiI_.+-", c) >= 0:
		default:
			return true
		}
	}
	return false
}
