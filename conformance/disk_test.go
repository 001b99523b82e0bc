//go:build linux

package conformance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
)

// The disks that go wrong here are real ones: small, read-only, shared with
// somebody who moves things about. They take the right to mount.

// kgenBinary builds kgen as it is in this repository.
var kgenBinary = sync.OnceValues(func() (string, error) {
	return component.Kgen(context.Background(), scratch)
})

// kgenIn prepares a run in a folder.
func kgenIn(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := kgenBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	return cmd
}

// ended runs a command and returns its exit code and what it said on its
// standard error.
func ended(t *testing.T, cmd *exec.Cmd) (code int, said string) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// succeed runs a command that has to.
func succeed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if code, said := ended(t, cmd); code != 0 {
		t.Fatalf("%v: exit code %d\n%s", cmd.Args, code, said)
	}
}

// network is a model of twenty services; its name stands in every manifest.
func network(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata:\n  name: %s\nspec:\n  services:\n", name)
	for i := range 20 {
		fmt.Fprintf(&b, "  - name: service-%02d\n    ports: [{port: 80}]\n    calls: [service-%02d]\n", i, (i+1)%20)
	}
	return b.String()
}

// repository makes a repository below dir whose next kgen generate changes
// every file, and returns its folder.
func repository(t *testing.T, dir string) string {
	t.Helper()
	save(t, filepath.Join(dir, "from.yaml"), network("shop"))
	succeed(t, kgenIn(t, dir, "init", "shop", "--from", "from.yaml", "--yes", "-q"))
	shop := filepath.Join(dir, "shop")
	save(t, filepath.Join(shop, "kgen.yaml"), network("store"))
	return shop
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// everything is what lies in a folder: modes, owners, contents, where links lead.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what, owner := "", info.Sys().(*syscall.Stat_t)
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			what, err = os.Readlink(path)
		case d.Type().IsRegular():
			var data []byte
			data, err = os.ReadFile(path)
			what = string(data)
		}
		rel, _ := filepath.Rel(dir, path)
		all[rel] = fmt.Sprintf("%v %d:%d %s", info.Mode(), owner.Uid, owner.Gid, what)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// mounted mounts a small file system in memory for the length of a test.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, options)
	return dir
}

