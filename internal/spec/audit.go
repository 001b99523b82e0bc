package spec

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// CIProvider names where checks run when the repository changes.
type CIProvider string

const (
	GitHub CIProvider = "github"
	GitLab CIProvider = "gitlab"
)

// Audit says what kgen audit does with this repository.
type Audit struct {
	// What it is to take for granted, each with the reason.
	Suppress []Suppression `yaml:"suppress" jsonschema:"required,minItems=1"`
}

// Suppression takes the findings of a rule for granted.
type Suppression struct {
	// The rule's ID: NP05.
	Rule string `yaml:"rule" jsonschema:"required"`
	// The object that it is about: its kind and its name, "NetworkPolicy web" or "Service shop/web"; a name may end in *. Default: every object.
	Object string `yaml:"object"`
	// Why the finding is no fault, for whoever reads this next.
	Reason string `yaml:"reason" jsonschema:"required"`
	// The last day on which this holds: 2027-01-31. After it, the suppression itself is an error. Default: for good.
	Until string `yaml:"until"`
}

var (
	ruleForm   = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}$`)
	objectForm = regexp.MustCompile(`^[A-Za-z]+ ([a-z0-9-]+/)?[a-z0-9*][a-z0-9.-]*\*?$`)
)

// DateForm is how days are written.
const DateForm = "2006-01-02"

// Check says what is wrong with a suppression, for wherever it is written.
func (s Suppression) Check() (field string, err error) {
	if !ruleForm.MatchString(s.Rule) {
		return "rule", fmt.Errorf("%q is no rule: two letters and two digits, such as NP05", s.Rule)
	}
	if s.Object != "" && !objectForm.MatchString(s.Object) {
		return "object", fmt.Errorf("%q is no kind and name, such as NetworkPolicy web or Service shop/web", s.Object)
	}
	if strings.TrimSpace(s.Reason) == "" {
		return "reason", fmt.Errorf("is empty: say why the finding is no fault")
	}
	if s.Until != "" {
		if _, err := time.Parse(DateForm, s.Until); err != nil {
			return "until", fmt.Errorf("%q is no day, such as 2027-01-31", s.Until)
		}
	}
	return "", nil
}

func (v *validator) audit() {
	enum(v, top("ci"), v.raw.Spec.CI, GitHub, GitLab)
	a := v.raw.Spec.Audit
	if a == nil {
		return
	}
	for i, s := range a.Suppress {
		if field, err := s.Check(); err != nil {
			v.errorf(fmt.Sprintf("audit.suppress[%d].%s", i, field), "bad-value", "", "%s", err)
		}
	}
}
