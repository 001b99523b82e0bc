package gen

import (
	"bytes"
	"reflect"
	"strconv"
	"text/template"
	"text/template/parse"
)

// An executor runs templates as text/template does, several times as fast. It
// knows the part of the language that kgen's templates are written in: fields,
// methods without arguments, variables, if, with, range and template, and calls of
// functions whose arguments have the very types of their parameters.
//
// Whatever else a template says, or a value turns out to be, it gives up on, and
// text/template runs the template from its start. So every error is
// text/template's, and what both can run comes out the same.
//
// It is not for several goroutines at once: each has one of its own.
type executor struct {
	set       *template.Template
	functions map[string]reflect.Value
	programs  map[string]program // by the template's name; nil for those that it does not know all of
	buf       bytes.Buffer
	vars      []variable
	depth     int
	alone     bool                  // see Options
	gaveUp    func(template string) // or nil
}

// A variable is one of a template's, "$" included.
type variable struct {
	name  string
	value reflect.Value
}

// A program writes what a part of a template comes to; an expression is what a
// pipeline comes to.
type (
	program    func(x *executor, dot reflect.Value)
	expression func(x *executor, dot reflect.Value) reflect.Value
)

// giveUp is what an executor panics with.
type giveUp struct{}

func newExecutor(set *template.Template, o Options) *executor {
	return &executor{set: set, functions: callable(), programs: map[string]program{}, alone: o.alone, gaveUp: o.gaveUp}
}

// execute runs a template. The result lives in the executor until the next one.
func (x *executor) execute(name string, data any) ([]byte, error) {
	if x.alone || !x.try(name, data) {
		if x.gaveUp != nil {
			x.gaveUp(name)
		}
		x.buf.Reset()
		if err := x.set.ExecuteTemplate(&x.buf, name, data); err != nil {
			return nil, err
		}
	}
	return x.buf.Bytes(), nil
}

// try reports whether it has run the template to its end. A panic of a method or
// a function is one of the things that text/template has an error for.
func (x *executor) try(name string, data any) (done bool) {
	defer func() {
		if recover() != nil {
			done = false
		}
	}()
	x.buf.Reset()
	x.vars, x.depth = x.vars[:0], 0
	x.include(name, reflect.ValueOf(data))
	return true
}

// deepest is how many templates may include each other.
const deepest = 100

// include runs a template with variables of its own.
func (x *executor) include(name string, dot reflect.Value) {
	run, ok := x.programs[name]
	if !ok {
		run = x.compile(name)
		x.programs[name] = run
	}
	if run == nil || x.depth == deepest {
		panic(giveUp{})
	}
	outer := x.vars
	x.vars = append(make([]variable, 0, 4), variable{"$", dot})
	x.depth++
	run(x, dot)
	x.depth--
	x.vars = outer
}

// compile returns nil for a template that is not there, or that says something
// which the executor does not know.
func (x *executor) compile(name string) (run program) {
	t := x.set.Lookup(name)
	if t == nil || t.Tree == nil || t.Root == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(giveUp); !ok {
				panic(r)
			}
			run = nil
		}
	}()
	return x.list(t.Root)
}

// list compiles a part of a template; nil is the empty part.
func (x *executor) list(n *parse.ListNode) program {
	if n == nil {
		return func(*executor, reflect.Value) {}
	}
	var parts []program
	for _, node := range n.Nodes {
		parts = append(parts, x.node(node))
	}
	return func(x *executor, dot reflect.Value) {
		for _, run := range parts {
			run(x, dot)
		}
	}
}

func (x *executor) node(n parse.Node) program {
	switch n := n.(type) {
	case *parse.TextNode:
		return func(x *executor, _ reflect.Value) { x.buf.Write(n.Text) }
	case *parse.ActionNode:
		if write := x.action(n.Pipe); write != nil {
			return func(x *executor, dot reflect.Value) { x.buf.WriteString(write(x, dot)) }
		}
		value := x.pipe(n.Pipe)
		if len(n.Pipe.Decl) > 0 {
			return func(x *executor, dot reflect.Value) { value(x, dot) }
		}
		return func(x *executor, dot reflect.Value) { x.print(value(x, dot)) }
	case *parse.IfNode:
		return x.branch(&n.BranchNode, false)
	case *parse.WithNode:
		return x.branch(&n.BranchNode, true)
	case *parse.RangeNode:
		return x.loop(&n.BranchNode)
	case *parse.TemplateNode:
		value := func(*executor, reflect.Value) (none reflect.Value) { return none }
		if n.Pipe != nil {
			value = x.pipe(n.Pipe)
		}
		return func(x *executor, dot reflect.Value) { x.include(n.Name, value(x, dot)) }
	}
	panic(giveUp{}) // break, continue, and what may come
}

