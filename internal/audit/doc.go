package audit

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"unicode"

	"golang.org/x/tools/txtar"

	"kgen.dev/kgen/internal/diag"
)

//go:embed examples
var exampleFiles embed.FS

// Example is a set of files that shows a rule.
type Example struct {
	Files []ExampleFile
}

// ExampleFile is one file of an example.
type ExampleFile struct {
	Path string
	Data []byte
}

// Examples are the rule's: files that break it, and the same made right; empty
// for rules about suppressions themselves, which need a date.
func (r *Rule) Examples() (bad, good Example) {
	data, err := exampleFiles.ReadFile("examples/" + r.ID + ".txtar")
	if err != nil {
		return bad, good
	}
	for _, f := range txtar.Parse(data).Files {
		switch folder, rest, _ := strings.Cut(path.Clean(f.Name), "/"); folder {
		case "bad":
			bad.Files = append(bad.Files, ExampleFile{rest, f.Data})
		case "good":
			good.Files = append(good.Files, ExampleFile{rest, f.Data})
		}
	}
	return bad, good
}

// Markdown is the rule's own page: what `kgen audit --explain` prints, and what
// stands in docs/rules.md.
func (r *Rule) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s: %s\n\n", r.ID, r.Title)
	fmt.Fprintf(&b, "%s", map[diag.Severity]string{diag.Error: "Error", diag.Warning: "Warning"}[r.Severity])
	if len(r.Items) > 0 {
		fmt.Fprintf(&b, " · guide: %s", strings.Join(r.Items, ", "))
	}
	if len(r.Constraints) > 0 {
		fmt.Fprintf(&b, " · constraints: %s", strings.Join(r.Constraints, ", "))
	}
	for _, need := range r.Reads {
		fmt.Fprintf(&b, " · needs %s", needs[need])
	}
	fmt.Fprintf(&b, "\n\n%s\n", strings.TrimSpace(r.Doc))
	bad, good := r.Examples()
	for _, e := range []struct {
		title string
		Example
	}{{"Broken", bad}, {"Right", good}} {
		if len(e.Files) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", e.title)
		for _, f := range e.Files {
			fmt.Fprintf(&b, "\n```yaml\n# %s\n%s\n```\n", f.Path, strings.TrimRight(string(f.Data), "\n"))
		}
	}
	return b.String()
}

var needs = map[Need]string{
	NeedsPods:  "workloads, or a kgen.yaml that stands in for them",
	NeedsModel: "a kgen.yaml",
	NeedsMesh:  "a mesh",
	NeedsFiles: "kustomizations",
}

// Unknown is the error of an ID that is no rule's.
func Unknown(id string) error { return unknown([]string{id}).Err() }

func unknown(words []string) diag.List {
	var list diag.List
	for _, word := range words {
		d := diag.Diagnostic{Severity: diag.Error, Code: "unknown-rule", Message: fmt.Sprintf("there is no rule %q", word), Fix: "kgen audit --explain all lists them"}
		if near := diag.Nearest(strings.ToUpper(word), ids()); near != "" {
			d.Fix = "did you mean " + near + "?"
		}
		list = append(list, d)
	}
	return list
}

// groups name the letters that IDs begin with.
var groups = []struct{ letters, title string }{
	{"NP", "Network policies"}, {"SM", "The mesh"}, {"IN", "The front door"}, {"SV", "Services"},
	{"MO", "Monitors"}, {"AL", "Alerts"}, {"RP", "The repository"}, {"EX", "Expectations"}, {"SU", "Suppressions"},
}

// Page is docs/rules.md: every rule with its examples.
func Page() []byte {
	var b strings.Builder
	b.WriteString(`# The rules of kgen audit

What each rule looks at, why it matters, and files that break it beside the same made right. ` + "`kgen audit --explain ID`" + ` prints
the same. The examples are the rules' own tests: the broken ones break that rule and no other, the right ones none.

An error is something that does not work, or is open that must not be; a warning is something that works, but not for long or not
for everyone. A rule that lacks what it needs is reported as not checked. C1 to C10 and P1 to P5 are the practices and the
pitfalls that ` + "`kgen audit --checklist`" + ` judges:

`)
	for _, item := range Guide {
		fmt.Fprintf(&b, "- **%s** %s\n", item.ID, item.Title)
	}
	b.WriteString("\n| Rule | Severity | Guide | What is wrong |\n| --- | --- | --- | --- |\n")
	for _, r := range catalogue() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.ID, anchor(r), r.Severity, strings.Join(r.Items, " "), strings.ReplaceAll(r.Title, "|", "\\|"))
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n# %s\n", g.title)
		for _, r := range catalogue() {
			if strings.HasPrefix(r.ID, g.letters) {
				fmt.Fprintf(&b, "\n%s", r.Markdown())
			}
		}
	}
	return []byte(b.String())
}

// anchor is what GitHub makes of a rule's heading.
func anchor(r *Rule) string {
	var b strings.Builder
	for _, c := range strings.ToLower(r.ID + ": " + r.Title) {
		switch {
		case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
			b.WriteRune(c)
		case c == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}
