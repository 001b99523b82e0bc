package gen

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

// allowed are the functions of sprig that templates may use: those whose result
// depends on their arguments alone. (Even sprig's own hermetic set holds
// generated keys, shuffles and clocks.)
var allowed = []string{
	"add", "sub", "mul", "div", "mod", "min", "max", "ceil", "floor", "round", "int", "int64", "float64",
	"append", "concat", "dict", "first", "get", "has", "hasKey", "initial", "join", "last", "list", "rest", "reverse", "set", "slice", "sortAlpha", "uniq", "without",
	"cat", "contains", "hasPrefix", "hasSuffix", "indent", "lower", "nindent", "replace", "splitList", "title", "trim", "trimAll", "trimPrefix", "trimSuffix", "trunc", "upper", "wrap",
	"coalesce", "default", "empty", "ternary", "toString", "b64enc", "sha256sum", "regexMatch", "regexReplaceAll", "toJson",
}

func funcs() template.FuncMap {
	m := template.FuncMap{}
	known := sprig.TxtFuncMap()
	for _, name := range allowed {
		f, ok := known[name]
		if !ok {
			panic("sprig has no function " + name)
		}
		m[name] = f
	}
	m["repeat"] = repeat
	m["scalar"] = writeScalar
	m["quoted"] = quoted
	m["portValue"] = portValue
	m["labels"] = labels
	m["selector"] = selector
	m["literal"] = literal
	m["value"] = writeValue
	m["comment"] = comment
	m["seconds"] = seconds
	m["routeDuration"] = routeDuration
	return m
}

// repeat is sprig's, within bounds: a slip in a template is an error and not
// the end of the machine's memory.
func repeat(count int, s string) (string, error) {
	if count < 0 || count*len(s) > maxTemplate || count > maxTemplate {
		return "", fmt.Errorf("repeat %d times is too much", count)
	}
	return strings.Repeat(s, count), nil
}

// writeScalar writes one value of the model as YAML: strings through scalar.Text, whole
// numbers as they are. Anything else in a template is a mistake.
func writeScalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return scalar.Text(v), nil
	case int:
		return strconv.Itoa(v), nil
	case spec.PortNumber:
		return strconv.Itoa(int(v)), nil
	case spec.Percent:
		return strconv.Itoa(int(v)), nil
	case spec.Share:
		return strconv.Itoa(int(v)), nil
	case spec.Count:
		return strconv.Itoa(int(v)), nil
	case spec.Attempts:
		return strconv.Itoa(int(v)), nil
	case spec.PortRef:
		if v.Name != "" {
			return scalar.Text(v.Name), nil
		}
		return strconv.Itoa(int(v.Number)), nil
	case spec.Duration:
		return scalar.Text(seconds(v)), nil
	}
	return "", fmt.Errorf("a %T cannot be written as a scalar", v)
}

// quoted writes a number or word as a string in quotes, where YAML would
// otherwise make a number of it and the field wants a string.
func quoted(v any) (string, error) {
	text := fmt.Sprint(v)
	switch v := v.(type) {
	case string, spec.PortNumber, int:
		return scalar.Double(text), nil
	default:
		return "", fmt.Errorf("a %T cannot be quoted", v)
	}
}

// portValue writes a container port as NetworkPolicies take it: a number, or a name.
func portValue(s string) string {
	if _, err := strconv.Atoi(s); err == nil {
		return s
	}
	return scalar.Text(s)
}

// labels writes a mapping of strings, sorted, each entry on a line of its own
// that is indented by n spaces.
func labels(n int, m map[string]string) string {
	var b strings.Builder
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte('\n')
			b.WriteString(strings.Repeat(" ", n))
		}
		b.WriteString(scalar.Text(k))
		b.WriteString(": ")
		b.WriteString(scalar.Text(m[k]))
	}
	return b.String()
}

// selector writes a label selector of at least one label, each line but the
// first indented by n spaces.
func selector(n int, pods map[string]string, either *Either) string {
	pad := "\n" + strings.Repeat(" ", n)
	var parts []string
	if len(pods) > 0 {
		parts = append(parts, "matchLabels:"+pad+"  "+labels(n+2, pods))
	}
	if either != nil {
		expression := "matchExpressions:" + pad + "- key: " + scalar.Text(either.Key) + pad + "  operator: In" + pad + "  values:"
		for _, value := range either.Values {
			expression += pad + "  - " + scalar.Text(value)
		}
		parts = append(parts, expression)
	}
	return strings.Join(parts, pad)
}

// literal writes text as the lines of a literal block scalar, indented by n.
func literal(n int, text string) string {
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}

// comment writes text as comment lines; the first is not indented.
func comment(n int, text string) string {
	return "# " + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", n)+"# ")
}

// routeDuration writes a duration as the Gateway API takes it (GEP-2257): up to
// five digits a unit, at most four units.
func routeDuration(d spec.Duration) string {
	t := time.Duration(d)
	if t%time.Second == 0 && t < 100_000*time.Second {
		return seconds(d)
	}
	var b strings.Builder
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := t / unit.of; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			t -= n * unit.of
		}
	}
	return b.String()
}

// seconds writes a duration as Istio, the Gateway API and Prometheus all read
// it: whole seconds, or milliseconds below that.
func seconds(d spec.Duration) string {
	t := time.Duration(d)
	if t%time.Second == 0 {
		return strconv.FormatInt(int64(t/time.Second), 10) + "s"
	}
	return strconv.FormatInt(t.Milliseconds(), 10) + "ms"
}
