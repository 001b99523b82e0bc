package spec

import "strconv"

// where is the path of a value in the model. It becomes text only in a finding:
// of most values there is none, and nothing is allocated for their paths.
type where struct {
	above *where // nil for what stands below spec or beside it
	key   string // perhaps several, joined by dots
	entry int    // of the list at key, counted from 1; 0 for none
}

// top is a value with nothing above it.
func top(key string) where { return where{key: key} }

// below is a value of a mapping.
func (w *where) below(key string) where { return where{above: w, key: key} }

// in is an entry of a list in a mapping.
func (w *where) in(key string, i int) where { return where{above: w, key: key, entry: i + 1} }

// to is the text of the path of a value of a mapping.
func (w *where) to(key string) string { return w.text() + "." + key }

// text gives the path as findings write it: services[1].ports[0].
func (w *where) text() string {
	text := ""
	for ; w != nil; w = w.above {
		segment := w.key
		if w.entry > 0 {
			segment += "[" + strconv.Itoa(w.entry-1) + "]"
		}
		if text != "" {
			segment += "."
		}
		text = segment + text
	}
	return text
}

// ofService is the path of a service.
func ofService(i int) *where { return &where{key: "services", entry: i + 1} }
