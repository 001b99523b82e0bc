package plan

import (
	"bytes"
	"path"

	"kgen.dev/kgen/internal/merge"
)

// settled gives what a generated file should be in which git has left a merge
// conflict, or made something of two sides that neither meant; and whether that
// can be told. Wanted is what the merged model makes.
//
// Each side is brought up to wanted as if the other did not exist, which leaves
// of it what a person has made of the file there; then both are brought together.
// That is exact where git still has the sides. From the markers alone they are
// known only as far as git has aligned them, and a line of the other side's may
// look like one that was taken out here: then both have to come to the same, or
// to have only added.
func (in Input) settled(name string, disk, wanted []byte) ([]byte, bool) {
	versions := in.Base.versions(name)
	ours, _, theirs, found, err := merge.Sides(disk)
	if err != nil || len(versions) == 0 {
		return nil, false
	}
	if !found {
		ours, theirs = disk, disk
	}
	exact := false
	if in.Stages != nil {
		a, b, ok := in.Stages(name)
		if exact = ok && contained(ours, a, b) && contained(theirs, a, b); exact {
			ours, theirs = a, b
		}
	}
	if !found && !exact {
		return nil, false
	}
	one, ok1 := upTo(name, versions[0], ours, wanted)
	two, ok2 := upTo(name, versions[len(versions)-1], theirs, wanted)
	switch {
	case !ok1 || !ok2:
		return nil, false
	case bytes.Equal(one, two):
		return one, true
	case !exact && (!contains(one, wanted) || !contains(two, wanted)):
		return nil, false
	}
	return upTo(name, wanted, one, two)
}

// upTo is a clean merge that says what each side said, or none. A kustomization
// gets a second try as lists.
func upTo(name string, base, ours, theirs []byte) ([]byte, bool) {
	if text, clean := merge.Merge(base, ours, theirs).Text(merge.Refuse); clean && agree(name, base, ours, theirs, text) == nil {
		return text, true
	}
	if path.Base(name) != "kustomization.yaml" {
		return nil, false
	}
	text, ok := merge.List(base, ours, theirs)
	return text, ok && agree(name, base, ours, theirs, text) == nil
}

// contained reports whether every line of a text is in one of two others. A line
// that is not was typed into the conflict by somebody who has begun to settle it.
func contained(text, a, b []byte) bool {
	inA, inB := counts(a), counts(b)
	for line := range counts(text) {
		if inA[line]+inB[line] == 0 {
			return false
		}
	}
	return true
}

// contains reports whether a text has every line of another as often as that.
func contains(text, other []byte) bool {
	have := counts(text)
	for line, n := range counts(other) {
		if have[line] < n {
			return false
		}
	}
	return true
}

// counts is how often each line is in a text.
func counts(text []byte) map[string]int {
	out := map[string]int{}
	for line := range bytes.Lines(text) {
		out[string(bytes.TrimSuffix(line, []byte("\n")))]++
	}
	return out
}
