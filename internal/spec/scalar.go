package spec

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The scalar types below each have one parser, shared by the file, the flags
// and the prompts. The zero value of each means "not given", except for
// Percent and Attempts, where zero is a value and the key is required.
type (
	// PortNumber is 1–65535.
	PortNumber int
	// Percent is a whole number, 0–100.
	Percent int
	// Share is a whole number, 1–100.
	Share int
	// Count is a whole number, 1–1000000.
	Count int
	// Attempts is a whole number, 0–10.
	Attempts int
	// Availability is a percentage above 0 and below 100.
	Availability float64
	// Percentile is a percentage above 0 and below 100.
	Percentile float64
	// Duration is a positive time, written 500ms, 5s, 1m30s, 10d.
	Duration time.Duration
)

// A Scalar is a type of this package that is read from one word.
type Scalar interface {
	// ParseText sets the value from text; its error says the fact and not the place.
	ParseText(text string) error
}

func parseWhole(s string, lo, hi int) (int, error) {
	if !wholeForm(s) {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < int64(lo) || n > int64(hi) {
		return 0, fmt.Errorf("%s is not between %d and %d", s, lo, hi)
	}
	return int(n), nil
}

// ParsePort reads a port number, 1–65535.
func ParsePort(s string) (PortNumber, error) {
	n, err := parseWhole(s, 1, 65535)
	return PortNumber(n), err
}

// ParsePercent reads a whole percentage, 0–100.
func ParsePercent(s string) (Percent, error) {
	n, err := parseWhole(s, 0, 100)
	return Percent(n), err
}

// ParseCount reads a whole number, 1–1000000.
func ParseCount(s string) (Count, error) {
	n, err := parseWhole(s, 1, 1_000_000)
	return Count(n), err
}

func (p *PortNumber) ParseText(s string) (err error) { *p, err = ParsePort(s); return err }
func (p *Percent) ParseText(s string) (err error)    { *p, err = ParsePercent(s); return err }
func (c *Count) ParseText(s string) (err error)      { *c, err = ParseCount(s); return err }

func (p *Share) ParseText(s string) error {
	n, err := parseWhole(s, 1, 100)
	*p = Share(n)
	return err
}

func (a *Attempts) ParseText(s string) error {
	n, err := parseWhole(s, 0, 10)
	*a = Attempts(n)
	return err
}

// percentageForm is a decimal number; its digits are those that are written
// into rules and names.
var percentageForm = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,6})?$`)

func parseOpenPercentage(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	if !percentageForm.MatchString(s) {
		return 0, fmt.Errorf("%q is not a number such as 99.9, with at most six decimals", s)
	}
	if f <= 0 || f >= 100 {
		return 0, fmt.Errorf("%s is not above 0 and below 100", s)
	}
	return f, nil
}

func (a *Availability) ParseText(s string) error {
	f, err := parseOpenPercentage(s)
	*a = Availability(f)
	return err
}

func (p *Percentile) ParseText(s string) error {
	f, err := parseOpenPercentage(s)
	*p = Percentile(f)
	return err
}

var durationUnit = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// ParseDuration reads a positive time of whole units, largest unit weeks:
// 500ms, 5s, 1m30s, 10d. At most ten years.
func ParseDuration(s string) (Duration, error) {
	if !durationForm(s) {
		return 0, fmt.Errorf("%q is not a duration such as 500ms, 5s, 1m30s or 10d", s)
	}
	const longest = 10 * 365 * 24 * time.Hour
	var sum time.Duration
	for left := s; left != ""; {
		number, unit, rest, _ := durationPart(left)
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n > int64(longest/durationUnit[unit]) {
			return 0, fmt.Errorf("%s is longer than ten years", s)
		}
		sum, left = sum+time.Duration(n)*durationUnit[unit], rest
	}
	switch {
	case sum <= 0:
		return 0, fmt.Errorf("%s is not a positive duration", s)
	case sum > longest:
		return 0, fmt.Errorf("%s is longer than ten years", s)
	}
	return Duration(sum), nil
}

func (d *Duration) ParseText(s string) (err error) { *d, err = ParseDuration(s); return err }

// PortRef names a port by number or by name; the zero value means "not given".
type PortRef struct {
	Number PortNumber
	Name   string
}

// IsZero reports whether no port is given.
func (r PortRef) IsZero() bool { return r == PortRef{} }

// Text gives the port as it is written: the number or the name. (Not String:
// a Stringer would change how templates print it without anyone asking.)
func (r PortRef) Text() string {
	if r.Name != "" {
		return r.Name
	}
	return strconv.Itoa(int(r.Number))
}

// ParsePortRef reads a port number or a port name.
func ParsePortRef(s string) (PortRef, error) {
	if wholeForm(s) {
		n, err := ParsePort(s)
		return PortRef{Number: n}, err
	}
	if err := CheckPortName(s); err != nil {
		return PortRef{}, err
	}
	return PortRef{Name: s}, nil
}

func (r *PortRef) ParseText(s string) (err error) { *r, err = ParsePortRef(s); return err }

// CheckName says why s is no DNS-1123 label (at most 63 lower-case letters,
// digits and hyphens, neither first nor last a hyphen), or nil.
func CheckName(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > 63:
		return fmt.Errorf("%q has %d characters, more than 63", s, len(s))
	case !labelForm(s):
		return fmt.Errorf("%q is not a DNS-1123 label (lower-case letters, digits and hyphens)", s)
	}
	return nil
}

// CheckPortName says why s is no port name (IANA_SVC_NAME: at most 15 lower-case
// letters, digits and single hyphens, with at least one letter), or nil.
func CheckPortName(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > 15:
		return fmt.Errorf("%q has %d characters; a port name has at most 15", s, len(s))
	case !labelForm(s), strings.Contains(s, "--"), !strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz"):
		return fmt.Errorf("%q is not a port name (lower-case letters, digits and single hyphens, at least one letter)", s)
	}
	return nil
}

// CheckHost says why s is no host name (a DNS-1123 subdomain of at most 253
// characters), or nil. A wildcard is none: it would expose what nobody named.
func CheckHost(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > 253:
		return fmt.Errorf("%q has %d characters; a host name has at most 253", s, len(s))
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return fmt.Errorf("%q is an address, not a host name", s)
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) > 63 || !labelForm(label) {
			return fmt.Errorf("%q is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)", s)
		}
	}
	return nil
}

// CheckSubdomain says why s is no DNS-1123 subdomain, the form of most object
// names, or nil.
func CheckSubdomain(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	if len(s) > 253 {
		return fmt.Errorf("%q has %d characters, more than 253", s, len(s))
	}
	for label := range strings.SplitSeq(s, ".") {
		if !labelForm(label) {
			return fmt.Errorf("%q is not an object name (lower-case letters, digits, hyphens and dots)", s)
		}
	}
	return nil
}

// CheckLabel says why key: value is no Kubernetes label, or nil.
func CheckLabel(key, value string) error {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	} else if err := CheckSubdomain(prefix); err != nil {
		return fmt.Errorf("label key %q has a prefix that is no DNS name", key)
	}
	if len(name) > 63 || !labelKeyForm(name) {
		return fmt.Errorf("%q is not a label key", key)
	}
	if len(value) > 63 || value != "" && !labelKeyForm(value) {
		return fmt.Errorf("%q is not a label value (at most 63 letters, digits, '-', '_' and '.')", value)
	}
	return nil
}

// CheckVersion says why s cannot be a canary's version: it is a label value
// and part of object names.
func CheckVersion(s string) error { return CheckName(s) }

// ParseCIDR reads an address range, with its host bits zero.
func ParseCIDR(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		if a, aerr := netip.ParseAddr(s); aerr == nil {
			return netip.Prefix{}, fmt.Errorf("%q is an address, not a range; write %s/%d", s, s, a.BitLen())
		}
		return netip.Prefix{}, fmt.Errorf("%q is not a CIDR such as 10.0.0.0/8", s)
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4-mapped range; write it as IPv4", s)
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%q has host bits set; write %s", s, p.Masked())
	}
	return p, nil
}

// badEscape reports a percent sign without two hexadecimal digits, and an
// escaped slash, which the Gateway API refuses.
func badEscape(s string) bool {
	for {
		_, rest, found := strings.Cut(s, "%")
		if !found {
			return false
		}
		if len(rest) < 2 || strings.EqualFold(rest[:2], "2f") || strings.Trim(rest[:2], "0123456789abcdefABCDEF") != "" {
			return true
		}
		s = rest
	}
}

// CheckPath says why s cannot be a URL path prefix, or nil.
func CheckPath(s string) error {
	switch {
	case len(s) > 1024:
		return fmt.Errorf("has %d characters; a path has at most 1024", len(s))
	case !pathForm(s):
		return fmt.Errorf("%q is not a path that starts with /", s)
	case badEscape(s):
		return fmt.Errorf("%q has a %% that is no escape such as %%20, or an escaped slash", s)
	case strings.Contains(s, "//"), strings.Contains(s+"/", "/./"), strings.Contains(s+"/", "/../"):
		return fmt.Errorf("%q has an empty, . or .. segment", s)
	}
	return nil
}
