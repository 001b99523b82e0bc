package reach

import (
	"cmp"
	"strings"
)

// Party is one end of a Connection: a workload, or addresses outside.
type Party struct {
	Workload *Workload
	Outside  *Outside // nil where Workload is not
}

// Outside is addresses that are no pod's: as policies name them, or the ones
// that a caller asks about by name.
type Outside struct {
	Name      string // empty: they are named by what they are
	Addresses Addresses
}

// Text names the party for a reader: shop/api, the internet, 10.0.0.0/8.
func (p Party) Text() string {
	switch {
	case p.Workload != nil:
		return p.Workload.Text()
	case p.Outside != nil:
		return p.Outside.Text()
	}
	return "nobody"
}

// Text is the name that was given, else "the internet" for addresses that are
// most of it, with the blocks where these are not all, else the blocks.
func (o *Outside) Text() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.Addresses.Equal(Anywhere()):
		return "the internet"
	case o.Addresses.Internet():
		return "the internet (" + o.Addresses.Text() + ")"
	}
	return o.Addresses.Text()
}

// Internet reports whether the party is the internet, or most of it.
func (p Party) Internet() bool { return p.Outside != nil && p.Outside.Addresses.Internet() }

// FrontDoor reports whether the party is a way in from outside.
func (p Party) FrontDoor() bool { return p.Workload != nil && p.Workload.Role == FrontDoor }

// compareParties puts workloads before addresses, each by name.
func compareParties(a, b Party) int {
	switch {
	case a.Workload != nil && b.Workload != nil:
		return compareWorkloads(a.Workload, b.Workload)
	case a.Workload != nil:
		return -1
	case b.Workload != nil:
		return 1
	}
	return strings.Compare(a.Text(), b.Text())
}

func compareWorkloads(a, b *Workload) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}
