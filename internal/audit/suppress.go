package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// Annotation is the key under which an object says which findings about itself
// are taken for granted, one a line: "NP05: the reason", or
// "NP05 until 2027-01-31: the reason".
const Annotation = "kgen.dev/audit-suppress"

// Suppression takes findings for granted.
type Suppression struct {
	spec.Suppression
	manifest.Position // where it is written

	object *manifest.Object // the one that carries it; nil for one of the model
	used   bool
}

// suppressionRules are what is said of suppressions themselves. They have no
// check of their own: Run finds them when it has all findings.
var suppressionRules = []*Rule{
	{
		ID: "SU01", Title: "A suppression has run out", Severity: diag.Error, Items: []string{"C10"}, check: func(*Check) {},
		Doc: "A suppression with a last day (`until`) says that a finding is to be looked at again after it. " +
			"From the next day on the suppression itself is an error, and the finding counts again. " +
			"Mend what the finding names, or give the reason and a new day.",
	},
	{
		ID: "SU02", Title: "A suppression cannot be read, or suppresses nothing", Severity: diag.Warning, Items: []string{"C10"}, check: func(*Check) {},
		Doc: "A suppression names a rule and gives a reason, in kgen.yaml under `audit.suppress` or in the annotation `" + Annotation + "` of an object, one a line: `NP05: why`, or `NP05 until 2027-01-31: why`. " +
			"One that cannot be read, names no rule or meets no finding hides nothing today and might hide something else tomorrow: correct it, or take it out.",
	},
}

// another matches the start of a second suppression on a line.
var another = regexp.MustCompile(`^\s*[A-Z]{2}[0-9]{2}(\s+until\s+\S+)?\s*:`)

// parseAnnotation reads the suppressions that an object carries.
func parseAnnotation(o *manifest.Object, text string) (out []Suppression, faults []string) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		head, reason, _ := strings.Cut(line, ":")
		words := strings.Fields(head)
		s := Suppression{object: o, Position: o.At("metadata", "annotations", Annotation)}
		s.Reason = strings.TrimSpace(reason)
		if at := strings.Index(reason, ";"); at >= 0 && another.MatchString(reason[at+1:]) {
			faults = append(faults, fmt.Sprintf("%q holds two suppressions: write one a line", line))
			continue
		}
		switch {
		case len(words) == 1:
			s.Rule = words[0]
		case len(words) == 3 && words[1] == "until":
			s.Rule, s.Until = words[0], words[2]
		default:
			faults = append(faults, fmt.Sprintf("%q is no suppression", line))
			continue
		}
		if field, err := s.Check(); err != nil {
			faults = append(faults, fmt.Sprintf("%q: its %s %s", line, field, err))
			continue
		}
		out = append(out, s)
	}
	return out, faults
}

// covers reports whether the suppression is about a finding.
func (s *Suppression) covers(f *Finding) bool {
	if s.Rule != f.Rule.ID {
		return false
	}
	if s.object != nil {
		return s.object == f.Object
	}
	if s.Object == "" {
		return true
	}
	if f.Object == nil {
		return false
	}
	kind, name, _ := strings.Cut(s.Object, " ")
	namespace, bare, qualified := strings.Cut(name, "/")
	if !qualified {
		bare = name
	} else if namespace != f.Object.Namespace {
		return false
	}
	if start, open := strings.CutSuffix(bare, "*"); open {
		return kind == f.Object.Kind && strings.HasPrefix(f.Object.Name, start)
	}
	return kind == f.Object.Kind && bare == f.Object.Name
}

// suppress marks what is taken for granted, and reports suppressions that have
// run out, cannot be read or are for nothing.
func (r *Result) suppress(w *World, o Options) {
	var all []*Suppression
	for i := range o.Suppressions {
		all = append(all, &o.Suppressions[i])
	}
	ran := func(id string) bool {
		return slices.ContainsFunc(r.Ran, func(rule *Rule) bool { return rule.ID == id })
	}
	report := func(id string, at manifest.Position, about *manifest.Object, fix, format string, args ...any) {
		if rule, known := Find(id); known && ran(id) {
			r.Findings = append(r.Findings, Finding{Rule: rule, Severity: rule.Severity, Position: at, Object: about, Message: fmt.Sprintf(format, args...), Fix: fix})
		}
	}
	for _, object := range w.Objects {
		text, has := object.Annotations[Annotation]
		if !has {
			continue
		}
		at := object.At("metadata", "annotations", Annotation)
		own, faults := parseAnnotation(object, text)
		for _, fault := range faults {
			report("SU02", at, object, "write the rule's ID, a colon and the reason, one a line", "%s: %s", object.Ref(), fault)
		}
		for i := range own {
			all = append(all, &own[i])
		}
	}
	found := len(r.Findings)
	for _, s := range all {
		if _, known := Find(s.Rule); !known {
			fix := "kgen audit --explain all lists the rules"
			if near := diag.Nearest(s.Rule, ids()); near != "" {
				fix = "did you mean " + near + "?"
			}
			report("SU02", s.Position, s.object, fix, "there is no rule %s to suppress", s.Rule)
			continue
		}
		over := s.Until != "" && o.Today > s.Until
		for i := range r.Findings[:found] {
			f := &r.Findings[i]
			if f.Suppressed == nil && s.covers(f) && f.Rule.ID != "SU01" && f.Rule.ID != "SU02" {
				s.used = true
				if !over {
					f.Suppressed = s
				}
			}
		}
		switch {
		case over:
			report("SU01", s.Position, s.object, "mend what it hides, or give it another day", "the suppression of %s held until %s: %s", s.Rule, s.Until, s.Reason)
		case !s.used && ran(s.Rule) && !r.left(s.Rule):
			fix := "remove it"
			if other := r.elsewhere(s.Rule); other != "" {
				fix = "name the object as the finding does, " + other + ", or remove it"
			}
			report("SU02", s.Position, s.object, fix, "there is no finding of %s for the suppression to cover", s.Rule)
		}
	}
}

// left reports whether a rule left anything unchecked: a suppression of its
// findings may then be for what it could not see.
func (r *Result) left(id string) bool {
	return slices.ContainsFunc(r.Skipped, func(s Skipped) bool { return s.Rule.ID == id })
}

// elsewhere is an object that a rule has found a fault with, as a suppression
// names it; "" where there is none.
func (r *Result) elsewhere(id string) string {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Rule.ID == id && f.Object != nil && f.Suppressed == nil {
			return f.Object.Ref()
		}
	}
	return ""
}
