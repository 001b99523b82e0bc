package specfile

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// replace writes a node's text anew: on one line where that reads well or is
// as it was, else in block style.
func (e *editor) replace(n *yaml.Node, v reflect.Value, s slot) {
	v = reflect.Indirect(v)
	block := n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode && n.Style&yaml.FlowStyle == 0
	lines := e.printed(v, s)
	switch {
	case s.flow || len(lines) == 0 && !block:
		start, text := e.lines.begin(n), flow(v)
		if n.Kind != yaml.AliasNode {
			start = e.lines.body(n)
		}
		e.splice(start, e.lines.end(n), text)
	case s.key == nil:
		e.replaceEntry(n, v, lines, s)
	case block:
		e.replaceBelow(n, v, lines, s)
	default:
		e.splice(e.lines.colon(s.key), e.lines.end(n), "")
		e.insertLines(e.lines.lineAt(e.lines.end(n)-1), s.column, lines)
	}
}

// printed gives the lines of a value in block style, without its key or dash
// and without their indentation; none if it stands on one line.
func (e *editor) printed(v reflect.Value, s slot) []string {
	if v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Map || isScalar(v.Type()) || empty(v) {
		return nil
	}
	if s.key == nil {
		if lines := e.own.entry(v); len(lines) > 1 {
			return lines
		}
		return nil
	}
	return e.own.member("k", v)[1:]
}

// empty reports whether a value is written as [] or {}.
func empty(v reflect.Value) bool {
	if v.Kind() != reflect.Struct {
		return v.Len() == 0
	}
	for _, f := range tables[v.Type()].fields {
		if shown(f, v.Field(f.index)) {
			return false
		}
	}
	return true
}

// replaceEntry writes the value behind a dash anew.
func (e *editor) replaceEntry(n *yaml.Node, v reflect.Value, lines []string, s slot) {
	start, end := e.lines.body(n), e.lines.end(n)
	if n.Kind == yaml.AliasNode {
		start = e.lines.begin(n)
	}
	if len(lines) == 0 {
		e.splice(start, end, flow(v))
		return
	}
	first := strings.TrimLeft(strings.TrimPrefix(lines[0], "-"), " ")
	e.splice(start, end, first)
	e.insertLines(e.lines.lineAt(end-1), s.column, lines[1:])
}

// replaceBelow writes a value anew whose lines stand below its key.
func (e *editor) replaceBelow(n *yaml.Node, v reflect.Value, lines []string, s slot) {
	body := e.lines.body(n)
	column := e.lines.column(body)
	keyLine := e.lines.lineAt(e.lines.colon(s.key) - 1)
	from := e.lines.head(e.lines.lineAt(body), column, keyLine)
	to := e.lines.tail(e.lines.end(n), column)
	if len(lines) > 0 {
		e.insertLines(from-1, s.column, lines)
	} else {
		at := e.lines.colon(s.key)
		if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
			at = e.lines.properties(n)
		}
		e.splice(at, at, " "+flow(v))
	}
	e.deleteLines(from, to)
}
