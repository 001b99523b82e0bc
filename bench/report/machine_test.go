package report

import (
	"fmt"
	"regexp"
	"runtime"
	"testing"
)

type program string

func (p program) String() string { return string(p) }

func TestMachine(t *testing.T) {
	got := Machine(program("one v1"), program("two v2"))
	want := fmt.Sprintf(`^%s/%s, \d+ processors \(.+\), %s, one v1, two v2, \d{4}-\d{2}-\d{2}\.$`, runtime.GOOS, runtime.GOARCH, regexp.QuoteMeta(runtime.Version()))
	if !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("%s is not like %s", got, want)
	}
}

func TestProcessor(t *testing.T) {
	for info, want := range map[string]string{
		"": "",
		"processor\t: 0\nmodel\t\t: 1\nmodel name\t: Fast 9000: Pro\nmodel name\t: Other\n": "Fast 9000: Pro",
		"Processor : none of these\n": "",
	} {
		if got := processor(info); got != want {
			t.Errorf("%q: %q, not %q", info, got, want)
		}
	}
}
