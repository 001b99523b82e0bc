package specfile

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// kindOf says in a user's words what a node is.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!null":
		return "no value"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	}
	return "text"
}

const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func quoted(n *yaml.Node) bool { return n.Style&quotedStyles != 0 }

// single reports whether n is one word with a value, or records that it is not.
func (d *decoder) single(n *yaml.Node, p *place, wanted string) bool {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.fault(n, p, "wrong-type", "", "is %s, and %s is wanted", kindOf(n), wanted)
	case isNull(n) && n.Value == "":
		d.fault(n, p, "no-value", "give it "+wanted+", or remove it", "has no value")
	default:
		return true
	}
	return false
}

// text reads a string. What YAML takes for something else is an error, because
// readers differ in what they make of it.
func (d *decoder) text(n *yaml.Node, v reflect.Value, p *place, f *field) {
	if !d.single(n, p, "text") {
		return
	}
	switch n.Tag {
	case "!!null", "!!int", "!!float", "!!bool":
		d.notText(n, p)
		return
	}
	if f != nil && len(f.enum) > 0 && !slices.Contains(f.enum, n.Value) {
		d.notListed(n, p, f.enum)
		return
	}
	v.SetString(n.Value)
}

func (d *decoder) notText(n *yaml.Node, p *place) {
	d.fault(n, p, "wrong-type", "write it in quotes: "+strconv.Quote(n.Value), "%s is %s, not text", n.Value, kindOf(n))
}

func (d *decoder) notListed(n *yaml.Node, p *place, enum []string) {
	if len(enum) == 1 {
		d.fault(n, p, "bad-value", "write "+enum[0], "%s is not %s", excerpt(n.Value), enum[0])
		return
	}
	fix := "write one of these"
	if near := diag.Nearest(n.Value, enum); near != "" {
		fix = "did you mean " + near + "?"
	}
	d.fault(n, p, "bad-value", fix, "%s is not one of %s", excerpt(n.Value), strings.Join(enum, ", "))
}

// excerpt quotes a value for a message, cut where it is long.
func excerpt(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

func (d *decoder) boolean(n *yaml.Node, v reflect.Value, p *place) {
	if !d.single(n, p, "true or false") {
		return
	}
	if n.Tag != "!!bool" {
		d.fault(n, p, "wrong-type", "", "%s is not true or false", excerpt(n.Value))
		return
	}
	v.SetBool(strings.EqualFold(n.Value, "true"))
}

// wanted says what belongs in a field of each scalar type.
var wanted = map[reflect.Type]string{
	reflect.TypeFor[spec.PortNumber]():   "a port number",
	reflect.TypeFor[spec.PortRef]():      "a port's number or name",
	reflect.TypeFor[spec.Duration]():     "a duration such as 5s",
	reflect.TypeFor[spec.Percent]():      "a percentage from 0 to 100",
	reflect.TypeFor[spec.Share]():        "a percentage from 1 to 100",
	reflect.TypeFor[spec.Availability](): "a percentage such as 99.9",
	reflect.TypeFor[spec.Percentile]():   "a percentage such as 99",
}

// scalar reads a type that has a parser of its own. Numbers stand without
// quotes; a port reference is text or a decimal number.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, p *place) {
	want, ok := wanted[v.Type()]
	if !ok {
		want = "a whole number"
	}
	if !d.single(n, p, want) {
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Float64:
		if quoted(n) {
			fix := ""
			if parse(v, n.Value) == nil {
				fix = "write it without quotes: " + n.Value
			}
			v.SetZero()
			d.fault(n, p, "wrong-type", fix, "%s is text, and %s is wanted", excerpt(n.Value), want)
			return
		}
	case reflect.Struct:
		if !quoted(n) && kindOf(n) != "text" && !decimal(n.Value) {
			d.notText(n, p)
			return
		}
	}
	if err := parse(v, n.Value); err != nil {
		v.SetZero()
		d.fault(n, p, "bad-value", "", "%s", err)
	}
}

// decimal reports whether text is digits, perhaps behind a minus sign.
func decimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func parse(v reflect.Value, text string) error {
	return v.Addr().Interface().(spec.Scalar).ParseText(text)
}
