package cluster

import (
	"context"
	"fmt"
	"net/http"
)

// Overwrite applies the object as somebody who takes over the fields that it has
// from whoever else has written them. The object's other fields stay.
func (c *Cluster) Overwrite(ctx context.Context, o Object) error {
	path, err := c.path(ctx, o)
	if err != nil {
		return err
	}
	if _, err := c.send(ctx, http.MethodPatch, path+"?fieldManager=somebody&fieldValidation=Strict&force=true", "application/apply-patch+yaml", o.Text); err != nil {
		return fmt.Errorf("overwriting %s: %w", o, err)
	}
	return nil
}
