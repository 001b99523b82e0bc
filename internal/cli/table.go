package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"kgen.dev/kgen/internal/diag"
)

// A table has a column a name, and in each cell a list of words: all of them
// where it is wide, and else the first few and how many more there are.
type table struct {
	wide    bool
	columns []string
	further []string // columns that only a wide table has
	rows    [][][]string
}

// mostInCell is how many words a cell holds that is not wide.
const mostInCell = 3

// add puts a row at the end, with a cell for each column and each further one.
func (t *table) add(cells ...[]string) { t.rows = append(t.rows, cells) }

// print writes the table, its columns aligned.
func (t *table) print(to io.Writer) error {
	columns := t.columns
	if t.wide {
		columns = slices.Concat(t.columns, t.further)
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	for _, row := range t.rows {
		words := make([]string, len(columns))
		for i := range words {
			words[i] = diag.Printable(t.cell(row[i])) // names may hold what a terminal acts on
		}
		fmt.Fprintln(w, strings.Join(words, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	_, err := io.WriteString(to, text.String())
	return err
}

func (t *table) cell(words []string) string {
	switch more := len(words) - mostInCell; {
	case len(words) == 0:
		return "-"
	case more > 0 && !t.wide:
		return fmt.Sprintf("%s + %d more", strings.Join(words[:mostInCell], ", "), more)
	}
	return strings.Join(words, ", ")
}

// one is a cell of one word, or of none.
func one(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}
