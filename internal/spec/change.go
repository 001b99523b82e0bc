package spec

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// A Change is a model made of another one, which stays as it is: the two share
// what is the same in both, so neither may be written to afterwards. What the
// new model means is not judged here: Validate it, as any other.
type Change struct {
	Network *Network
	// Notes say what else changes because of it, and then what is left for a
	// person to do, one sentence each, without a full stop.
	Notes []string
}

func (c *Change) notef(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// changeOf begins a change: the lists of services and environments are the new
// model's own, and their entries still the old one's.
func changeOf(n *Network) *Change {
	out := *n
	out.Spec.Services = slices.Clone(n.Spec.Services)
	out.Spec.Environments = slices.Clone(n.Spec.Environments)
	return &Change{Network: &out}
}

// FindService gives the place of a service, or says which name was meant.
func FindService(n *Network, name string) (int, error) {
	return find("service", name, n.Spec.Services, func(s Service) string { return s.Name })
}

// FindEnvironment gives the place of an environment, or says which name was meant.
func FindEnvironment(n *Network, name string) (int, error) {
	return find("environment", name, n.Spec.Environments, func(e Environment) string { return e.Name })
}

func find[E any](what, name string, in []E, nameOf func(E) string) (int, error) {
	names := make([]string, len(in))
	for i := range in {
		names[i] = nameOf(in[i])
		if names[i] == name {
			return i, nil
		}
	}
	return 0, undeclared(what, name, names)
}

// undeclared says that nothing is called name, and what may have been meant.
func undeclared(what, name string, names []string) error {
	fix := fmt.Sprintf("declare it in kgen.yaml first: it has no %s at all", what)
	if near := diag.Nearest(name, names); near != "" {
		fix = "did you mean " + near + "?"
	} else if len(names) > 0 {
		fix = fmt.Sprintf("the %ss are %s", what, inWords(names))
	}
	return wrong("", "undeclared", fix, "there is no %s %q", what, name)
}

// wrong is one reason for which a change cannot be made.
func wrong(path, code, fix, format string, args ...any) error {
	var list diag.List
	list.Errorf(path, code, fix, format, args...)
	return list
}

// own reports whether a call goes to a service of this file.
func (n *Network) own(c Call) bool {
	namespace := n.Spec.Namespace
	def(&namespace, n.Metadata.Name)
	return c.Namespace == "" || c.Namespace == namespace
}

// mostInWords is how many names a sentence bears.
const mostInWords = 8

// inWords joins names as a sentence does: "a", "a and b", "a, b and c". Of many
// it says the first and how many more there are.
func inWords(names []string) string {
	last := len(names) - 1
	switch {
	case last < 0:
		return ""
	case last == 0:
		return names[0]
	case len(names) > mostInWords:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostInWords-1], ", "), len(names)-mostInWords+1)
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// verb puts a verb into the form that its subjects need: "web calls", "web and
// api call".
func verb(subjects []string, one, many string) string {
	if len(subjects) == 1 {
		return inWords(subjects) + " " + one
	}
	return inWords(subjects) + " " + many
}
