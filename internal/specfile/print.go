package specfile

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

// layout is how a file is indented.
type layout struct {
	indent int // of a mapping below its key
	dash   int // of a list's dashes below their key
	gap    int // from a dash to what it starts
}

var ownLayout = layout{indent: 2, dash: 0, gap: 2}

// lineWidth is how long a line may get before a value is spread over several.
const lineWidth = 100

// mapping prints a struct key by key, a line each or more. comment gives the
// lines above a key, if it is not nil.
func (l layout) mapping(v reflect.Value, comment func(key string) []string) []string {
	var out []string
	for _, f := range tables[v.Type()].fields {
		fv := v.Field(f.index)
		if !shown(f, fv) {
			continue
		}
		if comment != nil {
			for _, text := range comment(f.key) {
				out = append(out, "# "+text)
			}
		}
		out = append(out, l.member(f.key, fv)...)
	}
	return out
}

// member prints one key with its value.
func (l layout) member(key string, v reflect.Value) []string {
	v = reflect.Indirect(v)
	if text := scalar.Word(key) + ": " + flow(v); oneLine(v) && len(text) <= lineWidth {
		return []string{text}
	}
	out := []string{scalar.Word(key) + ":"}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			entry := l.entry(v.Index(i))
			if i > 0 && blockType(v.Type().Elem()) {
				out = append(out, "")
			}
			out = append(out, indented(entry, l.dash)...)
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			out = append(out, indented([]string{scalar.Word(k.String()) + ": " + flow(v.MapIndex(k))}, l.indent)...)
		}
	case reflect.Struct:
		out = append(out, indented(l.mapping(v, nil), l.indent)...)
	default:
		return []string{scalar.Word(key) + ": " + flow(v)}
	}
	return out
}

// entry prints one entry of a list, with its dash.
func (l layout) entry(v reflect.Value) []string {
	dash := "-" + strings.Repeat(" ", l.gap-1)
	if text := flow(v); isWord(v) || oneLine(v) && len(text) <= lineWidth {
		return []string{dash + text}
	}
	out := indented(l.mapping(v, nil), l.gap)
	out[0] = dash + out[0][l.gap:]
	return out
}

func indented(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		if line != "" {
			out[i] = strings.Repeat(" ", by) + line
		}
	}
	return out
}

// shown reports whether a field is written: what the model does not say is not.
func shown(f field, v reflect.Value) bool { return f.required || !v.IsZero() }

// oneLine reports whether a value reads well between brackets: a word, a list
// of words, a mapping of those.
func oneLine(v reflect.Value) bool {
	v = reflect.Indirect(v)
	if isWord(v) {
		return true
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			if !isWord(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		if blockType(v.Type()) {
			return false
		}
		for _, f := range tables[v.Type()].fields {
			fv := reflect.Indirect(v.Field(f.index))
			if shown(f, v.Field(f.index)) && !isWord(fv) && (fv.Kind() != reflect.Slice || !oneLine(fv)) {
				return false
			}
		}
	}
	return true
}

func blockType(t reflect.Type) bool {
	tab := tables[t]
	return tab != nil && tab.block || t == reflect.TypeFor[spec.Metadata]()
}

// isWord reports whether a value is written as a single word.
func isWord(v reflect.Value) bool {
	if isScalar(v.Type()) {
		return true
	}
	switch v.Kind() {
	case reflect.Struct:
		return shorthand(v) != nil
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return false
	}
	return true
}

// shorthand gives the one field that stands for the whole value, or nil.
func shorthand(v reflect.Value) *reflect.Value {
	tab := tables[v.Type()]
	if tab.shorthand < 0 {
		return nil
	}
	for _, f := range tab.fields {
		if f.index != tab.shorthand && !v.Field(f.index).IsZero() {
			return nil
		}
	}
	word := v.Field(tab.shorthand)
	return &word
}

// flow prints a value on one line.
func flow(v reflect.Value) string {
	v = reflect.Indirect(v)
	if isScalar(v.Type()) {
		return word(v)
	}
	var parts []string
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			parts = append(parts, flow(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			parts = append(parts, scalar.Word(k.String())+": "+flow(v.MapIndex(k)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Struct:
		if s := shorthand(v); s != nil {
			return flow(*s)
		}
		for _, f := range tables[v.Type()].fields {
			if fv := v.Field(f.index); shown(f, fv) {
				parts = append(parts, f.key+": "+flow(fv))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return word(v)
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// word prints a value that is not made of others.
func word(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case spec.Duration:
		return durationText(time.Duration(x))
	case spec.PortRef:
		if x.Name != "" {
			return scalar.Word(x.Name)
		}
		return x.Text()
	}
	switch v.Kind() {
	case reflect.String:
		return scalar.Word(v.String())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	return fmt.Sprint(v.Interface())
}

// durationText prints a duration as ParseDuration reads it, in days and less.
func durationText(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := d / unit.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d -= n * unit.size
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
