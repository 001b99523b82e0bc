package reach

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Difference is what a change opens and closes. Each Connection holds the ports
// that are new, or gone.
type Difference struct {
	Opened, Closed []Connection
}

// IsEmpty reports whether nothing changes.
func (d Difference) IsEmpty() bool { return len(d.Opened)+len(d.Closed) == 0 }

// Compare gives what is allowed after and was not before, and the other way
// round. Workloads are the same by namespace and name, addresses by what they
// are. A connection of which some requests passed and now all do is opened. One
// of which all passed and now some do is closed, with its ports in Some.
func Compare(before, after *Connections) Difference {
	var d Difference
	old, now := before.byName(), after.byName()
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range old {
			if !yield(name) {
				return
			}
		}
		for name := range now {
			if _, both := old[name]; !both && !yield(name) {
				return
			}
		}
	})
	was, is := new(rows), new(rows)
	was.of(before)
	is.of(after)
	for _, name := range names {
		a, b := old[name], now[name]
		// The same classes, member by member: then no pair differs, as far as networks go.
		same := a != nil && b != nil && before.layer == Network && after.layer == Network &&
			was.signature(before.index[a]) == is.signature(after.index[b])
		if !same {
			d.pairs(was.facing(a, is.meant(b)), is.facing(b, was.meant(a)))
		}
		d.border(before.outgoingOf(a), after.outgoingOf(b))
	}
	d.sort()
	return d
}

// byName finds workloads by namespace and name; of two that share both, the first.
func (c *Connections) byName() map[string]*Workload {
	out := map[string]*Workload{}
	for _, w := range c.pods {
		if out[w.Text()] == nil {
			out[w.Text()] = w
		}
	}
	return out
}

// outgoingOf is OutsideOf, nothing for nobody.
func (c *Connections) outgoingOf(w *Workload) []Connection {
	if w == nil {
		return nil
	}
	return c.OutsideOf(w)
}

// rows reads the rows of Connections one by one.
type rows struct {
	c       *Connections
	scratch scratch
	sets    map[*members]string
}

func (r *rows) of(c *Connections) { r.c, r.sets = c, map[*members]string{} }

func (r *rows) row(w *Workload) []Connection {
	if w == nil {
		return nil
	}
	return slices.Collect(r.c.outgoing(r.c.index[w], &r.scratch))
}

// meant reports whether a workload's connection to itself is in its row.
func (r *rows) meant(w *Workload) bool { return w != nil && r.c.set.meansItself(w) }

// facing is the row, with what the workload's pods may say to each other where
// the other side has that in its row.
func (r *rows) facing(w *Workload, itself bool) []Connection {
	out := r.row(w)
	if w != nil && itself && !r.meant(w) {
		out = append(out, r.c.Between(w, w)...)
	}
	return out
}

// signature sums up the classes that a workload is in, so that equal ones mean
// equal rows whatever the indices are.
func (r *rows) signature(i int32) string {
	x := r.c.from
	parts := []string{r.spell(x, nil, x.everyone)}
	for _, set := range x.holding[i] {
		parts = append(parts, r.spell(x, set, x.bySet[set]))
	}
	slices.Sort(parts)
	return strings.Join(parts, "")
}

// spell sums up the names of the destinations and ports of the areas that have one set of callers.
func (r *rows) spell(x *areaIndex, set *members, areas []int32) string {
	if text, ok := r.sets[set]; ok {
		return text
	}
	var parts []string
	for _, i := range areas {
		a := x.areas[i]
		var names []string
		for _, w := range a.to.list {
			names = append(names, r.c.pods[w].Text())
		}
		parts = append(parts, strings.Join(names, ",")+" "+a.ports.Text())
	}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, ";")))
	r.sets[set] = string(sum[:])
	return r.sets[set]
}

// way tells the connections of one workload apart.
type way struct{ to, via string }

func wayOf(c Connection) way {
	w := way{to: c.To.Text()}
	if c.Via != nil {
		w.via = c.Via.Text()
	}
	return w
}

// pairs compares what one workload may open before and after.
func (d *Difference) pairs(before, after []Connection) {
	old := map[way]Connection{}
	for _, c := range before {
		old[wayOf(c)] = c
	}
	for _, c := range after {
		was := old[wayOf(c)]
		delete(old, wayOf(c))
		ports, some := gained(was, c)
		d.add(&d.Opened, c, ports, some)
		if was.From.Workload != nil {
			ports, some = lost(was, c)
			d.add(&d.Closed, was, ports, some)
		}
	}
	for _, c := range before {
		if gone, ok := old[wayOf(c)]; ok {
			d.add(&d.Closed, gone, gone.Ports, gone.Some)
		}
	}
}

// gained is what passes now: ports that pass for all requests and did not, and
// those that pass for some and did for none.
func gained(before, after Connection) (ports, some Ports) {
	return after.Ports.Minus(before.Ports), after.Some.Minus(before.Any())
}

// lost is what passes no more: ports that pass for no request, and those that
// pass for fewer.
func lost(before, after Connection) (ports, some Ports) {
	return before.Ports.Minus(after.Any()), before.Some.Minus(after.Any()).Union(before.Ports.Intersect(after.Some))
}

