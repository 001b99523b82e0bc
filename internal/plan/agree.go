package plan

import (
	"fmt"
	"hash/fnv"
	"maps"
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// agree says why the merged text of a generated manifest must not be written,
// or nil. Lines that merge without a conflict may still make something that
// neither side meant: a key under another parent, an object that is gone. So
// the texts are read, and what they say is merged as well: what only one side
// changed has to be in the merged text as that side has it.
func agree(name string, base, ours, theirs, merged []byte) error {
	if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
		return nil
	}
	var sides [4]resources
	// A file of JSON patches is a list, and holds no objects.
	read := objects
	if _, err := objects(name, theirs); err != nil {
		read = document
	}
	for i, text := range [][]byte{base, ours, theirs, merged} {
		r, err := read(name, text)
		switch {
		case err != nil && i == 1:
			return fmt.Errorf("your version cannot be read: %w", err)
		case err != nil && i == 3:
			return fmt.Errorf("merged, it could not be read any more: %w", err)
		case err != nil:
			return err
		}
		sides[i] = r
	}
	sides[0].rename(sides[1], sides[2])
	for _, id := range names(sides) {
		old, mine, new, got := sides[0][id], sides[1][id], sides[2][id], sides[3][id]
		if err := whole(old, mine, new, got); err != nil {
			return fmt.Errorf("merged, %s %w", id, err)
		}
	}
	return nil
}

// resources are the objects of a text by what they are called; each name stands
// for a list, because a person may have written one twice.
type resources map[string][]manifest.Value

// rename gives the objects of base and ours the names that kgen gives them now:
// those that only they have are paired, in order, with those of the same kind
// that only theirs has. What the person made of an object is then held against
// the object that it has become.
func (base resources) rename(ours, theirs resources) {
	left := map[string][]string{} // kind: names that kgen does not write any more
	for _, id := range slices.Sorted(maps.Keys(base)) {
		if _, still := theirs[id]; !still {
			kind, _, _ := strings.Cut(id, " ")
			left[kind] = append(left[kind], id)
		}
	}
	fresh := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(theirs)) {
		if _, had := base[id]; !had {
			kind, _, _ := strings.Cut(id, " ")
			fresh[kind] = append(fresh[kind], id)
		}
	}
	for kind, names := range left {
		if len(names) != len(fresh[kind]) {
			continue // some came or went: which is which cannot be told
		}
		for i, old := range names {
			now := fresh[kind][i]
			if _, taken := ours[now]; taken {
				continue
			}
			for _, r := range []resources{base, ours} {
				if v, ok := r[old]; ok {
					r[now] = v
					delete(r, old)
				}
			}
		}
	}
}

