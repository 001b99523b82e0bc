package specfile

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

// changeStruct edits a mapping whose keys are the model's.
func (e *editor) changeStruct(n *yaml.Node, was, want reflect.Value, s slot) {
	tab := tables[was.Type()]
	if tab.shorthand >= 0 && n.Style&yaml.FlowStyle != 0 && shorthand(want) != nil && shorthand(was) == nil && e.oneLine(n) {
		e.replace(n, want, s)
		return
	}
	at := make([]int, len(tab.fields)) // each field's pair, or -1
	for i := range at {
		at[i] = -1
	}
	orders := make([]int, len(n.Content)/2)
	for i := range orders {
		orders[i] = tab.byKey[keyText(n.Content[2*i])]
		at[orders[i]] = i
	}
	c := e.pairs(n, s)
	kept := len(orders)
	lose := func(absent func(f *field, was, want reflect.Value) bool) {
		for i := range tab.fields {
			f := &tab.fields[i]
			if at[i] >= 0 && !c.items[at[i]].gone && absent(f, was.Field(f.index), want.Field(f.index)) {
				c.items[at[i]].gone = true
				kept--
			}
		}
	}
	lose(gone)
	if kept < len(orders) {
		lose(emptied)
	}
	if kept == 0 && len(orders) > 0 {
		e.replace(n, want, s)
		return
	}
	for i := range tab.fields {
		f := &tab.fields[i]
		fw, now := was.Field(f.index), want.Field(f.index)
		in := e.below(s, n, f.key)
		in.field = f
		in.gift = s.gift.member(f)
		switch {
		case at[i] >= 0 && !c.items[at[i]].gone:
			in.key = n.Content[2*at[i]]
			e.change(n.Content[2*at[i]+1], fw, now, in)
		case at[i] < 0 && !reflect.DeepEqual(fw.Interface(), now.Interface()):
			e.changed(in)
			after := -1
			for j, order := range orders {
				if order < i && !c.items[j].gone {
					after = j
				}
			}
			added := e.newMember(f.key, now, in)
			if !c.flow && was.Type() == reflect.TypeFor[spec.Spec]() && slices.Contains(sections, f.key) && e.parted(c) {
				added = append(addition{""}, added...)
			}
			c.add(after, added)
		case at[i] >= 0:
			e.changed(in)
		}
	}
	e.collection(c)
}

// sections are the keys below services: each lists things as long as services.
var sections = []string{"environments", "delivery"}

// parted reports whether empty lines part the items of the mapping that has the
// key services, or the services themselves.
func (e *editor) parted(c *collection) bool {
	for i := range c.items {
		if i > 0 && e.lines.blank(e.lines.tail(e.lines.end(c.items[i-1].node), c.column)+1) {
			return true
		}
	}
	services := value(c.node, "services")
	if services == nil || services.Kind != yaml.SequenceNode || services.Style&yaml.FlowStyle != 0 || len(services.Content) < 2 {
		return false
	}
	return e.entries(services, slot{}, reflect.TypeFor[spec.Service]()).spaced
}

// gone reports whether a field that the text has is to have no key any more.
func gone(f *field, was, want reflect.Value) bool {
	return !f.required && want.IsZero() && !was.IsZero() && !zeroIsValue(want)
}

// emptied reports whether a field whose mapping loses other keys goes with them:
// a weight of 0 says nothing where the version that had it is gone.
func emptied(f *field, was, want reflect.Value) bool {
	return !f.required && want.IsZero() && !was.IsZero()
}

// zeroIsValue reports whether a zero can be written, and says something.
func zeroIsValue(v reflect.Value) bool {
	if v.Kind() == reflect.Bool {
		return true
	}
	return v.Kind() == reflect.Int && isScalar(v.Type()) && parse(reflect.New(v.Type()).Elem(), "0") == nil
}

