// Package peers builds the programs that kgen is compared with, from their
// modules, and keeps them in the user's cache folder.
package peers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// A Peer is a program at a version of its module.
type Peer struct {
	Name    string
	Package string // the command's import path
	Version string
}

// The peers are the newest releases of what a user would run instead.
var (
	Kustomize = Peer{"kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2"}
	Helm      = Peer{"helm", "helm.sh/helm/v3/cmd/helm", "v3.22.0"}
	KubeScore = Peer{"kube-score", "github.com/zegl/kube-score/cmd/kube-score", "v1.20.0"}
)

func (p Peer) String() string { return p.Name + " " + p.Version }

// Build returns the path of the program, building it first where this user's
// cache folder has it not: that takes the Go module proxy and some minutes.
func (p Peer) Build(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w; set HOME or XDG_CACHE_HOME to where programs may be kept", err)
	}
	return p.build(ctx, filepath.Join(cache, "kgen-bench"), install)
}

// install runs go install into a folder. The flags are spelled out: those of the
// machine are not to change the program.
func install(ctx context.Context, p Peer, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", p.Package+"@"+p.Version)
	cmd.Dir = dir // outside of any module
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go install %s@%s: %w\n%s", p.Package, p.Version, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// build keeps a program under a name that tells its version, platform and Go
// release. A program appears there whole or not at all; of two processes that
// build it at a time, the later finds it there.
func (p Peer) build(ctx context.Context, cache string, install func(context.Context, Peer, string) error) (string, error) {
	name := p.binary()
	kept := filepath.Join(cache, strings.Join([]string{p.Name, p.Version, runtime.GOOS, runtime.GOARCH, runtime.Version()}, "-"))
	if _, err := os.Stat(filepath.Join(kept, name)); err == nil {
		return filepath.Join(kept, name), nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(cache, p.Name+"-building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := install(ctx, p, fresh); err != nil {
		return "", fmt.Errorf("building %s: %w\na first build needs the Go module proxy", p, err)
	}
	if _, err := os.Stat(filepath.Join(fresh, name)); err != nil {
		return "", fmt.Errorf("building %s: %w", p, err)
	}
	if err := os.Rename(fresh, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return filepath.Join(kept, name), nil
}

// binary is the name that go install gives the program: the last element of its
// path that is no major version.
func (p Peer) binary() string {
	name := path.Base(p.Package)
	if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p.Package))
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}
