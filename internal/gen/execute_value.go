package gen

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"text/template/parse"

	"kgen.dev/kgen/internal/scalar"
)

var (
	stringType    = reflect.TypeFor[string]()
	anyType       = reflect.TypeFor[any]()
	errorType     = reflect.TypeFor[error]()
	stringerType  = reflect.TypeFor[fmt.Stringer]()
	formatterType = reflect.TypeFor[fmt.Formatter]()
)

// inside is what an interface that says nothing holds.
func inside(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface && v.Type().NumMethod() == 0 {
		return v.Elem()
	}
	return v
}

// truth is what if and with ask of a value: it is there, and neither zero nor empty.
func truth(v reflect.Value) bool {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.String, reflect.Slice, reflect.Map, reflect.Array:
		return v.Len() > 0
	case reflect.Bool:
		return v.Bool()
	case reflect.Pointer:
		return !v.IsNil()
	case reflect.Struct:
		return true
	}
	if v.CanInt() {
		return v.Int() != 0
	}
	panic(giveUp{})
}

// print writes a text or a whole number, of a type that has no form of its own.
func (x *executor) print(v reflect.Value) {
	switch {
	case !v.IsValid():
	case v.Type() == stringType, v.Kind() == reflect.String && formless(v.Type()):
		x.buf.WriteString(v.String())
		return
	case v.CanInt() && formless(v.Type()):
		x.buf.Write(strconv.AppendInt(x.buf.AvailableBuffer(), v.Int(), 10))
		return
	}
	panic(giveUp{})
}

// formless reports whether fmt prints values of a type as those of its kind.
func formless(t reflect.Type) bool {
	p := reflect.PointerTo(t) // has the methods of t as well
	return !p.Implements(errorType) && !p.Implements(stringerType) && !p.Implements(formatterType)
}

