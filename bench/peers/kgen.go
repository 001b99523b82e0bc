package peers

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Kgen builds kgen from the module of the current folder into a folder.
func Kgen(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "kgen")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "kgen.dev/kgen/cmd/kgen").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building kgen: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return binary, nil
}
