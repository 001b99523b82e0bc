package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/index"
)

// place runs kgen in a folder and tells all that it says.
func place(t *testing.T, dir string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main(context.Background(), IO{In: strings.NewReader(""), Out: &out, Err: &errs}, append([]string{"-C", dir}, args...))
	said := fmt.Sprintf("exit code %d\n%s---\n%s", code, out.String(), errs.String())
	return strings.ReplaceAll(said, dir, "DIR")
}

// held are a repository's files, without what only the next run is for.
func held(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name == filepath.Join(dir, ".kgen", "cache") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		files[strings.TrimPrefix(name, dir)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const recallModel = `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata: {name: shop}
spec:
  mesh: {provider: istio}
  ingress: {class: istio, tls: {clusterIssuer: ca}}
  services:
  - {name: web, ports: [{port: 80, targetPort: 8080}], hosts: [shop.example.com], calls: [api], metrics: {port: 9090}}
  - {name: api, ports: [{port: 80, targetPort: 8080}], calls: [db, cart]}
  - {name: cart, ports: [{name: grpc, port: 9000, protocol: grpc}], calls: [db], metrics: {port: 9090}}
  - {name: db, ports: [{name: sql, port: 5432, protocol: tcp}]}
  - {name: batch, calls: [api]}
`

// TestRecall goes through the same random days with an index and without one:
// every run says the same, ends the same and leaves the same files.
func TestRecall(t *testing.T) {
	defer func(n int) { indexFrom = n }(indexFrom)
	indexFrom = 1
	services := []string{"web", "api", "cart", "db", "batch", "n0", "n1", "n2"}
	recalled, runs := 0, 0
	for seed := range uint64(25) {
		random := rand.New(rand.NewPCG(seed, 3))
		one := func(of []string) string { return of[random.IntN(len(of))] }
		with, without := t.TempDir(), t.TempDir()
		both := func(do func(dir string) error) {
			for _, dir := range []string{with, without} {
				if err := do(dir); err != nil {
					t.Fatal(err)
				}
			}
		}
		run := func(args ...string) {
			if err := os.RemoveAll(filepath.Join(without, ".kgen", "cache")); err != nil {
				t.Fatal(err)
			}
			runs++
			if settledHere(t, with) {
				recalled++
			}
			want, got := place(t, without, args...), place(t, with, args...)
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("seed %d, kgen %v said (-without +with an index)\n%s", seed, args, d)
			}
			if d := cmp.Diff(held(t, without), held(t, with)); d != "" {
				t.Fatalf("seed %d, after kgen %v (-without +with an index)\n%s", seed, args, d)
			}
		}
		both(func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "kgen.yaml"), []byte(recallModel), 0o644)
		})
		run("generate")
		aside, kept := "", map[string][]byte{}
		for range 14 {
			switch random.IntN(16) {
			case 0:
				run("add", "service", one(services), "--yes", "--port", "8080", "--called-by", one(services))
			case 1:
				run("add", "service", one(services), "--yes", "--port", "80:9000", "--calls", one(services), "--metrics", "9090", "--host", "h.example.com")
			case 2:
				run("remove", "service", one(services), "--yes")
			case 3:
				run("canary", "start", one(services), "--version", "v2", "--weight", "10", "--yes")
			case 4:
				run("canary", "set", one(services), fmt.Sprint(random.IntN(100)), "--yes")
			case 5:
				run("canary", one([]string{"promote", "abort"}), one(services), "--yes")
			case 6:
				run("set", "service", one(services), one([]string{"replicas=3", "metrics.port=9102", "metrics-", "hosts-"}), "--yes")
			case 7:
				run("rename", "service", one(services), one(services), "--yes")
			case 8: // an edit by hand
				file := filepath.Join("networking", one([]string{"services", "network-policies", "service-mesh"}), one(services)+".yaml")
				both(func(dir string) error {
					data, err := os.ReadFile(filepath.Join(dir, file))
					if err != nil {
						return nil
					}
					return os.WriteFile(filepath.Join(dir, file), append([]byte("# mine\n"), data...), 0o644)
				})
			case 9: // a file deleted by hand
				file := filepath.Join("networking", one([]string{"services", "network-policies"}), one(services)+".yaml")
				both(func(dir string) error { os.Remove(filepath.Join(dir, file)); return nil })
			case 10: // the model edited by hand, and nothing generated
				from, to := one([]string{"port: 80,", "targetPort: 8080"}), one([]string{"port: 81,", "targetPort: 8081"})
				both(func(dir string) error {
					name := filepath.Join(dir, "kgen.yaml")
					data, err := os.ReadFile(name)
					if err != nil {
						return err
					}
					if from[0] == to[0] {
						data = bytes.Replace(data, []byte(from), []byte(to), 1)
					}
					return os.WriteFile(name, data, 0o644)
				})
			case 11:
				run("generate", one([]string{"--conflict=ours", "--conflict=theirs", "-q"}))
			case 13, 14: // a file is put aside, edited or deleted; and later it is back as it was
				if len(aside) > 0 {
					both(func(dir string) error {
						return os.WriteFile(filepath.Join(dir, aside), kept[dir], 0o644)
					})
					aside = ""
					continue
				}
				file, edit := filepath.Join("networking", one([]string{"services", "network-policies", "service-mesh"}), one(services)+".yaml"), random.IntN(2) == 0
				both(func(dir string) error {
					data, err := os.ReadFile(filepath.Join(dir, file))
					if err != nil {
						return nil
					}
					aside, kept[dir] = file, data
					if edit {
						return os.WriteFile(filepath.Join(dir, file), append([]byte("# mine\n"), data...), 0o644)
					}
					return os.Remove(filepath.Join(dir, file))
				})
			case 12: // the same contents, written anew
				both(func(dir string) error {
					name := filepath.Join(dir, "networking", "services", "api.yaml")
					data, err := os.ReadFile(name)
					if err != nil {
						return nil
					}
					return os.WriteFile(name, data, 0o644)
				})
			}
		}
		run("generate", "--check")
	}
	if recalled < runs/4 {
		t.Errorf("only %d of %d runs found an index that held", recalled, runs)
	}
}

