package plan

import (
	"bytes"

	"kgen.dev/kgen/internal/merge"
)

// settled gives what a generated file in which git has left a merge conflict
// should be, and whether that can be told. The versions are what kgen last wrote
// of it on each side of the merge, wanted is what the merged model makes.
//
// Where the file holds nothing but what kgen wrote, wanted stands for it whole.
// Otherwise each side is merged with wanted as if the other did not exist; where
// both come to the same, or have only added to it, that is it.
func settled(name string, disk, wanted []byte, versions [][]byte) ([]byte, bool) {
	ours, _, theirs, found, err := merge.Sides(disk)
	if !found || err != nil || len(versions) == 0 {
		return nil, false
	}
	if kgensOwn(ours, theirs, wanted, versions) {
		return wanted, true
	}
	one, ok1 := upTo(name, versions[0], ours, wanted)
	two, ok2 := upTo(name, versions[len(versions)-1], theirs, wanted)
	switch {
	case !ok1 || !ok2:
		return nil, false
	case bytes.Equal(one, two):
		return one, true
	case !contains(one, wanted) || !contains(two, wanted):
		// Git may have cut the file and the archive into other pieces. Then a line
		// of the other side's looks like one that a person has taken out here.
		return nil, false
	}
	return upTo(name, wanted, one, two)
}

// upTo is a clean merge, or none.
func upTo(name string, base, ours, theirs []byte) ([]byte, bool) {
	text, clean := merge.Merge(base, ours, theirs).Text(merge.Refuse)
	return text, clean && agree(name, base, ours, theirs, text) == nil
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

// kgensOwn reports whether both sides of a conflict hold nothing but what kgen
// wrote.
//
// It is judged by counting lines, which cannot be told a lie by the way in which
// git has cut the file into pieces: on neither side is a line more often than
// where kgen wrote it, nor is one missing that kgen wrote there and would write
// again.
func kgensOwn(ours, theirs, wanted []byte, versions [][]byte) bool {
	want := counts(wanted)
	most := counts(wanted)
	for _, v := range versions {
		for line, n := range counts(v) {
			most[line] = max(most[line], n)
		}
	}
	for i, side := range [][]byte{ours, theirs} {
		have := counts(side)
		for line, n := range have {
			if n > most[line] {
				return false // a person's line
			}
		}
		for line, n := range counts(versions[min(i, len(versions)-1)]) {
			if have[line] < min(n, want[line]) {
				return false // a line that a person has deleted
			}
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
