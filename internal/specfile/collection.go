package specfile

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// collection is a list or mapping of the text, with what is to change in it.
type collection struct {
	node   *yaml.Node
	slot   slot
	items  []item // in the order of the text
	added  map[int][]addition
	flow   bool // between brackets
	column int  // of the keys or dashes, in block style
	gap    int  // from a dash to what it starts
	spaced bool // empty lines part the items
}

// item is an entry, or a key with its value.
type item struct {
	start int        // the offset of its dash, its key or, between brackets, its first character
	node  *yaml.Node // what it ends with
	gone  bool
}

// addition is the lines of a new item, not yet indented; one line in flow style.
type addition []string

// add puts an item behind the one of that index, or in front of all for -1.
func (c *collection) add(after int, a addition) {
	if c.added == nil {
		c.added = map[int][]addition{}
	}
	c.added[after] = append(c.added[after], a)
}

// pairs are the items of a mapping.
func (e *editor) pairs(n *yaml.Node, s slot) *collection {
	c := &collection{node: n, slot: s, flow: s.flow || n.Style&yaml.FlowStyle != 0}
	for i := 0; i+1 < len(n.Content); i += 2 {
		c.items = append(c.items, item{start: e.lines.begin(n.Content[i]), node: n.Content[i+1]})
	}
	if !c.flow && len(c.items) > 0 {
		c.column = e.lines.column(c.items[0].start)
	}
	return c
}

// collection writes what changes in the set of a collection's items.
func (e *editor) collection(c *collection) {
	changes := len(c.added) > 0
	for _, it := range c.items {
		changes = changes || it.gone
	}
	switch {
	case !changes:
	case c.flow:
		e.flowCollection(c)
	default:
		e.blockCollection(c)
	}
}

// runs calls yield for each run of neighbours that go.
func (c *collection) runs(yield func(first, last int)) {
	for i := 0; i < len(c.items); i++ {
		if !c.items[i].gone {
			continue
		}
		first := i
		for i+1 < len(c.items) && c.items[i+1].gone {
			i++
		}
		yield(first, i)
	}
}

func (e *editor) tailOf(c *collection, i int) int {
	return e.lines.tail(e.lines.end(c.items[i].node), c.column)
}

// headOf gives the first line of an item, and the last of what is before it.
func (e *editor) headOf(c *collection, i int) (head, before int) {
	line := e.lines.lineAt(c.items[i].start)
	switch {
	case i > 0:
		before = e.tailOf(c, i-1)
	case c.slot.key != nil:
		before = e.lines.lineAt(e.lines.colon(c.slot.key) - 1)
	}
	return e.lines.head(line, c.column, before), before
}

func (e *editor) blockCollection(c *collection) {
	front := c.added[-1]
	c.runs(func(first, last int) {
		if first == 0 && !e.lines.first(c.items[0].start) {
			e.removeInline(c, last, front)
			front = nil
			return
		}
		e.removeLines(c, first, last)
	})
	if len(front) > 0 {
		e.insertFront(c, front)
	}
	for i := range c.items {
		if added := c.added[i]; len(added) > 0 {
			e.insertLines(e.tailOf(c, i), c.column, c.joined(added, true))
		}
	}
}

// joined gives the lines of several additions with the empty lines that part
// them, in front of each or behind.
func (c *collection) joined(added []addition, front bool) (lines []string) {
	for _, a := range added {
		if c.spaced && front {
			lines = append(lines, "")
		}
		lines = append(lines, a...)
		if c.spaced && !front {
			lines = append(lines, "")
		}
	}
	return lines
}

// removeLines takes items out that have their lines to themselves. The empty
// lines around them become those between their neighbours.
func (e *editor) removeLines(c *collection, first, last int) {
	from, bound := e.headOf(c, first)
	to := e.tailOf(c, last)
	above, below := 0, 0
	for n := from - 1; n > bound && e.lines.blank(n); n-- {
		above++
	}
	for n := to + 1; n <= e.lines.count() && e.lines.blank(n); n++ {
		below++
	}
	switch {
	case last == len(c.items)-1:
		from -= above
	case first == 0:
		to += below
	default:
		to += min(above, below)
	}
	e.deleteLines(from, to)
}

// deleteLines takes whole lines out; a text without a final line end stays one.
func (e *editor) deleteLines(from, to int) {
	if to < e.lines.count() {
		e.splice(e.lines.starts[from-1], e.lines.starts[to], "")
		return
	}
	start := e.lines.starts[from-1]
	if _, end := e.lines.line(to); end == "" && from > 1 {
		start = e.lines.contentEnd(from - 1)
	}
	e.splice(start, len(e.lines.text), "")
}

// removeInline takes out the first items of a mapping whose first key stands
// behind a dash. What is added in front takes their place, or else what
// follows them moves up.
func (e *editor) removeInline(c *collection, last int, front []addition) {
	start, to := c.items[0].start, e.tailOf(c, last)
	if len(front) > 0 {
		lines := indented(c.joined(front, true), c.column-1)
		text := strings.TrimLeft(strings.Join(lines, e.lines.newline()), " \r\n")
		e.splice(start, e.lines.contentEnd(to), text)
		return
	}
	next := c.items[last+1].start
	if len(bytes.TrimSpace(e.lines.text[e.lines.starts[to]:next])) == 0 {
		e.splice(start, next, "")
		return
	}
	for start > 0 && e.lines.text[start-1] == ' ' {
		start--
	}
	e.splice(start, e.lines.contentEnd(to), "")
}

// insertFront puts items before all that stay.
func (e *editor) insertFront(c *collection, front []addition) {
	first := 0
	for c.items[first].gone {
		first++
	}
	lines := indented(c.joined(front, false), c.column-1)
	newline := e.lines.newline()
	if first == 0 && !e.lines.first(c.items[0].start) {
		lines = append(lines, strings.Repeat(" ", c.column-1))
		e.splice(c.items[0].start, c.items[0].start, strings.TrimLeft(strings.Join(lines, newline), " "))
		return
	}
	head, _ := e.headOf(c, first)
	at := e.lines.starts[head-1]
	e.splice(at, at, strings.Join(lines, newline)+newline)
}

// insertLines adds whole lines behind a line.
func (e *editor) insertLines(after, column int, text []string) {
	content, end := e.lines.line(after)
	newline := end
	if newline == "" {
		newline = e.lines.newline()
	}
	var b strings.Builder
	for _, line := range indented(text, column-1) {
		b.WriteString(newline + line)
	}
	at := e.lines.starts[after-1] + len(content)
	e.splice(at, at, b.String())
}
