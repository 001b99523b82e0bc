package audit

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// document is a result as -o json prints it.
type document struct {
	Errors     int               `json:"errors"`
	Warnings   int               `json:"warnings"`
	Suppressed int               `json:"suppressed"`
	Findings   []findingDocument `json:"findings"`
	NotChecked []skippedDocument `json:"notChecked"`
	Checklist  []entryDocument   `json:"checklist"`
}

type findingDocument struct {
	Rule       string               `json:"rule"`
	Title      string               `json:"title"`
	Severity   diag.Severity        `json:"severity"`
	File       string               `json:"file,omitempty"`
	Line       int                  `json:"line,omitempty"`
	Column     int                  `json:"column,omitempty"`
	Kind       string               `json:"kind,omitempty"`
	Namespace  string               `json:"namespace,omitempty"`
	Name       string               `json:"name,omitempty"`
	Field      string               `json:"field,omitempty"`
	Message    string               `json:"message"`
	Fix        string               `json:"fix,omitempty"`
	Related    []relatedDocument    `json:"related,omitempty"`
	Suppressed *suppressionDocument `json:"suppressed,omitempty"`
}

type relatedDocument struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

type suppressionDocument struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

type skippedDocument struct {
	Rule string `json:"rule"`
	What string `json:"what,omitempty"`
	Why  string `json:"why"`
}

type entryDocument struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	State    State    `json:"state"`
	By       []string `json:"by"`
	Findings int      `json:"findings"`
}

func (r *Result) writeJSON(w io.Writer) error {
	doc := document{
		Errors: r.Count(diag.Error), Warnings: r.Count(diag.Warning), Suppressed: r.SuppressedCount(),
		Findings: []findingDocument{}, NotChecked: []skippedDocument{}, Checklist: []entryDocument{},
	}
	for _, f := range r.Findings {
		d := findingDocument{
			Rule: f.Rule.ID, Title: f.Rule.Title, Severity: f.Severity, File: f.File, Line: f.Line, Column: f.Column,
			Field: f.Field, Message: f.Message, Fix: f.Fix,
		}
		if f.Object != nil {
			d.Kind, d.Namespace, d.Name = f.Object.Kind, f.Object.Namespace, f.Object.Name
		}
		for _, rel := range f.Related {
			d.Related = append(d.Related, relatedDocument{rel.File, rel.Line, rel.Column, rel.Message})
		}
		if s := f.Suppressed; s != nil {
			d.Suppressed = &suppressionDocument{s.Reason, s.Until, s.File, s.Line}
		}
		doc.Findings = append(doc.Findings, d)
	}
	for _, s := range r.Skipped {
		doc.NotChecked = append(doc.NotChecked, skippedDocument{s.Rule.ID, s.What, s.Why})
	}
	for _, e := range r.Checklist() {
		d := entryDocument{ID: e.ID, Title: e.Title, State: e.State, By: []string{}, Findings: len(e.Findings)}
		for _, rule := range e.By {
			d.By = append(d.By, rule.ID)
		}
		doc.Checklist = append(doc.Checklist, d)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(doc)
}

// writeSARIF prints SARIF 2.1.0. Code scanning recognises a finding from run to
// run by its fingerprint: rule, object and field, which stay when lines move.
func (r *Result) writeSARIF(w io.Writer, p Printing) error {
	run := sarif.NewRunWithInformationURI("kgen", "https://kgen.dev")
	if p.Version != "" {
		run.Tool.Driver.WithSemanticVersion(p.Version)
	}
	run.WithColumnKind("unicodeCodePoints")
	for _, rule := range r.Ran {
		level := "error"
		if rule.Severity == diag.Warning {
			level = "warning"
		}
		d := run.AddRule(rule.ID)
		d.WithName(rule.ID).WithShortDescription(message(rule.Title)).WithFullDescription(message(rule.Title + ".")).
			WithHelp(sarif.NewMultiformatMessageString().WithText(rule.Doc).WithMarkdown(rule.Doc)).
			WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level))
		d.Properties = sarif.NewPropertyBag().Add("tags", append([]string{"kubernetes", "networking"}, rule.Items...))
	}
	seen := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		text := f.Message
		if f.Fix != "" {
			text += "\n" + f.Fix
		}
		result := run.CreateResultForRule(f.Rule.ID).WithLevel(string(f.Severity)).WithMessage(sarif.NewTextMessage(text))
		result.AddLocation(location(f.Position))
		for n, rel := range f.Related {
			result.AddRelatedLocation(location(rel.Position).WithID(n + 1).WithMessage(sarif.NewTextMessage(rel.Message)))
		}
		if s := f.Suppressed; s != nil {
			kind := "external"
			if s.object != nil {
				kind = "inSource"
			}
			result.AddSuppression(sarif.NewSuppression().WithKind(kind).WithJustification(s.Reason))
		}
		print := f.Rule.ID + " " + f.Field
		if f.Object != nil {
			print = f.Rule.ID + " " + f.Object.Ref() + " " + f.Field
		}
		seen[print]++
		result.WithPartialFingerprints(map[string]string{"kgen/v1": fmt.Sprintf("%s %d", print, seen[print])})
	}
	report := sarif.NewReport().AddRun(run)
	if err := report.PrettyWrite(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func message(text string) *sarif.MultiformatMessageString {
	return sarif.NewMultiformatMessageString().WithText(text)
}

// location is a place as SARIF has it: a relative URI with slashes. What stands
// in no file is at the start of the repository's own.
func location(at manifest.Position) *sarif.Location {
	file := at.File
	if file == "" {
		file = "kgen.yaml"
	}
	uri := (&url.URL{Path: filepath.ToSlash(file)}).String()
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri))
	region := sarif.NewRegion().WithStartLine(max(at.Line, 1))
	if at.Column > 0 {
		region.WithStartColumn(at.Column)
	}
	return sarif.NewLocationWithPhysicalLocation(place.WithRegion(region))
}

