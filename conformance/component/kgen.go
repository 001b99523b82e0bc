package component

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"kgen.dev/kgen/conformance/record"
)

// Kgen builds the command kgen as it stands in this repository, without what only
// a debugger reads, into a folder, and returns its path.
func Kgen(ctx context.Context, dir string) (string, error) {
	root, err := record.ModuleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "kgen")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./cmd/kgen")
	cmd.Dir = filepath.Dir(root)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building kgen: %w\n%s", err, out)
	}
	return binary, nil
}
