package specfile

import "reflect"

// shape is how the values of a type are read: told once for a type, since to ask
// a type for its methods costs more than to read a word.
type shape uint8

const (
	wordShape    shape = iota // a string
	boolShape                 // true or false
	scalarShape               // one word with a parser of its own
	pointerShape              // what it points to
	structShape               // a mapping of known keys
	listShape                 // a list
	labelsShape               // a mapping of text to text
)

// shapes are those of all types that a Network is made of.
var shapes = shapesOf(networkType)

func shapesOf(root reflect.Type) map[reflect.Type]shape {
	all := map[reflect.Type]shape{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if _, known := all[t]; known {
			return
		}
		switch all[t] = newShape(t); all[t] {
		case pointerShape, listShape:
			visit(t.Elem())
		case structShape:
			for i := range t.NumField() {
				visit(t.Field(i).Type)
			}
		}
	}
	visit(root)
	return all
}

// shapeOf gives a type's shape, also that of one which no Network has.
func shapeOf(t reflect.Type) shape {
	if s, known := shapes[t]; known {
		return s
	}
	return newShape(t)
}

func newShape(t reflect.Type) shape {
	if reflect.PointerTo(t).Implements(scalarType) {
		return scalarShape
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerShape
	case reflect.Struct:
		return structShape
	case reflect.Slice:
		return listShape
	case reflect.Map:
		return labelsShape
	case reflect.Bool:
		return boolShape
	}
	return wordShape
}

// isScalar reports whether values of t are read from one word by their own parser.
func isScalar(t reflect.Type) bool { return shapeOf(t) == scalarShape }