// writeJUnit prints one test suite with one case a rule: failed where it has
// findings, skipped where it was not checked at all.
func (r *Result) writeJUnit(w io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Failure *failure `xml:"failure"`
		Skipped *failure `xml:"skipped"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	type suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []suite
	}
	s := suite{Name: "kgen audit", Tests: len(r.Ran)}
	for _, rule := range r.Ran {
		c := testcase{Name: rule.ID + " " + rule.Title, Class: "kgen.audit." + rule.ID[:2]}
		var lines []string
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Rule == rule && f.Suppressed == nil {
				lines = append(lines, f.String())
			}
		}
		switch why := r.idle(rule); {
		case len(lines) > 0:
			c.Failure = &failure{Message: fmt.Sprintf("%d found", len(lines)), Type: string(rule.Severity), Text: clean(strings.Join(lines, "\n"))}
			s.Failures++
		case why != "":
			c.Skipped = &failure{Message: clean(why)}
			s.Skipped++
		}
		s.Cases = append(s.Cases, c)
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	if err := out.Encode(suites{Suites: []suite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// clean is text as XML 1.0 takes it.
func clean(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}

// idle says why a rule was not checked at all, "" where it was.
func (r *Result) idle(rule *Rule) string {
	for _, s := range r.Skipped {
		if s.Rule == rule && s.What == "" {
			return s.Why
		}
	}
	return ""
}

// String is a finding on one line, as compilers print theirs.
func (f *Finding) String() string {
	d := diag.Diagnostic{File: f.File, Line: f.Line, Column: f.Column, Severity: f.Severity, Message: f.Rule.ID + ": " + f.Message, Fix: f.Fix}
	return d.String()
}

// writeGitHub prints a workflow command for each finding (GitHub, "Workflow
// commands for GitHub Actions"): notices about the lines of a pull request.
func (r *Result) writeGitHub(w io.Writer) error {
	var b strings.Builder
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Suppressed != nil {
			continue
		}
		text := printable(f.Message)
		if f.Fix != "" {
			text += "\n" + clean(f.Fix)
		}
		fmt.Fprintf(&b, "::%s ", f.Severity)
		if f.File != "" {
			fmt.Fprintf(&b, "file=%s,", githubProperty(printable(filepath.ToSlash(f.File))))
			if f.Line > 0 {
				fmt.Fprintf(&b, "line=%d,", f.Line)
			}
			if f.Column > 0 {
				fmt.Fprintf(&b, "col=%d,", f.Column)
			}
		}
		fmt.Fprintf(&b, "title=%s::%s\n", githubProperty("kgen "+f.Rule.ID), githubData(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var (
	githubEscapes    = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperties = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubData(s string) string     { return githubEscapes.Replace(s) }
func githubProperty(s string) string { return githubProperties.Replace(s) }
