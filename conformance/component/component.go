// Package component builds the programs that the conformance tests run, each
// from a small module of its own that pins its version: components/<name>/go.mod
// names the command in its tool directive. A binary is built once and kept. It
// also finds modules that are read rather than built.
package component

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tags are the build tags of the components that want any.
var tags = map[string]string{
	// promtool reads rules; none of the service discoveries is needed for that.
	"promtool": "remove_all_sd",
	// Of them it needs the one that asks an API server.
	"prometheus": "remove_all_sd,enable_kubernetes_sd",
	// As istiod itself is built.
	"istio-validate": "vtprotobuf,disable_pgv",
	"istiod":         "vtprotobuf,disable_pgv",
}

// stamps are the variables that the linker sets to the component's version, for
// the components that do not know it by themselves.
var stamps = map[string]string{
	// Clients that read the version of a server cannot read what stands there without.
	"kube-apiserver": "k8s.io/component-base/version.gitVersion",
}

// module is the path of the module that the components folder belongs to.
const module = "kgen.dev/kgen/conformance"

// Build returns the path of a component's binary, building it first where this
// machine has not kept it. Whatever stands in the way (no Go, no network, a
// version that is gone) ends the test: a program that cannot be built has
// judged nothing.
func Build(t testing.TB, name string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("building %s: %v", name, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("building %s: %v; set HOME or XDG_CACHE_HOME to where binaries may be kept", name, err)
	}
	s := store{sources: filepath.Join(root, "components"), cache: filepath.Join(cache, "kgen-conformance")}
	start := time.Now()
	ctx, cancel := untilDeadline(t)
	defer cancel()
	binary, err := s.build(ctx, name)
	if ctx.Err() != nil && t.Context().Err() == nil {
		t.Fatalf("building %s: the time of go test was over after %s; what is compiled is kept, so run it again, or with -timeout 40m", name, time.Since(start).Round(time.Second))
	}
	if err != nil {
		t.Fatalf("building %s: %v", name, err)
	}
	t.Logf("%s at hand after %s: %s", name, time.Since(start).Round(100*time.Millisecond), binary)
	return binary
}

// untilDeadline ends a moment before go test loses its patience, which would
// say nothing of what it had been waiting for.
func untilDeadline(t testing.TB) (context.Context, context.CancelFunc) {
	if test, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, set := test.Deadline(); set {
			return context.WithDeadline(t.Context(), deadline.Add(-5*time.Second))
		}
	}
	return context.WithCancel(t.Context())
}

// A store is a folder of component modules and a folder of the binaries made from them.
type store struct{ sources, cache string }

// inProcess keeps tests of one process from waiting on each other's file lock,
// which belongs to the process.
var inProcess sync.Mutex

// build is safe for concurrent use by any number of processes: they take turns,
// and a binary appears under its final name whole or not at all.
func (s store) build(ctx context.Context, name string) (string, error) {
	source := filepath.Join(s.sources, name)
	tool, version, err := describe(ctx, source)
	if err != nil {
		return "", err
	}
	key, err := s.key(ctx, name, version)
	if err != nil {
		return "", err
	}
	kept := filepath.Join(s.cache, fmt.Sprintf("%s-%s-%s", name, version, key))
	binary := filepath.Join(kept, name)

	inProcess.Lock()
	defer inProcess.Unlock()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(s.cache, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil // another process was faster
	}
	fresh, err := os.MkdirTemp(s.cache, name+"-building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	args := append([]string{"build", "-o", filepath.Join(fresh, name)}, flags(name, version)...)
	if _, err := run(ctx, source, append(args, tool)...); err != nil {
		return "", fmt.Errorf("%w\nits module is %s; a cold build needs the module proxy", err, source)
	}
	if err := os.Rename(fresh, kept); err != nil {
		return "", err
	}
	return binary, nil
}

// flags are those of go build. They are spelled out because what the machine's
// GOFLAGS say must change neither the binary nor the component's go.mod.
func flags(name, version string) []string {
	out := []string{"-mod=readonly", "-trimpath", "-buildvcs=false"}
	if t := tags[name]; t != "" {
		out = append(out, "-tags="+t)
	}
	if variable := stamps[name]; variable != "" {
		out = append(out, "-ldflags=-X "+variable+"="+version)
	}
	return out
}

// describe reads the component's go.mod: the command to build and the version
// of the module that it comes from.
func describe(ctx context.Context, source string) (tool, version string, err error) {
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err != nil {
		return "", "", fmt.Errorf("no such component: %w", err)
	}
	text, err := run(ctx, source, "mod", "edit", "-json")
	if err != nil {
		return "", "", err
	}
	var mod struct {
		Tool    []struct{ Path string }
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(text, &mod); err != nil {
		return "", "", fmt.Errorf("reading go.mod of %s: %w", source, err)
	}
	if len(mod.Tool) != 1 {
		return "", "", fmt.Errorf("%s has %d tool directives; it needs exactly one, the command to build", filepath.Join(source, "go.mod"), len(mod.Tool))
	}
	tool, version = mod.Tool[0].Path, "local"
	longest := ""
	for _, r := range mod.Require {
		if (tool == r.Path || strings.HasPrefix(tool, r.Path+"/")) && len(r.Path) > len(longest) {
			longest, version = r.Path, r.Version
		}
	}
	return tool, version, nil
}

// key tells binaries apart that differ in anything but their version.
func (s store) key(ctx context.Context, name, version string) (string, error) {
	source := filepath.Join(s.sources, name)
	goVersion, err := run(ctx, source, "env", "GOVERSION", "GOOS", "GOARCH")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n", goVersion, flags(name, version))
	own, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range append([]string{filepath.Join(source, "go.mod"), filepath.Join(source, "go.sum")}, own...) {
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(file), len(data), data)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6]), nil
}

// run runs the go command in a component's folder.
func run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		text := strings.TrimSpace(stderr.String())
		return nil, fmt.Errorf("go %s: %s", strings.Join(args, " "), cmp.Or(text, err.Error()))
	}
	return out, nil
}

// moduleRoot is the folder of this module's go.mod, at or above the working
// folder, which is that of the package under test.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.Contains(string(data), "module "+module+"\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside module %s; run the tests in its folder", start, module)
		}
	}
}
