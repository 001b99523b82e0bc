package cli

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// stages are a file in a merge that git could not finish: each side, and what
// both come from. Git's markers do not say as much: what stands between them is
// what is left after git has aligned the two, and its default style leaves out
// the third.
type stages struct{ base, ours, theirs []byte }

// stages asks git for a file's. Without git, or where it has no such merge under
// way, there are none.
func (r *repo) stages(ctx context.Context, name string) (s stages, found bool) {
	blob := func(stage string) ([]byte, bool) { return r.blob(ctx, stage, name) }
	ours, ok1 := blob(":2")
	theirs, ok2 := blob(":3")
	base, _ := blob(":1") // none where both have made the file
	return stages{base, ours, theirs}, ok1 && ok2
}

// sides are the commits that a merge, a rebase or a pick brings together: theirs
// by the name that git gives it meanwhile.
var sides = []string{"MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD"}

// bothSides are a file on both sides of a merge that is under way, also where
// git has managed to merge it.
func (r *repo) bothSides(ctx context.Context, name string) (ours, theirs []byte, found bool) {
	if s, ok := r.stages(ctx, name); ok {
		return s.ours, s.theirs, true
	}
	ours, ok := r.blob(ctx, "HEAD", name)
	for _, commit := range sides {
		if theirs, found = r.blob(ctx, commit, name); found && ok {
			return ours, theirs, true
		}
	}
	return nil, nil, false
}

// blob is a file of the repository as a commit, or a stage, has it.
func (r *repo) blob(ctx context.Context, at, name string) ([]byte, bool) {
	out, err := gitIn(ctx, r.dir, "cat-file", "blob", at+":./"+name).Output()
	return out, err == nil
}

