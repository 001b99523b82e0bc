package specfile

import (
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
)

// TestWithKeepsEverythingElse changes random models in random layouts: the new
// text says exactly what is wanted, and every line that does not belong to what
// was touched is there as it was, in its order.
func TestWithKeepsEverythingElse(t *testing.T) {
	const cases = 1600
	refused := map[string]int{}
	for seed := range uint64(cases) {
		if code := randomCase(t, seed); code != "" {
			refused[code]++
		}
		if t.Failed() {
			return
		}
	}
	for _, code := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("%d of %d refused: %s", refused[code], cases, code)
	}
	if got := refused["unchanged"]; got > cases/200 {
		t.Errorf("%d of %d changes found no text", got, cases)
	}
}

// FuzzWith is the same for any seed.
func FuzzWith(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { randomCase(t, seed) })
}

// randomCase gives the code of the error if the change was refused.
func randomCase(t *testing.T, seed uint64) string {
	t.Helper()
	r := &random{Rand: rand.New(rand.NewPCG(seed, 1)), aliases: seed%4 == 0}
	n := r.network()
	rows := r.text(n)
	text := r.joined(rows)
	file, d := decode("kgen.yaml", []byte(text))
	if len(d.list) > 0 {
		t.Fatalf("seed %d: the random text cannot be read: %v\n%s", seed, d.list, text)
	}
	if !reflect.DeepEqual(n, file.Network) {
		t.Fatalf("seed %d: the random text says something else:\n%s\n%s", seed, cmp.Diff(n, file.Network), text)
	}
	same, err := file.With(n)
	if err != nil || string(same) != text {
		t.Fatalf("seed %d: no change changes the text: %v", seed, err)
	}
	want := *n
	var paths []string
	for len(paths) == 0 {
		paths = r.touch(reflect.ValueOf(&want).Elem(), "", nil)
	}
	got, err := file.With(&want)
	if err != nil {
		var list diag.List
		if !errors.As(err, &list) || got != nil || list[0].Line == 0 || list[0].Fix == "" {
			t.Fatalf("seed %d: %v beside %q", seed, err, got)
		}
		if testing.Verbose() && list[0].Code != "aliased" {
			t.Logf("seed %d: %v\n%s\n%s", seed, err, paths, text)
		}
		return list[0].Code
	}
	after, d := decode("kgen.yaml", got)
	if len(d.list) > 0 || !reflect.DeepEqual(&want, after.Network) {
		t.Fatalf("seed %d: the new text says something else: %v\n%s", seed, d.list, cmp.Diff(&want, after.Network))
	}
	lines := strings.Split(strings.TrimPrefix(string(got), string(bom)), r.newline)
	for _, line := range rows {
		if line.touched(paths) || line.spread && line.comment == "" {
			continue
		}
		i := line.find(lines)
		if i < 0 {
			t.Fatalf("seed %d: %s was touched, and this line of %s is gone or out of order:\n%s\n%s", seed, paths, line.owner, line.text, cmp.Diff(text, string(got)))
		}
		lines = lines[i+1:]
	}
	return ""
}
