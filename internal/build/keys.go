package build

import (
	"unicode"
	"unicode/utf8"
)

// keyLess is the order in which kustomize prints the keys of a mapping: that of
// go-yaml v2 (sorter.go), where letters come after everything else and runs
// of digits compare as numbers.
func keyLess(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	for i > 0 && i < len(a) && !utf8.RuneStart(a[i]) || i > 0 && i < len(b) && !utf8.RuneStart(b[i]) {
		i--
	}
	if i == len(a) || i == len(b) {
		return len(a) < len(b)
	}
	ar, _ := utf8.DecodeRuneInString(a[i:])
	br, _ := utf8.DecodeRuneInString(b[i:])
	al, bl := letter(ar), letter(br)
	switch {
	case al && bl:
		return ar < br
	case al || bl:
		return bl
	}
	// A zero within a number that has begun is a digit like the others; one at
	// its start would be lost, so that the count of digits decides in the end.
	var an, bn int64
	if ar == '0' || br == '0' {
		for j := i; j > 0; {
			r, size := utf8.DecodeLastRuneInString(a[:j])
			if !unicode.IsDigit(r) {
				break
			}
			if r != '0' {
				an, bn = 1, 1
				break
			}
			j -= size
		}
	}
	an, ad := number(a[i:], an)
	bn, bd := number(b[i:], bn)
	if an != bn {
		return an < bn
	}
	if ad != bd {
		return ad < bd
	}
	return ar < br
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r)
}

// number reads the digits that a text starts with onto a number, and counts them.
func number(text string, n int64) (int64, int) {
	digits := 0
	for _, r := range text {
		if !unicode.IsDigit(r) {
			break
		}
		n = n*10 + int64(r-'0')
		digits++
	}
	return n, digits
}
