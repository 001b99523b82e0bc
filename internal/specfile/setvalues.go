package specfile

import (
	"reflect"
	"strings"
)

// Accepts tells what the key at a path below v, a pointer to a type of the
// model, takes: the values where there are only so many, and whether it is a
// list that += adds to. Of a path that leads nowhere it says nothing.
func Accepts(v any, path string) (values []string, list bool) {
	t, f := reflect.TypeOf(v).Elem(), (*field)(nil)
	for path != "" {
		m := step.FindStringSubmatch(path)
		if m == nil {
			inner, ok := strings.CutPrefix(path, "[")
			which, _, closed := strings.Cut(inner, "]")
			if !ok || !closed {
				return nil, false
			}
			m = []string{"[" + which + "]", "", which}
		}
		path = path[len(m[0]):]
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		tab := tables[t]
		switch {
		case m[1] == "" && t.Kind() == reflect.Slice:
			t, f = t.Elem(), nil
		case tab != nil && has(tab.byKey, m[1]):
			f = &tab.fields[tab.byKey[m[1]]]
			t = t.Field(f.index).Type
		default:
			return nil, false
		}
	}
	switch {
	case t.Kind() == reflect.Bool:
		return []string{"true", "false"}, false
	case f != nil && len(f.enum) > 0:
		return f.enum, false
	}
	return nil, t.Kind() == reflect.Slice
}
