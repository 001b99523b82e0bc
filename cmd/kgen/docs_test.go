package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/audit"
	"kgen.dev/kgen/internal/cli"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/specfile"
)

const root = "../.."

// TestDocsCommands runs every command of every ```console block, in order, in a
// folder of its own for each page, and compares what it prints with the block.
// A line "…" stands for any lines. Commands that start with "go run" are run in
// the repository itself, with the temporary folder in the place of /tmp/.
func TestDocsCommands(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "kgen"), ".").CombinedOutput(); err != nil {
		t.Fatalf("building kgen: %v\n%s", err, out)
	}
	pages, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range append(pages, root+"/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for _, b := range consoleBlocks(string(text)) {
			for _, c := range b {
				ran++
				name := fmt.Sprintf("%s:%d", filepath.Base(page), c.line)
				if got := shell(t, bin, dir, c.command); !matches(c.output, got) {
					t.Errorf("%s: $ %s\nprinted\n%s\nthe page says\n%s", name, c.command, got, c.output)
				}
			}
		}
	}
	if ran < 10 {
		t.Errorf("only %d commands found in the documentation", ran)
	}
}

type console struct {
	line            int
	command, output string
}

var consoleFence = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

func consoleBlocks(text string) [][]console {
	var blocks [][]console
	for _, at := range consoleFence.FindAllStringSubmatchIndex(text, -1) {
		line := 1 + strings.Count(text[:at[2]], "\n")
		var block []console
		for l := range strings.Lines(text[at[2]:at[3]]) {
			if command, ok := strings.CutPrefix(l, "$ "); ok {
				block = append(block, console{line: line, command: strings.TrimSpace(command)})
			} else if n := len(block); n > 0 {
				if c := &block[n-1]; strings.HasSuffix(c.command, `\`) {
					c.command = strings.TrimSuffix(c.command, `\`) + strings.TrimSpace(l)
				} else {
					c.output += l
				}
			}
			line++
		}
		blocks = append(blocks, block)
	}
	return blocks
}

func shell(t *testing.T, bin, dir, command string) string {
	t.Helper()
	work := dir
	if strings.HasPrefix(command, "go ") {
		work, command = root, strings.ReplaceAll(command, "/tmp/", dir+"/")
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		if exit := (*exec.ExitError)(nil); !asExit(err, &exit) || exit.ExitCode() > 1 {
			t.Errorf("$ %s: %v\n%s", command, err, out)
		}
	}
	return strings.ReplaceAll(string(out), dir+"/", "/tmp/")
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}

// matches compares line by line; a wanted line "…" stands for any number of lines.
func matches(want, got string) bool {
	var pattern strings.Builder
	for l := range strings.Lines(want) {
		if strings.TrimSpace(l) == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		pattern.WriteString(regexp.QuoteMeta(strings.TrimRight(l, "\n")) + `\n`)
	}
	if got != "" && !strings.HasSuffix(got, "\n") {
		got += "\n"
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(got)
}

// TestMatches keeps the comparison above honest.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\n", "a\nb\n", false},
		{"a\n…\n", "a\nb\nc\n", true},
		{"a\n…\nc\n", "a\nb\nd\n", false},
		{"", "a\n", false},
		{"a.c\n", "abc\n", false},
	} {
		if matches(c.want, c.got) != c.ok {
			t.Errorf("matches(%q, %q) is not %v", c.want, c.got, c.ok)
		}
	}
}

// TestCommandsPage holds docs/commands.md equal to the help texts.
func TestCommandsPage(t *testing.T) {
	compare(t, root+"/docs/commands.md", cli.Reference())
}

// TestRulesPage holds docs/rules.md equal to the rules themselves.
func TestRulesPage(t *testing.T) {
	compare(t, root+"/docs/rules.md", audit.Page())
}

// TestModelPage holds the table of keys in docs/model.md equal to the schema.
func TestModelPage(t *testing.T) {
	page := root + "/docs/model.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const heading = "## Every key\n"
	before, _, found := strings.Cut(string(text), heading)
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	compare(t, page, append([]byte(before+heading+"\n"), keys(t)...))
}

func compare(t *testing.T, page string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), string(want)); diff != "" {
		t.Errorf("%s has drifted (-page +code); go test ./cmd/kgen -run Page -update rewrites it\n%s", page, diff)
	}
}

// A schemaNode is as much of a JSON Schema as lists its keys.
type schemaNode struct {
	Ref         string                 `json:"$ref"`
	Description string                 `json:"description"`
	Properties  properties             `json:"properties"`
	Items       *schemaNode            `json:"items"`
	OneOf       []*schemaNode          `json:"oneOf"`
	Required    []string               `json:"required"`
	Defs        map[string]*schemaNode `json:"$defs"`
}

// properties are in the order in which the schema lists them.
type properties []property

type property struct {
	key  string
	node *schemaNode
}

func (p *properties) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		node := new(schemaNode)
		if err := dec.Decode(node); err != nil {
			return err
		}
		*p = append(*p, property{key.(string), node})
	}
	return nil
}

// keys lists every key of the model with its description, as the schema has them.
func keys(t *testing.T) []byte {
	t.Helper()
	schema := new(schemaNode)
	if err := json.Unmarshal(specfile.Schema(), schema); err != nil {
		t.Fatal(err)
	}
	// A definition is found behind references, lists and alternatives.
	var resolve func(n *schemaNode) *schemaNode
	resolve = func(n *schemaNode) *schemaNode {
		switch {
		case n == nil || n.Properties != nil:
			return n
		case n.Ref != "":
			return resolve(schema.Defs[path.Base(n.Ref)])
		case n.Items != nil:
			return resolve(n.Items)
		}
		for _, alternative := range n.OneOf {
			if r := resolve(alternative); r != nil {
				return r
			}
		}
		return nil
	}
	var out bytes.Buffer
	out.WriteString("| key | what it says |\n|---|---|\n")
	var walk func(prefix string, n *schemaNode)
	walk = func(prefix string, n *schemaNode) {
		for _, p := range n.Properties {
			name, description := prefix+p.key, p.node.Description
			if slices.Contains(n.Required, p.key) {
				description += " **Required.**"
			}
			fmt.Fprintf(&out, "| `%s` | %s |\n", name, strings.ReplaceAll(description, "|", `\|`))
			if below := resolve(p.node); below != nil {
				if p.node.Items != nil {
					name += "[]"
				}
				walk(name+".", below)
			}
		}
	}
	top := resolve(schema)
	if top == nil || len(top.Properties) == 0 {
		t.Fatal("the schema has no keys")
	}
	walk("", top)
	return out.Bytes()
}

// TestGeneratedPage holds that docs/generated.md names every file and every
// kind of object that the examples hold, and every alert.
func TestGeneratedPage(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/generated.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	models, err := filepath.Glob(root + "/examples/*/kgen.yaml")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	for _, model := range models {
		data, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		f, problems := specfile.Parse(model, data)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		files, err := gen.Render(f.Network, gen.Options{})
		if err != nil {
			t.Fatal(err)
		}
		services := map[string]bool{}
		for _, s := range f.Network.Spec.Services {
			services[s.Name+".yaml"] = true
		}
		for name, data := range files.All() {
			if strings.HasPrefix(name, "environments/") {
				continue // the same files again, or patches on them
			}
			pattern := name
			if services[path.Base(name)] {
				pattern = path.Dir(name) + "/<service>.yaml"
			}
			if path.Base(name) != "kustomization.yaml" && !strings.Contains(page, "`"+pattern+"`") {
				missing["file "+pattern] = true
			}
			if !strings.HasSuffix(name, ".yaml") || strings.HasPrefix(name, ".") {
				continue // the latter are no manifests
			}
			objects, err := manifest.Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				if o.Kind != "Kustomization" && !strings.Contains(page, o.Kind) {
					missing["kind "+o.Kind] = true
				}
			}
			for _, m := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(string(data), -1) {
				if !strings.Contains(page, m[1]) {
					missing["alert "+m[1]] = true
				}
			}
		}
	}
	for what := range missing {
		t.Errorf("docs/generated.md does not mention the %s", what)
	}
}
