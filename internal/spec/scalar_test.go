package spec_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "kgen.dev/kgen/internal/spec"
)

// said gives the text of an error, and "" where there is none.
func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestScalarsParseText(t *testing.T) {
	for _, tt := range []struct {
		scalar Scalar
		text   string
		err    string
	}{
		{new(PortNumber), "1", ""},
		{new(PortNumber), "65535", ""},
		{new(PortNumber), "0", "0 is not between 1 and 65535"},
		{new(PortNumber), "65536", "65536 is not between 1 and 65535"},
		{new(PortNumber), "99999999999999999999", "99999999999999999999 is not between 1 and 65535"},
		{new(PortNumber), "-1", "-1 is not between 1 and 65535"},
		{new(PortNumber), "0x50", `"0x50" is not a whole number`},
		{new(PortNumber), "080", `"080" is not a whole number`},
		{new(PortNumber), "+80", `"+80" is not a whole number`},
		{new(PortNumber), "", `"" is not a whole number`},
		{new(Percent), "0", ""},
		{new(Percent), "130", "130 is not between 0 and 100"},
		{new(Percent), "10%", `"10%" is not a whole number`},
		{new(Share), "0", "0 is not between 1 and 100"},
		{new(Count), "1000000", ""},
		{new(Count), "1000001", "1000001 is not between 1 and 1000000"},
		{new(Attempts), "0", ""},
		{new(Attempts), "11", "11 is not between 0 and 10"},
		{new(Availability), "99.9", ""},
		{new(Availability), "100", "100 is not above 0 and below 100"},
		{new(Availability), "NaN", `"NaN" is not a number such as 99.9, with at most six decimals`},
		{new(Percentile), "0", "0 is not above 0 and below 100"},
		{new(PortRef), "http", ""},
		{new(PortRef), "1e3", ""},
		{new(PortRef), "70000", "70000 is not between 1 and 65535"},
		{new(PortRef), "a--b", `"a--b" is not a port name (lower-case letters, digits and single hyphens, at least one letter)`},
		{new(PortRef), "", "is empty"},
	} {
		if diff := cmp.Diff(tt.err, said(tt.scalar.ParseText(tt.text))); diff != "" {
			t.Errorf("%T of %q (-want +got):\n%s", tt.scalar, tt.text, diff)
		}
	}
}

func TestParseDuration(t *testing.T) {
	const form = " is not a duration such as 500ms, 5s, 1m30s or 10d"
	for _, tt := range []struct {
		text string
		want time.Duration
		err  string
	}{
		{"500ms", 500 * time.Millisecond, ""},
		{"1m30s", 90 * time.Second, ""},
		{"10d", 240 * time.Hour, ""},
		{"2w", 14 * 24 * time.Hour, ""},
		{"5", 0, `"5"` + form},
		{"-5s", 0, `"-5s"` + form},
		{"1.5s", 0, `"1.5s"` + form},
		{"", 0, `""` + form},
		{"0s", 0, "0s is not a positive duration"},
		{"521w5d", 521*7*24*time.Hour + 5*24*time.Hour, "521w5d is longer than ten years"},
		{"999999999w", 0, "999999999w is longer than ten years"},
	} {
		got, err := ParseDuration(tt.text)
		if diff := cmp.Diff(tt.err, said(err)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
		if err == nil && got != Duration(tt.want) {
			t.Errorf("%q is %v, want %v", tt.text, time.Duration(got), tt.want)
		}
	}
}

func TestChecks(t *testing.T) {
	for _, tt := range []struct {
		what  string
		check func(string) error
		text  string
		err   string
	}{
		{"name", CheckName, "1e3", ""},
		{"name", CheckName, strings.Repeat("a", 63), ""},
		{"name", CheckName, strings.Repeat("a", 64), `"` + strings.Repeat("a", 64) + `" has 64 characters, more than 63`},
		{"name", CheckName, "a.b", `"a.b" is not a DNS-1123 label (lower-case letters, digits and hyphens)`},
		{"name", CheckName, "a\n", `"a\n" is not a DNS-1123 label (lower-case letters, digits and hyphens)`},
		{"name", CheckName, "", "is empty"},
		{"host", CheckHost, "shop.example.com", ""},
		{"host", CheckHost, "10.0.0.1", `"10.0.0.1" is an address, not a host name`},
		{"host", CheckHost, "*.example.com", `"*.example.com" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`},
		{"host", CheckHost, "a..b", `"a..b" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`},
		{"path", CheckPath, "/a/b", ""},
		{"path", CheckPath, "a", `"a" is not a path that starts with /`},
		{"path", CheckPath, "/a/../b", `"/a/../b" has an empty, . or .. segment`},
		{"cidr", func(s string) error { _, err := ParseCIDR(s); return err }, "10.0.0.0/8", ""},
		{"cidr", func(s string) error { _, err := ParseCIDR(s); return err }, "10.0.0.1/8", `"10.0.0.1/8" has host bits set; write 10.0.0.0/8`},
		{"cidr", func(s string) error { _, err := ParseCIDR(s); return err }, "10.0.0.1", `"10.0.0.1" is an address, not a range; write 10.0.0.1/32`},
		{"label value", func(s string) error { return CheckLabel("app.kubernetes.io/name", s) }, "", ""},
		{"label value", func(s string) error { return CheckLabel("app", s) }, "-a", `"-a" is not a label value (at most 63 letters, digits, '-', '_' and '.')`},
		{"label key", func(s string) error { return CheckLabel(s, "x") }, "a/b/c", `"a/b/c" is not a label key`},
	} {
		if diff := cmp.Diff(tt.err, said(tt.check(tt.text))); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.what, tt.text, diff)
		}
	}
}
