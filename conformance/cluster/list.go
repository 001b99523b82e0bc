package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// List fetches all objects of a kind in a namespace as they are stored, into a
// value for the JSON of the list: one with a field items.
func (c *Cluster) List(ctx context.Context, apiVersion, kind, namespace string, into any) error {
	r, err := c.resource(ctx, apiVersion, kind)
	if err != nil {
		return err
	}
	if !r.Namespaced {
		return fmt.Errorf("listing each %s of %s: it belongs to the whole cluster", kind, namespace)
	}
	a, err := c.send(ctx, http.MethodGet, groupPath(apiVersion)+"/namespaces/"+namespace+"/"+r.Name, "", nil)
	if err != nil {
		return fmt.Errorf("listing each %s of %s: %w", kind, namespace, err)
	}
	return json.Unmarshal(a.body, into)
}
