package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
)

// pools are the names under which the operator has the model's monitors scraped.
func (m *model) pools() map[string]*manifest.Monitor {
	out := map[string]*manifest.Monitor{}
	for kind, job := range map[string]string{"ServiceMonitor": "serviceMonitor", "PodMonitor": "podMonitor"} {
		for _, monitor := range objectsOf[manifest.Monitor](m.objects, kind) {
			for i := range monitor.Scrapes() {
				out[fmt.Sprintf("%s/%s/%s/%d", job, monitor.Metadata.Namespace, monitor.Metadata.Name, i)] = monitor
			}
		}
	}
	return out
}

// judgeTargets holds the targets of a model's monitors to what there is to be
// scraped: each place once, and up; each monitor with some.
func (p *prometheus) judgeTargets(t *testing.T, pl *platform, cr crew) {
	pools := cr.m.pools()
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		if !strings.Contains(p.config, "job_name: "+pool+"\n") {
			t.Errorf("the operator has made nothing of %s", pool)
		}
	}
	names := map[string]string{}
	for _, pod := range append(slices.Clone(cr.pods), pl.pods...) {
		names[pod.address] = pod.namespace + "/" + pod.name
	}
	want := pl.targets(cr.m, cr.pods)
	jobs := map[string]int{}
	p.until(t, "the targets of "+cr.m.name+" are those that there are, and up", func() error {
		active, _, err := p.targets(t.Context())
		if err != nil {
			return err
		}
		var got, ill []string
		clear(jobs)
		empty := maps.Clone(pools)
		for _, target := range active {
			if pools[target.ScrapePool] == nil {
				continue
			}
			delete(empty, target.ScrapePool)
			jobs[target.Labels["job"]]++
			at := strings.TrimPrefix(target.ScrapeURL, "http://")
			address, rest, _ := strings.Cut(at, ":")
			got = append(got, names[address]+" "+rest)
			if target.Health != "up" {
				ill = append(ill, fmt.Sprintf("%s is %s: %s", at, target.Health, target.LastError))
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("targets (-there are +scraped):\n%s", diff)
		}
		if len(empty) > 0 {
			return fmt.Errorf("without a target: %q", slices.Sorted(maps.Keys(empty)))
		}
		if len(ill) > 0 {
			return fmt.Errorf("%s", strings.Join(ill, "\n"))
		}
		return nil
	})
	var counts []string
	for _, job := range slices.Sorted(maps.Keys(jobs)) {
		counts = append(counts, fmt.Sprintf("%s %d", job, jobs[job]))
	}
	record.Checks(t, len(want)+len(pools))
	t.Logf("%d targets of %d monitors are up, by job: %s", len(want), len(pools), strings.Join(counts, ", "))
}

