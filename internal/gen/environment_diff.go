package gen

import (
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// Operation is one step of a JSON patch (RFC 6902).
type Operation struct {
	Op    string          // test, add, replace or remove
	Path  string          // a JSON pointer (RFC 6901)
	Value *manifest.Value // nil for remove
}

// difference is how one value becomes another. Whatever is replaced, removed or
// put beside something is tested first, so that the patch fails where the value
// is no longer the one that it was made for.
type difference []Operation

func (d *difference) add(op, path string, v *manifest.Value) {
	*d = append(*d, Operation{op, path, v})
}

func (d *difference) replace(path string, old, new manifest.Value) {
	d.add("test", path, &old)
	d.add("replace", path, &new)
}

func (d *difference) remove(path string, old manifest.Value) {
	d.add("test", path, &old)
	d.add("remove", path, nil)
}

func (d *difference) between(path string, old, new manifest.Value) {
	switch {
	case old.Equal(new):
	case old.Kind == manifest.Mapping && new.Kind == manifest.Mapping:
		d.mappings(path, old, new)
	case old.Kind == manifest.Sequence && new.Kind == manifest.Sequence:
		d.lists(path, old.Items, new.Items)
	default:
		d.replace(path, old, new)
	}
}

// mappings takes the keys in the order of the old mapping, then what is new.
func (d *difference) mappings(path string, old, new manifest.Value) {
	had := make(map[string]bool, len(old.Fields))
	for _, f := range old.Fields {
		had[f.Key] = true
		at := path + "/" + pointer.Replace(f.Key)
		if now, ok := new.Field(f.Key); ok {
			d.between(at, f.Value, now)
		} else {
			d.remove(at, f.Value)
		}
	}
	for _, f := range new.Fields {
		if !had[f.Key] {
			d.add("add", path+"/"+pointer.Replace(f.Key), &f.Value)
		}
	}
}

// pointer escapes a key for a JSON pointer.
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// lists keeps the items that are in both. Between them, as many items as there
// were are changed one by one; otherwise the old ones go and the new ones come.
// Steps are taken one after the other, so an index is that of the new list as
// far as it has been made.
func (d *difference) lists(path string, old, new []manifest.Value) {
	kept, ok := common(old, new)
	if !ok {
		d.replace(path, manifest.Value{Kind: manifest.Sequence, Items: old}, manifest.Value{Kind: manifest.Sequence, Items: new})
		return
	}
	at := func(i int) string { return path + "/" + strconv.Itoa(i) }
	i, j := 0, 0 // of old and of new
	for _, k := range append(kept, [2]int{len(old), len(new)}) {
		if gone, come := old[i:k[0]], new[j:k[1]]; len(gone) == len(come) {
			for n := range gone {
				d.between(at(j+n), gone[n], come[n])
			}
		} else {
			for _, v := range gone {
				d.remove(at(j), v)
			}
			if len(gone) == 0 {
				d.beside(path, j, old, new)
			}
			for n := range come {
				d.add("add", at(j+n), &come[n])
			}
		}
		i, j = k[0]+1, k[1]+1
	}
}

// beside tests the neighbour of an item that is to be put in at index j of the
// list that is being made: the one before it, or else the one that it moves on.
func (d *difference) beside(path string, j int, old, new []manifest.Value) {
	switch {
	case j > 0:
		d.mark(path+"/"+strconv.Itoa(j-1), new[j-1])
	case len(old) > 0:
		d.mark(path+"/0", old[0])
	default:
		d.add("test", path, &manifest.Value{Kind: manifest.Sequence})
	}
}

// mark tests that an item is the one that is meant: by its first plain field,
// such as its name, where it has one.
func (d *difference) mark(path string, v manifest.Value) {
	for _, f := range v.Fields {
		if f.Value.Kind == manifest.Scalar && f.Value.Scalar != nil {
			d.add("test", path+"/"+pointer.Replace(f.Key), &f.Value)
			return
		}
	}
	d.add("test", path, &v)
}

// mostCompared bounds the work that one pair of lists is worth.
const mostCompared = 250_000

// common finds a longest common subsequence: the pairs of indices of items that
// stay. It gives up on lists that are too long and too different.
func common(old, new []manifest.Value) (kept [][2]int, ok bool) {
	start := 0
	for start < min(len(old), len(new)) && old[start].Equal(new[start]) {
		kept = append(kept, [2]int{start, start})
		start++
	}
	end := 0
	for end < min(len(old), len(new))-start && old[len(old)-1-end].Equal(new[len(new)-1-end]) {
		end++
	}
	a, b := old[start:len(old)-end], new[start:len(new)-end]
	if len(a)*len(b) > mostCompared {
		return nil, false
	}
	// longest[i][j] is the length for a[i:] and b[j:].
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i, x := range slices.Backward(a) {
		for j, y := range slices.Backward(b) {
			if x.Equal(y) {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case longest[i][j] == longest[i+1][j]:
			i++
		case longest[i][j] == longest[i][j+1]:
			j++
		default:
			kept = append(kept, [2]int{start + i, start + j})
			i, j = i+1, j+1
		}
	}
	for n := range end {
		kept = append(kept, [2]int{len(old) - end + n, len(new) - end + n})
	}
	return kept, true
}