func mount(t *testing.T, source, at, kind string, flags uintptr, options string) {
	t.Helper()
	if err := unix.Mount(source, at, kind, flags, options); err != nil {
		t.Fatalf("mounting %s: %v; this test needs CAP_SYS_ADMIN: run it as root, or below unshare --map-root-user --mount", kind, err)
	}
	if flags&unix.MS_REMOUNT == 0 {
		t.Cleanup(func() {
			if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
}

// refusals are all that a run says that has no room, by where it broke.
var refusals = map[string]*regexp.Regexp{
	"in the journal":  regexp.MustCompile(`^kgen: \.kgen/journal\.tmp: writing: no space left on device; nothing was changed\n$`),
	"before its work": regexp.MustCompile(`^kgen: no space left on the device: \d+ KiB are needed and \d+ KiB are free; make room and run again; nothing was changed\n$`),
	"in the folders":  regexp.MustCompile(`^kgen: [a-z./-]+: making the folder: no space left on device; nothing was changed\n$`),
	"in the archive":  regexp.MustCompile(`^kgen: \.kgen/\.kgen\.tmp\.\d+: writing: no space left on device; nothing was changed\n$`),
	"in the files":    regexp.MustCompile(`^kgen: ([a-z-]+/)*\.kgen\.tmp\.\d+: writing: no space left on device; nothing was changed\n$`),
}

func refusalOf(t *testing.T, said string) string {
	t.Helper()
	for _, where := range []string{"in the journal", "before its work", "in the folders", "in the archive", "in the files"} {
		if refusals[where].MatchString(said) {
			return where
		}
	}
	t.Errorf("an unknown refusal:\n%s", said)
	return ""
}

// TestDiskFull writes to disks that have room, or names, for a part of it only.
// Each time the tree is the old one at once, or the new one after success.
func TestDiskFull(t *testing.T) {
	record.Start(t, record.Disk, "on a disk without room, or without names, the tree is the old one or the new one")
	counts := map[string]int{}
	try := func(t *testing.T, limit string, from, to, step int) {
		for n := from; n < to; n += step {
			top := mounted(t, "size=16m")
			shop := repository(t, top)
			old := everything(t, shop)
			used := usage(t, top)
			options := fmt.Sprintf("size=%dk", used.kib+n)
			if limit == "names" {
				options = fmt.Sprintf("size=16m,nr_inodes=%d", used.names+n)
			}
			mount(t, "tmpfs", top, "tmpfs", unix.MS_REMOUNT, options)
			code, said := ended(t, kgenIn(t, shop, "generate", "-q"))
			record.Checks(t, 1)
			if code == 0 {
				counts[limit+": written"]++
				succeed(t, kgenIn(t, shop, "generate", "--check", "-q"))
				continue
			}
			counts[limit+": refused "+refusalOf(t, said)]++
			if d := cmp.Diff(old, everything(t, shop)); code != 2 || d != "" {
				t.Errorf("%s: exit code %d, changed:\n%s", options, code, d)
			}
		}
	}
	t.Run("room", func(t *testing.T) { try(t, "room", 0, 900, 60) })
	t.Run("names", func(t *testing.T) { try(t, "names", 0, 110, 6) })
	t.Log(counts)
	for _, want := range []string{"room: written", "room: refused in the journal", "room: refused before its work", "names: written", "names: refused in the files"} {
		if counts[want] == 0 {
			t.Errorf("no run was %s", want)
		}
	}
}

type usageOf struct{ kib, names int }

func usage(t *testing.T, dir string) usageOf {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return usageOf{int(s.Blocks-s.Bfree) * int(s.Bsize) / 1024, int(s.Files - s.Ffree)}
}

// TestFileSizeLimit writes under a limit that the journal, and then the archive, is over.
func TestFileSizeLimit(t *testing.T) {
	record.Start(t, record.Disk, "under a limit to the size of files the tree stays the old one")
	shop := repository(t, t.TempDir())
	old := everything(t, shop)
	binary, err := kgenBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `ulimit -f 16 && exec "$0" generate -q`, binary)
	cmd.Dir = shop
	code, said := ended(t, cmd)
	record.Checks(t, 2)
	if want := "kgen: .kgen/journal.tmp: writing: file too large; nothing was changed\n"; code != 2 || said != want {
		t.Errorf("exit code %d, it said:\n%s", code, said)
	}
	if d := cmp.Diff(old, everything(t, shop)); d != "" {
		t.Error(d)
	}
}

// TestReadOnlyMount writes nothing, says why, and builds and compares.
func TestReadOnlyMount(t *testing.T) {
	record.Start(t, record.Disk, "on a read-only mount whoever writes is told so, and whoever reads is served")
	shop := repository(t, mounted(t, "size=16m"))
	mount(t, shop, shop, "", unix.MS_BIND, "")
	mount(t, "", shop, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	old := everything(t, shop)
	refused := "writing into the folder: read-only file system"
	for _, tt := range []struct {
		args []string
		code int
		said string // a part of it
	}{
		{[]string{"generate", "-q"}, 2, refused},
		{[]string{"add", "service", "more", "--yes", "--port", "80", "-q"}, 2, refused},
		{[]string{"build"}, 0, ""},
		{[]string{"generate", "--check", "-q"}, 1, "kgen: the files are not what kgen.yaml makes; run kgen generate\n"},
		{[]string{"generate", "--dry-run", "-q"}, 0, ""},
		{[]string{"recover", "-q"}, 0, ""},
	} {
		code, said := ended(t, kgenIn(t, shop, tt.args...))
		record.Checks(t, 1)
		if code != tt.code || !strings.Contains(said, tt.said) || tt.said == "" && said != "" || tt.said == refused && !strings.HasSuffix(said, "; nothing was changed\n") {
			t.Errorf("%v: exit code %d, it said:\n%s", tt.args, code, said)
		}
	}
	if d := cmp.Diff(old, everything(t, shop)); d != "" {
		t.Error(d)
	}
}

// TestDeviceInTheWay finds a device in place of a file.
func TestDeviceInTheWay(t *testing.T) {
	record.Start(t, record.Disk, "a device in the place of a file is refused and left")
	shop := repository(t, t.TempDir())
	readme := filepath.Join(shop, "README.md")
	if err := os.Remove(readme); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mknod(readme, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5))); err != nil {
		t.Fatalf("making a device: %v; this test needs CAP_MKNOD: run it as root", err)
	}
	old := everything(t, shop)
	code, said := ended(t, kgenIn(t, shop, "generate", "-q"))
	record.Checks(t, 2)
	want := "README.md: this is a device, but a file has to be there; move it out of the way\nkgen: nothing was written\n"
	if code != 1 || said != want {
		t.Errorf("exit code %d, it said:\n%s", code, said)
	}
	if d := cmp.Diff(old, everything(t, shop)); d != "" {
		t.Error(d)
	}
}

// TestOwnerStays replaces files of other people's, as who may give files away.
func TestOwnerStays(t *testing.T) {
	record.Start(t, record.Disk, "files keep their owners")
	shop := repository(t, t.TempDir())
	for i, path := range []string{"README.md", "kgen.yaml", "networking/services/service-07.yaml", ".kgen/base.txtar"} {
		if err := os.Chown(filepath.Join(shop, path), 4001+i, 4002); err != nil {
			t.Fatalf("%v; this test needs CAP_CHOWN: run it as root", err)
		}
	}
	succeed(t, kgenIn(t, shop, "generate", "-q"))
	all := everything(t, shop)
	for i, path := range []string{"README.md", "kgen.yaml", "networking/services/service-07.yaml", ".kgen/base.txtar"} {
		if want := fmt.Sprintf("-rw-r--r-- %d:4002 ", 4001+i); !strings.HasPrefix(all[path], want) {
			t.Errorf("%s is %.40q", path, all[path])
		}
		record.Checks(t, 1)
	}
}

// TestFolderFlips exchanges a folder for a link to the outside, and back, all the
// time that kgen writes. Nothing outside changes, and once the folder has come to
// rest no run has left anything of its own. Where kgen has made the folder anew in
// a moment in which it was away, it comes back when the run has ended.
func TestFolderFlips(t *testing.T) {
	record.Start(t, record.Disk, "with a folder exchanged for a link under way, nothing outside is written and nothing is left behind")
	top := t.TempDir()
	shop := repository(t, top)
	networking, aside := filepath.Join(shop, "networking"), filepath.Join(shop, "aside")
	outside := filepath.Join(top, "outside")
	if err := os.CopyFS(outside, os.DirFS(networking)); err != nil {
		t.Fatal(err)
	}
	before := everything(t, outside)
	names := rand.New(rand.NewPCG(4, 4))
	counts := map[string]int{}
	for i := range 40 {
		save(t, filepath.Join(shop, "kgen.yaml"), network(fmt.Sprintf("name-%d", names.IntN(1000))))
		stop, rest := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				err := errors.Join(os.Rename(networking, aside), os.Symlink(outside, networking), os.Remove(networking), os.Rename(aside, networking))
				select {
				case <-stop:
					rest <- err
					return
				default:
				}
				if err != nil {
					rest <- err
					return
				}
			}
		}()
		code, said := ended(t, kgenIn(t, shop, "generate", "-q"))
		close(stop)
		err := <-rest
		anew := errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENOTEMPTY)
		if err != nil && !anew {
			t.Fatal(err)
		}
		counts[fmt.Sprint("exit code ", code)]++
		record.Checks(t, 2)
		if d := cmp.Diff(before, everything(t, outside)); d != "" {
			t.Fatalf("run %d, exit code %d, has written outside:\n%s\n%s", i, code, said, d)
		}
		succeed(t, kgenIn(t, shop, "recover", "-q"))
		for path := range everything(t, shop) {
			if strings.Contains(path, ".kgen.tmp.") || strings.HasPrefix(path, ".kgen/journal") {
				t.Fatalf("run %d, exit code %d, has left %s\n%s", i, code, path, said)
			}
		}
		if _, err := os.Lstat(aside); err != nil {
			continue
		}
		counts["made anew"]++
		if err := errors.Join(os.RemoveAll(networking), os.Rename(aside, networking)); err != nil {
			t.Fatal(err)
		}
		succeed(t, kgenIn(t, shop, "generate", "-q", "--conflict=theirs"))
	}
	t.Log(counts)
}
