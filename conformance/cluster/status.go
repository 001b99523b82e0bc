package cluster

import (
	"context"
	"fmt"
	"net/http"
)

// ApplyStatus writes the status that the object has in its text, as the
// controller or the node does whose word that is. The object has to be there.
func (c *Cluster) ApplyStatus(ctx context.Context, o Object) error {
	path, err := c.path(ctx, o)
	if err != nil {
		return err
	}
	if _, err := c.send(ctx, http.MethodPatch, path+"/status?fieldManager=node&fieldValidation=Strict&force=true", "application/apply-patch+yaml", o.Text); err != nil {
		return fmt.Errorf("writing the status of %s: %w", o, err)
	}
	return nil
}