// action compiles a pipeline that writes the text of one function; nil for any other.
func (x *executor) action(n *parse.PipeNode) func(x *executor, dot reflect.Value) string {
	if len(n.Decl) > 0 || len(n.Cmds) != 1 {
		return nil
	}
	name, ok := n.Cmds[0].Args[0].(*parse.IdentifierNode)
	if !ok {
		return nil
	}
	return x.text(name.Ident, n.Cmds[0].Args[1:])
}

// branch compiles an if, or a with, whose value is the dot inside.
func (x *executor) branch(n *parse.BranchNode, with bool) program {
	value, then, otherwise := x.pipe(n.Pipe), x.list(n.List), x.list(n.ElseList)
	return func(x *executor, dot reflect.Value) {
		mark := len(x.vars)
		v := value(x, dot)
		switch {
		case !truth(v):
			otherwise(x, dot)
		case with:
			then(x, v)
		default:
			then(x, dot)
		}
		x.vars = x.vars[:mark]
	}
}

// loop compiles a range over a list, or over a mapping by its keys.
func (x *executor) loop(n *parse.BranchNode) program {
	if n.Pipe.IsAssign || len(n.Pipe.Decl) > 2 {
		panic(giveUp{})
	}
	value, each, otherwise := x.pipe(n.Pipe), x.list(n.List), x.list(n.ElseList)
	declared := len(n.Pipe.Decl)
	return func(x *executor, dot reflect.Value) {
		mark := len(x.vars)
		v := value(x, dot) // declares the variables
		turn := func(index, item reflect.Value) {
			inner := len(x.vars)
			if declared > 0 {
				x.vars[inner-1].value = item
			}
			if declared > 1 {
				x.vars[inner-2].value = index
			}
			each(x, item)
			x.vars = x.vars[:inner]
		}
		for (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
			v = v.Elem()
		}
		some := false
		switch v.Kind() {
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				some = true
				turn(reflect.ValueOf(i), v.Index(i))
			}
		case reflect.Map:
			for _, key := range sortedKeys(v) {
				some = true
				turn(key, v.MapIndex(key))
			}
		default:
			panic(giveUp{})
		}
		if !some {
			otherwise(x, dot)
		}
		x.vars = x.vars[:mark]
	}
}

// pipe compiles a pipeline of one command, with what it declares or sets.
func (x *executor) pipe(n *parse.PipeNode) expression {
	if len(n.Cmds) != 1 {
		panic(giveUp{})
	}
	value := x.command(n.Cmds[0])
	if len(n.Decl) == 0 {
		return func(x *executor, dot reflect.Value) reflect.Value { return inside(value(x, dot)) }
	}
	return func(x *executor, dot reflect.Value) reflect.Value {
		v := inside(value(x, dot))
		for _, d := range n.Decl {
			if n.IsAssign {
				x.variable(d.Ident[0]).value = v
			} else {
				x.vars = append(x.vars, variable{d.Ident[0], v})
			}
		}
		return v
	}
}

// variable finds the innermost of a name.
func (x *executor) variable(name string) *variable {
	for i := len(x.vars) - 1; i >= 0; i-- {
		if x.vars[i].name == name {
			return &x.vars[i]
		}
	}
	panic(giveUp{})
}

// command compiles a call of a function, or what stands alone.
func (x *executor) command(n *parse.CommandNode) expression {
	if name, ok := n.Args[0].(*parse.IdentifierNode); ok {
		return x.call(name.Ident, n.Args[1:])
	}
	if len(n.Args) > 1 {
		panic(giveUp{}) // a method with arguments
	}
	return x.operand(n.Args[0])
}

// operand compiles what may be an argument.
func (x *executor) operand(n parse.Node) expression {
	constant := func(v any) expression {
		value := reflect.ValueOf(v)
		return func(*executor, reflect.Value) reflect.Value { return value }
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return func(_ *executor, dot reflect.Value) reflect.Value { return dot }
	case *parse.FieldNode:
		fields := chain(n.Ident)
		return func(_ *executor, dot reflect.Value) reflect.Value { return fields(dot) }
	case *parse.VariableNode:
		fields := chain(n.Ident[1:])
		return func(x *executor, _ reflect.Value) reflect.Value { return fields(x.variable(n.Ident[0]).value) }
	case *parse.PipeNode:
		if len(n.Decl) == 0 {
			return x.pipe(n)
		}
	case *parse.StringNode:
		return constant(n.Text)
	case *parse.BoolNode:
		return constant(n.True)
	case *parse.NumberNode:
		// A number that is written in digits alone; to text/template 1e6 and 1.0 are
		// floats although they are whole.
		if i, err := strconv.Atoi(n.Text); err == nil && strconv.Itoa(i) == n.Text {
			return constant(i)
		}
	}
	panic(giveUp{})
}
