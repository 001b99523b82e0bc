package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Address is the server's URL, without a slash at its end.
func (c *Cluster) Address() string { return c.address }

// Authority is the file of the certificate by which the server is trusted.
func (c *Cluster) Authority() string { return filepath.Join(c.dir, certificates, "apiserver.crt") }

// Kubeconfig writes a file with which a program is the cluster's administrator,
// and returns its path.
func (c *Cluster) Kubeconfig(t testing.TB) string {
	t.Helper()
	type object = map[string]any
	data, err := json.Marshal(object{ // which is YAML too
		"apiVersion": "v1", "kind": "Config", "current-context": "kgen",
		"clusters": []object{{"name": "kgen", "cluster": object{"server": c.address, "certificate-authority": c.Authority()}}},
		"users":    []object{{"name": "admin", "user": object{"token": c.token}}},
		"contexts": []object{{"name": "kgen", "context": object{"cluster": "kgen", "user": "admin"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Token is one with which its bearer is the ServiceAccount, which has to exist.
func (c *Cluster) Token(ctx context.Context, namespace, account string) (string, error) {
	path := "/api/v1/namespaces/" + namespace + "/serviceaccounts/" + account + "/token"
	a, err := c.send(ctx, http.MethodPost, path, "application/json", []byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}`))
	if err != nil {
		return "", fmt.Errorf("asking for a token of ServiceAccount %s/%s: %w", namespace, account, err)
	}
	var request struct{ Status struct{ Token string } }
	err = json.Unmarshal(a.body, &request)
	return request.Status.Token, err
}

// Allowed says whether the server lets the bearer of a token do something (get,
// list, watch …) with the objects of one kind in a namespace.
func (c *Cluster) Allowed(ctx context.Context, token, verb, apiVersion, kind, namespace string) (bool, error) {
	r, err := c.resource(ctx, apiVersion, kind)
	if err != nil {
		return false, err
	}
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = "" // Kubernetes' first
	}
	question := fmt.Appendf(nil, `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"verb":%q,"group":%q,"resource":%q,"namespace":%q}}}`,
		verb, group, r.Name, namespace)
	bearer := &Cluster{address: c.address, token: token, http: c.http}
	a, err := bearer.send(ctx, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "application/json", question)
	if err != nil {
		return false, fmt.Errorf("asking what a token allows: %w", err)
	}
	var review struct{ Status struct{ Allowed bool } }
	err = json.Unmarshal(a.body, &review)
	return review.Status.Allowed, err
}

// Read fetches the object as it is stored into a value for its JSON. Of the
// object's own text nothing is read.
func (c *Cluster) Read(ctx context.Context, o Object, into any) error {
	path, err := c.path(ctx, o)
	if err != nil {
		return err
	}
	a, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return fmt.Errorf("reading %s: %w", o, err)
	}
	return json.Unmarshal(a.body, into)
}

// SetStatus writes the object's status as its controller would.
func (c *Cluster) SetStatus(ctx context.Context, o Object, status any) error {
	path, err := c.path(ctx, o)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	if _, err := c.send(ctx, http.MethodPatch, path+"/status?fieldManager=controller", "application/merge-patch+json", data); err != nil {
		return fmt.Errorf("writing the status of %s: %w", o, err)
	}
	return nil
}

// Launch runs a program of the cluster's until the test ends, with dir as its
// working folder. From then on whoever waits on the cluster waits on it too:
// when it ends by itself, waiting has no sense any more. What it prints is told
// if the test fails.
func (c *Cluster) Launch(t testing.TB, dir, binary string, args ...string) {
	t.Helper()
	c.launchIn(t, dir, nil, binary, args...)
}

// launchIn is Launch with variables beside those of the environment.
func (c *Cluster) launchIn(t testing.TB, dir string, variables []string, binary string, args ...string) {
	t.Helper()
	p := launchIn(t, dir, variables, binary, args...)
	before := c.failed
	c.failed = func() error {
		select {
		case <-p.ended:
			return fmt.Errorf("%s has ended: %v", p.name, p.err)
		default:
			return before()
		}
	}
	t.Cleanup(func() {
		c.failed = before
		if t.Failed() {
			t.Log(p.lastLines())
		}
	})
}

// Until asks again and again whether something holds, for as long as that can
// be hoped for. What stood in the way last is part of the error.
func (c *Cluster) Until(ctx context.Context, what string, holds func() (bool, error)) error {
	return c.until(ctx, what, holds)
}
