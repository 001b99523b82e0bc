package trees

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Rendered lets kgen make a repository of n services in the folder "repository"
// below dir, beside its model in "model.yaml", and reads its manifests.
func Rendered(ctx context.Context, kgen, dir string, n int) ([]File, error) {
	model, repository := filepath.Join(dir, "model.yaml"), filepath.Join(dir, "repository")
	if err := os.WriteFile(model, Model(n), 0o644); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, kgen, Init(model, repository)...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("kgen init of %d services: %w\n%s", n, err, strings.TrimSpace(string(out)))
	}
	return Read(repository)
}

// Init are kgen's arguments that make a repository of a model.
func Init(model, repository string) []string {
	return []string{"init", repository, "--from", model, "--yes"}
}
