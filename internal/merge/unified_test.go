package merge

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHunks(t *testing.T) {
	tests := []struct{ name, old, now, want string }{
		{"nothing", "a\n", "a\n", ""},
		{"a new file", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"an old file", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"one line", "a\nb\nc\nd\ne\n", "a\nb\nx\nd\ne\n", "@@ -2,3 +2,3 @@\n b\n-c\n+x\n d\n"},
		{"at the end", "a\nb\nc\n", "a\nb\nc\nd\n", "@@ -3 +3,2 @@\n c\n+d\n"},
		{"at the start", "a\nb\n", "x\na\nb\n", "@@ -1 +1,2 @@\n+x\n a\n"},
		{"two that touch", "a\nb\nc\nd\n", "x\nb\nc\ny\n", "@@ -1,4 +1,4 @@\n-a\n+x\n b\n c\n-d\n+y\n"},
		{"two apart", "a\nb\nc\nd\ne\n", "x\nb\nc\nd\ny\n", "@@ -1,2 +1,2 @@\n-a\n+x\n b\n@@ -4,2 +4,2 @@\n d\n-e\n+y\n"},
		{"no last line feed", "a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, h := range Hunks([]byte(tt.old), []byte(tt.now), 1) {
				got += h.String()
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// patched applies hunks, as patch does, and holds their numbers to be right.
func patched(t *testing.T, old []byte, hunks []Hunk) []byte {
	t.Helper()
	in := split(old)
	var out []byte
	at := 0
	for _, h := range hunks {
		start := h.OldLine - 1
		if h.OldCount == 0 {
			start = h.OldLine
		}
		for ; at < start; at++ {
			out = append(out, in[at]...)
		}
		if n := bytes.Count(out, []byte("\n")) + 1; h.NewCount > 0 && n != h.NewLine {
			t.Fatalf("the hunk says line %d of the new text, and is at %d", h.NewLine, n)
		}
		for i, line := range h.Lines {
			if line == noNewline {
				continue
			}
			end := "\n"
			if i+1 < len(h.Lines) && h.Lines[i+1] == noNewline {
				end = ""
			}
			if line[0] != '+' {
				if string(in[at]) != line[1:]+end {
					t.Fatalf("the hunk has %q where the text has %q", line, in[at])
				}
				at++
			}
			if line[0] != '-' {
				out = append(out, line[1:]+end...)
			}
		}
	}
	for ; at < len(in); at++ {
		out = append(out, in[at]...)
	}
	return out
}

func FuzzHunks(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\ny", 1)
	f.Add("", "x", 0)
	f.Fuzz(func(t *testing.T, old, now string, context int) {
		if context < 0 || context > 10 {
			return
		}
		if got := patched(t, []byte(old), Hunks([]byte(old), []byte(now), context)); string(got) != now {
			t.Fatalf("%q becomes %q, not %q", old, got, now)
		}
	})
}

func TestHunksApply(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		old := words(random, random.IntN(30))
		now := edited(random, edited(random, old))
		a, b := []byte(strings.Join(old, "\n")), []byte(strings.Join(now, "\n"))
		if got := patched(t, a, Hunks(a, b, random.IntN(4))); !bytes.Equal(got, b) {
			t.Fatalf("%q becomes %q, not %q", a, got, b)
		}
	}
}
