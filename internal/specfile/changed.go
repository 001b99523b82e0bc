package specfile

import (
	"bytes"
	"reflect"
	"slices"
	"sort"
	"sync"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// Changed gives the File of the text that With gives for want: the very one,
// with the very errors, that Parse makes of that text. A change of a few
// services costs what they cost to be read, and one judgement of the whole
// model. The error is With's, and then there is no File.
func (f *File) Changed(want *spec.Network) (*File, diag.List, error) {
	if text, ok := f.patched(want); ok {
		model := *want
		now := &File{Name: f.Name, Data: text, Network: &model, unread: new(sync.Once), decoded: true}
		return now, now.judge(new(decoder)), nil
	}
	now, d, err := f.rewritten(want, nil)
	if err != nil {
		return nil, nil, err
	}
	return now, now.judge(d), nil
}

// Added is Changed for what AddService does; the error is AddService's.
func (f *File) Added(s *spec.Service, calledBy []CalledBy) (*File, diag.List, error) {
	want, err := f.wanted(s, calledBy)
	if err != nil {
		return nil, nil, err
	}
	return f.Changed(want)
}

// patched gives the text that With gives, where no service of the file goes, moves
// or gets another name. It is found in an extract: the
// text without the entries of services that have nothing to do with the change.
//
// Entries of a block list mean the same whatever entries stand around them, as
// long as nothing is said by aliases. So if the extract says what the model says
// of the services in it, and its new text what is wanted of them, then so does
// the whole. And the edits are the same, because those look at nothing but the
// entry that they are in, the lines next to it (so its neighbours stay in the
// excerpt), and for the layout at the last two entries (which stay, too).
func (f *File) patched(want *spec.Network) ([]byte, bool) {
	x := f.extractFor(want)
	if x == nil {
		return nil, false
	}
	small, d := decode(f.Name, x.text)
	if len(d.list) > 0 || small.aliases || !reflect.DeepEqual(small.Network, x.model(f.Network, false)) {
		return nil, false
	}
	after := x.model(want, true)
	e, err := small.edit(after, nil)
	if err != nil {
		return nil, false
	}
	text, ok := e.apply()
	if !ok {
		return nil, false
	}
	now, d := decode(f.Name, text)
	if len(d.list) > 0 || now.aliases || !reflect.DeepEqual(now.Network, after) {
		return nil, false
	}
	return x.whole(f.Data, e.splices)
}

// extract is a text without some of the entries of its list of services.
type extract struct {
	text     []byte
	services []int // that are in it, of those that the file has
	all      int   // of those
	runs     []run
}

// run is a part of the text that the extract has in one piece. Offsets are
// those of the text without its byte order mark.
type run struct{ from, to, at int } // at is where it starts in the extract

// extractFor gives the extract in which the file can be made to say want, or nil
// where the change is of another kind, or the text of another form.
func (f *File) extractFor(want *spec.Network) *extract {
	if !f.decoded || f.aliases || want == nil || bytes.HasPrefix(withoutBOM(f.Data), bom) {
		return nil
	}
	was := f.Network.Spec.Services
	touched, ok := touched(was, want.Spec.Services)
	const least = 8 // with fewer there is nothing to leave out
	if !ok || len(was) < least {
		return nil
	}
	_, below := pair(f.root(), "spec")
	if below == nil {
		return nil
	}
	list := value(below, "services")
	if list == nil || list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) != len(was) {
		return nil
	}
	l := linesOf(withoutBOM(f.Data))
	x := &extract{all: len(was), services: kept(touched, len(was))}
	// start is where the lines of an entry start; those of the last end with the text.
	start := func(i int) int {
		if i == len(was) {
			return len(l.text)
		}
		dash := l.dash(list, i)
		if !l.first(dash) || l.text[dash] != '-' || i > 0 && l.lineAt(dash) <= list.Content[i-1].Line {
			return -1
		}
		return l.starts[l.lineAt(dash)-1]
	}
	first := start(0)
	if first < 0 {
		return nil
	}
	x.add(l.text, 0, first)
	for _, i := range x.services {
		from, to := start(i), start(i+1)
		if from < 0 || to < from {
			return nil
		}
		x.add(l.text, from, to)
	}
	return x
}

// touched gives the services, by index, of which a list says something else. It is
// not ok where one of them goes, moves or gets another name, and where names do not
// tell them apart.
func touched(from, to []spec.Service) (indexes []int, ok bool) {
	if len(to) < len(from) {
		return nil, false
	}
	names := make(map[string]bool, len(to))
	for i := range to {
		name := to[i].Name
		if name == "" || names[name] || i < len(from) && from[i].Name != name {
			return nil, false
		}
		names[name] = true
		if i < len(from) && !reflect.DeepEqual(&from[i], &to[i]) {
			indexes = append(indexes, i)
		}
	}
	return indexes, true
}

// kept gives the entries that an extract needs: those touched, their neighbours,
// and the last two.
func kept(touched []int, n int) []int {
	keep := append([]int(nil), n-2, n-1)
	for _, i := range touched {
		keep = append(keep, max(i-1, 0), i, min(i+1, n-1))
	}
	slices.Sort(keep)
	return slices.Compact(keep)
}

// add appends a part of the text to the extract.
func (x *extract) add(text []byte, from, to int) {
	at := len(x.text)
	x.text = append(x.text, text[from:to]...)
	if last := len(x.runs) - 1; last >= 0 && x.runs[last].to == from {
		x.runs[last].to = to
		return
	}
	x.runs = append(x.runs, run{from, to, at})
}

// model gives a model with the services alone that are in the extract, and those
// that want adds.
func (x *extract) model(n *spec.Network, added bool) *spec.Network {
	out := *n
	out.Spec.Services = make([]spec.Service, 0, len(x.services))
	for _, i := range x.services {
		out.Spec.Services = append(out.Spec.Services, n.Spec.Services[i])
	}
	if added {
		out.Spec.Services = append(out.Spec.Services, n.Spec.Services[x.all:]...)
	}
	return &out
}

// whole makes the changes of the extract, in their order, in the whole text. It
// is not ok where one of them is not inside of one run, so that it might belong
// elsewhere.
func (x *extract) whole(data []byte, splices []splice) ([]byte, bool) {
	text := withoutBOM(data)
	out := make([]byte, 0, len(data)+len(x.text))
	out = append(out, data[:len(data)-len(text)]...)
	done := 0
	for _, s := range splices {
		i := sort.Search(len(x.runs), func(i int) bool { return x.runs[i].at > s.from }) - 1
		r := x.runs[i]
		end := r.at + r.to - r.from
		last := i == len(x.runs)-1
		if s.from == r.at || s.to > end || s.to == end && !last {
			return nil, false
		}
		from := r.from + s.from - r.at
		out = append(append(out, text[done:from]...), s.text...)
		done = from + s.to - s.from
	}
	out = append(out, text[done:]...)
	return out, len(out) <= MaxSize
}
