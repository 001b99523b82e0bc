package merge

import (
	"bytes"
	"fmt"
)

// The markers are those of git's diff3 style.
const (
	markOurs   = "<<<<<<< yours\n"
	markBase   = "||||||| what kgen wrote\n"
	markMiddle = "=======\n"
	markTheirs = ">>>>>>> kgen\n"
)

// mark writes all three versions of a chunk.
func (r Result) mark(out []byte, c Chunk) []byte {
	for _, part := range []struct {
		mark  string
		lines [][]byte
	}{
		{markOurs, r.ours[c.Ours.Start:c.Ours.End]},
		{markBase, r.base[c.Base.Start:c.Base.End]},
		{markMiddle, r.theirs[c.Theirs.Start:c.Theirs.End]},
		{markTheirs, nil},
	} {
		out = join(out, [][]byte{[]byte(part.mark)})
		out = join(out, part.lines)
	}
	return out
}

// Sides takes a text apart in which git (in any of its styles merge, diff3 and
// zdiff3) or Markers has left conflicts: what either side was, as a whole text,
// and, where all conflicts say so, what both come from. Without a marker found
// is false. The error is about markers that do not belong together, and begins
// with the number of the line.
func Sides(text []byte) (ours, base, theirs []byte, found bool, err error) {
	if !bytes.Contains(text, []byte("<<<<<<<")) && !bytes.Contains(text, []byte(">>>>>>>")) {
		return nil, nil, nil, false, nil
	}
	const (
		outside = iota
		inOurs
		inBase
		inTheirs
	)
	state, opened, number := outside, 0, 0
	hasBase, all := false, true
	for line := range bytes.Lines(text) {
		number++
		kind := marker(line)
		switch {
		case kind == 0:
			if state == outside || state == inOurs {
				ours = append(ours, line...)
			}
			if state == outside || state == inBase {
				base = append(base, line...)
			}
			if state == outside || state == inTheirs {
				theirs = append(theirs, line...)
			}
		case kind == '<' && state == outside:
			state, opened, found, hasBase = inOurs, number, true, false
		case kind == '|' && state == inOurs:
			state, hasBase = inBase, true
		case kind == '=' && (state == inOurs || state == inBase):
			state = inTheirs
			all = all && hasBase
		case kind == '>' && state == inTheirs:
			state = outside
		case (kind == '=' || kind == '|') && state == outside:
			// Some texts underline their headings so.
			ours, base, theirs = append(ours, line...), append(base, line...), append(theirs, line...)
		default:
			return nil, nil, nil, true, fmt.Errorf("%d: the conflict marker %.7s belongs to no other", number, line)
		}
	}
	if state != outside {
		return nil, nil, nil, true, fmt.Errorf("%d: the conflict that begins here has no end", opened)
	}
	if !found || !all {
		base = nil
	}
	return ours, base, theirs, found, nil
}

// marker gives the sign of a line that is a conflict marker: seven of the sign,
// and then nothing or a space.
func marker(line []byte) byte {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < 7 || len(line) > 7 && line[7] != ' ' {
		return 0
	}
	switch c := line[0]; c {
	case '<', '|', '=', '>':
		if bytes.Count(line[:7], line[:1]) == 7 {
			return c
		}
	}
	return 0
}