// text is the merge as one conflict about the whole file.
func (s stages) text() []byte {
	var b bytes.Buffer
	for _, part := range []struct {
		mark string
		text []byte
	}{{"<<<<<<< ours", s.ours}, {"||||||| base", s.base}, {"=======", s.theirs}, {">>>>>>> theirs", nil}} {
		b.WriteString(part.mark + "\n")
		b.Write(part.text)
		if n := len(part.text); n > 0 && part.text[n-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// settledModel reads kgen.yaml, and settles a merge conflict that git has left
// in it where the sides do not contradict each other. The second result is its
// new text then, and otherwise nil.
func (r *repo) settledModel(ctx context.Context) (model *specfile.File, settled []byte, err error) {
	data, err := r.readModel()
	if err != nil {
		return nil, nil, err
	}
	name := r.modelName()
	ours, _, theirs, found, broken := merge.Sides(data)
	if !found || broken != nil {
		model, err = r.sh.parse(name, data)
		return model, nil, err
	}
	text, notes, list := []byte(nil), []string(nil), diag.List(nil)
	s, known := r.stages(ctx, modelFile)
	if known {
		text, notes, list = specfile.Resolve(name, s.text(), nil)
		list = placed(list, s.text(), data)
	} else {
		text, notes, list = specfile.Resolve(name, data, nil)
	}
	if len(list) > 0 {
		return nil, nil, list
	}
	if n := bytes.Count(data, []byte("\n")); known && n == bytes.Count(data, []byte("\r\n")) && !bytes.Contains(text, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) // as git checks it out here
	}
	model, errs := specfile.Parse(name, text)
	if len(errs) > 0 {
		return nil, nil, unplaced(errs) // of a text that nobody has seen
	}
	if known && (foreignLines(data, s) || !keeps(model.Network, name, ours, theirs)) {
		return nil, nil, diag.List{{
			File: name, Severity: diag.Error, Code: "conflict",
			Message: "holds a merge conflict of which a part was settled by hand, or that git has cut through the middle of an entry",
			Fix:     "settle the rest by hand too; git checkout --merge " + modelFile + " brings back what git made",
		}}
	}
	r.sh.warn(model.Warnings)
	r.sh.note(notes)
	return model, text, nil
}

// otherLine is where a finding about two sides says where the second one stands.
var otherLine = regexp.MustCompile(` \(line ([0-9]+)\)`)

// placed gives findings the lines that the same text has in the file that people
// see: what stands above ======= is looked for from the start, what stands below
// it from the end.
func placed(list diag.List, from, to []byte) diag.List {
	lines, seen := rows(from), rows(to)
	find := func(line int, last bool) int {
		found := 0
		for n, text := range seen {
			if line > 0 && line <= len(lines) && text == lines[line-1] && (last || found == 0) {
				found = n + 1
			}
		}
		return found
	}
	out := make(diag.List, len(list))
	for i, d := range list {
		d.Line, d.Column = find(d.Line, false), 1
		d.Message = otherLine.ReplaceAllStringFunc(d.Message, func(text string) string {
			n, _ := strconv.Atoi(otherLine.FindStringSubmatch(text)[1])
			if n = find(n, true); n == 0 {
				return ""
			}
			return fmt.Sprintf(" (line %d)", n)
		})
		out[i] = d
	}
	return out
}

// rows are the lines of a text without their ends.
func rows(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		out = append(out, strings.TrimRight(line, "\r\n"))
	}
	return out
}

// foreignLines reports whether a conflicted text has lines that no side has:
// somebody has begun to settle it.
func foreignLines(data []byte, s stages) bool {
	known := map[string]bool{}
	for _, text := range [][]byte{s.base, s.ours, s.theirs} {
		for line := range bytes.Lines(text) {
			known[string(bytes.TrimRight(line, "\r\n"))] = true
		}
	}
	ours, _, theirs, _, _ := merge.Sides(data)
	for _, text := range [][]byte{ours, theirs} {
		for line := range bytes.Lines(text) {
			if !known[string(bytes.TrimRight(line, "\r\n"))] {
				return true
			}
		}
	}
	return false
}

// keeps reports whether a settled model says what both sides of the conflicted
// text agree on. Where they do and it does not, somebody has settled that place
// otherwise. A side that is no model on its own says nothing.
func keeps(settled *spec.Network, name string, ours, theirs []byte) bool {
	one, _ := specfile.Parse(name, ours)
	two, _ := specfile.Parse(name, theirs)
	if one.Network == nil || two.Network == nil {
		return true
	}
	a, b, c := servicesOf(one.Network), servicesOf(two.Network), servicesOf(settled)
	for service, was := range a {
		if other, both := b[service]; both && reflect.DeepEqual(was, other) && !reflect.DeepEqual(was, c[service]) {
			return false
		}
	}
	for service := range c {
		_, above := a[service]
		if _, below := b[service]; !above && !below {
			return false
		}
	}
	restA, restB, restC := *one.Network, *two.Network, *settled
	restA.Spec.Services, restB.Spec.Services, restC.Spec.Services = nil, nil, nil
	return !reflect.DeepEqual(restA, restB) || reflect.DeepEqual(restA, restC)
}

func servicesOf(n *spec.Network) map[string]spec.Service {
	out := make(map[string]spec.Service, len(n.Spec.Services))
	for _, s := range n.Spec.Services {
		out[s.Name] = s
	}
	return out
}

// mergedBase is what kgen last wrote on each side of a merge that git could not
// finish. The archive that git has left says it too, but not where git has
// aligned it differently from the files.
func (r *repo) mergedBase(ctx context.Context, read *plan.Base, err error) (*plan.Base, error) {
	if ours, theirs, ok := r.bothSides(ctx, plan.BasePath); ok {
		if exact, broken := plan.MergedBase(ours, theirs); broken == nil {
			return exact, nil
		}
	}
	return read, err
}

// unfinished reports whether git has left conflicts here: in the archive, as
// reading it told, in kgen.yaml, or in a file that kgen wrote.
func (r *repo) unfinished(read *plan.Base, failed error, disk *tree.Tree) bool {
	if failed != nil || len(read.Sides) > 0 {
		return true
	}
	conflicted := func(text []byte) bool {
		return bytes.HasPrefix(text, []byte("<<<<<<< ")) || bytes.Contains(text, []byte("\n<<<<<<< "))
	}
	for _, data := range disk.All() {
		if conflicted(data) {
			return true
		}
	}
	model, err := r.readModel()
	return err == nil && conflicted(model)
}
