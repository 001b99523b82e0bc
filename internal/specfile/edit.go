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
	want, err := f.wanted(s, calledBy)
	if err != nil {
		return nil, err
	}
	return f.With(want)
}

// wanted gives the model that AddService's text must have.
func (f *File) wanted(s *spec.Service, calledBy []CalledBy) (*spec.Network, error) {
	if !f.decoded {
		return nil, f.refuse(f.root(), "", "unreadable", "correct the file's errors first", "cannot be added to while parts of it cannot be read")
	}
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
		line, column := locate(f.root(), path)
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
			return nil, f.refuse(value(f.root(), "spec"), "services", "undeclared", fix, "there is no service %q that could call %s", by.Service, s.Name)
		}
		call := spec.Call{Service: s.Name, Port: by.Port}
		if slices.ContainsFunc(services[i].Calls, func(c spec.Call) bool { return reflect.DeepEqual(c, call) }) {
			continue
		}
		if len(services[i].Calls) > len(f.Network.Spec.Services[i].Calls) {
			return nil, f.refuse(value(f.root(), "spec"), fmt.Sprintf("services[%d].calls", i), "duplicate", "name it once", "%s is to call %s twice", by.Service, s.Name)
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

// layout learns from the file how it is indented.
func (e *editor) layout() layout {
	own := ownLayout
	specKey, below := pair(e.file.root(), "spec")
	if below.Kind != yaml.MappingNode || below.Style&yaml.FlowStyle != 0 {
		return own
	}
	if by := below.Content[0].Column - specKey.Column; by > 0 && by < 9 {
		own.indent = by
	}
	key, list := pair(below, "services")
	if list == nil || list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0 {
		return own
	}
	column := e.lines.column(e.lines.body(list))
	if by := column - key.Column; by >= 0 && by < 9 {
		own.dash = by
	}
	last := list.Content[len(list.Content)-1]
	if by := last.Column - column; last.Line == e.lines.lineAt(e.lines.dash(list, len(list.Content)-1)) && by > 1 && by < 9 {
		own.gap = by
	}
	return own
}

func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
