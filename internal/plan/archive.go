package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// The archive is a golang.org/x/tools/txtar archive. What txtar cannot hold is
// written so that it can: the name in quotes, each line of the contents behind
// a colon, and a last line that has no newline behind an exclamation mark.
const (
	baseHead = "# What kgen last wrote, so that it can tell its own lines from yours.\n" +
		"# Written by kgen: commit it, do not edit it.\n"
	baseHeadMark = "# What kgen last wrote"

	wholeLine = ':'
	lastLine  = '!'
)

// A Part is what an archive holds of one file: from the line of its name to that
// of the next.
type Part struct {
	Path     string
	From, To int
}

// FormatBase writes the archive. The only error is a path that no tree should hold.
func FormatBase(t *tree.Tree) ([]byte, error) {
	archive, _, err := formatBase(t, nil)
	return archive, err
}

// formatBase writes the archive of a tree and of files that are settled, and says
// where in it each file is.
func formatBase(t *tree.Tree, settled *Settled) ([]byte, []Part, error) {
	size, count := len(baseHead), t.Len()
	for path, data := range t.All() {
		if err := checkBasePath(path); err != nil {
			return nil, nil, err
		}
		size += len(path) + len(data) + 16
	}
	var old []Part
	if settled != nil {
		old = settled.Parts
		size, count = size+len(settled.Archive), count+len(old)
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(baseHead)
	parts := make([]Part, 0, count)
	take := func(n int) { // the next settled ones, neighbours together
		for n > 0 {
			run := 1
			for run < n && old[run-1].To == old[run].From {
				run++
			}
			shift := b.Len() - old[0].From
			b.Write(settled.Archive[old[0].From:old[run-1].To])
			for _, p := range old[:run] {
				parts = append(parts, Part{p.Path, p.From + shift, p.To + shift})
			}
			old, n = old[run:], n-run
		}
	}
	for path, data := range t.All() {
		before := 0
		for before < len(old) && old[before].Path < path {
			before++
		}
		take(before)
		from := b.Len()
		formatFile(b, path, data)
		parts = append(parts, Part{path, from, b.Len()})
	}
	take(len(old))
	return b.Bytes(), parts, nil
}

func formatFile(b *bytes.Buffer, path string, data []byte) {
	if plainName(path) && plainData(data) {
		fmt.Fprintf(b, "-- %s --\n", path)
		b.Write(data)
		return
	}
	fmt.Fprintf(b, "-- %s --\n", strconv.Quote(path))
	for line := range bytes.Lines(data) {
		if line[len(line)-1] == '\n' {
			b.WriteByte(wholeLine)
			b.Write(line)
		} else {
			b.WriteByte(lastLine)
			b.Write(line)
			b.WriteByte('\n')
		}
	}
}

// parseArchive reads an archive without a merge conflict.
func parseArchive(archive []byte) (*tree.Tree, error) {
	p := baseParser{out: tree.New()}
	if !bytes.HasPrefix(archive, []byte(baseHeadMark)) {
		return nil, p.fault(1, "this is no archive that kgen wrote")
	}
	start := 0
	for offset := 0; offset < len(archive); {
		p.line++
		end := bytes.IndexByte(archive[offset:], '\n')
		if end < 0 {
			return nil, p.fault(p.line, "the archive breaks off in the middle of a line")
		}
		line := archive[offset : offset+end]
		next := offset + end + 1
		switch {
		case (p.line == 1 || marker(line)) && bytes.HasSuffix(line, []byte("\r")):
			return nil, p.fault(p.line, "its line ends were changed to CRLF (write `/.kgen/base.txtar -text` into .gitattributes)")
		case conflictMark(line):
			return nil, p.fault(p.line, "an unresolved merge conflict")
		case marker(line):
			if err := p.close(archive[start:offset:offset]); err != nil {
				return nil, err
			}
			if err := p.open(string(line[len("-- ") : len(line)-len(" --")])); err != nil {
				return nil, err
			}
			start = next
		case p.path == "" && !bytes.HasPrefix(line, []byte("#")):
			return nil, p.fault(p.line, "text before the first file")
		case p.quoted:
			if err := p.add(line); err != nil {
				return nil, err
			}
		}
		offset = next
	}
	if err := p.close(archive[start:]); err != nil {
		return nil, err
	}
	return p.out, nil
}

// baseParser is the state within one file of the archive.
type baseParser struct {
	out    *tree.Tree
	line   int
	path   string // "" before the first file
	at     int    // the line of its name
	quoted bool
	ended  bool   // a quoted file's last line has been read
	data   []byte // a quoted file's contents so far
}

func (p *baseParser) fault(line int, what string) error {
	return diag.List{{
		File: BasePath, Line: line, Severity: diag.Error, Code: "bad-base", Message: what,
		Fix: "restore the file from version control; or delete it, and every generated file that is not up to date is shown as a conflict once",
	}}
}

func (p *baseParser) open(name string) error {
	*p = baseParser{out: p.out, line: p.line, at: p.line, path: name}
	if strings.HasPrefix(name, `"`) {
		path, err := strconv.Unquote(name)
		if err != nil {
			return p.fault(p.line, fmt.Sprintf("%s is no quoted name", name))
		}
		p.path, p.quoted = path, true
	} else if !plainName(name) {
		return p.fault(p.line, fmt.Sprintf("%q is no file name that kgen writes", name))
	}
	if err := checkBasePath(p.path); err != nil {
		return p.fault(p.line, err.Error())
	}
	return nil
}

func (p *baseParser) add(line []byte) error {
	if p.ended || len(line) == 0 || line[0] != wholeLine && (line[0] != lastLine || len(line) == 1) {
		return p.fault(p.line, fmt.Sprintf("a line that kgen did not write, in %s", p.path))
	}
	p.data = append(p.data, line[1:]...)
	if line[0] == wholeLine {
		p.data = append(p.data, '\n')
	}
	p.ended = line[0] == lastLine
	return nil
}

// close puts the file that ends here into the tree.
func (p *baseParser) close(raw []byte) error {
	if p.path == "" {
		return nil
	}
	if p.quoted {
		raw = p.data
	}
	if err := p.out.Add(p.path, raw); err != nil {
		return p.fault(p.at, p.path+" is in the archive twice")
	}
	return nil
}

// modelPath is the one file beside kgen's own that no archive may hold.
const modelPath = "kgen.yaml"

// checkBasePath refuses names that kgen never makes and must not be led to
// delete: the model, its own folder, and git's.
func checkBasePath(path string) error {
	if path == "." || !fs.ValidPath(path) {
		return fmt.Errorf("%q is not a clean relative path", path)
	}
	for name := range strings.SplitSeq(path, "/") {
		if strings.EqualFold(name, ".git") {
			return fmt.Errorf("%s is git's own", path)
		}
	}
	if path == modelPath {
		return errors.New(path + " is yours: no archive makes it kgen's to delete")
	}
	if path == txn.Folder || strings.HasPrefix(path, txn.Folder+"/") {
		return errors.New(path + " is kgen's own")
	}
	return nil
}

// plainName tells whether a path can stand in a txtar name as it is.
func plainName(path string) bool {
	return path != "" && path[0] != '"' && utf8.ValidString(path) && strings.TrimSpace(path) == path &&
		!strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) })
}

// plainData tells whether contents can stand in an archive as they are.
func plainData(data []byte) bool {
	if len(data) == 0 {
		return true
	}
	if data[len(data)-1] != '\n' {
		return false
	}
	for line := range bytes.Lines(data) {
		line = line[:len(line)-1]
		if marker(line) || conflictMark(line) {
			return false
		}
	}
	return true
}

// marker tells whether txtar would take a line, less its newline, for a file's
// name; a carriage return at its end does not keep txtar from it.
func marker(line []byte) bool {
	if len(line) < len("--  --") || line[0] != '-' {
		return false
	}
	return bytes.HasPrefix(line, []byte("-- ")) && bytes.HasSuffix(bytes.TrimSuffix(line, []byte("\r")), []byte(" --"))
}

// conflictMark tells whether git writes such a line into a file that it could not merge.
func conflictMark(line []byte) bool {
	if len(line) < 7 {
		return false
	}
	switch line[0] {
	case '<', '>', '|', '=':
		return bytes.Count(line[:7], line[:1]) == 7 && (len(line) == 7 || line[7] == ' ' || line[7] == '\r')
	}
	return false
}
