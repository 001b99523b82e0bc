package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// sample is a result with everything in it that outputs have to cope with.
func sample(t *testing.T) *Result {
	t.Helper()
	objects, err := manifest.Parse("a b/web,1:x.yaml", []byte("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n"))
	if err != nil {
		t.Fatal(err)
	}
	broken := &Rule{ID: "XX01", Title: "Something is <wrong>", Severity: diag.Error, Items: []string{"C7"}, Doc: "Looked at is `this`."}
	doubtful := &Rule{ID: "XX02", Title: "Something is doubtful", Severity: diag.Warning, Items: []string{"C7", "C8"}, Doc: "Looked at is that."}
	idle := &Rule{ID: "XX03", Title: "Nothing was there", Severity: diag.Error, Items: []string{"C9"}, Doc: "Looked at is nothing."}
	r := &Result{
		Ran:     []*Rule{broken, doubtful, idle},
		Skipped: []Skipped{{idle, "", "there is no mesh"}, {doubtful, "Service shop/api", "no workload of namespace shop is given"}},
		looked:  map[*Rule]int{broken: 1, doubtful: 1},
	}
	c := &Check{rule: broken}
	c.Report(objects[0], Field("metadata", "name"), "call it\nanother name", "100%% of ]]> and \x1b[31m: %s", "é").See(objects[0], nil, "this one")
	r.Findings = append(r.Findings, c.findings...)
	c = &Check{World: &World{}, rule: doubtful}
	c.Report(objects[0], nil, "", "doubtful")
	r.Findings = append(r.Findings, c.findings...)
	c.ReportModel("services[0]", "", "of the model")
	f := c.findings[1]
	f.Suppressed = &Suppression{}
	f.Suppressed.Reason = "known"
	r.Findings = append(r.Findings, f)
	return r
}

func written(t *testing.T, r *Result, f Format, p Printing) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, f, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	lines := func(_ string, line int) (string, bool) {
		return []string{"apiVersion: v1", "kind: Service", "metadata:", "\tname: \u009bweb"}[line-1], true
	}
	want := `a b/web,1:x.yaml
  4:9 error XX01  Service shop/web: 100% of ]]> and \x1b[31m: é
     4 |  name: \u009bweb
       |              ^
    a b/web,1:x.yaml:1:1: Service shop/web: this one
    fix: call it
         another name
  1:1 warning XX02  Service shop/web: doubtful
     1 | apiVersion: v1
       | ^

checklist
  ?   C1   Network policies: not checked: nothing to look at
  ?   C2   A mesh for complex routing: not checked: nothing to look at
  ?   C3   A secure front door: not checked: nothing to look at
  ?   C4   TLS everywhere: not checked: nothing to look at
  ?   C5   Network metrics: not checked: nothing to look at
  ?   C6   Network alerts: not checked: nothing to look at
  no  C7   The right Service types: violated: XX01 a b/web,1:x.yaml:4:9, XX02 a b/web,1:x.yaml:1:1
  no  C8   Circuit breakers: violated: XX02 a b/web,1:x.yaml:1:1
  ?   C9   Segmentation: not checked: nothing to look at
  ?   C10  Regular audits: not checked: nothing to look at
  ?   P1   No network policies: not checked: nothing to look at
  ?   P2   Internal services exposed: not checked: nothing to look at
  ?   P3   No TLS: not checked: nothing to look at
  ?   P4   Poor service discovery: not checked: nothing to look at
  ?   P5   Monitoring that does not see: not checked: nothing to look at

not checked
  XX03  there is no mesh
  XX02  Service shop/api: no workload of namespace shop is given

1 error, 1 warning, 1 suppressed; 2 rules checked, 1 not
`
	if diff := cmp.Diff(want, written(t, sample(t), Text, Printing{Line: lines, Checklist: true})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	coloured := written(t, sample(t), Text, Printing{Colour: true})
	if !strings.Contains(coloured, "\x1b[31merror\x1b[0m") || strings.Contains(coloured, "and \x1b[31m") {
		t.Errorf("the colours are not kgen's own: %q", coloured)
	}
}

