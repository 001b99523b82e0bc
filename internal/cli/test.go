package cli

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/alerttest"
	"kgen.dev/kgen/internal/diag"
)

type testFlags struct {
	environment string
	outputs     []string
	write       string
	verbose     bool
}

var testFormats = []string{"text", "json", "junit"}

func newTest(sh *shell) *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test [ALERT|SERVICE...]",
		Short: "See each alert fire, and stay quiet",
		Long: `Test plays scenes to the alerts of the repository, as it builds: series as the
platform of kgen.yaml would export them, evaluated by Prometheus' own engine. Each
alert has to fire in some, once, after its wait and with its labels and annotations,
and to stay quiet in others that come close. ALERT or SERVICE limits it to alerts of
these names, or about these services.

The rules are tested as they stand, with what you have made of them. An alert with
a threshold of yours may lie on the other side of a scene: it fails, and the scene
says where. An alert of your own has no scenes: it is listed as not tested.

--write puts the rules and the scenes into a folder, as promtool test rules takes
them, in place of playing them: promtool test rules DIR/*/test*.yaml runs them.

-o chooses the form, again and again: text, json, junit; with =FILE it goes into a
file. Test ends with 1 if an alert fails.`,
		Example: `  kgen test
  kgen test web ServiceErrorsHigh -v
  kgen test -o text -o junit=alerts.xml
  kgen test --write alert-tests`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTest(cmd.Context(), sh, cmd, flags, args)
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&flags.environment, "env", "e", "", "test what the environment `NAME` builds")
	fs.StringArrayVarP(&flags.outputs, "output", "o", nil, "print it as `FORMAT[=FILE]`: text, json, junit; may be repeated")
	fs.StringVar(&flags.write, "write", "", "write the tests to the folder `DIR`, which must be new or empty")
	fs.BoolVarP(&flags.verbose, "verbose", "v", false, "list the scenes, with the series that let an alert fire")
	must(cmd.RegisterFlagCompletionFunc("env", completeEnvironments(sh)))
	must(cmd.MarkFlagDirname("write"))
	complete(cmd, "output", testFormats...)
	cmd.ValidArgsFunction = completeServices(sh, nil)
	return cmd
}

