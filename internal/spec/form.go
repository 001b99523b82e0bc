package spec

// The forms of words, read byte by byte: each word of a model is asked for its
// form, and a regular expression takes ten times as long to say it.

// Classes of bytes, a bit each.
const (
	digits  uint8 = 1 << iota
	lower         // a–z
	upper         // A–Z
	hyphen        // -
	dotted        // _ and .
	inPaths       // what stands in a path beside letters and digits
)

var bytesOf = func() (of [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		of[c] |= digits
	}
	for c := 'a'; c <= 'z'; c++ {
		of[c] |= lower
	}
	for c := 'A'; c <= 'Z'; c++ {
		of[c] |= upper
	}
	of['-'] |= hyphen
	of['_'] |= dotted
	of['.'] |= dotted
	for _, c := range "/._~%!$&'()*+,;=:@-" {
		of[c] |= inPaths
	}
	return of
}()

// all reports whether each byte is of one of the classes.
func all(s string, of uint8) bool {
	for i := range len(s) {
		if bytesOf[s[i]]&of == 0 {
			return false
		}
	}
	return true
}

// enclosed reports whether s has bytes of these classes alone, and neither first
// nor last one that is not of the ends'.
func enclosed(s string, ends, inside uint8) bool {
	return s != "" && bytesOf[s[0]]&ends != 0 && bytesOf[s[len(s)-1]]&ends != 0 && all(s, ends|inside)
}

// labelForm is a DNS-1123 label of any length: [a-z0-9]([-a-z0-9]*[a-z0-9])?
func labelForm(s string) bool { return enclosed(s, digits|lower, hyphen) }

// labelKeyForm is a label's key without its prefix, and a value that is not
// empty: [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?
func labelKeyForm(s string) bool { return enclosed(s, digits|lower|upper, hyphen|dotted) }

// pathForm is a path of the characters that stand for themselves in a URL's
// (RFC 3986, pchar), and escapes.
func pathForm(s string) bool {
	return s != "" && s[0] == '/' && all(s, digits|lower|upper|inPaths)
}

// wholeForm is -?(0|[1-9][0-9]*): it leaves out 0x1f, 1e3 and 017, which readers
// disagree on.
func wholeForm(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	return s != "" && all(s, digits) && (s[0] != '0' || len(s) == 1)
}

// durationPart takes the first number with its unit off a duration: [0-9]{1,9}
// and ms, s, m, h, d or w.
func durationPart(s string) (number, unit, rest string, ok bool) {
	i := 0
	for i < len(s) && bytesOf[s[i]]&digits != 0 {
		i++
	}
	end := i + 1
	if i+1 < len(s) && s[i:i+2] == "ms" {
		end++
	}
	if i == 0 || i > 9 || end > len(s) || durationUnit[s[i:end]] == 0 {
		return "", "", "", false
	}
	return s[:i], s[i:end], s[end:], true
}

// durationForm is one such part or several.
func durationForm(s string) bool {
	ok := s != ""
	for ok && s != "" {
		_, _, s, ok = durationPart(s)
	}
	return ok
}
