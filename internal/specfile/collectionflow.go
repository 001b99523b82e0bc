package specfile

import (
	"bytes"
	"strings"
)

// flowCollection edits what stands between brackets.
func (e *editor) flowCollection(c *collection) {
	open := e.lines.body(c.node)
	if text := e.lines.text; open >= len(text) || text[open] != '[' && text[open] != '{' {
		e.refuse(c.node, c.slot.path, "unchanged", "put the mapping in braces", "is a pair without braces inside a list, and cannot be added to")
		return
	}
	c.runs(func(first, last int) { e.removeFlow(c, first, last) })
	for i := range c.items {
		added := c.added[i]
		if len(added) == 0 {
			continue
		}
		at := e.lines.end(c.items[i].node)
		if comma := e.comma(at); comma > 0 && i == len(c.items)-1 {
			e.splice(comma, comma, " "+flat(added))
		} else {
			e.splice(at, at, ", "+flat(added))
		}
	}
	front := c.added[-1]
	if len(front) == 0 {
		return
	}
	for _, it := range c.items {
		if !it.gone {
			e.splice(it.start, it.start, flat(front)+", ")
			return
		}
	}
	e.splice(open+1, open+1, flat(front))
}

func flat(added []addition) string {
	words := make([]string, len(added))
	for i, a := range added {
		words[i] = a[0]
	}
	return strings.Join(words, ", ")
}

// comma gives the offset behind the comma that follows an offset, or -1.
func (e *editor) comma(at int) int {
	if at = e.lines.skip(at); at < len(e.lines.text) && e.lines.text[at] == ',' {
		return at + 1
	}
	return -1
}

// removeFlow takes neighbours out of brackets, with one comma.
func (e *editor) removeFlow(c *collection, first, last int) {
	text := e.lines.text
	start, end := c.items[first].start, e.lines.end(c.items[last].node)
	comma := e.comma(end)
	if e.removeFlowLines(c, first, last, comma) {
		return
	}
	if last+1 < len(c.items) {
		// What follows on the line moves up; what stands on others stays there.
		if next := c.items[last+1].start; !bytes.ContainsRune(text[end:next], '\n') {
			end = next
		} else {
			end = comma
		}
		e.splice(start, end, "")
		return
	}
	if first == 0 {
		e.splice(start, end, "")
		return
	}
	// The last one goes: so does the comma before it, if none was behind it.
	before := e.lines.end(c.items[first-1].node)
	if !bytes.ContainsRune(text[before:start], '\n') {
		e.splice(before, end, "")
		return
	}
	if comma > 0 {
		end = comma
	} else if at := e.comma(before); at > 0 {
		e.splice(at-1, at, "")
	}
	e.splice(start, end, "")
}

// removeFlowLines takes items out that have whole lines to themselves, with the
// comments behind them and directly above.
func (e *editor) removeFlowLines(c *collection, first, last, comma int) bool {
	text := e.lines.text
	start, end := c.items[first].start, max(e.lines.end(c.items[last].node), comma)
	from, to := e.lines.lineAt(start), e.lines.lineAt(end-1)
	rest := strings.TrimSpace(string(text[end:e.lines.contentEnd(to)]))
	if !e.lines.first(start) || rest != "" && rest[0] != '#' || to == e.lines.count() {
		return false
	}
	bound := e.lines.lineAt(e.lines.body(c.node))
	if first > 0 {
		before := e.lines.end(c.items[first-1].node)
		bound = e.lines.lineAt(max(before, e.comma(before)) - 1)
		if at := e.comma(before); at > 0 && comma < 0 && last == len(c.items)-1 {
			e.splice(at-1, at, "")
		}
	}
	for from-1 > bound {
		if _, ok := e.lines.comment(from - 1); !ok {
			break
		}
		from--
	}
	e.deleteLines(from, to)
	return true
}
