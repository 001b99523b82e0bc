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
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/record"
)

// tags are the build tags of the components that want any.
var tags = map[string]string{
	// promtool reads rules; none of the service discoveries is needed for that.
	"promtool": "remove_all_sd",
	// Of them it needs the one that asks an API server.
	"prometheus": "remove_all_sd,enable_kubernetes_sd",
	// As istiod itself is built.
	"istio-analyze":  "vtprotobuf,disable_pgv",
	"istio-validate": "vtprotobuf,disable_pgv",
	"istiod":         "vtprotobuf,disable_pgv",
}

// stamps are the variables that the linker sets to the component's version, for
// the components that do not know it by themselves.
var stamps = map[string]string{
	// Clients that read the version of a server cannot read what stands there without.
	"kube-apiserver": "k8s.io/component-base/version.gitVersion",
	"kubectl":        "k8s.io/component-base/version.gitVersion",
}

// Thrift are variables that let a component, all of which are Go's, collect garbage
// less often than it does by itself, for as long as it has little: an API server
// spends a third of its work on that.
var Thrift = []string{"GOGC=400", "GOMEMLIMIT=1GiB"}

// Build returns the path of a component's binary, building it first where this
// machine has not kept it. Whatever stands in the way (no Go, no network, a
// version that is gone) ends the test: a program that cannot be built has
// judged nothing.
func Build(t testing.TB, name string) string {
	t.Helper()
	s, err := machine()
	if err != nil {
		t.Fatalf("building %s: %v", name, err)
	}
	start := time.Now()
	ctx, cancel := untilDeadline(t)
	defer cancel()
	b, err := s.build(ctx, name)
	if ctx.Err() != nil && t.Context().Err() == nil {
		t.Fatalf("building %s: the time of go test was over after %s; what is compiled is kept, so run it again, or with -timeout 40m", name, time.Since(start).Round(time.Second))
	}
	if err != nil {
		t.Fatalf("building %s: %v", name, err)
	}
	t.Logf("%s at hand after %s: %s", name, time.Since(start).Round(100*time.Millisecond), b.path)
	record.Uses(t, name, b.version)
	return b.path
}

// machine is the store of this module's components and of this user's binaries.
func machine() (store, error) {
	root, err := record.ModuleRoot()
	if err != nil {
		return store{}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return store{}, fmt.Errorf("%w; set HOME or XDG_CACHE_HOME to where binaries may be kept", err)
	}
	return store{sources: filepath.Join(root, "components"), cache: filepath.Join(cache, "kgen-conformance")}, nil
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

// A binary is a component's program as it is kept.
type binary struct {
	path string
	// version is that of the module that the program is of; "" where that is the
	// component's own and the versions are those of what it requires.
	version string
}

// built is the file beside a binary that tells how many seconds its build took.
const built = "seconds"

// build is safe for concurrent use by any number of processes: they take turns,
// and a binary appears under its final name whole or not at all.
func (s store) build(ctx context.Context, name string) (binary, error) {
	source := filepath.Join(s.sources, name)
	d, err := describe(ctx, source)
	if err != nil {
		return binary{}, err
	}
	kept, err := s.folder(ctx, name, d)
	if err != nil {
		return binary{}, err
	}
	b := binary{path: filepath.Join(kept, name), version: d.version}

	if d.tool == "" {
		return binary{}, fmt.Errorf("%s has no tool directive: there is no command to build", filepath.Join(source, "go.mod"))
	}
	_, err = s.keep(name, kept, func(dir string) error {
		start := time.Now()
		args := append([]string{"build", "-o", filepath.Join(dir, name)}, flags(name, d.version)...)
		if _, err := run(ctx, source, append(args, d.tool)...); err != nil {
			return fmt.Errorf("%w\nits module is %s; a cold build needs the module proxy", err, source)
		}
		took := strconv.Itoa(int(math.Round(time.Since(start).Seconds())))
		return os.WriteFile(filepath.Join(dir, built), []byte(took+"\n"), 0o644)
	})
	return b, err
}

// folder is where a component's binary is kept.
func (s store) folder(ctx context.Context, name string, d description) (string, error) {
	key, err := s.key(ctx, name, d.version)
	return filepath.Join(s.cache, fmt.Sprintf("%s-%s-%s", name, cmp.Or(d.version, "local"), key)), err
}

// buildSeconds is how long the build of the binary took that is kept, if one is
// and it says so.
func (s store) buildSeconds(ctx context.Context, name string) (seconds string, known bool, err error) {
	d, err := describe(ctx, filepath.Join(s.sources, name))
	if err != nil {
		return "", false, err
	}
	kept, err := s.folder(ctx, name, d)
	if err != nil {
		return "", false, err
	}
	text, err := os.ReadFile(filepath.Join(kept, built))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return strings.TrimSpace(string(text)), err == nil, err
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

// A description is what a component's go.mod says of it.
type description struct {
	tool string // the package of the command to build, "" where files are read and nothing is built
	// version is that of the module that the tool comes from, "" where that is
	// the component's own.
	version  string
	module   string   // the path of that module, "" with the version
	requires []string // "path version" of each module that it asks for itself, in the order of go.mod
}

// describe reads the component's go.mod, which has at most one command to build.
func describe(ctx context.Context, source string) (description, error) {
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err != nil {
		return description{}, fmt.Errorf("no such component: %w", err)
	}
	text, err := run(ctx, source, "mod", "edit", "-json")
	if err != nil {
		return description{}, err
	}
	var mod struct {
		Tool    []struct{ Path string }
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(text, &mod); err != nil {
		return description{}, fmt.Errorf("reading go.mod of %s: %w", source, err)
	}
	if len(mod.Tool) > 1 {
		return description{}, fmt.Errorf("%s has %d tool directives; a component is one command", filepath.Join(source, "go.mod"), len(mod.Tool))
	}
	var d description
	if len(mod.Tool) == 1 {
		d.tool = mod.Tool[0].Path
	}
	for _, r := range mod.Require {
		if (d.tool == r.Path || strings.HasPrefix(d.tool, r.Path+"/")) && len(r.Path) > len(d.module) {
			d.module, d.version = r.Path, r.Version
		}
		if !r.Indirect {
			d.requires = append(d.requires, r.Path+" "+r.Version)
		}
	}
	return d, nil
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
