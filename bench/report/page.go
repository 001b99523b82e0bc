// Package report writes measured tables into pages of the documentation.
package report

import (
	"fmt"
	"os"
	"strings"
)

// Write replaces what stands in a page between the comments "begin" and "end" of
// a name, which are lines of their own. A page without them is an error, and
// stays as it is.
func Write(page, name, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	replaced, err := between(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(replaced), 0o644)
}

func between(page, name, text string) (string, error) {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(page, begin)
	if !found {
		return "", fmt.Errorf("there is no line %q", strings.TrimSpace(begin))
	}
	_, after, found := strings.Cut(rest, end)
	if !found {
		return "", fmt.Errorf("there is no line %q after %q", strings.TrimSpace(end), strings.TrimSpace(begin))
	}
	return before + begin + strings.TrimRight(text, "\n") + "\n" + end + after, nil
}
