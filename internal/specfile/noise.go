package specfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// noise knows what could not be decoded, and so which findings about the model
// are, or may be, only a consequence of that.
type noise struct {
	network *spec.Network
	unread  []string
	causes  []uint // for each path of unread, the consequences that it has, a bit each
}

func noiseOf(n *spec.Network, unread []string) *noise {
	k := &noise{network: n, unread: unread}
	for _, path := range unread {
		k.causes = append(k.causes, matching(path, func(c consequence) *regexp.Regexp { return c.unread }))
	}
	return k
}

// matching gives the consequences whose pattern fits the path, a bit each.
func matching(path string, pattern func(consequence) *regexp.Regexp) (bits uint) {
	for i, c := range consequences {
		if pattern(c).MatchString(path) {
			bits |= 1 << i
		}
	}
	return bits
}

// explains reports whether a finding follows from what could not be decoded.
func (k *noise) explains(found diag.Diagnostic) bool {
	if len(k.unread) == 0 {
		return false
	}
	follows := matching(found.Path, func(c consequence) *regexp.Regexp { return c.found })
	// A part that could not be read looks like one that is left out.
	absence := found.Path != "" && (found.Code == "missing" || choices.MatchString(found.Path))
	for i, path := range k.unread {
		if path == "" || path == "spec" || within(found.Path, path) || absence && within(path, found.Path) {
			return true
		}
		for bit, c := range consequences {
			if k.causes[i]&follows&(1<<bit) != 0 &&
				(!c.sameService || service(path) == service(found.Path)) &&
				(!c.ofCallee || service(path) == callee(k.network, found.Path)) {
				return true
			}
		}
	}
	return false
}

// within reports whether path is at or below other.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// service gives the services[N] that a path starts with.
func service(path string) string {
	before, _, _ := strings.Cut(path, ".")
	return before
}

// callee gives the services[N] that the call at a path names, or "".
func callee(n *spec.Network, path string) string {
	var caller, call int
	if _, err := fmt.Sscanf(path, "services[%d].calls[%d]", &caller, &call); err != nil {
		return ""
	}
	name := n.Spec.Services[caller].Calls[call].Service
	i := slices.IndexFunc(n.Spec.Services, func(s spec.Service) bool { return s.Name == name })
	return fmt.Sprintf("services[%d]", i)
}

// choices are the mappings whose keys are alternatives to each other.
var choices = regexp.MustCompile(`(^ingress\.tls|^ingress\.controller|\.egress\[\d+\])$`)

// A consequence says which findings mean nothing where a part of the file
// could not be read: callees cannot be told from misspellings, say, while a
// service's name is unknown.
type consequence struct {
	unread, found *regexp.Regexp
	sameService   bool // both are of one service
	ofCallee      bool // the finding is a call's, and what is unread its callee's
}

var consequences = []consequence{
	{unread: regexp.MustCompile(`^services(\[\d+\](\.name)?)?$`), found: regexp.MustCompile(`\.calls\[\d+\]$`)},
	{unread: regexp.MustCompile(`^services\[\d+\]\.ports$`), found: regexp.MustCompile(`\.calls\[\d+\]$`), ofCallee: true},
	{unread: regexp.MustCompile(`^services\[\d+\]\.ports(\[\d+\](\.name|\.port)?)?$`), found: regexp.MustCompile(`\.calls\[\d+\]\.port$`), ofCallee: true},
	{unread: regexp.MustCompile(`^services\[\d+\]\.ports(\[\d+\](\.name|\.port)?)?$`), found: regexp.MustCompile(`\.(paths|callers)\[\d+\](\.port)?$`), sameService: true},
	{unread: regexp.MustCompile(`^services\[\d+\]\.ports(\[\d+\](\.protocol)?)?$`), found: regexp.MustCompile(`\.(type|hosts|paths|metrics|canary|timeout|retries|slo)`), sameService: true},
	{unread: regexp.MustCompile(`^(metadata|metadata\.name|namespace)$`), found: regexp.MustCompile(`\.calls\[\d+\]\.port$`)},
	{unread: regexp.MustCompile(`^domain$`), found: regexp.MustCompile(`^services\[\d+\]\.paths$`)},
	{unread: regexp.MustCompile(`^(ingress|ingress\.api|ingress\.class|mesh|mesh\.provider)$`), found: regexp.MustCompile(`^services\[\d+\]\.(canary|hosts$|paths|timeout$|circuitBreaker$)|^(ingress|mesh)(\.|$)`)},
}
