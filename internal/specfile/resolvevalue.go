package specfile

import (
	"fmt"
	"reflect"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// where is a place in both models, and what a person calls it.
type where struct {
	ours, theirs *place
	name         string
}

func (w where) key(key string) where {
	name := w.name + "." + key
	if w.name == "" || w.name == "spec" {
		name = key
	}
	return where{&place{parent: w.ours, key: key}, &place{parent: w.theirs, key: key}, name}
}

func (w where) entry(ours, theirs int, v reflect.Value) where {
	return where{&place{parent: w.ours, index: ours}, &place{parent: w.theirs, index: theirs}, fmt.Sprintf("%s[%s]", w.name, title(v))}
}

// title is what a note calls an entry.
func title(v reflect.Value) string {
	if name := called(v); name != "" {
		return name
	}
	return flow(v)
}

func (r *resolver) note(w where, format string, args ...any) {
	r.notes = append(r.notes, w.name+": "+fmt.Sprintf(format, args...))
}

// merge sets out to what both sides mean. base is what they come from, or no
// value where that is not known or did not exist.
func (r *resolver) merge(out, base, ours, theirs reflect.Value, w where) {
	out.Set(ours)
	if equalValues(ours, theirs) {
		return
	}
	t := ours.Type()
	inner := t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Struct && !isScalar(t)
	if base.IsValid() && !inner {
		switch {
		case equalValues(base, theirs):
			return
		case equalValues(base, ours):
			out.Set(theirs)
			r.note(w, "is as below =======: %s", shownValue(theirs))
			return
		case ours.IsZero() || theirs.IsZero():
			r.conflict(w, ours, theirs)
			return
		}
	}
	switch {
	case t.Kind() == reflect.Struct && inner:
		for _, f := range tables[t].fields {
			r.merge(out.Field(f.index), below(base, f.index), ours.Field(f.index), theirs.Field(f.index), w.key(f.key))
		}
	case t.Kind() == reflect.Slice:
		r.mergeList(out, base, ours, theirs, w)
	case t.Kind() == reflect.Map:
		r.mergeLabels(out, base, ours, theirs, w)
	case ours.IsZero() && !zeroIsValue(ours):
		out.Set(theirs)
		r.note(w, "%s comes from below =======", shownValue(theirs))
	case theirs.IsZero() && !zeroIsValue(theirs):
	case t.Kind() == reflect.Pointer:
		fresh := reflect.New(t.Elem())
		var from reflect.Value
		if base.IsValid() && !base.IsNil() {
			from = base.Elem()
		}
		r.merge(fresh.Elem(), from, ours.Elem(), theirs.Elem(), w)
		out.Set(fresh)
	default:
		r.conflict(w, ours, theirs)
	}
}

func below(v reflect.Value, field int) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.Field(field)
}

