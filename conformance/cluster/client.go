package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// manager is the field manager of everything that is applied.
const manager = "kgen"

// Applied is what the server says to an object that it takes.
type Applied struct {
	Created         bool     // there was no such object
	ResourceVersion string   // changes with every change of the stored object
	Warnings        []string // its Warning headers, as they came
}

// Apply sends the object by server-side apply under strict field validation: a
// field that its schema does not know, or has twice, is an error.
func (c *Cluster) Apply(ctx context.Context, o Object) (Applied, error) {
	return c.apply(ctx, o, url.Values{})
}

// Try is Apply up to the moment of storing: the object passes, or fails, every
// check, and nothing changes.
func (c *Cluster) Try(ctx context.Context, o Object) (Applied, error) {
	return c.apply(ctx, o, url.Values{"dryRun": {"All"}})
}

func (c *Cluster) apply(ctx context.Context, o Object, query url.Values) (Applied, error) {
	path, err := c.path(ctx, o)
	if err != nil {
		return Applied{}, err
	}
	query.Set("fieldManager", manager)
	query.Set("fieldValidation", "Strict")
	a, err := c.send(ctx, http.MethodPatch, path+"?"+query.Encode(), "application/apply-patch+yaml", o.Text)
	if err != nil {
		return Applied{}, fmt.Errorf("applying %s: %w", o, err)
	}
	v, err := version(a.body)
	if err != nil {
		return Applied{}, fmt.Errorf("applying %s: %w", o, err)
	}
	return Applied{a.status == http.StatusCreated, v, a.warnings}, nil
}

// Touch writes the object's status as a controller does that has nothing new to
// say. A CRD that has a default for the status gets it stored only by a write
// after the first. It returns the resource version.
func (c *Cluster) Touch(ctx context.Context, o Object) (string, error) {
	path, err := c.path(ctx, o)
	if err != nil {
		return "", err
	}
	a, err := c.send(ctx, http.MethodPatch, path+"/status?fieldManager=controller", "application/merge-patch+json", []byte("{}"))
	if err != nil {
		return "", fmt.Errorf("writing the status of %s: %w", o, err)
	}
	return version(a.body)
}

// version is the resource version of the object that the server answers with.
func version(body []byte) (string, error) {
	var stored struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	err := json.Unmarshal(body, &stored)
	return stored.Metadata.ResourceVersion, err
}

// Remove deletes the object and comes back when it is gone. A Namespace has to
// be empty: no controller runs here that would empty it, so what it waits for
// is struck from it.
func (c *Cluster) Remove(ctx context.Context, o Object) error {
	path, err := c.path(ctx, o)
	if err != nil {
		return err
	}
	if _, err := c.send(ctx, http.MethodDelete, path, "", nil); err != nil {
		return fmt.Errorf("removing %s: %w", o, err)
	}
	if o.Kind != "Namespace" || o.APIVersion != "v1" {
		return nil
	}
	struck := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q},"spec":{"finalizers":[]}}`, o.Name)
	if _, err := c.send(ctx, http.MethodPut, path+"/finalize", "application/json", struck); err != nil {
		return fmt.Errorf("removing %s: %w", o, err)
	}
	// Admission reads namespaces from a cache. Until it has seen this one go, it
	// would refuse the objects of another of that name.
	probe := fmt.Appendf(nil, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"probe","namespace":%q}}`, o.Name)
	return c.until(ctx, o.String()+" is gone", func() (bool, error) {
		_, err := c.send(ctx, http.MethodPost, path+"/configmaps?dryRun=All", "application/json", probe)
		return statusOf(err) == http.StatusNotFound, nil
	})
}

// path is the object's own below the server's address.
func (c *Cluster) path(ctx context.Context, o Object) (string, error) {
	r, err := c.resource(ctx, o.APIVersion, o.Kind)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o, err)
	}
	switch {
	case r.Namespaced && o.Namespace == "":
		return "", fmt.Errorf("%s: it belongs into a namespace and names none", o)
	case !r.Namespaced && o.Namespace != "":
		return "", fmt.Errorf("%s: it belongs to the whole cluster and names a namespace", o)
	case r.Namespaced:
		return groupPath(o.APIVersion) + "/namespaces/" + o.Namespace + "/" + r.Name + "/" + o.Name, nil
	}
	return groupPath(o.APIVersion) + "/" + r.Name + "/" + o.Name, nil
}

func groupPath(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

// A resource is how the server's paths spell a kind.
type resource struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
}

// resource asks the server's discovery, once for each kind that it knows.
func (c *Cluster) resource(ctx context.Context, apiVersion, kind string) (resource, error) {
	key := apiVersion + " " + kind
	if r, ok := c.resources[key]; ok {
		return r, nil
	}
	a, err := c.send(ctx, http.MethodGet, groupPath(apiVersion), "", nil)
	if err != nil {
		return resource{}, fmt.Errorf("the server does not serve %s: %w", apiVersion, err)
	}
	var list struct {
		Resources []resource `json:"resources"`
	}
	if err := json.Unmarshal(a.body, &list); err != nil {
		return resource{}, err
	}
	for _, r := range list.Resources {
		if r.Kind == kind && !strings.Contains(r.Name, "/") { // "/" is a subresource
			c.resources[key] = r
			return r, nil
		}
	}
	return resource{}, fmt.Errorf("the server has no kind %s in %s", kind, apiVersion)
}

// An answer is a response whose status is a success.
type answer struct {
	status   int
	warnings []string
	body     []byte
}

// A refusal is a response whose status is none.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.text) }

// statusOf is the status that the server refused with, 0 if it did not.
func statusOf(err error) int {
	if r, ok := err.(*refusal); ok {
		return r.status
	}
	return 0
}

// send makes one request of the server. Its error is a *refusal where the server
// has answered.
func (c *Cluster) send(ctx context.Context, method, path, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		var status struct{ Message string }
		if json.Unmarshal(text, &status) == nil && status.Message != "" {
			text = []byte(status.Message)
		}
		return answer{}, &refusal{response.StatusCode, string(text)}
	}
	return answer{response.StatusCode, response.Header.Values("Warning"), text}, nil
}
