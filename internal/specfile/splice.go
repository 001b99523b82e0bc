package specfile

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/spec"
)

// addEntry appends the service to the list of services.
func (e *editor) addEntry(s *spec.Service) error {
	list, v := e.services, reflect.ValueOf(s).Elem()
	if err := e.extensible(list, "services"); err != nil {
		return err
	}
	if list.Style&yaml.FlowStyle != 0 {
		return e.insertFlow(list, "services", flow(v))
	}
	entry := e.own.entry(v)
	if e.spaced(list) {
		entry = append([]string{""}, entry...)
	}
	last := e.lastLine(e.dashLine(list, len(list.Content)-1), e.servicesLimit, list.Column)
	e.insertLines(last, list.Column, entry)
	return nil
}

// spaced reports whether empty lines part the entries of a list; a list of one
// says nothing, and is taken to be as Format writes it.
func (e *editor) spaced(list *yaml.Node) bool {
	if len(list.Content) < 2 {
		return true
	}
	dash := e.dashLine(list, len(list.Content)-1)
	for n := dash - 1; n > list.Line; n-- {
		content, _ := e.lines.line(n)
		switch trimmed := strings.TrimSpace(content); {
		case trimmed == "":
			return true
		case trimmed[0] != '#':
			return false
		}
	}
	return false
}

// extensible refuses a list or mapping whose text stands elsewhere, or that is
// used again elsewhere: adding to it would add there too.
func (e *editor) extensible(n *yaml.Node, path string) error {
	const fix = "write it out in its place, without anchor and alias"
	switch {
	case n.Kind == yaml.AliasNode:
		return e.file.refuse(n, path, "aliased", fix, "is the alias *%s and cannot be added to", n.Value)
	case n.Anchor != "":
		return e.file.refuse(n, path, "aliased", fix, "carries the anchor &%s and cannot be added to", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return e.file.refuse(n, path, "tag", "remove the tag", "carries a tag and cannot be added to")
	}
	return nil
}

// addCall adds a call to the service at an index.
func (e *editor) addCall(index int, call spec.Call) error {
	path := fmt.Sprintf("services[%d]", index)
	if err := e.extensible(e.services, "services"); err != nil {
		return err
	}
	item := e.services.Content[index]
	if item.Kind == yaml.AliasNode {
		return e.extensible(item, path)
	}
	calls := value(item, "calls")
	text := flow(reflect.ValueOf(call))
	switch {
	case calls == nil && item.Style&yaml.FlowStyle != 0:
		if err := e.extensible(item, path); err != nil {
			return err
		}
		return e.insertFlow(item, path, "calls: ["+text+"]")
	case calls == nil:
		return e.addCallsKey(index, call)
	}
	if err := e.extensible(calls, path+".calls"); err != nil {
		return err
	}
	if calls.Style&yaml.FlowStyle != 0 {
		return e.insertFlow(calls, path+".calls", text)
	}
	last := len(calls.Content) - 1
	dash := e.dashLine(calls, last)
	gap := e.own.gap
	if by := calls.Content[last].Column - calls.Column; calls.Content[last].Line == dash && by > 1 && by < 9 {
		gap = by
	}
	key, _ := pair(item, "calls")
	limit := limitOf(item, key, e.itemLimit(index))
	e.insertLines(e.lastLine(dash, limit, calls.Column), calls.Column, []string{"-" + strings.Repeat(" ", gap-1) + text})
	return nil
}

// addCallsKey gives a block mapping the key calls, where the model has it:
// after the last key that comes before it there.
func (e *editor) addCallsKey(index int, call spec.Call) error {
	item := e.services.Content[index]
	tab := tables[reflect.TypeFor[spec.Service]()]
	before := item.Content[0]
	for i := 0; i < len(item.Content); i += 2 {
		if tab.order(item.Content[i].Value) < tab.order("calls") {
			before = item.Content[i]
		}
	}
	column := item.Content[0].Column
	last := e.lastLine(before.Line, limitOf(item, before, e.itemLimit(index)), column)
	e.insertLines(last, column, e.own.member("calls", reflect.ValueOf([]spec.Call{call})))
	return nil
}

// itemLimit gives the first line after a service's entry.
func (e *editor) itemLimit(index int) int {
	if index+1 < len(e.services.Content) {
		return e.dashLine(e.services, index+1)
	}
	return e.servicesLimit
}

// insertFlow adds an element to a list or mapping between brackets.
func (e *editor) insertFlow(n *yaml.Node, path, element string) error {
	open := e.lines.offset(n.Line, n.Column)
	end, ok := flowEnd(e.lines.text, open)
	if !ok {
		return e.file.refuse(n, path, "unchanged", "add to it by hand", "has brackets that cannot be followed")
	}
	switch {
	case end.empty:
		e.inserts = append(e.inserts, insert{open + 1, element})
	case end.comma:
		e.inserts = append(e.inserts, insert{end.last, " " + element})
	default:
		e.inserts = append(e.inserts, insert{end.last, ", " + element})
	}
	return nil
}

// flowTail is where the last element between two brackets ends.
type flowTail struct {
	last  int  // the offset after the last element or, if comma, after its comma
	empty bool // there is no element
	comma bool // a comma follows the last element
}

// flowEnd follows the text from an opening bracket to the one that closes it.
func flowEnd(text []byte, open int) (tail flowTail, ok bool) {
	if open >= len(text) || text[open] != '[' && text[open] != '{' {
		return tail, false
	}
	tail.empty = true
	depth := 0
	for i := open; i < len(text); {
		c, next := text[i], i+1
		switch c {
		case ' ', '\t', '\r', '\n':
			i = next
			continue
		case '#':
			for next < len(text) && text[next] != '\n' {
				next++
			}
			i = next
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return tail, true
			}
		case ',', ':':
		case '"', '\'':
			if next = quoteEnd(text, i); next < 0 {
				return tail, false
			}
		default:
			for next < len(text) && !strings.ContainsRune(" \t\r\n,[]{}", rune(text[next])) {
				next++
			}
		}
		if i > open {
			tail = flowTail{last: next, comma: c == ',' && depth == 1}
		}
		i = next
	}
	return tail, false
}

// quoteEnd gives the offset after the quoted scalar that starts at i, or -1.
func quoteEnd(text []byte, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}
