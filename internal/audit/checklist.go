package audit

import (
	"slices"
)

// Item is one item of the practice guide.
type Item struct {
	ID    string // C1 to C10, P1 to P5
	Title string
	// Pitfall: what is to be avoided, not done.
	Pitfall bool
	// Deciders are the rules of which one at least has to have looked at something
	// before the item can be satisfied: the others look at its edges.
	Deciders []string
}

// Guide is the practice guide's checklist and its pitfalls.
var Guide = []Item{
	{"C1", "Network policies", false, []string{"NP01"}},
	{"C2", "A mesh for complex routing", false, []string{"SM01", "SM03", "NP17", "NP18"}},
	{"C3", "A secure front door", false, []string{"IN01", "IN02", "NP15"}},
	{"C4", "TLS everywhere", false, []string{"IN04", "SM11"}},
	{"C5", "Network metrics", false, []string{"MO01", "NP16"}},
	{"C6", "Network alerts", false, []string{"AL01", "AL03", "AL04"}},
	{"C7", "The right Service types", false, []string{"SV01", "SV04"}},
	{"C8", "Circuit breakers", false, []string{"SM08", "SM09"}},
	{"C9", "Segmentation", false, []string{"NP01", "NP04", "NP05"}},
	{"C10", "Regular audits", false, []string{"RP01", "RP02"}},
	{"P1", "No network policies", true, []string{"NP01"}},
	{"P2", "Internal services exposed", true, []string{"SV04", "NP11"}},
	{"P3", "No TLS", true, []string{"IN04"}},
	{"P4", "Poor service discovery", true, []string{"SV01", "NP03", "SM03"}},
	{"P5", "Monitoring that does not see", true, []string{"MO01", "NP16", "AL01"}},
}

// State is what an audit says of an item.
type State string

const (
	Satisfied  State = "satisfied"   // rules looked at something, and none found a fault
	Violated   State = "violated"    // a rule found a fault
	NotChecked State = "not checked" // no rule had anything to look at
)

// Entry is one item of the checklist, judged.
type Entry struct {
	Item
	State State
	// By are the rules that looked at something and found no fault.
	By []*Rule
	// Findings are the faults, without the suppressed ones.
	Findings []*Finding
	// Suppressed are those that are taken for granted.
	Suppressed []*Finding
	// Idle are the rules that had nothing to look at, or lacked what they need.
	Idle []*Rule
	// Skipped is what was not checked.
	Skipped []Skipped
}

// Checklist judges every item of the guide by the rules that ran. An item none of
// whose deciding rules had anything to look at is not checked, never satisfied.
func (r *Result) Checklist() []Entry {
	var out []Entry
	for _, item := range Guide {
		e := Entry{Item: item, State: NotChecked}
		for _, rule := range r.Ran {
			if !slices.Contains(rule.Items, item.ID) {
				continue
			}
			clean := true
			for i := range r.Findings {
				f := &r.Findings[i]
				switch {
				case f.Rule != rule:
				case f.Suppressed != nil:
					e.Suppressed = append(e.Suppressed, f)
				default:
					clean = false
					e.Findings = append(e.Findings, f)
				}
			}
			for _, s := range r.Skipped {
				if s.Rule == rule {
					e.Skipped = append(e.Skipped, s)
				}
			}
			switch {
			case r.looked[rule] == 0:
				e.Idle = append(e.Idle, rule)
			case clean:
				e.By = append(e.By, rule)
			}
		}
		decided := slices.ContainsFunc(e.By, func(rule *Rule) bool { return slices.Contains(item.Deciders, rule.ID) })
		switch {
		case len(e.Findings) > 0:
			e.State = Violated
		case decided:
			e.State = Satisfied
		}
		out = append(out, e)
	}
	return out
}
