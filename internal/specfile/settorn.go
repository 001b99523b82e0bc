package specfile

import "strings"

// Torn gives how many of the assignments, from the first on, are one that a
// shell has split at its spaces: a bracket that the first opens behind its = is
// closed by the last of them. It is 1 where that is not so.
func Torn(assignments []string) int {
	at := equals(assignments[0])
	if at < 0 {
		return 1
	}
	value := assignments[0][at+1:]
	for n := 1; ; n++ {
		depth := openBrackets(value)
		if depth == 0 {
			return n
		}
		if depth < 0 || n == len(assignments) {
			return 1
		}
		value += " " + assignments[n]
	}
}

// openBrackets counts the brackets and braces of a text that are not closed in
// it; what stands in quotes is text. It is negative where too many are closed.
func openBrackets(text string) (depth int) {
	quote := rune(0)
	before := ' '
	for _, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '\'' || c == '"') && strings.ContainsRune(" [{,:", before):
			quote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth < 0 {
				return depth
			}
		}
		before = c
	}
	return depth
}
