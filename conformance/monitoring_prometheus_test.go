package conformance

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/spec"
)

// A prometheus is a running server with the configuration that the operator has
// made for one Prometheus object.
type prometheus struct {
	name    string
	address string // of its API
	config  string
	c       *cluster.Cluster
	settled time.Time // by then it has found and evaluated what it ever will
}

// prometheusObject is the Prometheus object as its chart would write it: it selects by
// labels, in all namespaces, and runs as the ServiceAccount account.
func prometheusObject(t *testing.T, c *cluster.Cluster, m spec.Monitoring, name, account, role, token string) cluster.Object {
	t.Helper()
	by := fields{"matchLabels": m.SelectorLabels}
	return yamlObject(t, fields{"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
		"metadata": fields{"namespace": m.Namespace, "name": name},
		"spec": fields{
			"serviceAccountName": account, "serviceDiscoveryRole": role, "replicas": 1,
			"serviceMonitorSelector": by, "podMonitorSelector": by, "ruleSelector": by,
			"serviceMonitorNamespaceSelector": fields{}, "podMonitorNamespaceSelector": fields{}, "ruleNamespaceSelector": fields{},
			"scrapeInterval": "1s", "evaluationInterval": "1s",
			"apiserverConfig": fields{"host": c.Address(), "authorization": fields{"credentialsFile": token}, "tlsConfig": fields{"caFile": c.Authority()}},
		}})
}

var ruleFolder = regexp.MustCompile(`/etc/prometheus/rules/([^/\s]+)/\*\.yaml`)

// configured reads what the operator has made of a Prometheus object: the
// configuration, and the rule files by folder and name.
func configured(ctx context.Context, c *cluster.Cluster, of cluster.Object) (config string, rules map[string]map[string]string, err error) {
	var secret struct{ Data map[string][]byte }
	o := cluster.Object{APIVersion: "v1", Kind: "Secret", Namespace: of.Namespace, Name: "prometheus-" + of.Name}
	if err := c.Read(ctx, o, &secret); err != nil {
		return "", nil, err
	}
	zipped, err := gzip.NewReader(bytes.NewReader(secret.Data["prometheus.yaml.gz"]))
	if err != nil {
		return "", nil, err
	}
	text, err := io.ReadAll(zipped)
	if err != nil {
		return "", nil, err
	}
	rules = map[string]map[string]string{}
	for _, found := range ruleFolder.FindAllStringSubmatch(string(text), -1) {
		var files struct{ Data map[string]string }
		o := cluster.Object{APIVersion: "v1", Kind: "ConfigMap", Namespace: of.Namespace, Name: found[1]}
		if err := c.Read(ctx, o, &files); err != nil {
			return "", nil, err
		}
		rules[found[1]] = files.Data
	}
	return string(text), rules, nil
}

// startPrometheus runs a server for the Prometheus object as soon as the
// operator's configuration has everything of last. Where its pod would have
// other paths, and its environment's variables, the configuration is changed.
func startPrometheus(t *testing.T, c *cluster.Cluster, binary string, of cluster.Object, port int, last []string) *prometheus {
	t.Helper()
	var config string
	var rules map[string]map[string]string
	err := c.Until(t.Context(), "the operator has configured "+of.String(), func() (bool, error) {
		var err error
		if config, rules, err = configured(t.Context(), c, of); err != nil {
			return false, err
		}
		all := config
		for _, files := range rules {
			for name := range files {
				all += "\n" + name
			}
		}
		for _, want := range last {
			if !strings.Contains(all, want) {
				return false, fmt.Errorf("it has nothing of %s", want)
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for folder, files := range rules {
		for name, text := range files {
			file := filepath.Join(dir, "rules", folder, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	config = strings.NewReplacer("/etc/prometheus/rules/", filepath.Join(dir, "rules")+"/", "$(SHARD)", "0", "$(POD_NAME)", of.Name+"-0").Replace(config)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &prometheus{name: of.Name, address: fmt.Sprintf("127.0.0.1:%d", port), config: config, c: c, settled: time.Now().Add(patience)}
	c.Launch(t, dir, binary, "--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address="+p.address, "--log.level=warn")
	p.until(t, "it is ready", func() error {
		_, err := p.get(t.Context(), "/-/ready", nil)
		return err
	})
	return p
}

// patience is how long a Prometheus may take to settle, on a machine that has
// other work too.
const patience = 3 * time.Minute

// until waits until nothing stands in the way of holds any more, or the server
// has settled otherwise.
func (p *prometheus) until(t *testing.T, what string, holds func() error) {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), p.settled)
	defer cancel()
	err := p.c.Until(ctx, "of Prometheus "+p.name+", "+what, func() (bool, error) {
		err := holds()
		return err == nil, err
	})
	if err != nil {
		t.Error(err)
	}
}

func (p *prometheus) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return body, err
}

// ask reads what the API answers to a question into data.
func (p *prometheus) ask(ctx context.Context, path string, query url.Values, data any) error {
	body, err := p.get(ctx, "/api/v1/"+path, query)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, &struct{ Data any }{data})
}

// A scrapeTarget is one of Prometheus' scrapes.
type scrapeTarget struct {
	ScrapePool, ScrapeURL, Health, LastError string
	Labels                                   map[string]string
}

// targets are those that are scraped, and how many are found and not, by the
// name of the operator's job.
func (p *prometheus) targets(ctx context.Context) (active []scrapeTarget, dropped map[string]int, err error) {
	var answer struct {
		ActiveTargets       []scrapeTarget
		DroppedTargetCounts map[string]int
	}
	err = p.ask(ctx, "targets", nil, &answer)
	return answer.ActiveTargets, answer.DroppedTargetCounts, err
}

// A loaded rule is one that Prometheus evaluates.
type loadedRule struct{ Name, Health, LastError, State string }

// standing is the rule's name, its health and, of an alert, whether it is
// active: pending, or after its own time, firing.
func (r loadedRule) standing() string {
	state := strings.NewReplacer("pending", "active", "firing", "active").Replace(r.State)
	return strings.TrimSpace(r.Name + " " + r.Health + " " + state)
}

// rules are those that are loaded from the groups of that name.
func (p *prometheus) rules(ctx context.Context, group string) ([]loadedRule, error) {
	var answer struct {
		Groups []struct{ Rules []loadedRule }
	}
	err := p.ask(ctx, "rules", url.Values{"rule_group[]": {group}}, &answer)
	var out []loadedRule
	for _, g := range answer.Groups {
		out = append(out, g.Rules...)
	}
	return out, err
}

// values are those of an instant query.
func (p *prometheus) values(ctx context.Context, query string) ([]string, error) {
	var answer struct {
		Result []struct{ Value [2]any }
	}
	err := p.ask(ctx, "query", url.Values{"query": {query}}, &answer)
	var out []string
	for _, r := range answer.Result {
		out = append(out, fmt.Sprint(r.Value[1]))
	}
	return out, err
}