// names are those of all four, sorted.
func names(sides [4]resources) []string {
	set := map[string]bool{}
	for _, r := range sides {
		for id := range r {
			set[id] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func objects(name string, text []byte) (resources, error) {
	objects, err := manifest.Parse(name, text)
	if err != nil {
		return nil, err
	}
	out := resources{}
	for _, o := range objects {
		v, err := o.Value()
		if err != nil {
			return nil, err
		}
		id := o.Ref()
		if group := o.Group(); group != "" {
			id = strings.Replace(id, o.Kind, o.Kind+"."+group, 1)
		}
		if path.Base(name) == "kustomization.yaml" {
			id = "the kustomization"
		}
		out[id] = append(out[id], v)
	}
	return out, nil
}

// document is a text that is one value of any shape.
func document(name string, text []byte) (resources, error) {
	v, err := manifest.ParseValue(name, text)
	if err != nil {
		return nil, err
	}
	return resources{"the file": {v}}, nil
}

// whole holds the objects of one name against each other. None may be there
// more often than on either side; where a person has written one twice, they are
// held against each other as the items of a list.
func whole(base, ours, theirs, merged []manifest.Value) error {
	if most := max(len(ours), len(theirs)); len(merged) > max(most, 1) {
		return fmt.Errorf("would be there %d times", len(merged))
	}
	if len(base) > 1 || len(ours) > 1 || len(theirs) > 1 || len(merged) > 1 {
		if items("", list(base), list(ours), list(theirs), list(merged)) != nil {
			return lost("", list(merged))
		}
		return nil
	}
	return holds("", optional(base), optional(ours), optional(theirs), optional(merged))
}

func list(v []manifest.Value) *manifest.Value {
	return &manifest.Value{Kind: manifest.Sequence, Items: v}
}

func optional(v []manifest.Value) *manifest.Value {
	if len(v) == 0 {
		return nil
	}
	return &v[0]
}

func equal(a, b *manifest.Value) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// holds says why merged is not what base, ours and theirs come to at a place,
// or nil. A value that is not there is nil.
func holds(at string, base, ours, theirs, merged *manifest.Value) error {
	want := merged
	switch {
	case equal(ours, theirs), equal(base, theirs):
		want = ours
	case equal(base, ours):
		want = theirs
	case kind(ours) == manifest.Mapping && kind(theirs) == manifest.Mapping:
		if kind(merged) != manifest.Mapping {
			return lost(at, merged)
		}
		return fields(at, base, ours, theirs, merged)
	case kind(ours) == manifest.Sequence && kind(theirs) == manifest.Sequence:
		if kind(merged) != manifest.Sequence {
			return lost(at, merged)
		}
		return items(at, base, ours, theirs, merged)
	case !equal(merged, ours) && !equal(merged, theirs):
		return lost(at, merged)
	}
	if !equal(want, merged) {
		return lost(at, merged)
	}
	return nil
}

// kind is a value's; -1 for none.
func kind(v *manifest.Value) manifest.ValueKind {
	if v == nil {
		return -1
	}
	return v.Kind
}

func lost(at string, merged *manifest.Value) error {
	if at == "" {
		if merged == nil {
			return fmt.Errorf("would be gone")
		}
		return fmt.Errorf("would be neither yours nor kgen's")
	}
	return fmt.Errorf("would have a %s that neither you nor kgen wrote", strings.TrimPrefix(at, "."))
}

func fields(at string, base, ours, theirs, merged *manifest.Value) error {
	set := map[string]bool{}
	for _, v := range []*manifest.Value{base, ours, theirs, merged} {
		if kind(v) == manifest.Mapping {
			for _, f := range v.Fields {
				set[f.Key] = true
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if err := holds(at+"."+key, field(base, key), field(ours, key), field(theirs, key), field(merged, key)); err != nil {
			return err
		}
	}
	return nil
}

func field(v *manifest.Value, key string) *manifest.Value {
	if kind(v) != manifest.Mapping {
		return nil
	}
	if f, ok := v.Field(key); ok {
		return &f
	}
	return nil
}

// items holds lists against each other that both sides have changed. Where all
// are of one length and their items agree one by one, that is it. Otherwise they
// are counted: what nobody took out is there, what a side took out is not, what
// either put in is there, and what both put in is there once. An item that both
// have changed, each in another place of it, has to be there with both changes.
func items(at string, base, ours, theirs, merged *manifest.Value) error {
	var old []manifest.Value
	if kind(base) == manifest.Sequence {
		old = base.Items
	}
	amiss := inPlace(at, old, ours.Items, theirs.Items, merged.Items)
	if amiss == nil {
		return nil
	}
	goneOurs, goneTheirs := without(old, ours.Items), without(old, theirs.Items)
	newOurs, newTheirs := without(ours.Items, old), without(theirs.Items, old)
	newTheirs = without(newTheirs, newOurs) // what both have put in counts once
	want := slices.Concat(without(without(old, goneOurs), goneTheirs), newOurs, newTheirs)
	extra := without(merged.Items, want)
	absent := without(want, merged.Items)
	absentOurs := without(newOurs, without(newOurs, absent))
	absentTheirs := without(newTheirs, without(newTheirs, absent))
	if len(absentOurs)+len(absentTheirs) != len(absent) {
		return amiss
	}
	for _, item := range without(goneOurs, without(goneOurs, goneTheirs)) {
		if o, t, m, ok := joined(at, item, absentOurs, absentTheirs, extra); ok {
			absentOurs = slices.Delete(absentOurs, o, o+1)
			absentTheirs = slices.Delete(absentTheirs, t, t+1)
			extra = slices.Delete(extra, m, m+1)
		}
	}
	if len(absentOurs)+len(absentTheirs)+len(extra) > 0 {
		return amiss
	}
	return nil
}

// inPlace says why lists of one length do not agree item by item, or nil.
func inPlace(at string, base, ours, theirs, merged []manifest.Value) error {
	n := len(merged)
	if len(base) != n || len(ours) != n || len(theirs) != n {
		return lost(at, list(merged))
	}
	for i := range n {
		if err := holds(fmt.Sprintf("%s[%d]", at, i), &base[i], &ours[i], &theirs[i], &merged[i]); err != nil {
			return err
		}
	}
	return nil
}

// mostChanged bounds the search for items that both sides have changed. Past it
// the lists do not agree, which is the safe thing to say.
const mostChanged = 32

// joined finds what became of an item on either side, and in the merged list
// the item that holds both changes.
func joined(at string, base manifest.Value, ours, theirs, merged []manifest.Value) (o, t, m int, ok bool) {
	if max(len(ours), len(theirs), len(merged)) > mostChanged {
		return 0, 0, 0, false
	}
	for o := range ours {
		for t := range theirs {
			for m := range merged {
				if holds(at, &base, &ours[o], &theirs[t], &merged[m]) == nil {
					return o, t, m, true
				}
			}
		}
	}
	return 0, 0, 0, false
}

// without is the items of a that b does not have, one for one.
func without(a, b []manifest.Value) []manifest.Value {
	var out []manifest.Value
	left := map[uint64][]manifest.Value{} // by sum: lists can be long
	for _, v := range b {
		left[sum(v)] = append(left[sum(v)], v)
	}
	for _, v := range a {
		alike := left[sum(v)]
		if i := slices.IndexFunc(alike, v.Equal); i >= 0 {
			left[sum(v)] = slices.Delete(alike, i, i+1)
			continue
		}
		out = append(out, v)
	}
	return out
}

// sum is a number that equal values have in common: of a mapping in any order.
func sum(v manifest.Value) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %v", v.Kind, v.Scalar)
	out := h.Sum64()
	for _, f := range v.Fields {
		h.Reset()
		fmt.Fprintf(h, "%s %d", f.Key, sum(f.Value))
		out += h.Sum64()
	}
	for _, item := range v.Items {
		out = out*31 + sum(item)
	}
	return out
}
