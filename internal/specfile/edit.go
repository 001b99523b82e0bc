package specfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// CalledBy is a service that is to call the one added, on a port of it or, for
// the zero reference, on all.
type CalledBy struct {
	Service string
	Port    spec.PortRef
}

// AddService returns the file's text with s as its last service and with a
// call to s at each of calledBy. The rest of the text stays byte for byte as it
// is, and the new text decodes to exactly the old model with that change; where
// that cannot be had, the error says why and there is no text. A call that the
// file already holds is not added twice. What the new model means is not
// judged here: Parse the result.
func (f *File) AddService(s *spec.Service, calledBy []CalledBy) ([]byte, error) {
	if !f.decoded {
		return nil, f.refuse(f.root, "", "unreadable", "correct the file's errors first", "cannot be added to while parts of it cannot be read")
	}
	e := &editor{file: f, lines: linesOf(withoutBOM(f.Data))}
	e.layout()
	want, err := f.withService(s, calledBy)
	if err != nil {
		return nil, err
	}
	for i := range want.Spec.Services[:len(want.Spec.Services)-1] {
		if calls := want.Spec.Services[i].Calls; len(calls) > len(f.Network.Spec.Services[i].Calls) {
			if err := e.addCall(i, calls[len(calls)-1]); err != nil {
				return nil, err
			}
		}
	}
	if err := e.addEntry(s); err != nil {
		return nil, err
	}
	out := e.apply()
	if got, d := decode(f.Name, out); !got.decoded || len(d.list) > 0 || !reflect.DeepEqual(got.Network, want) {
		return nil, f.refuse(e.services, "services", "unchanged", "add the service by hand", "is written in a way that cannot be extended without changing what it says")
	}
	return out, nil
}

// withService gives the model that the new text must have.
func (f *File) withService(s *spec.Service, calledBy []CalledBy) (*spec.Network, error) {
	want := *f.Network
	services := slices.Clone(want.Spec.Services)
	index := map[string]int{}
	names := make([]string, len(services))
	for i := range services {
		names[i] = services[i].Name
		index[names[i]] = i
	}
	if i, taken := index[s.Name]; taken {
		path := fmt.Sprintf("services[%d].name", i)
		line, column := locate(f.root, path)
		return nil, diag.List{{File: f.Name, Line: line, Column: column, Path: path, Severity: diag.Error, Code: "duplicate",
			Message: fmt.Sprintf("there is a service %q already", s.Name), Fix: "choose another name, or edit that entry"}}
	}
	for _, by := range calledBy {
		i, known := index[by.Service]
		if !known {
			fix := "the services are " + strings.Join(names, ", ")
			if near := diag.Nearest(by.Service, names); near != "" {
				fix = "did you mean " + near + "?"
			}
			return nil, f.refuse(value(f.root, "spec"), "services", "undeclared", fix, "there is no service %q that could call %s", by.Service, s.Name)
		}
		call := spec.Call{Service: s.Name, Port: by.Port}
		if slices.ContainsFunc(services[i].Calls, func(c spec.Call) bool { return reflect.DeepEqual(c, call) }) {
			continue
		}
		if len(services[i].Calls) > len(f.Network.Spec.Services[i].Calls) {
			return nil, f.refuse(value(f.root, "spec"), fmt.Sprintf("services[%d].calls", i), "duplicate", "name it once", "%s is to call %s twice", by.Service, s.Name)
		}
		services[i].Calls = append(slices.Clip(services[i].Calls), call)
	}
	want.Spec.Services = append(services, *s)
	return &want, nil
}

// refuse says why an edit cannot be made, at a place in the file.
func (f *File) refuse(n *yaml.Node, path, code, fix, format string, args ...any) error {
	d := diag.Diagnostic{File: f.Name, Path: path, Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...), Fix: fix}
	if n != nil {
		d.Line, d.Column = n.Line, n.Column
	}
	return diag.List{d}
}

// editor collects what is to be inserted into a file's text.
type editor struct {
	file  *File
	lines *lines
	own   layout

	services      *yaml.Node // the list
	servicesLimit int        // the first line that is no longer the list's own
	inserts       []insert
}

type insert struct {
	offset int
	text   string
}

// layout learns from the file how it is indented.
func (e *editor) layout() {
	root := e.file.root
	e.own = ownLayout
	specKey, below := pair(root, "spec")
	if below.Kind != yaml.MappingNode || below.Style&yaml.FlowStyle != 0 {
		e.services = value(target(below), "services")
		return
	}
	key, list := pair(below, "services")
	e.services = list
	e.servicesLimit = limitOf(below, key, limitOf(root, specKey, e.lines.count()+1))
	if by := below.Content[0].Column - specKey.Column; by > 0 && by < 9 {
		e.own.indent = by
	}
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0 {
		return
	}
	if by := list.Column - key.Column; by > 0 && by < 9 {
		e.own.dash = by
	}
	last := list.Content[len(list.Content)-1]
	if by := last.Column - list.Column; last.Line == e.dashLine(list, len(list.Content)-1) && by > 1 && by < 9 {
		e.own.gap = by
	}
}

func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// limitOf gives the first line after the value of a mapping's key: that of the
// next key, or else where the mapping itself ends.
func limitOf(mapping, key *yaml.Node, end int) int {
	for i := 0; i+3 < len(mapping.Content); i += 2 {
		if mapping.Content[i] == key {
			return mapping.Content[i+2].Line
		}
	}
	return end
}

// dashLine gives the line of the dash before an entry of a block list. The
// entry itself may start on a later line.
func (e *editor) dashLine(list *yaml.Node, i int) int {
	for n := list.Content[i].Line; n > list.Line; n-- {
		content, _ := e.lines.line(n)
		if r := []rune(content); len(r) >= list.Column && r[list.Column-1] == '-' && strings.TrimSpace(string(r[:list.Column-1])) == "" {
			return n
		}
	}
	return list.Line
}

// lastLine gives the last line, from the given one on and before the limit,
// that belongs to a value which starts at the 1-based column: text, or a
// comment that is indented deeper. Comments at the column itself belong to
// what follows.
func (e *editor) lastLine(from, limit, column int) int {
	last := from
	for n := from + 1; n < limit; n++ {
		content, _ := e.lines.line(n)
		trimmed := strings.TrimSpace(content)
		if strings.HasPrefix(content, "...") || strings.HasPrefix(content, "---") {
			break
		}
		if trimmed == "" || trimmed[0] == '#' && indentOf(content) < column {
			continue
		}
		last = n
	}
	return last
}

// insertLines adds whole lines after a line.
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
	e.inserts = append(e.inserts, insert{e.lines.starts[after-1] + len(content), b.String()})
}

// apply makes the new text. Inserts at one place keep their order.
func (e *editor) apply() []byte {
	slices.SortStableFunc(e.inserts, func(a, b insert) int { return a.offset - b.offset })
	var out []byte
	if len(e.lines.text) < len(e.file.Data) {
		out = append(out, bom...)
	}
	done := 0
	for _, in := range e.inserts {
		out = append(append(out, e.lines.text[done:in.offset]...), in.text...)
		done = in.offset
	}
	return append(out, e.lines.text[done:]...)
}
