package merge

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// text makes lines of words.
func text(words string) []byte {
	var b strings.Builder
	for _, w := range strings.Fields(words) {
		b.WriteString(w + "\n")
	}
	return []byte(b.String())
}

func TestMerge(t *testing.T) {
	tests := []struct{ name, base, ours, theirs, want string }{
		{"nobody", "a b c", "a b c", "a b c", "a b c"},
		{"ours alone", "a b c", "a x c", "a b c", "a x c"},
		{"theirs alone", "a b c", "a b c", "a x c", "a x c"},
		{"both the same", "a b c", "a x c", "a x c", "a x c"},
		{"both, apart", "a b c d e", "a x c d e", "a b c d y", "a x c d y"},
		{"ours inserts, theirs changes", "a b c d", "a mine b c d", "a b c y", "a mine b c y"},
		{"both insert, apart", "a b c", "a mine b c", "a b c yours", "a mine b c yours"},
		{"ours deletes, theirs inserts elsewhere", "a b c d", "a c d", "a b c d e", "a c d e"},
		{"a file of its own", "", "", "a b", "a b"},
		{"the same twice over", "x a x b x", "x a x b mine x", "x new a x b x", "x new a x b mine x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, clean := Merge(text(tt.base), text(tt.ours), text(tt.theirs)).Text(Refuse)
			if !clean {
				t.Fatal("a conflict")
			}
			if d := cmp.Diff(string(text(tt.want)), string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	tests := []struct {
		name, base, ours, theirs string
		want                     []Chunk
		marked                   string
	}{
		{"the same line", "a b c", "a mine c", "a new c",
			[]Chunk{{Conflict, Span{1, 2}, Span{1, 2}, Span{1, 2}}},
			"a\n<<<<<<< yours\nmine\n||||||| what kgen wrote\nb\n=======\nnew\n>>>>>>> kgen\nc\n"},
		{"two insertions at one place", "a b", "a mine b", "a new b",
			[]Chunk{{Conflict, Span{1, 1}, Span{1, 2}, Span{1, 2}}},
			"a\n<<<<<<< yours\nmine\n||||||| what kgen wrote\n=======\nnew\n>>>>>>> kgen\nb\n"},
		{"changed and deleted", "a b c", "a mine c", "a c",
			[]Chunk{{Conflict, Span{1, 2}, Span{1, 2}, Span{1, 1}}},
			"a\n<<<<<<< yours\nmine\n||||||| what kgen wrote\nb\n=======\n>>>>>>> kgen\nc\n"},
		{"no line between two changes", "a b c d", "a mine c d", "a b new d",
			[]Chunk{{Conflict, Span{1, 3}, Span{1, 3}, Span{1, 3}}},
			"a\n<<<<<<< yours\nmine\nc\n||||||| what kgen wrote\nb\nc\n=======\nb\nnew\n>>>>>>> kgen\nd\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Merge(text(tt.base), text(tt.ours), text(tt.theirs))
			if d := cmp.Diff(tt.want, r.Conflicts()); d != "" {
				t.Error(d)
			}
			if _, clean := r.Text(Refuse); clean {
				t.Error("clean")
			}
			marked, _ := r.Text(Markers)
			if d := cmp.Diff(tt.marked, string(marked)); d != "" {
				t.Error(d)
			}
			for how, want := range map[Resolution]string{UseOurs: tt.ours, UseTheirs: tt.theirs} {
				if got, _ := r.Text(how); string(got) != string(text(want)) {
					t.Errorf("%d: %q", how, got)
				}
			}
			ours, base, theirs, found, err := Sides(marked)
			if err != nil || !found {
				t.Fatal(found, err)
			}
			for _, side := range []struct {
				got  []byte
				want string
			}{{ours, tt.ours}, {base, tt.base}, {theirs, tt.theirs}} {
				if d := cmp.Diff(string(text(side.want)), string(side.got)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// TestLineEnds merges a file that an editor has given other line ends, and one without its last.
func TestLineEnds(t *testing.T) {
	tests := []struct{ name, base, ours, theirs, want string }{
		{"CRLF throughout", "a\nb\nc\n", "a\r\nmine\r\nb\r\nc\r\n", "a\nb\nnew\n", "a\r\nmine\r\nb\r\nnew\r\n"},
		{"a byte order mark", "a\nb\n", "\ufeffa\nb\n", "a\nb\nnew\n", "\ufeffa\nb\nnew\n"},
		{"both of them", "a\nb\n", "\ufeffa\r\nb\r\n", "a\nb\nnew\n", "\ufeffa\r\nb\r\nnew\r\n"},
		{"one line in CRLF is a change", "a\nb\nc\n", "a\r\nb\nc\n", "a\nb\nnew\n", "a\r\nb\nnew\n"},
		{"no last line feed, kgen changes another line", "a\nb\nc\n", "a\nb\nc", "new\nb\nc\n", "new\nb\nc"},
		{"no last line feed anywhere", "a\nb", "a\nb", "new\nb", "new\nb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, clean := Merge([]byte(tt.base), []byte(tt.ours), []byte(tt.theirs)).Text(Refuse)
			if !clean {
				t.Fatal("a conflict")
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// laws holds what every merge has to keep.
func laws(t *testing.T, base, ours, theirs []byte) {
	t.Helper()
	clean := func(what string, b, o, x, want []byte) {
		got, ok := Merge(b, o, x).Text(Refuse)
		if !ok || !bytes.Equal(got, want) {
			t.Fatalf("%s: %v %q, want %q", what, ok, got, want)
		}
	}
	clean("merge(b, b, x)", base, base, theirs, theirs)
	clean("merge(b, x, b)", base, ours, base, ours)
	clean("merge(b, x, x)", base, ours, ours, ours)
	r := Merge(base, ours, theirs)
	whole := map[string][]byte{}
	var parts [3]Span
	for _, c := range r.Chunks {
		for i, s := range []Span{c.Base, c.Ours, c.Theirs} {
			if s.Start != parts[i].End || s.End < s.Start {
				t.Fatalf("the chunks leave out or repeat lines: %+v", r.Chunks)
			}
			parts[i] = s
		}
	}
	got, ok := r.Text(Refuse)
	if len(r.Conflicts()) > 0 {
		if ok {
			t.Fatal("there are conflicts, and a text")
		}
		return
	}
	mirrored, _ := Merge(base, theirs, ours).Text(Refuse)
	if _, alike := likeness(ours, base, theirs); bytes.Equal(alike([]byte("x\n")), []byte("x\n")) && !bytes.Contains(theirs, []byte("\r")) && !bytes.HasPrefix(theirs, []byte(bom)) && !bytes.Equal(got, mirrored) {
		t.Fatalf("it matters which side is which: %q, %q", got, mirrored)
	}
	whole["base"], whole["ours"], whole["got"] = base, ours, got
	count := func(s string) map[string]int {
		n := map[string]int{}
		if string(whole[s]) == bom {
			return n // a mark and no line
		}
		for line := range bytes.Lines(whole[s]) {
			n[strings.TrimRight(string(bytes.TrimPrefix(line, []byte(bom))), "\r\n")]++
		}
		return n
	}
	have, was := count("got"), count("base")
	for line, n := range count("ours") {
		if was[line] == 0 && have[line] < n {
			t.Fatalf("the line %q of ours is gone", line)
		}
	}
	// Each line is there as often as the two changes come to: what a side put in
	// came, what it took out went and stays away. What both did counts once.
	made := slices.ContainsFunc(r.Chunks, func(c Chunk) bool { return c.Kind == Both })
	if made {
		return
	}
	whole["theirs"] = theirs
	mine, new := count("ours"), count("theirs")
	for _, lines := range []map[string]int{have, was, mine, new} {
		for line := range lines {
			if want := mine[line] + new[line] - was[line]; have[line] != want {
				t.Fatalf("the line %q is there %d times, not %d", line, have[line], want)
			}
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n", "a\nb\ny\n")
	f.Add("a\nb\nc", "\ufeffa\r\nb\r\n", "")
	f.Add("x\nx\nx\n", "x\ny\nx\nx\n", "x\nx\n")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		laws(t, []byte(base), []byte(ours), []byte(theirs))
	})
}

// TestLaws goes through random texts of few different lines, which is where
// alignments go wrong.
func TestLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	conflicts := 0
	const cases = 20000
	for range cases {
		base := words(random, 2+random.IntN(12))
		ours, theirs := edited(random, base), edited(random, base)
		join := func(w []string) []byte { return []byte(strings.Join(w, "\n") + "\n") }
		laws(t, join(base), join(ours), join(theirs))
		if len(Merge(join(base), join(ours), join(theirs)).Conflicts()) > 0 {
			conflicts++
		}
	}
	t.Logf("%d of %d are conflicts", conflicts, cases)
	if conflicts == 0 || conflicts > cases*3/4 {
		t.Error("the cases say little")
	}
}

func words(random *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = string(rune('a' + random.IntN(8)))
	}
	return out
}

func edited(random *rand.Rand, in []string) []string {
	out := append([]string{}, in...)
	for range random.IntN(3) {
		i := random.IntN(len(out) + 1)
		switch n := random.IntN(3); {
		case n == 0 || i == len(out):
			out = append(out[:i:i], append([]string{fmt.Sprint("new", random.IntN(3))}, out[i:]...)...)
		case n == 1:
			out = append(out[:i:i], out[i+1:]...)
		default:
			out[i] = fmt.Sprint("changed", random.IntN(3))
		}
	}
	return out
}

func TestSides(t *testing.T) {
	const styles = "a\n<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> branch\nb\n<<<<<<< HEAD\n=======\nmore\n>>>>>>> branch\n"
	ours, base, theirs, found, err := Sides([]byte(styles))
	if string(ours) != "a\nmine\nb\n" || base != nil || string(theirs) != "a\ntheirs\nb\nmore\n" || !found || err != nil {
		t.Errorf("%q %q %q %v %v", ours, base, theirs, found, err)
	}
	if _, _, _, found, err := Sides([]byte("Heading\n=======\n")); found || err != nil {
		t.Errorf("a heading: %v %v", found, err)
	}
	for _, tt := range []struct{ text, want string }{
		{"a\n<<<<<<< HEAD\nmine\n", "2: the conflict that begins here has no end"},
		{"<<<<<<< HEAD\n<<<<<<< HEAD\n", "2: the conflict marker <<<<<<< belongs to no other"},
		{"a\n>>>>>>> x\n", "2: the conflict marker >>>>>>> belongs to no other"},
		{"<<<<<<< HEAD\n>>>>>>> x\n", "2: the conflict marker >>>>>>> belongs to no other"},
	} {
		if _, _, _, _, err := Sides([]byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

// BenchmarkMerge merges what lists n services, two lines each.
func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		var base, ours, theirs bytes.Buffer
		for i := range n {
			fmt.Fprintf(&base, "line %d\n  port: 8080\n", i)
			fmt.Fprintf(&ours, "line %d\n  port: %d\n", i, 8080+i%7/6)
			fmt.Fprintf(&theirs, "other %d\n  port: 9090\n", i)
		}
		b.Run(fmt.Sprint(n, "/alike"), func(b *testing.B) {
			for b.Loop() {
				Merge(base.Bytes(), ours.Bytes(), base.Bytes())
			}
		})
		b.Run(fmt.Sprint(n, "/nothing in common"), func(b *testing.B) {
			for b.Loop() {
				Merge(base.Bytes(), ours.Bytes(), theirs.Bytes())
			}
		})
	}
}
