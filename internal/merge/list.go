package merge

import (
	"bytes"
	"slices"
	"strings"
)

// List brings the changes of two kustomization.yaml files together where Merge
// sees a conflict that is none: both sides have added an entry at the end of
// the same list, or one has removed the entry beside the one that the other
// added. What theirs changed of base, which may be nothing but whole entries of
// top-level lists, is done again in ours: entries that went are taken out, if
// they are there as they were, and those that came are put behind the entry
// that they follow in theirs. Every other byte of ours stays.
//
// It reads lines, not YAML: lists in block style below a key of the first
// column; what else there is, is let alone. What it cannot do exactly so is false. What the result means is the
// caller's to check.
func List(base, ours, theirs []byte) ([]byte, bool) {
	ours, restore := likeness(ours, base, theirs)
	from, ok1 := sections(base)
	to, ok2 := sections(theirs)
	mine, ok3 := sections(ours)
	if !ok1 || !ok2 || !ok3 || !slices.Equal(from.frame(to), to.frame(from)) {
		return nil, false
	}
	for _, now := range to.lists {
		before := from.list(now.key)
		switch {
		case before == nil:
			before = &list{key: now.key}
		case len(missing(before.entries, now.entries))+len(missing(now.entries, before.entries)) == 0:
			continue
		}
		at := mine.list(now.key)
		if at == nil && mine.other[now.key] {
			return nil, false // ours has it in another style
		}
		if at == nil {
			if len(before.entries) > 0 {
				return nil, false // ours has given up the key
			}
			mine.lists = append(mine.lists, *now.copied())
			continue
		}
		at.remove(missing(before.entries, now.entries))
		at.add(missing(now.entries, before.entries), now.entries)
	}
	for _, before := range from.lists {
		if to.list(before.key) != nil {
			continue
		}
		if at := mine.list(before.key); at != nil {
			at.remove(before.entries)
		}
	}
	return restore(mine.text()), true
}

// file is a kustomization as lists, and the lines around them.
type file struct {
	head  [][]byte // before the first list
	lists []list
	other map[string]bool // the keys of the first column that are no such list
}

// list is one top-level list: the line of its key, its entries, and the lines
// behind them up to the next list.
type list struct {
	key     string
	line    []byte
	empty   bool // it has had no entry from the start
	entries []entry
	tail    [][]byte
}

// entry is one entry: the comments and empty lines in front of it, and its own.
type entry struct {
	lead, lines [][]byte
}

func (e entry) text() string { return strings.TrimRight(string(bytes.Join(e.lines, nil)), "\n") }

// sections reads a text into lists.
func sections(text []byte) (*file, bool) {
	f := &file{other: map[string]bool{}}
	var at *list // the list that is being read
	var lead [][]byte
	dash := -1 // the column of its dashes
	rest := func() *[][]byte {
		if n := len(f.lists); n > 0 {
			return &f.lists[n-1].tail
		}
		return &f.head
	}
	closing := func() {
		*rest() = append(*rest(), lead...)
		if at != nil {
			at.empty = len(at.entries) == 0
		}
		at, lead = nil, nil
	}
	for _, line := range split(text) {
		content := strings.TrimRight(string(line), "\n")
		trimmed := strings.TrimLeft(content, " ")
		column := len(content) - len(trimmed)
		switch {
		case trimmed == "" || trimmed[0] == '#':
			lead = append(lead, line)
			continue
		case strings.HasPrefix(trimmed, "\t"):
			return nil, false
		case at != nil && isDash(trimmed) && (dash < 0 || column == dash):
			dash = column
			at.entries = append(at.entries, entry{lead, [][]byte{line}})
			lead = nil
			continue
		case at != nil && len(at.entries) > 0 && column > dash:
			e := &at.entries[len(at.entries)-1]
			e.lines = append(append(e.lines, lead...), line)
			lead = nil
			continue
		case at != nil && column > 0 && len(at.entries) > 0:
			return nil, false // neither an entry nor a part of one
		case at != nil && column > 0: // a mapping, which is let alone
			key, keyLine := at.key, at.line
			f.lists, at = f.lists[:len(f.lists)-1], nil
			f.other[key] = true
			*rest() = append(*rest(), keyLine)
		}
		closing()
		key, after, ok := strings.Cut(trimmed, ":")
		after = strings.TrimSpace(after)
		if column == 0 && ok && (f.other[key] || f.list(key) != nil) {
			return nil, false
		}
		if column == 0 && ok && key != "" && (after == "" || after[0] == '#') && !strings.ContainsAny(key, " \"'{[&*!") {
			f.lists = append(f.lists, list{key: key, line: line})
			at, dash = &f.lists[len(f.lists)-1], -1
			continue
		}
		if column == 0 && ok {
			f.other[key] = true
		}
		*rest() = append(*rest(), line)
	}
	closing()
	return f, true
}

