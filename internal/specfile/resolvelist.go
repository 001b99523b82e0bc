package specfile

import (
	"fmt"
	"reflect"

	"kgen.dev/kgen/internal/spec"
)

// countable reports whether a list without entries means that there are none,
// so that its entries can be merged one by one whatever is left of it.
func countable(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && tables[t.Elem()] != nil && t.Elem() != reflect.TypeFor[spec.Path]()
}

// mergeList takes the entries of both sides, by what they are known by.
func (r *resolver) mergeList(out, base, ours, theirs reflect.Value, w where) {
	if r.whole(out, base, ours, theirs, w) {
		return
	}
	from := known(base, entries{}, base)
	o, t := known(ours, from, base), known(theirs, from, base)
	if r.strangers(base, ours, theirs, o, t) {
		r.conflict(w, ours, theirs)
		return
	}
	m := &mergedList{values: reflect.MakeSlice(out.Type(), 0, ours.Len()+theirs.Len())}
	for i, id := range o.ids {
		v := ours.Index(i)
		j, both := t.index[id]
		in := w.entry(i, nowhere, v)
		if both {
			in = w.entry(i, j, v)
		}
		was, existed := from.of(base, id)
		switch {
		case both:
			fresh := reflect.New(v.Type()).Elem()
			r.merge(fresh, was, v, theirs.Index(j), in)
			v = fresh
		case !r.based:
			r.alone(in, v, reflect.Value{})
		case existed && equalValues(was, v):
			r.goes(w, v, below)
			continue
		case existed:
			r.conflict(in, v, reflect.Value{})
		default:
			r.note(w, "%s comes from %s =======", title(v), above)
		}
		m.insert(len(m.ids), id, v)
	}
	last := ""
	for j, id := range t.ids {
		v := theirs.Index(j)
		if has(o.index, id) {
			last = id
			continue
		}
		in := w.entry(nowhere, j, v)
		was, existed := from.of(base, id)
		switch {
		case !r.based:
			r.alone(in, reflect.Value{}, v)
		case existed && equalValues(was, v):
			r.goes(w, v, above)
		case existed:
			r.conflict(in, reflect.Value{}, v)
		case m.says(v):
		default:
			m.insert(m.behind(last, t), id, v)
			last = id
			r.note(w, "%s comes from %s =======", title(v), below)
		}
	}
	if out.Set(m.values); m.values.Len() == 0 && (ours.IsNil() || theirs.IsNil()) {
		out.SetZero()
	}
}

// goes tells that an entry has been removed on one side and left alone on the other.
func (r *resolver) goes(w where, v reflect.Value, side string) {
	r.note(w, "%s goes, as %s =======", title(v), side)
	if s, ok := v.Interface().(spec.Service); ok {
		r.gone[s.Name] = side
	}
}

// mergedList is a list that two others are merged into.
type mergedList struct {
	values reflect.Value
	ids    []string
}

func (m *mergedList) insert(i int, id string, v reflect.Value) {
	m.values = insertAt(m.values, i, v)
	m.ids = append(m.ids[:i], append([]string{id}, m.ids[i:]...)...)
}

// behind is the place of what follows an entry on the other side: behind that,
// and behind what this side has put there.
func (m *mergedList) behind(last string, theirs entries) int {
	place := 0
	for k := range m.ids {
		if m.ids[k] == last {
			place = k + 1
		}
	}
	for place < len(m.ids) && !has(theirs.index, m.ids[place]) {
		place++
	}
	return place
}

// says reports whether the list has an entry that says all of v: what this side
// has changed an entry to may be what the other has added beside it.
func (m *mergedList) says(v reflect.Value) bool {
	for i := range m.values.Len() {
		if equalValues(m.values.Index(i), v) {
			return true
		}
	}
	return false
}

// entries are what the entries of a list are known by, each by something else.
type entries struct {
	ids   []string
	index map[string]int
}

// of finds an entry of the list that the entries are of, if there is one.
func (e entries) of(list reflect.Value, id string) (reflect.Value, bool) {
	if i, ok := e.index[id]; ok {
		return list.Index(i), true
	}
	return reflect.Value{}, false
}

// known tells the entries of a list apart; those of one name by their order. An
// entry that is none of base's, but the only one left of its kin on both, is
// the one of base, changed.
func known(list reflect.Value, base entries, was reflect.Value) entries {
	out := entries{index: map[string]int{}}
	if !list.IsValid() {
		return out
	}
	seen := map[string]int{}
	for i := range list.Len() {
		id := identity(list.Index(i))
		if seen[id]++; seen[id] > 1 {
			id = fmt.Sprintf("%s #%d", id, seen[id])
		}
		out.ids = append(out.ids, id)
		out.index[id] = i
	}
	fresh := strays(list, out, base)
	for name, left := range strays(was, base, out) {
		if now := fresh[name]; len(left) == 1 && len(now) == 1 {
			i, id := now[0], base.ids[left[0]]
			delete(out.index, out.ids[i])
			out.ids[i], out.index[id] = id, i
		}
	}
	return out
}

// strays gives the entries of a list that another does not have, by their kin.
func strays(list reflect.Value, have, other entries) map[string][]int {
	out := map[string][]int{}
	for i, id := range have.ids {
		if name := kin(list.Index(i)); name != "" && !has(other.index, id) {
			out[name] = append(out[name], i)
		}
	}
	return out
}

// kin is what an entry is still known by where more of its keys than the name
// tell it from others, and one of those changes.
func kin(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case spec.Call:
		return fmt.Sprintf("%q %q", x.Service, x.Namespace)
	case spec.Caller:
		return fmt.Sprintf("%q %q", x.Namespace, x.ServiceAccount)
	case spec.Egress:
		return fmt.Sprintf("%q %q", x.Host, x.CIDR)
	}
	return ""
}

// strangers reports ports that both sides gave a service, with none in common:
// two people meant two things by it.
func (r *resolver) strangers(base, ours, theirs reflect.Value, o, t entries) bool {
	if ours.Type().Elem() != reflect.TypeFor[spec.Port]() || base.IsValid() && base.Len() > 0 || ours.Len() == 0 || theirs.Len() == 0 {
		return false
	}
	for id := range o.index {
		if has(t.index, id) {
			return false
		}
	}
	return true
}

func has(m map[string]int, id string) bool { _, ok := m[id]; return ok }

func insertAt(list reflect.Value, i int, v reflect.Value) reflect.Value {
	list = reflect.Append(list, v)
	reflect.Copy(list.Slice(i+1, list.Len()), list.Slice(i, list.Len()-1))
	list.Index(i).Set(v)
	return list
}
