package specfile

import (
	"fmt"
	"reflect"

	"kgen.dev/kgen/internal/diag"
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

// nowhere is the index of an entry that a side does not have: its place there
// is the list's.
const nowhere = -1

func (w where) entry(ours, theirs int, v reflect.Value) where {
	return where{&place{parent: w.ours, index: ours}, &place{parent: w.theirs, index: theirs}, fmt.Sprintf("%s[%s]", w.name, title(v))}
}

// title is what a note calls an entry.
func title(v reflect.Value) string {
	if name := called(v); name != "" && (shorthands[v.Type()] == "" || isWord(v)) {
		return name
	}
	return flow(v)
}

const (
	above = "above"
	below = "below"
)

func (r *resolver) note(w where, format string, args ...any) {
	r.notes = append(r.notes, w.name+": "+fmt.Sprintf(format, args...))
}

// noteValue tells that one side alone has given a key another value.
func (r *resolver) noteValue(w where, v reflect.Value, side string) {
	if absent(v) {
		r.note(w, "goes, as %s =======", side)
	} else {
		r.note(w, "is as %s =======: %s", side, shownValue(v))
	}
}

// absent reports whether a value is one that has no key.
func absent(v reflect.Value) bool { return !v.IsValid() || v.IsZero() && !zeroIsValue(v) }

// made reports whether a value is made of others that are merged on their own.
func made(t reflect.Type) bool {
	return t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Struct && !isScalar(t)
}

// merge sets out to what both sides mean. base is what they come from, or no
// value where that did not exist, or nothing is known of it.
func (r *resolver) merge(out, base, ours, theirs reflect.Value, w where) {
	out.Set(ours)
	if equalValues(ours, theirs) {
		return
	}
	here, there := base.IsValid() && equalValues(base, theirs), base.IsValid() && equalValues(base, ours)
	switch {
	case made(ours.Type()) || ours.Kind() == reflect.Pointer && !ours.IsNil() && !theirs.IsNil():
		r.mergeParts(out, base, ours, theirs, w)
	case here:
		r.noteValue(w, ours, above)
	case there:
		r.noteValue(w, theirs, below)
	case !absent(ours) && !absent(theirs), base.IsValid() && !absent(base):
		r.conflict(w, ours, theirs)
	case !r.based:
		r.alone(w, ours, theirs)
	case absent(ours):
		out.Set(theirs)
		r.noteValue(w, theirs, below)
	default:
		r.noteValue(w, ours, above)
	}
	// The parts are merged for what there is to tell; where one side alone has
	// changed anything, its order counts as well.
	if there {
		out.Set(theirs)
	} else if here {
		out.Set(ours)
	}
}

// mergeParts merges what is made of other values.
func (r *resolver) mergeParts(out, base, ours, theirs reflect.Value, w where) {
	switch t := ours.Type(); t.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(t.Elem())
		var from reflect.Value
		if base.IsValid() && !base.IsNil() {
			from = base.Elem()
		}
		r.merge(fresh.Elem(), from, ours.Elem(), theirs.Elem(), w)
		out.Set(fresh)
	case reflect.Struct:
		for _, f := range tables[t].fields {
			from := base
			if base.IsValid() {
				from = base.Field(f.index)
			}
			r.merge(out.Field(f.index), from, ours.Field(f.index), theirs.Field(f.index), w.key(f.key))
		}
	case reflect.Slice:
		r.mergeList(out, base, ours, theirs, w)
	default:
		r.mergeLabels(out, base, ours, theirs, w)
	}
}

// whole reports whether one side alone has a key whose absence means something
// other than that there is none of what it lists: labels, hosts and paths have
// defaults. It is settled then.
func (r *resolver) whole(out, base, ours, theirs reflect.Value, w where) bool {
	if !ours.IsNil() && !theirs.IsNil() || r.based && countable(ours.Type()) {
		return false
	}
	switch {
	case !r.based:
		r.alone(w, ours, theirs)
	case base.IsValid() && !base.IsNil():
		if !equalValues(base, ours) && !equalValues(base, theirs) {
			r.conflict(w, ours, theirs)
		} else if ours.IsNil() {
			r.noteValue(w, reflect.Value{}, above)
		} else {
			r.noteValue(w, reflect.Value{}, below)
		}
	case ours.IsNil():
		out.Set(theirs)
		r.noteValue(w, theirs, below)
	default:
		r.noteValue(w, ours, above)
	}
	return true
}

