package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"kgen.dev/kgen/internal/diag"
)

// What rendering says of a template that fails: the file that was being made,
// and in the words of text/template the place and the fact; or that what came
// out is no YAML.
var (
	cannotParse   = regexp.MustCompile(`(?s)^(\S+?):(\d+)(?::(\d+))?: (.*)$`)
	cannotExecute = regexp.MustCompile(`(?s)^(\S+): template: (\S+?):(\d+):(\d+): executing ".*?" at (<.*>): (.*)$`)
	isNoYAML      = regexp.MustCompile(`(?s)^template (\S+) does not render YAML: (.*)$`)
)

// explain puts findings about a user's templates at their place in the user's
// own files, one for each place, however many files are made from it. What it
// does not recognize stays as it is.
func (o *ownTemplates) explain(err error) error {
	var list diag.List
	if o == nil || !errors.As(err, &list) {
		return err
	}
	type place struct {
		file         string
		line, column int
	}
	said := map[place]bool{}
	var out diag.List
	for _, d := range list {
		d = o.locate(d)
		at := place{d.File, d.Line, d.Column}
		if d.File != "" && said[at] {
			continue
		}
		said[at] = true
		out = append(out, d)
	}
	return out
}

func (o *ownTemplates) locate(d diag.Diagnostic) diag.Diagnostic {
	if slices.Contains(o.names, d.File) {
		if m := cannotParse.FindStringSubmatch(d.Message); m != nil && m[1] == d.File {
			d.Line, d.Column, d.Message = number(m[2]), number(m[3]), m[4]
			d.Fix = "kgen templates export shows the built-in one"
		}
		d.File = o.at(d.File)
		return d
	}
	if m := cannotExecute.FindStringSubmatch(d.Message); m != nil && slices.Contains(o.names, m[2]) {
		d.File, d.Line, d.Column = o.at(m[2]), number(m[3]), number(m[4])+1 // it counts bytes from 0
		d.Message = fmt.Sprintf("%s: %s, for %s", m[5], m[6], m[1])
		d.Fix = "kgen templates export shows what the built-in one uses"
	} else if m := isNoYAML.FindStringSubmatch(d.Message); m != nil && slices.Contains(o.names, m[1]) {
		d.File, d.Message = o.at(m[1]), "does not render YAML: "+m[2]
		d.Fix = "compare it with the built-in one, which kgen templates export writes"
	}
	return d
}

// number reads digits that a pattern has found; none are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