func TestJSON(t *testing.T) {
	var doc document
	if err := json.Unmarshal([]byte(written(t, sample(t), JSON, Printing{})), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Errors != 1 || doc.Warnings != 1 || doc.Suppressed != 1 || len(doc.Checklist) != 15 {
		t.Errorf("sums: %+v", doc)
	}
	want := findingDocument{
		Rule: "XX01", Title: "Something is <wrong>", Severity: diag.Error, File: "a b/web,1:x.yaml", Line: 4, Column: 9, Kind: "Service", Namespace: "shop", Name: "web",
		Field: "metadata.name", Message: "Service shop/web: 100% of ]]> and \x1b[31m: é", Fix: "call it\nanother name",
		Related: []relatedDocument{{"a b/web,1:x.yaml", 1, 1, "Service shop/web: this one"}},
	}
	if diff := cmp.Diff(want, doc.Findings[0]); diff != "" {
		t.Error(diff)
	}
	if doc.Findings[2].Suppressed == nil || doc.Findings[2].Suppressed.Reason != "known" {
		t.Errorf("the suppression is lost: %+v", doc.Findings[2])
	}
	empty := written(t, &Result{}, JSON, Printing{})
	if strings.Contains(empty, "null") {
		t.Errorf("lists that are empty are missing:\n%s", empty)
	}
}

// TestSARIF holds what is printed against the schema of SARIF 2.1.0.
func TestSARIF(t *testing.T) {
	text := written(t, sample(t), SARIF, Printing{Version: "1.2.3"})
	report, err := sarif.FromString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Validate(); err != nil {
		t.Fatal(err)
	}
	run := report.Runs[0]
	if len(run.Tool.Driver.Rules) != 3 || len(run.Results) != 3 {
		t.Fatalf("%d rules, %d results", len(run.Tool.Driver.Rules), len(run.Results))
	}
	at := run.Results[0].Locations[0].PhysicalLocation
	if *at.ArtifactLocation.URI != "a%20b/web,1:x.yaml" || *at.Region.StartLine != 4 || *at.Region.StartColumn != 9 {
		t.Errorf("the place is %s:%d:%d", *at.ArtifactLocation.URI, *at.Region.StartLine, *at.Region.StartColumn)
	}
	if got := run.Results[2].Suppressions; len(got) != 1 || *got[0].Justification != "known" {
		t.Errorf("the suppression is lost: %+v", got)
	}
	prints := map[string]bool{}
	for _, r := range run.Results {
		prints[r.PartialFingerprints["kgen/v1"]] = true
	}
	if len(prints) != 3 {
		t.Errorf("fingerprints: %v", prints)
	}
	// A report that is broken on purpose is seen.
	run.Results[0].Level = "fatal"
	if report.Validate() == nil {
		t.Error("a level that SARIF does not have passes")
	}
	for _, r := range Rules() {
		clean := &Result{Ran: []*Rule{r}}
		report, err := sarif.FromString(written(t, clean, SARIF, Printing{}))
		if err == nil {
			err = report.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
}

func TestJUnit(t *testing.T) {
	text := written(t, sample(t), JUnit, Printing{})
	var doc struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	s := doc.Suites[0]
	if s.Tests != 3 || s.Failures != 2 || s.Skipped != 1 || len(s.Cases) != 3 {
		t.Errorf("sums: %+v", s)
	}
	if got := s.Cases[0].Failure; got == nil || !strings.Contains(*got, `a b/web,1:x.yaml:4:9: XX01: Service shop/web: 100% of ]]> and \x1b[31m: é; call it\nanother name`) {
		t.Errorf("the failure says %v", *got)
	}
	if s.Cases[2].Skipped == nil || s.Cases[2].Skipped.Message != "there is no mesh" {
		t.Errorf("what was not checked is not skipped: %+v", s.Cases[2])
	}
}

func TestGitHub(t *testing.T) {
	want := `::error file=a b/web%2C1%3Ax.yaml,line=4,col=9,title=kgen XX01::Service shop/web: 100%25 of ]]> and \x1b[31m: é%0Acall it%0Aanother name
::warning file=a b/web%2C1%3Ax.yaml,line=1,col=1,title=kgen XX02::Service shop/web: doubtful
`
	if diff := cmp.Diff(want, written(t, sample(t), GitHub, Printing{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCaretFindsItsColumnInALongLine(t *testing.T) {
	var b bytes.Buffer
	writeCaret(&b, strings.Repeat("x", 500)+"HERE"+strings.Repeat("y", 500), 7, 501, colours{})
	lines := strings.Split(b.String(), "\n")
	at := strings.IndexByte(lines[1], '^')
	if len(lines[0]) > longestLine+10 || !strings.HasPrefix(lines[0][at:], "HERE") {
		t.Errorf("the caret is not below its column:\n%s", b.String())
	}
}
