package specfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// plainForm leaves out everything that has a meaning anywhere in YAML, in
	// block or flow, in version 1.1 or 1.2.
	plainForm = regexp.MustCompile(`^(?:https?://)?[A-Za-z0-9/][A-Za-z0-9_./-]*$`)
	// numberForm covers what any YAML reader may take for a number or a date:
	// 1_000, 1.5, 2026-11-21, 1e3, 0x1f, 0o7, 0b1.
	numberForm = regexp.MustCompile(`^(?:[0-9._-]+(?:[eE][0-9._-]*)?|0[xXoObB][0-9a-fA-F_]*)$`)
	// wordForm covers the words that YAML 1.1 reads as something else.
	wordForm = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)
)

// quote prints text as a YAML scalar that every reader takes for that text,
// as a key or a value, in block or flow.
func quote(s string) string {
	if plainForm.MatchString(s) && !numberForm.MatchString(s) && !wordForm.MatchString(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r < 0xa0:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