// sortedKeys are those of a mapping by text.
func sortedKeys(m reflect.Value) []reflect.Value {
	if m.Type().Key().Kind() != reflect.String {
		panic(giveUp{})
	}
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

// chain follows fields and methods, one after the other.
func chain(names []string) func(reflect.Value) reflect.Value {
	members := make([]member, len(names))
	for i, name := range names {
		members[i].name = name
	}
	return func(v reflect.Value) reflect.Value {
		for i := range members {
			v = members[i].of(v)
		}
		return v
	}
}

// A member is a field or a method as a template names it, and where it was found
// the last time: at one place of a template nearly all values are of one type.
type member struct {
	name   string
	in     reflect.Type // what it was last looked up in; nil at first
	method int          // or -1
	field  []int
}

// of is the member of a value, or of what the value points to.
func (m *member) of(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer && v.Type().Elem().Kind() != reflect.Struct {
		v = v.Elem()
	}
	holder := v
	if v.Kind() == reflect.Struct && v.CanAddr() {
		holder = v.Addr() // the methods of both
	}
	if !holder.IsValid() {
		panic(giveUp{})
	}
	if holder.Type() != m.in {
		m.find(holder.Type())
	}
	if m.method >= 0 {
		return result(holder.Method(m.method).Call(nil))
	}
	switch {
	case v.Kind() == reflect.Map:
		item := v.MapIndex(reflect.ValueOf(m.name))
		if !item.IsValid() {
			panic(giveUp{}) // text/template says which key is not there
		}
		return item
	case v.Kind() == reflect.Pointer:
		v = v.Elem() // of nil: FieldByIndex panics
	}
	return v.FieldByIndex(m.field)
}

// find looks the member up in a type, which is a pointer wherever there may be one.
func (m *member) find(t reflect.Type) {
	m.in, m.method, m.field = t, -1, nil
	if method, ok := t.MethodByName(m.name); ok {
		f := method.Type
		if f.NumIn() != 1 || f.NumOut() == 0 || f.NumOut() > 2 || f.NumOut() == 2 && f.Out(1) != errorType {
			m.in = nil
			panic(giveUp{})
		}
		m.method = method.Index
		return
	}
	s := t
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	switch s.Kind() {
	case reflect.Struct:
		if field, ok := s.FieldByName(m.name); ok && field.IsExported() {
			m.field = field.Index
			return
		}
	case reflect.Map:
		if _, odd := reflect.PointerTo(s).MethodByName(m.name); !odd && s.Key() == stringType {
			return
		}
	}
	m.in = nil
	panic(giveUp{})
}

// result is what a function returned, if it returned no error.
func result(out []reflect.Value) reflect.Value {
	if len(out) == 2 && !out[1].IsNil() {
		panic(giveUp{})
	}
	return out[0]
}

// callable are the functions that the executor calls as they are.
var callable = sync.OnceValue(func() map[string]reflect.Value {
	out := map[string]reflect.Value{"print": reflect.ValueOf(fmt.Sprint)}
	for name, f := range funcs() {
		out[name] = reflect.ValueOf(f)
	}
	return out
})

// operands compiles the arguments of a function.
func (x *executor) operands(nodes []parse.Node) []expression {
	args := make([]expression, len(nodes))
	for i, n := range nodes {
		args[i] = x.operand(n)
	}
	return args
}

// call compiles a call of a function.
func (x *executor) call(name string, nodes []parse.Node) expression {
	if write := x.text(name, nodes); write != nil {
		return func(x *executor, dot reflect.Value) reflect.Value { return reflect.ValueOf(write(x, dot)) }
	}
	args := x.operands(nodes)
	switch {
	case name == "and" || name == "or":
		return decided(args, name == "or")
	case name == "not" && len(args) == 1:
		return func(x *executor, dot reflect.Value) reflect.Value { return reflect.ValueOf(!truth(args[0](x, dot))) }
	case (name == "eq" || name == "ne") && len(args) == 2:
		return func(x *executor, dot reflect.Value) reflect.Value {
			return reflect.ValueOf(same(args[0](x, dot), args[1](x, dot)) == (name == "eq"))
		}
	}
	f, ok := x.functions[name]
	if !ok {
		panic(giveUp{})
	}
	t := f.Type()
	if !t.IsVariadic() && len(args) != t.NumIn() || t.IsVariadic() && len(args) < t.NumIn()-1 {
		panic(giveUp{})
	}
	if t.NumOut() == 0 || t.NumOut() > 2 || t.NumOut() == 2 && t.Out(1) != errorType {
		panic(giveUp{})
	}
	parameter := func(i int) reflect.Type {
		if t.IsVariadic() && i >= t.NumIn()-1 {
			return t.In(t.NumIn() - 1).Elem()
		}
		return t.In(i)
	}
	return func(x *executor, dot reflect.Value) reflect.Value {
		in := make([]reflect.Value, len(args))
		for i, arg := range args {
			in[i] = arg(x, dot)
			if want := parameter(i); want != anyType && in[i].Type() != want {
				panic(giveUp{})
			}
		}
		return result(f.Call(in))
	}
}

// decided is the first of the arguments that is true, for or, or that is false,
// for and, and otherwise the last one. Those behind it are not asked for.
func decided(args []expression, by bool) expression {
	if len(args) == 0 {
		panic(giveUp{})
	}
	return func(x *executor, dot reflect.Value) (v reflect.Value) {
		for _, arg := range args {
			if v = arg(x, dot); truth(v) == by {
				break
			}
		}
		return v
	}
}

// same compares two texts, whole numbers or truths.
func same(a, b reflect.Value) bool {
	switch {
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return a.String() == b.String()
	case a.CanInt() && b.CanInt():
		return a.Int() == b.Int()
	case a.Kind() == reflect.Bool && b.Kind() == reflect.Bool:
		return a.Bool() == b.Bool()
	}
	panic(giveUp{})
}

// text compiles a call of one of the functions that make nearly all of the text,
// without a detour over reflection; nil for any other.
func (x *executor) text(name string, nodes []parse.Node) func(x *executor, dot reflect.Value) string {
	f, ok := x.functions[name]
	if !ok {
		return nil
	}
	if name == "scalar" && len(nodes) == 1 {
		arg := x.operand(nodes[0])
		return func(x *executor, dot reflect.Value) string {
			v := arg(x, dot)
			if v.Type() == stringType { // most of them
				return scalar.Text(v.String())
			}
			text, err := writeScalar(v.Interface())
			if err != nil {
				panic(giveUp{})
			}
			return text
		}
	}
	switch f := f.Interface().(type) {
	case func(int, string) string:
		if len(nodes) == 2 {
			n, text := x.operand(nodes[0]), x.operand(nodes[1])
			return func(x *executor, dot reflect.Value) string {
				return f(exact[int](n(x, dot)), exact[string](text(x, dot)))
			}
		}
	case func(int, map[string]string) string:
		if len(nodes) == 2 {
			n, m := x.operand(nodes[0]), x.operand(nodes[1])
			return func(x *executor, dot reflect.Value) string {
				return f(exact[int](n(x, dot)), exact[map[string]string](m(x, dot)))
			}
		}
	case func(int, map[string]string, *Either) string:
		if len(nodes) == 3 {
			n, m, either := x.operand(nodes[0]), x.operand(nodes[1]), x.operand(nodes[2])
			return func(x *executor, dot reflect.Value) string {
				return f(exact[int](n(x, dot)), exact[map[string]string](m(x, dot)), exact[*Either](either(x, dot)))
			}
		}
	}
	return nil
}

// exact is a value of the very type that a function takes.
func exact[T any](v reflect.Value) T {
	if v.Kind() == reflect.Interface {
		panic(giveUp{})
	}
	out, ok := v.Interface().(T)
	if !ok {
		panic(giveUp{})
	}
	return out
}