// shownValue is a value as a finding prints it.
func shownValue(v reflect.Value) string {
	if !v.IsValid() || v.IsZero() && !zeroIsValue(v) {
		return "nothing"
	}
	text := flow(v)
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

// conflict records that both sides say something else.
func (r *resolver) conflict(w where, ours, theirs reflect.Value) {
	line, column := locate(r.ours.root, w.ours.String())
	other, _ := locate(r.theirs.root, w.theirs.String())
	r.list = append(r.list, diag.Diagnostic{File: r.name, Line: at(r.above, line), Column: column, Path: w.name, Severity: diag.Error, Code: "conflict",
		Message: fmt.Sprintf("is %s above ======= and %s below it (line %d)", shownValue(ours), shownValue(theirs), at(r.below, other)),
		Fix:     "write what is meant, and remove the markers"})
}

func (r *resolver) mergeLabels(out, base, ours, theirs reflect.Value, w where) {
	if ours.IsNil() && !base.IsValid() || theirs.IsNil() && !base.IsValid() {
		if ours.IsNil() {
			out.Set(theirs)
			r.note(w, "%s comes from below =======", shownValue(theirs))
		}
		return
	}
	of := func(m, k reflect.Value) reflect.Value {
		if !m.IsValid() {
			return m
		}
		return m.MapIndex(k)
	}
	fresh := reflect.MakeMap(out.Type())
	all := reflect.MakeMap(out.Type())
	for _, m := range []reflect.Value{ours, theirs} {
		for _, k := range m.MapKeys() {
			all.SetMapIndex(k, m.MapIndex(k))
		}
	}
	for _, k := range sortedKeys(all) {
		b, o, t := of(base, k), of(ours, k), of(theirs, k)
		in := w.key(k.String())
		same := func(x, y reflect.Value) bool { return x.IsValid() && y.IsValid() && equalValues(x, y) }
		switch {
		case same(o, t), !t.IsValid() && !b.IsValid(), same(b, t):
			if o.IsValid() {
				fresh.SetMapIndex(k, o)
			}
		case !o.IsValid() && !b.IsValid(), same(b, o):
			if t.IsValid() {
				fresh.SetMapIndex(k, t)
			}
			r.note(in, "is as below =======: %s", shownValue(t))
		default:
			r.conflict(in, o, t)
		}
	}
	out.Set(fresh)
	if fresh.Len() == 0 && (ours.IsNil() || theirs.IsNil()) {
		out.SetZero()
	}
}

// mergeList takes the entries of both sides, by what they are known by.
func (r *resolver) mergeList(out, base, ours, theirs reflect.Value, w where) {
	o, t, b := indexOf(ours), indexOf(theirs), indexOf(base)
	if r.strangers(base, ours, theirs, o, t) {
		r.conflict(w, ours, theirs)
		return
	}
	merged := reflect.MakeSlice(out.Type(), 0, ours.Len()+theirs.Len())
	var ids []string
	for i := range ours.Len() {
		v := ours.Index(i)
		id := identity(v)
		from, known := entryOf(base, b, id)
		j, both := t[id]
		fresh := reflect.New(v.Type()).Elem()
		switch {
		case both:
			r.merge(fresh, from, v, theirs.Index(j), w.entry(i, j, v))
		case known && equalValues(from, v):
			r.note(w, "%s goes, as below =======", title(v))
			continue
		case known:
			r.conflict(w.entry(i, 0, v), v, reflect.Value{})
			continue
		default:
			fresh.Set(v)
		}
		merged = reflect.Append(merged, fresh)
		ids = append(ids, id)
	}
	// What the other side alone has follows what it follows there, behind
	// what this side has put at the same place.
	last := ""
	for j := range theirs.Len() {
		v := theirs.Index(j)
		id := identity(v)
		from, known := entryOf(base, b, id)
		if _, both := o[id]; both {
			last = id
			continue
		}
		if known {
			if !equalValues(from, v) {
				r.conflict(w.entry(0, j, v), reflect.Value{}, v)
			}
			continue
		}
		place := 0
		for k := range ids {
			if ids[k] == last {
				place = k + 1
			}
		}
		for place < len(ids) && !has(t, ids[place]) {
			place++
		}
		merged = insertAt(merged, place, v)
		ids = append(ids[:place], append([]string{id}, ids[place:]...)...)
		last = id
		r.note(w, "%s comes from below =======", title(v))
	}
	if out.Set(merged); merged.Len() == 0 && (ours.IsNil() || theirs.IsNil()) {
		out.SetZero()
	}
}

// strangers reports ports that both sides gave a service, with none in common:
// two people meant two things by it.
func (r *resolver) strangers(base, ours, theirs reflect.Value, o, t map[string]int) bool {
	if ours.Type().Elem() != reflect.TypeFor[spec.Port]() || base.IsValid() && base.Len() > 0 || ours.Len() == 0 || theirs.Len() == 0 {
		return false
	}
	for id := range o {
		if has(t, id) {
			return false
		}
	}
	return true
}

func has(m map[string]int, id string) bool { _, ok := m[id]; return ok }

func indexOf(list reflect.Value) map[string]int {
	out := map[string]int{}
	if list.IsValid() {
		for i := range list.Len() {
			out[identity(list.Index(i))] = i
		}
	}
	return out
}

// entryOf finds an entry of a list that may not be known.
func entryOf(list reflect.Value, index map[string]int, id string) (reflect.Value, bool) {
	if i, ok := index[id]; ok {
		return list.Index(i), true
	}
	return reflect.Value{}, false
}

func insertAt(list reflect.Value, i int, v reflect.Value) reflect.Value {
	list = reflect.Append(list, v)
	reflect.Copy(list.Slice(i+1, list.Len()), list.Slice(i, list.Len()-1))
	list.Index(i).Set(v)
	return list
}
