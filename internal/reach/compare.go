package reach

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
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
	return CompareParties(before, after, (*Workload).Text)
}

// CompareParties is Compare where a party may be several workloads, as the
// versions of a service are: party names whose workload it is. Where both sides
// have the same workloads of a party, each is compared for itself. Where not,
// as after a canary's promotion, the party is compared as a whole, because what
// reads its name reaches any of them: what every one of its workloads may do
// passes, and what only one of them may do passes for some.
func CompareParties(before, after *Connections, party func(*Workload) string) Difference {
	var d Difference
	was, is := newRows(before), newRows(after)
	was.arrange(is, party)
	is.arrange(was, party)
	names := slices.Collect(maps.Keys(was.parties))
	for name := range is.parties {
		if was.parties[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a, b := was.parties[name], is.parties[name]
		// The same classes, member by member: then no pair differs, as far as networks go.
		same := len(a) == 1 && len(b) == 1 && before.layer == Network && after.layer == Network && !was.gathers && !is.gathers &&
			was.signature(before.index[a[0]]) == is.signature(after.index[b[0]])
		if !same {
			d.pairs(was.facing(a, is.meant(b)), is.facing(b, was.meant(a)))
		}
		d.border(was.border(a), is.border(b))
	}
	d.sort()
	return d
}

// rows reads the rows of Connections one by one.
type rows struct {
	c       *Connections
	scratch scratch
	sets    map[*members]string
	parties map[string][]*Workload // by the name under which they are compared
	name    map[*Workload]string
	whole   map[string]*Workload // stands for a party that has other workloads on the other side
	gathers bool                 // there are such
}

func newRows(c *Connections) *rows {
	return &rows{c: c, sets: map[*members]string{}, parties: map[string][]*Workload{}, name: map[*Workload]string{}, whole: map[string]*Workload{}}
}

// ownNames are the names of the workloads of each party, sorted, and the
// workloads by name; of two that share both namespace and name, the first.
func (r *rows) ownNames(party func(*Workload) string) (names map[string][]string, byName map[string]*Workload) {
	names, byName = map[string][]string{}, map[string]*Workload{}
	for _, w := range r.c.pods {
		if byName[w.Text()] == nil {
			byName[w.Text()] = w
			names[party(w)] = append(names[party(w)], w.Text())
		}
	}
	return names, byName
}

// arrange names the parties as they are compared with another side.
func (r *rows) arrange(other *rows, party func(*Workload) string) {
	mine, byName := r.ownNames(party)
	others, _ := other.ownNames(party)
	for at, names := range mine {
		// A party that only one side has comes or goes as it is.
		apart := len(others[at]) == 0 || slices.Equal(names, others[at])
		for _, name := range names {
			w, under := byName[name], name
			if !apart {
				under = at
				if r.whole[at] == nil {
					r.whole[at] = partyOf(w, at)
					r.gathers = true
				}
			}
			r.name[w] = under
			r.parties[under] = append(r.parties[under], w)
		}
	}
	for _, w := range r.c.pods {
		if r.name[w] == "" { // a second of its name
			r.name[w] = w.Text()
		}
	}
}

// partyOf stands for the workloads of a party: it has its name, and the ports
// and the role of its first.
func partyOf(w *Workload, name string) *Workload {
	whole := *w
	whole.Name = strings.TrimPrefix(name, w.Namespace+"/")
	return &whole
}

// shown is the end of a connection as it is compared: a party for its workload.
func (r *rows) shown(p Party) Party {
	if p.Workload != nil {
		if whole := r.whole[r.name[p.Workload]]; whole != nil {
			p.Workload = whole
		}
	}
	return p
}

// meant reports whether the connection to itself is in a party's row.
func (r *rows) meant(party []*Workload) bool {
	return slices.ContainsFunc(party, r.c.set.meansItself)
}

// facing is the row of a party, with what its pods may say to each other where
// the other side has that in its row, or has other workloads for the party.
func (r *rows) facing(party []*Workload, itself bool) []Connection {
	var all []Connection
	for _, w := range party {
		all = append(all, slices.Collect(r.c.outgoing(r.c.index[w], &r.scratch))...)
		if (itself || r.whole[r.name[w]] != nil) && !r.c.set.meansItself(w) {
			all = append(all, r.c.Between(w, w)...)
		}
	}
	if !r.gathers {
		return all
	}
	return r.gathered(all)
}

// gathered makes one connection of those that a party's workloads have with
// another party's: what all pairs of the two may do passes, the rest of what
// any may passes for some.
func (r *rows) gathered(list []Connection) []Connection {
	type sum struct {
		Connection
		any             Ports
		pairs, possible int
	}
	var sums []*sum
	at := map[way]*sum{}
	for _, c := range list {
		possible := len(r.parties[r.name[c.From.Workload]]) * len(r.parties[r.name[c.To.Workload]])
		c.From, c.To = r.shown(c.From), r.shown(c.To)
		s := at[wayOf(c)]
		if s == nil {
			s = &sum{Connection: c, any: c.Any(), possible: possible}
			at[wayOf(c)] = s
			sums = append(sums, s)
		}
		s.any, s.Ports, s.Unknown = s.any.Union(c.Any()), s.Ports.Intersect(c.Ports), s.Unknown || c.Unknown
		s.pairs++
	}
	var out []Connection
	for _, s := range sums {
		if s.pairs < s.possible {
			s.Ports = Ports{}
		}
		s.Some = s.any.Minus(s.Ports)
		out = append(out, s.Connection)
	}
	return out
}

// border is what crosses the border at a party: of several workloads what all
// may do passes, the rest of what any may passes for some.
func (r *rows) border(party []*Workload) []Connection {
	if len(party) == 0 {
		return nil
	}
	whole := r.whole[r.name[party[0]]]
	if whole == nil {
		return r.c.OutsideOf(party[0])
	}
	var out []Connection
	for _, d := range []Direction{Egress, Ingress} {
		var either, all []zone
		for i, w := range party {
			var own []zone
			for _, c := range r.c.OutsideOf(w) {
				if c.other().Name == "" && (c.From.Workload != nil) == (d == Egress) {
					either = append(either, zone{c.other().Addresses, c.Any()})
					own = append(own, zone{c.other().Addresses, c.Ports})
				}
			}
			if i == 0 {
				all = own
			} else {
				all = inBoth(all, own)
			}
		}
		add := func(a Addresses, ports, some Ports) {
			if a.IsEmpty() || ports.IsEmpty() && some.IsEmpty() {
				return
			}
			c := Connection{From: Party{Workload: whole}, To: Party{Outside: &Outside{Addresses: a}}, Ports: ports, Some: some.Minus(ports), Unknown: whole.HostNetwork}
			if d == Ingress {
				c.From, c.To = c.To, c.From
			}
			out = append(out, c)
		}
		for _, z := range apart(either) {
			rest := z.addresses
			for _, always := range all {
				add(z.addresses.Intersect(always.addresses), always.ports, z.ports)
				rest = rest.Minus(always.addresses)
			}
			add(rest, Ports{}, z.ports)
		}
	}
	return out
}

// inBoth is what passes by both lists; the zones of each share no address.
func inBoth(a, b []zone) []zone {
	var out []zone
	for _, y := range a {
		for _, z := range b {
			if both := y.addresses.Intersect(z.addresses); !both.IsEmpty() {
				out = append(out, zone{both, y.ports.Intersect(z.ports)})
			}
		}
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
