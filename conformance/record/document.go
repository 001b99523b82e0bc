package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Document is the page that the tables stand in, from the root of the repository.
const Document = "docs/conformance.md"

// document is its path here.
func document() (string, error) {
	root, err := ModuleRoot()
	return filepath.Join(root, "..", filepath.FromSlash(Document)), err
}

// Block is the generated text of that name: what stands between the lines
// <!-- begin name --> and <!-- end name -->.
func Block(name string) (string, error) {
	path, err := document()
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	_, block, _, err := cut(string(data), name)
	return block, err
}

// SetBlock replaces the generated text of that name by what change makes of it.
// Runs at the same time take turns.
func SetBlock(name string, change func(block string) (string, error)) error {
	path, err := document()
	if err != nil {
		return err
	}
	return setBlock(path, name, change)
}

func setBlock(path, name string, change func(string) (string, error)) error {
	unlock, err := lock(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unlock()
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, block, after, err := cut(string(data), name)
	if err != nil {
		return err
	}
	if block, err = change(block); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), ".conformance-*")
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	if _, err := fresh.WriteString(before + block + after); err != nil {
		fresh.Close()
		return err
	}
	if err := fresh.Chmod(0o644); err != nil {
		fresh.Close()
		return err
	}
	if err := fresh.Close(); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), path)
}

// cut takes a page apart around a block.
func cut(text, name string) (before, block, after string, err error) {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(text, begin)
	if !found {
		return "", "", "", fmt.Errorf("%s has no line %q", Document, strings.TrimSpace(begin))
	}
	block, after, found = strings.Cut(rest, end)
	if !found {
		return "", "", "", fmt.Errorf("%s has no line %q after its beginning", Document, strings.TrimSpace(end))
	}
	return before + begin, block, end + after, nil
}

// checks is the name of the block of the rows.
const checks = "checks"

const head = "| Area | Test | What is checked | Components | Checks | Seconds | Processor |\n|---|---|---|---|--:|--:|--:|\n"

// line is the row as it stands in the table, without the line's end.
func (r Row) line() string {
	return fmt.Sprintf("| %s | `%s` | %s | %s | %d | %d | %d |", r.Area, r.Test, r.What, r.Components, r.Checks, r.Seconds, r.Processor)
}

// table is the block of rows, in their order, and their sum.
func table(rows []Row) string {
	rows = slices.SortedFunc(slices.Values(rows), byPlace)
	var b strings.Builder
	b.WriteString(head)
	sum := Row{}
	for _, r := range rows {
		b.WriteString(r.line() + "\n")
		sum.Checks += r.Checks
		sum.Seconds += r.Seconds
		sum.Processor += r.Processor
	}
	fmt.Fprintf(&b, "\n%d tests with %d checks. Together they take %d seconds, one after another, and %d of a processor.\n", len(rows), sum.Checks, sum.Seconds, sum.Processor)
	return b.String()
}

// parse reads the block of rows.
func parse(block string) ([]Row, error) {
	rest, found := strings.CutPrefix(block, head)
	if !found && block != "" {
		return nil, fmt.Errorf("%s: the table of checks does not begin with\n%s", Document, head)
	}
	var rows []Row
	for line := range strings.Lines(rest) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			break
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
		if len(cells) != 7 {
			return nil, fmt.Errorf("%s: %q is no row of the table of checks", Document, line)
		}
		r := Row{Area: Area(cells[0]), Test: strings.Trim(cells[1], "`"), What: cells[2], Components: strings.TrimSpace(cells[3])}
		for i, number := range []*int{&r.Checks, &r.Seconds, &r.Processor} {
			var err error
			if *number, err = strconv.Atoi(cells[4+i]); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", Document, r.Test, err)
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// read are the rows of the page.
func read(path string) ([]Row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, block, _, err := cut(string(data), checks)
	if err != nil {
		return nil, err
	}
	return parse(block)
}

// write puts a row in the place of the one of the same test.
func write(path string, row Row) error {
	return setBlock(path, checks, func(block string) (string, error) {
		rows, err := parse(block)
		if err != nil {
			return "", err
		}
		rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Test == row.Test })
		return table(append(rows, row)), nil
	})
}
