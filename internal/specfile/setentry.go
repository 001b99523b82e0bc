package specfile

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// stepEntry follows a path into a list: [0], [name].
func (a *assignment) stepEntry(v reflect.Value, rest string, p *place) {
	inner, opened := strings.CutPrefix(rest, "[")
	which, behind, closed := strings.Cut(inner, "]")
	if !opened || !closed {
		a.fail(p, "wrong-type", fmt.Sprintf("say which entry: %s[0]%s", p, beforeLabel(rest)), "is a list")
		return
	}
	i, ok := a.entry(v, which, p)
	if !ok {
		return
	}
	at := &place{parent: p, index: i}
	n := v.Len()
	fresh := reflect.MakeSlice(v.Type(), n, n)
	reflect.Copy(fresh, v)
	if behind == "" && a.op == "-" {
		fresh = reflect.AppendSlice(fresh.Slice(0, i), fresh.Slice(i+1, n))
		if fresh.Len() == 0 {
			fresh = reflect.Zero(v.Type())
		}
	} else {
		a.step(fresh.Index(i), behind, at, nil)
	}
	v.Set(fresh)
}

// beforeLabel gives what is to follow an index in a hint.
func beforeLabel(rest string) string {
	if rest == "" || rest[0] == '[' {
		return ""
	}
	return "." + strings.TrimPrefix(rest, ".")
}

// entry finds the entry of a list that a path means: a number is an index.
func (a *assignment) entry(v reflect.Value, which string, p *place) (int, bool) {
	if i, err := strconv.Atoi(which); err == nil {
		if i < 0 || i >= v.Len() {
			a.fail(p, "unknown-entry", "count from 0; to add one write "+p.String()+"+=…", "has %d entries, and none at [%s]", v.Len(), which)
			return 0, false
		}
		return i, true
	}
	found := -1
	var names []string
	for i := range v.Len() {
		name := called(v.Index(i))
		if name == "" {
			continue
		}
		names = append(names, name)
		if name != which {
			continue
		}
		if found >= 0 {
			a.fail(p, "duplicate", "say which by its index", "has more than one entry %s", excerpt(which))
			return 0, false
		}
		found = i
	}
	if found >= 0 {
		return found, true
	}
	fix := "to add one write " + p.String() + "+=…"
	if near := diag.Nearest(which, names); near != "" {
		fix = "did you mean " + near + "?"
	} else if len(names) > 0 {
		fix = "there are " + some(names)
	}
	a.fail(p, "unknown-entry", fix, "has no entry %s", excerpt(which))
	return 0, false
}

// called is what a path calls an entry of a list: its name, which a port has in
// any case, its service, or the word that it is.
func called(v reflect.Value) string {
	if p, ok := v.Interface().(spec.Port); ok {
		return PortName(p)
	}
	if name := nameOf(v); name.IsValid() {
		return name.String()
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	if isWord(v) {
		return word(v)
	}
	return ""
}

// PortName is the name of a port, the default one where the file gives none.
func PortName(p spec.Port) string {
	if p.Name != "" {
		return p.Name
	}
	n := spec.Network{Spec: spec.Spec{Services: []spec.Service{{Ports: []spec.Port{p}}}}}
	return n.WithDefaults().Spec.Services[0].Ports[0].Name
}

// Keys gives the paths of all keys below v, a pointer to a type of the model,
// in the model's order, as Set takes them: [] stands where an entry is to be
// chosen.
func Keys(v any) []string {
	var out []string
	var visit func(t reflect.Type, path string)
	visit = func(t reflect.Type, path string) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			if t.Kind() == reflect.Slice {
				path += "[]"
			}
			t = t.Elem()
		}
		tab := tables[t]
		if tab == nil {
			return
		}
		for _, f := range tab.fields {
			at := strings.TrimPrefix(path+"."+f.key, ".")
			out = append(out, at)
			visit(t.Field(f.index).Type, at)
		}
	}
	visit(reflect.TypeOf(v), "")
	return out
}
