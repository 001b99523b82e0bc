package merge

import (
	"bytes"
	"fmt"
	"strings"
)

// Hunk is one piece of a unified diff.
type Hunk struct {
	// The lines that it is about, counted from 1; with a count of 0, the line
	// that it comes after.
	OldLine  int `json:"oldLine"`
	OldCount int `json:"oldCount"`
	NewLine  int `json:"newLine"`
	NewCount int `json:"newCount"`
	// Lines begin with a space, a minus or a plus; the ones that end their text
	// without a line feed are followed by the usual remark.
	Lines []string `json:"lines"`
}

const noNewline = `\ No newline at end of file`

// String is the hunk as diff -u prints it.
func (h Hunk) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "@@ -%s +%s @@\n", stretch(h.OldLine, h.OldCount), stretch(h.NewLine, h.NewCount))
	for _, line := range h.Lines {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

func stretch(line, count int) string {
	if count == 1 {
		return fmt.Sprint(line)
	}
	return fmt.Sprintf("%d,%d", line, count)
}

// Hunks are the differences between two texts, with so many lines of context
// around each; those whose contexts touch are one.
func Hunks(old, now []byte, context int) []Hunk {
	numbers := &lines{map[string]int{}}
	a, b := numbers.of(old), numbers.of(now)
	oldLines, newLines := split(old), split(now)
	runs := append(common(a, b), run{len(a), len(b), 0})
	var out []Hunk
	var h *Hunk
	put := func(sign byte, line []byte) {
		h.Lines = append(h.Lines, string(sign)+string(bytes.TrimSuffix(line, []byte("\n"))))
		if !bytes.HasSuffix(line, []byte("\n")) {
			h.Lines = append(h.Lines, noNewline)
		}
		if sign != '+' {
			h.OldCount++
		}
		if sign != '-' {
			h.NewCount++
		}
	}
	i, j := 0, 0 // what is printed, or need not be
	for _, r := range runs {
		if i < r.a || j < r.b {
			if h == nil {
				lead := min(context, i)
				h = &Hunk{OldLine: i - lead + 1, NewLine: j - lead + 1}
				for k := i - lead; k < i; k++ {
					put(' ', oldLines[k])
				}
			}
			for ; i < r.a; i++ {
				put('-', oldLines[i])
			}
			for ; j < r.b; j++ {
				put('+', newLines[j])
			}
		}
		if h == nil {
			i, j = r.a+r.n, r.b+r.n
			continue
		}
		i, j = r.a+r.n, r.b+r.n
		last := i == len(a) && j == len(b)
		tail := r.n
		if r.n > 2*context || last {
			tail = min(r.n, context)
		}
		for k := range tail {
			put(' ', oldLines[r.a+k])
		}
		if tail < r.n || last {
			out = append(out, finished(*h))
			h = nil
		}
	}
	return out
}

// finished gives a hunk that has no lines on one side the line that it comes after.
func finished(h Hunk) Hunk {
	if h.OldCount == 0 {
		h.OldLine--
	}
	if h.NewCount == 0 {
		h.NewLine--
	}
	return h
}