func isDash(trimmed string) bool { return trimmed == "-" || strings.HasPrefix(trimmed, "- ") }

func (f *file) list(key string) *list {
	for i := range f.lists {
		if f.lists[i].key == key {
			return &f.lists[i]
		}
	}
	return nil
}

// frame is what a text says beside the entries of its lists. Lists that the
// other does not have are left out: they came or went as a whole.
func (f *file) frame(other *file) []string {
	out := []string{string(bytes.Join(f.head, nil))}
	for _, l := range f.lists {
		if other.list(l.key) == nil {
			continue
		}
		text := string(l.line)
		for _, e := range l.entries {
			text += string(bytes.Join(e.lead, nil))
		}
		out = append(out, text+string(bytes.Join(l.tail, nil)))
	}
	return out
}

func (f *file) text() []byte {
	out := join(nil, f.head)
	for _, l := range f.lists {
		if len(l.entries) > 0 || l.empty {
			out = join(out, [][]byte{l.line})
		}
		for _, e := range l.entries {
			out = join(join(out, e.lead), e.lines)
		}
		out = join(out, l.tail)
	}
	return out
}

func (l *list) copied() *list {
	out := *l
	out.entries = slices.Clone(l.entries)
	return &out
}

// missing are the entries of a that b does not have, one for one.
func missing(a, b []entry) []entry {
	left := map[string]int{}
	for _, e := range b {
		left[e.text()]++
	}
	var out []entry
	for _, e := range a {
		if left[e.text()]--; left[e.text()] < 0 {
			out = append(out, e)
		}
	}
	return out
}

func dedented(e entry) string {
	var b strings.Builder
	by := indent(e.lines[0])
	for _, line := range e.lines {
		b.WriteString(strings.TrimRight(string(line[min(by, indent(line)):]), "\n") + "\n")
	}
	return b.String()
}

func indent(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

// remove takes entries out. The comments in front of one stay for the next.
func (l *list) remove(gone []entry) {
	left := map[string]int{}
	for _, e := range gone {
		left[dedented(e)]++
	}
	var out []entry
	var lead [][]byte // of those that went
	for _, e := range l.entries {
		if text := dedented(e); left[text] > 0 {
			left[text]--
			lead = append(lead, e.lead...)
			continue
		}
		e.lead, lead = append(lead, e.lead...), nil
		out = append(out, e)
	}
	l.entries, l.tail = out, append(lead, l.tail...)
}

// add puts entries where they stand in the order that the other side has: behind
// the nearest entry in front of them that is here, else before the nearest
// behind them, else at the end.
func (l *list) add(fresh, order []entry) {
	here := make(map[string]int, len(l.entries))
	for i := len(l.entries) - 1; i >= 0; i-- {
		here[dedented(l.entries[i])] = i
	}
	left := map[string]int{}
	for _, e := range fresh {
		left[e.text()]++
	}
	behind := map[int][]entry{} // by the place of the entry that they follow, -1 for the list's start
	var waiting []entry         // for an entry that is here
	last := -1
	for _, e := range order {
		at, known := here[dedented(e)]
		switch {
		case known:
			if last < 0 {
				behind[at-1] = append(behind[at-1], waiting...)
				waiting = nil
			}
			last = at
		case left[e.text()] == 0:
		case last >= 0:
			behind[last] = append(behind[last], l.fitted(e))
		default:
			waiting = append(waiting, l.fitted(e))
		}
		if left[e.text()] > 0 {
			left[e.text()]--
		}
	}
	out := slices.Clone(behind[-1])
	for i, e := range l.entries {
		out = append(append(out, e), behind[i]...)
	}
	l.entries = append(out, waiting...)
}

// fitted is another list's entry with the indentation of this one.
func (l *list) fitted(e entry) entry {
	own := entry{lines: e.lines}
	if len(l.entries) > 0 {
		own.lines = indented(e.lines, indent(l.entries[0].lines[0]))
	}
	return own
}

// indented moves lines so that the first begins at a column.
func indented(lines [][]byte, column int) [][]byte {
	by := column - indent(lines[0])
	out := make([][]byte, len(lines))
	for i, line := range lines {
		switch {
		case by >= 0:
			out[i] = append(bytes.Repeat([]byte(" "), by), line...)
		default:
			out[i] = line[min(-by, indent(line)):]
		}
	}
	return out
}