// changeLabels edits a mapping of text to text.
func (e *editor) changeLabels(n *yaml.Node, was, want reflect.Value, s slot) {
	c := e.pairs(n, s)
	have := map[string]bool{}
	var lost []int
	for i := range c.items {
		key := reflect.ValueOf(keyText(n.Content[2*i])).Convert(was.Type().Key())
		have[key.String()] = true
		if !want.MapIndex(key).IsValid() {
			lost = append(lost, i)
		}
	}
	var fresh []reflect.Value
	for _, k := range sortedKeys(want) {
		if !have[k.String()] {
			fresh = append(fresh, k)
		}
	}
	// As many new keys as old ones go: they are renamed, and keep their places.
	renamed := map[int]reflect.Value{}
	for i := range lost {
		if len(lost) == len(fresh) {
			renamed[lost[i]] = fresh[i]
			continue
		}
		c.items[lost[i]].gone = true
	}
	if len(renamed) > 0 {
		fresh = nil
	} else if len(lost) == len(c.items) && len(lost) > 0 {
		e.replace(n, want, s)
		return
	}
	last := -1
	for i := range c.items {
		k, v := n.Content[2*i], n.Content[2*i+1]
		in := e.below(s, n, keyText(k))
		if c.items[i].gone {
			e.changed(in)
			continue
		}
		last = i
		in.key = k
		old := reflect.ValueOf(keyText(k)).Convert(was.Type().Key())
		now := old
		if to, ok := renamed[i]; ok {
			now = to
			e.changed(in)
			e.splice(e.lines.body(k), e.lines.end(k), styled(k, now.String()))
		}
		e.change(v, was.MapIndex(old), want.MapIndex(now), in)
	}
	for _, k := range fresh {
		in := e.below(s, n, k.String())
		e.changed(in)
		c.add(last, e.newMember(k.String(), want.MapIndex(k), in))
	}
	e.collection(c)
}

// keyText is a key as the decoder reads it.
func keyText(k *yaml.Node) string { return target(k).Value }

// below is the slot of a key's value.
func (e *editor) below(s slot, n *yaml.Node, key string) slot {
	in := slot{path: &place{parent: s.path, key: key}, flow: s.flow || n.Style&yaml.FlowStyle != 0}
	if len(n.Content) > 0 {
		in.column = e.lines.column(e.lines.begin(n.Content[0]))
	}
	return in
}

// newMember is a key with its value as it is to be inserted.
func (e *editor) newMember(key string, v reflect.Value, s slot) addition {
	if s.flow {
		return addition{scalar.Word(key) + ": " + flow(v)}
	}
	if s.gift.of(v) {
		if lines, ok := e.donor.copied(s.gift.holder, s.gift.index); ok {
			return lines
		}
	}
	return e.own.member(key, v)
}

// changeScalar edits a word.
func (e *editor) changeScalar(n *yaml.Node, was, want reflect.Value, s slot) {
	if reflect.DeepEqual(was.Interface(), want.Interface()) {
		return
	}
	if want.Kind() == reflect.Struct && !isScalar(want.Type()) {
		short := shorthand(want)
		if short == nil {
			e.replace(n, want, s)
			return
		}
		want = *short
	}
	e.splice(e.lines.body(n), e.lines.end(n), e.scalarText(n, want))
}

// scalarText writes a value with the quotes of the one that it replaces.
func (e *editor) scalarText(n *yaml.Node, v reflect.Value) string {
	if v.Kind() == reflect.String {
		return styled(n, v.String())
	}
	if quoted(n) && isScalar(v.Type()) && v.Kind() == reflect.Struct {
		return styled(n, v.Interface().(spec.PortRef).Text())
	}
	return word(v)
}

// styled writes text with a node's quotes, where that is possible.
func styled(n *yaml.Node, text string) string {
	switch {
	case n.Style&yaml.SingleQuotedStyle != 0 && printable(text):
		return single(text)
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return scalar.Double(text)
	}
	return scalar.Word(text)
}

// oneLine reports whether a node's text has no line end, and so no comment inside.
func (e *editor) oneLine(n *yaml.Node) bool {
	return !slices.Contains(e.lines.text[e.lines.begin(n):e.lines.end(n)], '\n')
}
