package source

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// parsed is a file, read once however often it is named.
type parsed struct {
	path     string
	data     []byte
	objects  []*manifest.Object
	findings diag.List
	odd      oddness // why only kustomize can say what it does with these objects
	reported bool    // the findings are in the set

	inexact   string // what in the file kustomize may take otherwise; known if it was asked for
	inexactAt manifest.Position
}

// most findings about one file's syntax: who has more has no YAML.
const mostFaults = 50

// parse reads all the documents of a file, and those after a broken one too.
func parse(file string, data []byte) ([]*manifest.Object, diag.List) {
	objects, err := manifest.Parse(file, data)
	var findings diag.List
	if !errors.As(err, &findings) {
		return objects, nil
	}
	broken := false
	for _, d := range findings {
		broken = broken || d.Code == "yaml"
	}
	if broken {
		objects, findings = nil, nil
		for _, c := range chunks(data) {
			if len(findings) > mostFaults {
				break
			}
			found, problems := c.parse(file)
			objects, findings = append(objects, found...), append(findings, problems...)
		}
	}
	return objects, columns(findings, data, 0)
}

// chunk is one document of a stream, and the number of lines before it.
type chunk struct {
	data   []byte
	before int
}

// chunks splits a stream where a line starts with three dashes.
func chunks(data []byte) []chunk {
	var all []chunk
	start, line, startLine := 0, 0, 0
	for at := 0; at < len(data); {
		if at > start && separates(data[at:]) {
			all = append(all, chunk{data[start:at], startLine})
			start, startLine = at, line
		}
		next := bytes.IndexByte(data[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
		line++
	}
	return append(all, chunk{data[start:], startLine})
}

func separates(rest []byte) bool {
	return bytes.HasPrefix(rest, []byte("---")) && (len(rest) == 3 || strings.IndexByte(" \t\r\n", rest[3]) >= 0)
}

func (c chunk) parse(file string) ([]*manifest.Object, diag.List) {
	objects, err := manifest.Parse(file, c.data)
	var findings diag.List
	errors.As(err, &findings)
	findings = columns(findings, c.data, 0)
	for _, o := range objects {
		o.Line += c.before
		shift(o.Node, c.before, map[*yaml.Node]bool{})
	}
	for i := range findings {
		if findings[i].Line > 0 {
			findings[i].Line += c.before
		}
	}
	return objects, findings
}

// shift moves a node and all below it down by lines.
func shift(n *yaml.Node, lines int, done map[*yaml.Node]bool) {
	if n == nil || lines == 0 || done[n] {
		return
	}
	done[n] = true
	n.Line += lines
	shift(n.Alias, lines, done)
	for _, c := range n.Content {
		shift(c, lines, done)
	}
}

// columns gives the findings that know only their line the column where that
// line's text starts, and those that know nothing the start of the file.
func columns(findings diag.List, data []byte, before int) diag.List {
	var lines [][]byte
	for i, d := range findings {
		if d.Line == 0 {
			findings[i].Line, findings[i].Column = 1, 1
			continue
		}
		if d.Column > 0 {
			continue
		}
		if lines == nil {
			lines = bytes.Split(data, []byte("\n"))
		}
		findings[i].Column = 1
		if n := d.Line - before - 1; n >= 0 && n < len(lines) {
			text := lines[n]
			if start := len(text) - len(bytes.TrimLeft(text, " \t")); start < len(bytes.TrimRight(text, "\r")) {
				findings[i].Column = start + 1
			}
		}
	}
	return findings
}

// stdinName is the File of what the standard input brings without a name.
const stdinName = "stdin"

// parseStream reads a stream in which comments name the files that the
// documents came from. A document without one belongs to the stream itself.
// The names that comments gave are the third result: none is a file that was read.
func parseStream(data []byte) (objects []*manifest.Object, findings diag.List, claimed map[string]bool) {
	if !bytes.Contains(data, []byte("# Source: ")) {
		objects, findings = parse(stdinName, data)
		return objects, findings, nil
	}
	claimed = map[string]bool{}
	for _, c := range chunks(data) {
		if len(findings) > mostFaults {
			break
		}
		name := stdinName
		if from, line := origin(c.data); from != "" {
			// The template's text starts below the comment.
			name, c.before = from, -line
			claimed[name] = true
		}
		found, problems := c.parse(name)
		objects, findings = append(objects, found...), append(findings, problems...)
	}
	return objects, findings, claimed
}

// origin is the path that a document's first "# Source:" comment names, and the
// number of the comment's line in it.
func origin(data []byte) (string, int) {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimSpace(text)
		if path, ok := bytes.CutPrefix(text, []byte("# Source: ")); ok {
			return string(bytes.TrimSpace(path)), line
		}
		if len(text) > 0 && text[0] != '#' && !separates(text) {
			break
		}
	}
	return "", 0
}

// readAll reads a stream up to MostBytes.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MostBytes+1))
	if err == nil && len(data) > MostBytes {
		err = errTooLarge
	}
	return data, err
}
