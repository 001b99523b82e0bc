package cli

import (
	"regexp"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
)

// addCommand is the command line that adds the same service without a question.
func addCommand(a *prompt.Addition) string {
	s := a.Service
	words := []string{"kgen", "add", "service", s.Name, "--yes"}
	say := func(flag, value string) { words = append(words, "--"+flag, shellWord(value)) }
	if len(s.Ports) == 0 {
		say("port", spec.NoPorts)
	}
	for _, p := range s.Ports {
		say("port", spec.FormatPortFlag(p))
	}
	for _, h := range s.Hosts {
		say("host", h)
	}
	for _, p := range s.Paths {
		say("path", spec.FormatPathFlag(p))
	}
	for _, c := range s.Calls {
		say("calls", spec.FormatCallFlag(c))
	}
	for _, name := range a.CalledBy {
		say("called-by", name)
	}
	if c := s.Canary; c != nil {
		say("canary", spec.FormatCanaryFlag(*c))
		if c.Stable != "" {
			say("stable", c.Stable)
		}
	}
	if s.Type != "" {
		say("type", string(s.Type))
	}
	if s.Metrics != nil {
		say("metrics", spec.FormatMetricsFlag(*s.Metrics))
	}
	if s.Replicas != 0 {
		say("replicas", strconv.Itoa(int(s.Replicas)))
	}
	for _, e := range s.Egress {
		say("egress", spec.FormatEgressFlag(e))
	}
	return strings.Join(words, " ")
}

// plainWord is what a shell leaves as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=,@%+-]+$`)

// shellWord quotes a word for a POSIX shell, if it needs that.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
