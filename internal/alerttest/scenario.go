package alerttest

import (
	"fmt"
	"time"

	"kgen.dev/kgen/internal/manifest"
)

// A scenario is one of kgen's alerts as it is meant: scenes in which it fires or
// stays quiet, and the part of its annotations that says how bad it is, which a
// scene knows the words of.
type scenario struct {
	scenes func(w world) []Scene
	shows  string
}

const (
	asPercentage = "{{ $value | humanizePercentage }}"
	asDuration   = "{{ $value | humanizeDuration }}"
	asWhole      = `{{ $value | printf "%.0f" }}`
	asTwoDigits  = `{{ $value | printf "%.2g" }}`
)

// scenarios hold for each alert that kgen renders, by its name.
var scenarios = map[string]scenario{
	"ServiceErrorsHigh":              {serviceErrors, asPercentage},
	"ServiceErrorBudgetBurn":         {budgetBurn, asPercentage},
	"ServiceLatencyHigh":             {serviceLatency, asWhole},
	"ServiceTrafficAbsent":           {trafficAbsent, ""},
	"CircuitBreakerOpen":             {breakerOpen, asTwoDigits},
	"CanaryErrorsHigh":               {canaryErrors, asPercentage},
	"FrontDoorErrorsHigh":            {doorErrors, asPercentage},
	"FrontDoorLatencyHigh":           {doorLatency, asDuration},
	"CertificateExpiresSoon":         {certificateExpires, asDuration},
	"ServiceWithoutEndpoints":        {withoutEndpoints, ""},
	"ScrapeDown":                     {scrapeDown, ""},
	"DNSErrorsHigh":                  {dnsErrors, asPercentage},
	"MeshRootCertificateExpiresSoon": {rootExpires, asDuration},
}

// A tier is one of the multiwindow, multi-burn-rate alerts of the Site
// Reliability Workbook's table for an objective over 30 days.
type tier struct {
	long, short, wait time.Duration
	factor            float64
}

// tiers are known by their long window.
var tiers = map[string]tier{
	"1h": {time.Hour, 5 * time.Minute, 2 * time.Minute, 14.4},
	"6h": {6 * time.Hour, 30 * time.Minute, 15 * time.Minute, 6},
	"1d": {24 * time.Hour, 2 * time.Hour, time.Hour, 3},
	"3d": {72 * time.Hour, 6 * time.Hour, 3 * time.Hour, 1},
}

// A Scene is a cluster at work for some hours, and what one alert makes of it.
// Scenes in which it stays quiet are close calls, not empty worlds.
type Scene struct {
	What    string
	Variant string // which of an alert's several forms it shows
	Input   []Series
	// Step is the time between two samples, and between two evaluations;
	// zero means a minute.
	Step  time.Duration
	Fires bool

	onset time.Duration // when the expression becomes true; it fires the rule's for later
	// labels are the sample's; the rule's own come over them.
	labels map[string]string
	value  string // what an annotation makes of the sample's value
	// at is when a quiet scene is looked at; later than any for, unless given.
	at []time.Duration
}

func (s Scene) step() time.Duration {
	if s.Step == 0 {
		return time.Minute
	}
	return s.Step
}

// A Check is what an alert stands at after some time: firing once with the
// labels and annotations, or not firing where Want is nil.
type Check struct {
	At   time.Duration
	Want *Firing
}

// Firing is one instance of an alert that fires, its name not among the labels.
type Firing struct {
	Labels, Annotations map[string]string
	// vague are annotations that a person wrote in a form whose words a scene
	// does not know; their text in Annotations is the template's.
	vague map[string]bool
}

// settled is how long after it is due an alert is read: by then the short
// windows are full, and the value is the one of the steady state.
const settled = 20 * time.Minute

// Checks are what is looked at in a scene, in the order of time. The rule has to
// have a for that Prometheus reads.
func (a *Alert) Checks(s Scene) ([]Check, error) {
	wait, err := a.wait()
	if err != nil {
		return nil, err
	}
	if !s.Fires {
		at := s.at
		if at == nil {
			at = []time.Duration{wait, 2*wait + 10*time.Minute}
		}
		var out []Check
		for _, t := range at {
			out = append(out, Check{At: t})
		}
		return out, nil
	}
	var out []Check
	if before := s.onset + wait - s.step(); before >= 0 {
		out = append(out, Check{At: before})
	}
	return append(out, Check{At: s.onset + wait + settled, Want: a.firing(s)}), nil
}

// firing is the alert as it fires in the scene.
func (a *Alert) firing(s Scene) *Firing {
	f := &Firing{Labels: map[string]string{}, Annotations: map[string]string{}, vague: map[string]bool{}}
	for _, labels := range []map[string]string{s.labels, a.groupLabels, a.Rule.Labels} {
		for k, v := range labels {
			f.Labels[k] = v
		}
	}
	for key, text := range a.Rule.Annotations {
		for _, found := range action.FindAllString(text, -1) {
			f.vague[key] = f.vague[key] || found != scenarios[a.Rule.Alert].shows
		}
		if f.vague[key] {
			f.Annotations[key] = text
			continue
		}
		f.Annotations[key] = action.ReplaceAllLiteralString(text, s.value)
	}
	return f
}

// about is the alert in words.
func about(r manifest.Rule) string {
	text := r.Alert
	if s := r.Labels["service"]; s != "" {
		text += " of " + s
	}
	if w := r.Labels["window"]; w != "" {
		text += fmt.Sprintf(" (%s)", w)
	}
	return text
}