func runTest(ctx context.Context, sh *shell, cmd *cobra.Command, flags testFlags, args []string) error {
	outputs, err := testOutputs(flags.outputs)
	if err != nil {
		return err
	}
	for _, o := range outputs {
		if o.file == "" && o.word == "json" {
			must(sh.format.Set("json"))
		}
	}
	if flags.write != "" {
		if err := flagsExclude(cmd, "write", "output", "verbose"); err != nil {
			return err
		}
	}
	j, err := sh.judge(ctx, cmd, judging{environment: flags.environment}, nil)
	if err != nil {
		return err
	}
	if j.network == nil {
		return errNoModel{sh.path(".")}
	}
	alerts, err := alerttest.Alerts(j.network, j.source.Objects)
	if err != nil {
		return err
	}
	if alerts, err = chosen(alerts, args); err != nil {
		return err
	}
	if flags.write != "" {
		return sh.writeTests(alerts, flags.write)
	}
	var tested []testedAlert
	if err := sh.during(fmt.Sprintf("playing the scenes of %d alerts", len(alerts)), func() (err error) {
		tested, err = play(ctx, alerts)
		return err
	}); err != nil {
		return err
	}
	for _, o := range outputs {
		if err := sh.printTests(tested, o, flags.verbose); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(tested, func(a testedAlert) bool { return a.State == alertFails }) {
		return &refusal{}
	}
	return nil
}

// A testOutput is one form of the result, and where it goes.
type testOutput struct {
	word string
	file string // "" for the standard output
}

func testOutputs(values []string) ([]testOutput, error) {
	if len(values) == 0 {
		return []testOutput{{word: "text"}}, nil
	}
	var out []testOutput
	var wrong diag.List
	fault := func(format string, args ...any) {
		wrong = append(wrong, diag.Diagnostic{Severity: diag.Error, Code: "usage", Message: fmt.Sprintf(format, args...)})
	}
	places := map[string]bool{}
	for _, value := range values {
		word, file, named := strings.Cut(value, "=")
		switch {
		case !slices.Contains(testFormats, word):
			fault("-o %s: %q is not one of %s", value, word, strings.Join(testFormats, ", "))
		case named && file == "":
			fault("-o %s: name the file behind =", value)
		case !named && places[""]:
			fault("-o %s: something goes to the standard output already; write this one to a file: -o %s=FILE", value, word)
		case places[file]:
			fault("-o %s: the file is named twice", value)
		}
		places[file] = true
		out = append(out, testOutput{word, file})
	}
	return out, wrong.Err()
}

// chosen are the alerts of the given names, and those about the services of the
// given names.
func chosen(alerts []*alerttest.Alert, names []string) ([]*alerttest.Alert, error) {
	if len(names) == 0 {
		return alerts, nil
	}
	var known []string
	for _, a := range alerts {
		known = append(known, a.Rule.Alert, a.Service)
	}
	var wrong diag.List
	for _, name := range names {
		if slices.Contains(known, name) && name != "" {
			continue
		}
		d := diag.Diagnostic{Severity: diag.Error, Code: "unknown-alert", Message: fmt.Sprintf("%q is no alert here, and no service that one is about", name)}
		if near := diag.Nearest(name, known); near != "" {
			d.Fix = "did you mean " + near + "?"
		}
		wrong = append(wrong, d)
	}
	var out []*alerttest.Alert
	for _, a := range alerts {
		if slices.Contains(names, a.Rule.Alert) || slices.Contains(names, a.Service) {
			out = append(out, a)
		}
	}
	return out, wrong.Err()
}

// alertState is what has been seen of an alert.
type alertState string

const (
	alertHolds     alertState = "ok"
	alertFails     alertState = "failed"
	alertNotTested alertState = "not tested"
)

// A testedAlert is an alert with what its scenes have shown.
type testedAlert struct {
	Alert   string        `json:"alert"`
	Service string        `json:"service,omitempty"`
	Window  string        `json:"window,omitempty"`
	File    string        `json:"file"`
	Line    int           `json:"line"`
	State   alertState    `json:"state"`
	Why     string        `json:"why,omitempty"` // it is not tested, or could not be
	Scenes  []testedScene `json:"scenes"`

	text string
}

type testedScene struct {
	What   string   `json:"what"`
	Fires  bool     `json:"fires"` // it should
	Faults []string `json:"faults,omitempty"`
	Series []string `json:"series"`
}

// play plays all scenes, several at once.
func play(ctx context.Context, alerts []*alerttest.Alert) ([]testedAlert, error) {
	out := make([]testedAlert, len(alerts))
	work := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(len(alerts), 1)) {
		wg.Go(func() {
			for i := range work {
				out[i] = playAlert(ctx, alerts[i])
			}
		})
	}
	for i := range alerts {
		work <- i
	}
	close(work)
	wg.Wait()
	return out, ctx.Err()
}

func playAlert(ctx context.Context, a *alerttest.Alert) testedAlert {
	t := testedAlert{
		Alert: a.Rule.Alert, Service: a.Service, Window: a.Rule.Labels["window"], File: a.Position.File, Line: a.Position.Line,
		State: alertHolds, Scenes: []testedScene{}, text: a.Text(),
	}
	fires, quiet := 0, 0
	for _, s := range a.Scenes {
		shown := testedScene{What: s.What, Fires: s.Fires, Series: []string{}}
		for _, in := range s.Input {
			shown.Series = append(shown.Series, in.Text()+" "+in.Values())
		}
		faults, err := a.Play(ctx, s)
		if err != nil {
			// The rule cannot be evaluated, in this scene or in any.
			t.State, t.Why = alertFails, err.Error()
			return t
		}
		if shown.Faults = faults; len(faults) > 0 {
			t.State = alertFails
		}
		t.Scenes = append(t.Scenes, shown)
		if s.Fires {
			fires++
		} else {
			quiet++
		}
	}
	switch {
	case !a.Known:
		t.State, t.Why = alertNotTested, "it is not one of kgen's, so there are no scenes for it"
	case fires == 0 || quiet == 0:
		t.State, t.Why = alertFails, "nothing that the platform of kgen.yaml exports lets it fire"
	}
	return t
}