func (d *Difference) add(list *[]Connection, c Connection, ports, some Ports) {
	if ports.IsEmpty() && some.IsEmpty() {
		return
	}
	c.Ports, c.Some = ports, some.Minus(ports)
	*list = append(*list, c)
}

// border compares what crosses the border at one workload, address by address.
func (d *Difference) border(before, after []Connection) {
	for _, out := range []bool{true, false} {
		keep := func(all []Connection) []Connection {
			return slices.DeleteFunc(slices.Clone(all), func(c Connection) bool {
				return (c.From.Workload != nil) != out || c.other().Name != ""
			})
		}
		old, now := keep(before), keep(after)
		d.Opened = append(d.Opened, beyond(now, old, func(own, other Connection) (Ports, Ports) { return gained(other, own) })...)
		d.Closed = append(d.Closed, beyond(old, now, lost)...)
	}
}

// beyond is what the one list allows and the other does not, as more tells for
// the addresses that are in both; those of each list are apart.
func beyond(list, other []Connection, more func(own, other Connection) (ports, some Ports)) []Connection {
	var out []Connection
	emit := func(c Connection, a Addresses, ports, some Ports) {
		if a.IsEmpty() || ports.IsEmpty() && some.IsEmpty() {
			return
		}
		c.Ports, c.Some = ports, some.Minus(ports)
		if c.From.Outside != nil {
			c.From = Party{Outside: &Outside{Addresses: a}}
		} else {
			c.To = Party{Outside: &Outside{Addresses: a}}
		}
		out = append(out, c)
	}
	for _, c := range list {
		rest := c.other().Addresses
		for _, o := range other {
			both := rest.Intersect(o.other().Addresses)
			if both.IsEmpty() {
				continue
			}
			rest = rest.Minus(both)
			ports, some := more(c, o)
			emit(c, both, ports, some)
		}
		emit(c, rest, c.Ports, c.Some)
	}
	return sumUp(out)
}

// sumUp makes one connection of those that differ in their addresses alone.
func sumUp(list []Connection) []Connection {
	var out []Connection
	at := map[string]int{}
	for _, c := range list {
		key := c.Ports.key() + "|" + c.Some.key()
		i, known := at[key]
		if !known {
			at[key] = len(out)
			out = append(out, c)
			continue
		}
		sum := Party{Outside: &Outside{Addresses: out[i].other().Addresses.Union(c.other().Addresses)}}
		if c.From.Outside != nil {
			out[i].From = sum
		} else {
			out[i].To = sum
		}
	}
	return out
}

func (d *Difference) sort() {
	for _, list := range [][]Connection{d.Opened, d.Closed} {
		slices.SortStableFunc(list, func(a, b Connection) int {
			return cmp.Or(compareParties(a.From, b.From), compareParties(a.To, b.To), compareVia(a.Via, b.Via))
		})
	}
}

// Exposed are the opened connections that come from outside the application:
// from a front door or from addresses.
func (d Difference) Exposed() []Connection { return fromOutside(d.Opened) }

// Covered are the closed connections that came from outside the application.
func (d Difference) Covered() []Connection { return fromOutside(d.Closed) }

func fromOutside(list []Connection) []Connection {
	var out []Connection
	for _, c := range list {
		if c.exposes() {
			out = append(out, c)
		}
	}
	return out
}

// Text says the difference, one connection a line.
func (d Difference) Text() string {
	var b strings.Builder
	for _, c := range d.Opened {
		b.WriteString(c.opening() + "\n")
	}
	for _, c := range d.Closed {
		b.WriteString("closes " + c.Text() + "\n")
	}
	return b.String()
}

// exposes reports whether it comes from outside the application to a workload.
func (c Connection) exposes() bool {
	return c.To.Workload != nil && (c.From.Outside != nil || c.From.FrontDoor())
}

func (c Connection) opening() string {
	switch {
	case !c.exposes():
	case c.From.FrontDoor():
		return fmt.Sprintf("exposes %s to the front door %s: %s", c.To.Text(), c.From.Text(), c.PortsText())
	default:
		return fmt.Sprintf("exposes %s to %s: %s", c.To.Text(), c.From.Text(), c.PortsText())
	}
	return "opens " + c.Text()
}

// Markdown is Text as a list for a pull request.
func (d Difference) Markdown() string {
	if d.IsEmpty() {
		return "No connection opens or closes.\n"
	}
	var b strings.Builder
	section := func(title string, list []Connection) {
		if len(list) == 0 {
			return
		}
		fmt.Fprintf(&b, "**%s**\n\n| From | To | Ports |\n| --- | --- | --- |\n", title)
		for _, c := range list {
			to := code(c.To.Text())
			if c.Via != nil {
				to += " through " + code(c.Via.Text())
			}
			from := code(c.From.Text())
			if c.From.FrontDoor() {
				from += " (front door)"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", from, to, code(c.PortsText()))
		}
		b.WriteString("\n")
	}
	section("Opens", d.Opened)
	section("Closes", d.Closed)
	return b.String()
}

// code quotes a name for a cell of a Markdown table, whatever it holds.
func code(text string) string {
	text = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'").Replace(text)
	return "`" + text + "`"
}