// mergeLabels merges a mapping of text to text, key by key.
func (r *resolver) mergeLabels(out, base, ours, theirs reflect.Value, w where) {
	if r.whole(out, base, ours, theirs, w) {
		return
	}
	of := func(m, k reflect.Value) reflect.Value {
		if !m.IsValid() {
			return m
		}
		return m.MapIndex(k)
	}
	fresh, all := reflect.MakeMap(out.Type()), reflect.MakeMap(out.Type())
	for _, m := range []reflect.Value{ours, theirs} {
		for _, k := range m.MapKeys() {
			all.SetMapIndex(k, m.MapIndex(k))
		}
	}
	for _, k := range sortedKeys(all) {
		b, o, t := of(base, k), of(ours, k), of(theirs, k)
		in := w.key(k.String())
		same := func(x, y reflect.Value) bool {
			return x.IsValid() == y.IsValid() && (!x.IsValid() || equalValues(x, y))
		}
		switch {
		case same(o, t):
		case r.based && same(b, t):
			r.noteValue(in, o, above)
		case r.based && same(b, o):
			o = t
			r.noteValue(in, t, below)
		case !r.based && (!o.IsValid() || !t.IsValid()):
			r.alone(in, o, t)
		default:
			r.conflict(in, o, t)
		}
		if o.IsValid() {
			fresh.SetMapIndex(k, o)
		}
	}
	out.Set(fresh)
}

// shownValue is a value as a finding prints it.
func shownValue(v reflect.Value) string {
	if absent(v) {
		return "nothing"
	}
	text := flow(v)
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

// places gives the lines in the conflicted text of a place on either side, and
// the column on the side that has a value there.
func (r *resolver) places(w where, ours bool) (above, below, column int) {
	up, columnUp := locate(r.ours.root(), w.ours.String())
	down, columnDown := locate(r.theirs.root(), w.theirs.String())
	if column = columnUp; !ours {
		column = columnDown
	}
	return at(r.above, up), at(r.below, down), column
}

// conflict records that both sides say something else.
func (r *resolver) conflict(w where, ours, theirs reflect.Value) {
	up, down, column := r.places(w, !absent(ours))
	line, message := up, ""
	switch {
	case absent(ours) && r.based:
		line, message = down, fmt.Sprintf("is removed above ======= (line %d) and changed below it, to %s", up, shownValue(theirs))
	case absent(theirs) && r.based:
		message = fmt.Sprintf("is changed above =======, to %s, and removed below it (line %d)", shownValue(ours), down)
	default:
		message = fmt.Sprintf("is %s above ======= and %s below it (line %d)", shownValue(ours), shownValue(theirs), down)
	}
	r.list = append(r.list, diag.Diagnostic{File: r.name, Line: line, Column: column, Path: w.name, Severity: diag.Error, Code: "conflict",
		Message: message, Fix: "write what is meant, and remove the markers"})
}

// alone records that one side has what the other does not, and that nobody
// knows whether the one has added it or the other removed it.
func (r *resolver) alone(w where, ours, theirs reflect.Value) {
	line, down, column := r.places(w, !absent(ours))
	side, other, v := above, below, ours
	if absent(ours) {
		line, side, other, v = down, below, above, theirs
	}
	message := "is " + shownValue(v)
	if w.ours.key == "" {
		message = "stands"
	}
	r.list = append(r.list, diag.Diagnostic{File: r.name, Line: line, Column: column, Path: w.name, Severity: diag.Error, Code: "one-sided",
		Message: fmt.Sprintf("%s %s ======= alone: added there, or removed %s it", message, side, other),
		Fix:     fmt.Sprintf("keep the lines that are meant and remove the markers; or: git checkout --conflict=diff3 %s, and run kgen generate again", r.name)})
}
