package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// text gives a share as it is read: "v2 10 %".
func (s Share) text() string { return strings.TrimSpace(fmt.Sprintf("%s %d %%", s.Label, s.Weight)) }

// Visible makes a text safe to look at: what has no shape of its own and what
// turns the direction of its neighbours around is shown as its code point, a
// line break and a tab are a space, and bytes that are no UTF-8 are replaced.
func Visible(s string) string {
	if !strings.ContainsFunc(s, odd) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case odd(r):
			fmt.Fprintf(&b, "\u2039U+%04X\u203a", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// odd holds for what XML does not allow either: controls, surrogates,
// non-characters.
func odd(r rune) bool {
	return !unicode.IsPrint(r) || r >= 0xFFFE && r&0xFFFE == 0xFFFE
}

// widths are the advances of printable ASCII, from space on, in thousandths of
// the font size, in a sans serif that runs wide: what a narrower font leaves
// over is air.
var widths = [...]int{
	318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, // space to /
	636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, // 0 to ?
	1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, // @ to O
	603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, // P to _
	500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, // ` to o
	635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838, // p to ~
}

// width estimates how wide a text is at a font size, in the size's unit,
// rounded up. Bold is a tenth wider.
func width(s string, size int, bold bool) int {
	sum := 0
	for _, r := range s {
		sum += advance(r)
	}
	if bold {
		sum += sum / 10
	}
	return (sum*size + 999) / 1000
}

// advance is the width of one character in thousandths of the font size.
func advance(r rune) int {
	switch {
	case r >= ' ' && int(r-' ') < len(widths):
		return widths[r-' ']
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1F000: // pictures
		return 1400
	case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= 0x3000 && r < 0x3040, r >= 0xFF01 && r <= 0xFF60:
		return 1050
	case r < 0x250:
		return 800
	}
	return 1000
}

// clip shortens a text to a width by taking out of its middle, where names
// that have to be told apart are most alike.
func clip(s string, limit, size int, bold bool) string {
	if width(s, size, bold) <= limit {
		return s
	}
	runes := []rune(s)
	const ellipsis = "\u2026"
	for keep := len(runes) - 1; keep > 0; keep-- {
		head := (keep + 1) / 2
		short := string(runes[:head]) + ellipsis + string(runes[len(runes)-(keep-head):])
		if width(short, size, bold) <= limit {
			return short
		}
	}
	return ellipsis
}

// wrapped breaks a name that is wider than the limit in two at the joint that
// makes the wider half narrowest, and shortens what is too wide still.
func wrapped(s string, limit, size int, bold bool) []string {
	if width(s, size, bold) <= limit {
		return []string{s}
	}
	best, narrowest := 0, width(s, size, bold)
	for i, r := range s {
		if !strings.ContainsRune("-._/: ", r) || i == 0 {
			continue
		}
		at := i + utf8.RuneLen(r)
		if w := max(width(s[:at], size, bold), width(s[at:], size, bold)); w < narrowest && at < len(s) {
			best, narrowest = at, w
		}
	}
	if best == 0 {
		return []string{clip(s, limit, size, bold)}
	}
	return []string{clip(strings.TrimSpace(s[:best]), limit, size, bold), clip(strings.TrimSpace(s[best:]), limit, size, bold)}
}