// judgeRules holds the loaded rules to the model's: all of them, in order and
// healthy; each recording rule with a series; each alert as a bad day has it.
func (p *prometheus) judgeRules(t *testing.T, m *model) {
	recordings, alerts := 0, 0
	for _, g := range m.groups() {
		var want []string
		for _, r := range g.Rules {
			name := r.Alert + r.Record
			if r.Alert == "" {
				recordings++
				want = append(want, name+" ok")
				continue
			}
			alerts++
			state, known := badDay[r.Alert]
			if !known {
				t.Errorf("nobody has said what becomes of %s on a bad day", r.Alert)
			}
			want = append(want, name+" ok "+state)
		}
		p.until(t, "the rules of "+g.Name+" are loaded and do as they should", func() error {
			loaded, err := p.rules(t.Context(), g.Name)
			if err != nil {
				return err
			}
			var got, errors []string
			for _, r := range loaded {
				got = append(got, r.standing())
				if r.LastError != "" {
					errors = append(errors, r.Name+": "+r.LastError)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || len(errors) > 0 {
				return fmt.Errorf("rules (-model +loaded):\n%s%s", diff, strings.Join(errors, "\n"))
			}
			return nil
		})
		for _, r := range g.Rules {
			if r.Record == "" {
				continue
			}
			query := fmt.Sprintf(`%s{destination_service_namespace=%q}`, r.Record, m.network.Spec.Namespace)
			p.until(t, query+" yields a series", func() error {
				values, err := p.values(t.Context(), query)
				if err == nil && len(values) == 0 {
					err = fmt.Errorf("there is none")
				}
				if err == nil && slices.Contains(values, "NaN") {
					err = fmt.Errorf("some are no number: %q", values)
				}
				return err
			})
		}
	}
	record.Checks(t, 2*recordings+alerts)
	t.Logf("%d recording rules yield series, %d alerts are healthy", recordings, alerts)
	if m.groups() == nil {
		t.Error("the model has no rules")
	}
}

// controls are what is broken on purpose: a port that is not there, a pod that
// does not answer, a monitor with the labels of nobody's Prometheus, and rules
// that do not work. They come last, so that whoever has seen them has seen all.
func controls(t *testing.T) (made []cluster.Object, mute *standIn) {
	t.Helper()
	guide := modelOf(t, "examples/guide").built(t)
	i := slices.IndexFunc(guide, func(o cluster.Object) bool {
		return o.String() == "ServiceMonitor monitoring/guide-services.http-metrics"
	})
	if i < 0 {
		t.Fatal("there is no ServiceMonitor monitoring/guide-services.http-metrics to break")
	}
	like := func(name string, replace ...string) cluster.Object {
		text := string(guide[i].Text)
		for j := 0; j < len(replace); j += 2 {
			changed := strings.Replace(text, replace[j], replace[j+1], 1)
			if changed == text {
				t.Fatalf("there is no %q to break in\n%s", replace[j], text)
			}
			text = changed
		}
		objects, err := cluster.Objects([]byte(strings.Replace(text, "name: guide-services.http-metrics\n", "name: "+name+"\n", 1)))
		if err != nil || len(objects) != 1 {
			t.Fatalf("%d objects in %s: %v", len(objects), text, err)
		}
		return objects[0]
	}
	mute = &standIn{namespace: "controls", name: "mute", address: "10.2.0.1", labels: map[string]string{"app": "mute"},
		containers: []podContainer{{"mute", false, []podPort{{"metrics", 9090, "TCP"}}}}}
	return []cluster.Object{
		like("control-unselected", "release: kube-prometheus-stack", "release: another"),
		like("control", "port: http-metrics", "port: http-metrisc", "release: kube-prometheus-stack", "release: kube-prometheus-stack\n    prometheus: ours\n    team: k8s"),
		yamlObject(t, fields{"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor",
			"metadata": fields{"namespace": "monitoring", "name": "control", "labels": selected},
			"spec": fields{"namespaceSelector": fields{"matchNames": []string{"controls"}}, "selector": fields{"matchLabels": mute.labels},
				"podMetricsEndpoints": []fields{{"port": "metrics"}}}}),
		yamlObject(t, fields{"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
			"metadata": fields{"namespace": "monitoring", "name": "control", "labels": selected},
			"spec": fields{"groups": []fields{{"name": "control", "rules": []fields{
				{"record": "control:nothing", "expr": "sum(istio_request_total)"},
				{"record": "control:ill", "expr": "up + on () up"},
				{"alert": "ControlAbsent", "expr": `absent(up{job="nobody"})`, "for": "1h"},
			}}}}}),
	}, mute
}

// judgeControls: what is broken on purpose is seen to be.
func (p *prometheus) judgeControls(t *testing.T) {
	if strings.Contains(p.config, "control-unselected") {
		t.Error("a monitor with another's labels is selected")
	}
	p.until(t, "a port that is not there gives no target, a pod that is mute is down", func() error {
		active, dropped, err := p.targets(t.Context())
		if err != nil {
			return err
		}
		mute := 0
		for _, target := range active {
			if target.ScrapePool == "serviceMonitor/monitoring/control/0" {
				t.Errorf("a port that is not there gives the target %s", target.ScrapeURL)
			}
			if target.ScrapePool == "podMonitor/monitoring/control/0" && target.Health == "down" {
				mute++
			}
		}
		if dropped["serviceMonitor/monitoring/control/0"] == 0 || mute != 1 {
			return fmt.Errorf("the first has dropped %d, of the other %d are down", dropped["serviceMonitor/monitoring/control/0"], mute)
		}
		return nil
	})
	p.until(t, "a rule that is ill is seen to be, and an alert that fires", func() error {
		loaded, err := p.rules(t.Context(), "control")
		if err != nil {
			return err
		}
		var got []string
		for _, r := range loaded {
			got = append(got, r.standing())
		}
		if diff := cmp.Diff([]string{"control:nothing ok", "control:ill err", "ControlAbsent ok active"}, got); diff != "" {
			return fmt.Errorf("rules (-want +loaded):\n%s", diff)
		}
		return nil
	})
	record.Checks(t, 7)
	if values, err := p.values(t.Context(), "control:nothing"); err != nil || values != nil {
		t.Errorf("a rule over a metric that nobody has yields %q: %v", values, err)
	}
}

// selfSigned writes a certificate for an address, and its key, into dir.
func selfSigned(t *testing.T, dir, address string) (certificate, key string, text []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, like, like, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(certificate, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate, key, text
}
