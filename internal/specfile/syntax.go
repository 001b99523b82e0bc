package specfile

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/fastyaml"
)

// maxDepth bounds the nesting of the text. The model needs seven levels.
const maxDepth = 64

// load reads the one document of the text, and returns its root, or nil after
// a finding.
func (d *decoder) load(text []byte) *yaml.Node {
	if len(text) > MaxSize {
		d.at(1, 1, "", "too-large", fmt.Sprintf("has %d bytes, more than 8 MiB", len(text)), "split the application into several files")
		return nil
	}
	if offset, message, fix := unreadable(text); offset >= 0 {
		line, column := position(text, offset)
		d.at(line, column, "", "bad-text", message, fix)
		return nil
	}
	docs, err := fastyaml.Documents(text)
	switch {
	case len(docs) == 0 && err == nil, len(docs) > 0 && isNull(docs[0].Content[0]):
		d.at(1, 1, "", "empty-file", "is empty", "run kgen init to write one")
		return nil
	case len(docs) > 1:
		d.at(docs[1].Line, docs[1].Column, "", "second-document", "a second document starts here", "keep one application a file")
	case err != nil:
		d.syntax(text, err)
		return nil
	}
	doc := docs[0]
	if deep := tooDeep(doc, maxDepth); deep != nil {
		d.at(deep.Line, deep.Column, "", "too-deep", fmt.Sprintf("is nested more than %d levels deep", maxDepth), "nothing in the model needs that")
		return nil
	}
	return doc.Content[0]
}

func tooDeep(n *yaml.Node, levels int) *yaml.Node {
	if levels < 0 {
		return n
	}
	for _, c := range n.Content {
		if deep := tooDeep(c, levels-1); deep != nil {
			return deep
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

var (
	libraryLine   = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?(.*)$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// wayOut says what to do about the library's commonest messages.
var wayOut = []struct{ message, fact, fix string }{
	{"mapping values are not allowed", "a ': ' stands where no key can be", "put the value in quotes, or correct the indentation"},
	{"did not find expected key", "the line does not fit the mapping around it", "correct its indentation, or close the quote or bracket before it"},
	{"did not find expected '-' indicator", "the line does not fit the list around it", "start it with '- ', or correct its indentation"},
	{"block sequence entries are not allowed", "a list entry stands where none can be", "put it on a line of its own, below its key"},
	{"could not find expected ':'", "a key has no ': ' after it", "write key: value"},
	{"found unexpected end of stream", "a quote is opened and never closed", "close it"},
	{"did not find expected ',' or ']'", "a [ is opened and not closed, or a comma is missing", "separate the entries with commas and close with ]"},
	{"did not find expected ',' or '}'", "a { is opened and not closed, or a comma is missing", "separate the entries with commas and close with }"},
	{"found character that cannot start any token", "a value starts with a character that YAML keeps for itself, or a line with a tab", "put the value in quotes; indent with spaces"},
	{"found a tab character", "a tab stands where a space is needed", "indent with spaces"},
	{"found undefined tag handle", "a tag is used", "remove the tag"},
	{"exceeded max depth", "the text is nested too deeply", "nothing in the model needs that"},
}

// syntax reports what keeps the text from being YAML.
func (d *decoder) syntax(text []byte, err error) {
	parts := libraryLine.FindStringSubmatch(err.Error())
	message := parts[2]
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		line, column := position(text, max(0, anchorUse(text, m[1])))
		d.at(line, column, "", "syntax", fmt.Sprintf("*%s refers to an anchor that is not above it", m[1]), fmt.Sprintf("write &%s before the value meant, or the value here", m[1]))
		return
	}
	line, _ := strconv.Atoi(parts[1])
	l := linesOf(text)
	switch {
	case strings.HasPrefix(message, "did not find expected key"), strings.HasPrefix(message, "did not find expected '-'"):
		line = firstFailing(l, err, line)
	case strings.HasPrefix(message, "did not find expected ','"):
		line++ // the library counts these lines from 0
	}
	line = min(max(line, 1), l.count())
	line, column := pointAt(l, line, message)
	fact, fix := "is not YAML: "+message, "correct the line or the one before it"
	for _, w := range wayOut {
		if strings.HasPrefix(message, w.message) {
			fact, fix = w.fact, w.fix
			break
		}
	}
	d.at(line, column, "", "syntax", fact, fix)
}

// pointAt gives the line and column that a reader should look at.
func pointAt(l *lines, line int, message string) (int, int) {
	if strings.Contains(message, "tab character") || strings.Contains(message, "cannot start any token") {
		for n := line; n <= min(line+1, l.count()); n++ {
			content, _ := l.line(n)
			if blank := content[:len(content)-len(strings.TrimLeft(content, " \t"))]; strings.Contains(blank, "\t") {
				return n, strings.IndexByte(blank, '\t') + 1
			}
		}
	}
	content, _ := l.line(line)
	if strings.Contains(message, "mapping values") {
		if at := strings.LastIndex(content+" ", ": "); at >= 0 {
			return line, utf8.RuneCountInString(content[:at]) + 1
		}
	}
	return line, len(content) - len(strings.TrimLeft(content, " \t")) + 1
}

// firstFailing finds the line at which the parser notices what is wrong. The
// library names the start of the block around it instead, which may be
// hundreds of lines above; so the text is cut shorter until the error goes.
func firstFailing(l *lines, err error, otherwise int) int {
	const costly = 1 << 20
	if len(l.text) > costly {
		return otherwise + 1
	}
	_, what, _ := strings.Cut(err.Error(), "did not")
	return 1 + sort.Search(l.count()-1, func(i int) bool {
		_, err := fastyaml.Documents(l.text[:l.starts[i+1]])
		return err != nil && strings.HasSuffix(err.Error(), what)
	})
}

// anchorUse gives the offset of the first alias of that name, or -1.
func anchorUse(text []byte, name string) int {
	re, err := regexp.Compile(`(?:^|[\s\[{,])(\*` + regexp.QuoteMeta(name) + `)(?:[\s\]},]|$)`)
	if err != nil {
		return -1
	}
	if at := re.FindSubmatchIndex(text); at != nil {
		return at[2]
	}
	return -1
}