// TestRecallOfFilesBroughtBack has files as they were before they were deleted, or
// edited and no longer made, while the model went on: they are not up to date.
func TestRecallOfFilesBroughtBack(t *testing.T) {
	defer func(n int) { indexFrom = n }(indexFrom)
	indexFrom = 1
	tests := []struct {
		name, file string
		change     func(name string) error
		from, to   string // in kgen.yaml
		stays      bool
	}{
		{"deleted", "networking/services/db.yaml", os.Remove, "5432", "5433", true},
		{"left behind", "networking/ingress/web.yaml", func(name string) error { return os.WriteFile(name, []byte("# mine\n"), 0o644) }, "hosts: [shop.example.com], ", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, edit := shopAt(t)
			name := filepath.Join(dir, tt.file)
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.change(name); err != nil {
				t.Fatal(err)
			}
			edit("kgen.yaml", tt.from, tt.to)
			place(t, dir, "generate")
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if !settledHere(t, dir) {
				t.Fatal("there is no index to mistake it by")
			}
			if said := place(t, dir, "set", "service", "batch", "replicas=2", "--yes"); !strings.HasPrefix(said, "exit code 0\n") {
				t.Fatal(said)
			}
			if _, err := os.Lstat(name); os.IsNotExist(err) == tt.stays {
				t.Errorf("%s: %v", tt.file, err)
			}
			if said := place(t, dir, "generate", "--check"); !strings.HasPrefix(said, "exit code 0\n") {
				t.Error(said)
			}
		})
	}
}

// TestIndexIsOfTheModelThatWasFollowed saves kgen.yaml while a run is under way.
func TestIndexIsOfTheModelThatWasFollowed(t *testing.T) {
	defer func(n int) { indexFrom = n }(indexFrom)
	indexFrom = 1
	dir, edit := shopAt(t)
	if err := os.RemoveAll(filepath.Join(dir, ".kgen", "cache")); err != nil {
		t.Fatal(err)
	}
	sh := &shell{dir: dir, IO: IO{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}
	r, err := sh.open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.generation(t.Context(), writing{})
	if err != nil {
		t.Fatal(err)
	}
	edit("kgen.yaml", "5432", "5433")
	r.remember(s)
	if settledHere(t, dir) {
		t.Error("the index is of a model that nothing was made of")
	}
	edit("kgen.yaml", "5433", "5432")
	if !settledHere(t, dir) {
		t.Error("there is no index of the model that was followed")
	}
}

// settledHere reports whether there is an index to rely on.
func settledHere(t *testing.T, dir string) bool {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	model, err := os.ReadFile(filepath.Join(dir, "kgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	x := index.Read(root)
	return x != nil && x.Maker == maker() && x.Model == index.SumOf(model)
}
