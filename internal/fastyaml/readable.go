package fastyaml

import "unicode/utf8"

// readable tells whether a text holds only characters that YAML allows and that
// mean to this package what they mean to the yaml package, and whether all are
// ASCII. Carriage returns, the other line breaks of YAML 1.1 and byte order
// marks are not read here.
func readable(data []byte) (ascii, ok bool) {
	if len(data) > longestStream {
		return false, false
	}
	ascii = true
	for i := 0; i < len(data); {
		c := data[i]
		if c-0x20 < 0x7f-0x20 {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			if c != '\n' && c != '\t' {
				return false, false
			}
			i++
			continue
		}
		ascii = false
		char, size := utf8.DecodeRune(data[i:])
		switch {
		case char == utf8.RuneError && size == 1:
			return false, false
		case char < 0xa0, char == 0x2028, char == 0x2029, char == 0xfeff, char == 0xfffe, char == 0xffff:
			return false, false
		}
		i += size
	}
	return ascii, true
}