// some is a number of things.
func some(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (t testedAlert) count(fires bool) int {
	n := 0
	for _, s := range t.Scenes {
		if s.Fires == fires {
			n++
		}
	}
	return n
}

// faults are what is wrong, a line each.
func (t testedAlert) faults() []string {
	var out []string
	if t.State == alertFails && t.Why != "" {
		out = append(out, t.Why)
	}
	for _, s := range t.Scenes {
		for _, f := range s.Faults {
			meant := "stay quiet"
			if s.Fires {
				meant = "fire"
			}
			out = append(out, fmt.Sprintf("%s, and it has to %s: %s", s.What, meant, f))
		}
	}
	return out
}

func (sh *shell) printTests(tested []testedAlert, o testOutput, verbose bool) error {
	if o.file == "" && o.word == "json" {
		sh.report.printed = true
	}
	var b bytes.Buffer
	var err error
	switch o.word {
	case "json":
		err = writeJSON(&b, testDocument(tested))
	case "junit":
		err = writeTestJUnit(&b, tested)
	default:
		writeTestText(&b, tested, verbose)
	}
	if err != nil {
		return err
	}
	if o.file != "" {
		return writeOutput(sh.path(o.file), b.Bytes())
	}
	_, err = sh.Out.Write(b.Bytes())
	return err
}

func testDocument(tested []testedAlert) any {
	doc := struct {
		OK        int           `json:"ok"`
		Failed    int           `json:"failed"`
		NotTested int           `json:"notTested"`
		Alerts    []testedAlert `json:"alerts"`
	}{Alerts: []testedAlert{}}
	for _, t := range tested {
		switch t.State {
		case alertHolds:
			doc.OK++
		case alertFails:
			doc.Failed++
		case alertNotTested:
			doc.NotTested++
		}
		doc.Alerts = append(doc.Alerts, t)
	}
	return doc
}

func writeTestText(w *bytes.Buffer, tested []testedAlert, verbose bool) {
	for _, t := range tested {
		switch t.State {
		case alertHolds:
			fmt.Fprintf(w, "ok          %s: fires in %s, stays quiet in %d\n", t.text, some(t.count(true), "scene"), t.count(false))
		case alertFails:
			fmt.Fprintf(w, "failed      %s, %s:%d\n", t.text, t.File, t.Line)
		case alertNotTested:
			fmt.Fprintf(w, "not tested  %s, %s:%d: %s\n", t.text, t.File, t.Line, t.Why)
		}
		for _, f := range t.faults() {
			fmt.Fprintf(w, "    %s\n", f)
		}
		if !verbose {
			continue
		}
		for _, s := range t.Scenes {
			if !s.Fires {
				fmt.Fprintf(w, "    quiet  %s\n", s.What)
				continue
			}
			fmt.Fprintf(w, "    fires  %s\n", s.What)
			for _, in := range s.Series {
				fmt.Fprintf(w, "             %s\n", in)
			}
		}
	}
}

// writeTestJUnit prints one suite with one case an alert.
func writeTestJUnit(w io.Writer, tested []testedAlert) error {
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		File    string   `xml:"file,attr"`
		Failure *message `xml:"failure"`
		Skipped *message `xml:"skipped"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testcase `xml:"testcase"`
	}{Name: "kgen test", Tests: len(tested)}
	for _, t := range tested {
		c := testcase{Name: t.text, Class: "kgen.test", File: t.File}
		switch t.State {
		case alertFails:
			faults := t.faults()
			c.Failure = &message{Message: faults[0], Text: strings.Join(faults, "\n")}
			suite.Failures++
		case alertNotTested:
			c.Skipped = &message{Message: t.Why}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  any
	}{Suites: suite}, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

// writeTests writes the scenes for promtool.
func (sh *shell) writeTests(alerts []*alerttest.Alert, dir string) error {
	at := sh.path(dir)
	if there, err := os.ReadDir(at); err == nil && len(there) > 0 {
		return refuse(dir+" is not empty", "name a folder that is not there yet, or empty it")
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	files, err := alerttest.Files(alerts)
	if err != nil {
		return err
	}
	for name, data := range files.All() {
		file := filepath.Join(at, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	for _, a := range alerts {
		if !a.Known {
			sh.say("%s, %s:%d: it is not one of kgen's, so there are no scenes for it", a.Text(), a.Position.File, a.Position.Line)
		}
	}
	sh.say("%s written; promtool test rules %s runs them", some(files.Len(), "file"), filepath.ToSlash(filepath.Join(dir, "*", "test*.yaml")))
	return nil
}
