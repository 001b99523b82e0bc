package audit

import (
	"cmp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// spelling finds the word that another was most likely meant to be, as
// diag.Nearest does, in time that does not grow with the number of words: of many
// it looks at those whose beginning or whose end is most like the other's.
type spelling struct {
	words    []string // each once, in the order given
	forward  []int    // indices into words, by the words
	backward []int    // by the words read from their ends
	reversed []string // words read from their ends
}

// compared is how many words are compared with of many, half of them by their
// beginning and half by their end; of up to four times as many all are.
var compared = 64

func newSpelling(words []string) *spelling {
	s := &spelling{}
	seen := make(map[string]bool, len(words))
	for _, word := range words {
		if !seen[word] {
			seen[word] = true
			s.words = append(s.words, word)
		}
	}
	if len(s.words) <= 4*compared {
		return s
	}
	s.reversed = make([]string, len(s.words))
	for i, word := range s.words {
		s.forward, s.backward = append(s.forward, i), append(s.backward, i)
		s.reversed[i] = reverse(word)
	}
	slices.SortFunc(s.forward, func(a, b int) int { return strings.Compare(s.words[a], s.words[b]) })
	slices.SortFunc(s.backward, func(a, b int) int { return strings.Compare(s.reversed[a], s.reversed[b]) })
	return s
}

// nearest is the word that is meant, "" where none is near.
func (s *spelling) nearest(word string) string { return diag.Nearest(word, s.likely(word)) }

// likely are the words to compare with, in their order.
func (s *spelling) likely(word string) []string {
	if len(s.words) <= 4*compared {
		return s.words
	}
	at := around(s.forward, word, func(i int) string { return s.words[i] })
	at = append(at, around(s.backward, reverse(word), func(i int) string { return s.reversed[i] })...)
	slices.Sort(at)
	at = slices.Compact(at)
	out := make([]string, len(at))
	for i, j := range at {
		out[i] = s.words[j]
	}
	return out
}

// around are the entries of a sorted list before and behind a text's place.
func around(list []int, text string, of func(int) string) []int {
	i, _ := slices.BinarySearchFunc(list, text, func(j int, text string) int { return cmp.Compare(of(j), text) })
	return slices.Clone(list[max(0, i-compared/4):min(len(list), i+compared/4)])
}

func reverse(s string) string {
	out := []byte(s)
	slices.Reverse(out)
	return string(out)
}
