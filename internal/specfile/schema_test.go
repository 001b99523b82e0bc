package specfile

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"

	"kgen.dev/kgen/internal/spec"
)

var update = flag.Bool("update", false, "rewrite schema.json")

// durationPattern is what spec.ParseDuration takes.
const durationPattern = `^([0-9]{1,9}(ms|s|m|h|d|w))+$`

// scalarSchemas says what the parsers of the scalar types take.
func scalarSchemas(t reflect.Type) *jsonschema.Schema {
	whole := func(lo, hi string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "integer", Minimum: json.Number(lo), Maximum: json.Number(hi)}
	}
	switch t {
	case reflect.TypeFor[spec.PortNumber]():
		return whole("1", "65535")
	case reflect.TypeFor[spec.Percent]():
		return whole("0", "100")
	case reflect.TypeFor[spec.Share]():
		return whole("1", "100")
	case reflect.TypeFor[spec.Count]():
		return whole("1", "1000000")
	case reflect.TypeFor[spec.Attempts]():
		return whole("0", "10")
	case reflect.TypeFor[spec.Availability](), reflect.TypeFor[spec.Percentile]():
		return &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0", ExclusiveMaximum: "100"}
	case reflect.TypeFor[spec.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: durationPattern, Examples: []any{"500ms", "5s", "1m30s", "10d"}}
	case reflect.TypeFor[spec.PortRef]():
		longest := uint64(15)
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			whole("1", "65535"),
			{Type: "string", MaxLength: &longest, Pattern: `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`},
		}}
	}
	return nil
}

func generate(t *testing.T) []byte {
	t.Helper()
	r := &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		Anonymous:                  true,
		Mapper:                     scalarSchemas,
	}
	if err := r.AddGoComments("kgen.dev/kgen/internal/specfile", "../spec", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.Join(strings.Fields(comment), " ")
	}
	s := r.Reflect(&spec.Network{})
	s.ID = "https://" + spec.APIVersion + "/network.json"
	s.Title = "kgen.yaml"
	call := s.Definitions["Call"]
	least, longest := uint64(1), uint64(63)
	s.Definitions["Call"] = &jsonschema.Schema{Description: call.Description, OneOf: []*jsonschema.Schema{
		{Type: "string", MinLength: &least, MaxLength: &longest},
		call,
	}}
	call.Description = ""
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		t.Fatal(err)
	}
	// The library's own marshaller escapes what only HTML would need.
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out.String()))
}

func TestSchemaIsMadeFromTheTypes(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(Schema())); diff != "" {
		t.Errorf("schema.json is not what the types say; run go test ./internal/specfile -run Schema -update\n%s", diff)
	}
}

// TestSchemaHasTheKeysThatAreDecoded reads the printed schema and not the types.
func TestSchemaHasTheKeysThatAreDecoded(t *testing.T) {
	type object struct {
		Properties map[string]struct {
			Description string   `json:"description"`
			Enum        []string `json:"enum"`
		} `json:"properties"`
		Required             []string `json:"required"`
		AdditionalProperties *bool    `json:"additionalProperties"`
		OneOf                []object `json:"oneOf"`
	}
	var printed struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	text := Schema()
	if *update { // what is embedded is then the schema of before
		text = generate(t)
	}
	if err := json.Unmarshal(text, &printed); err != nil {
		t.Fatal(err)
	}
	for typ, tab := range tables {
		o := printed.Defs[typ.Name()]
		if typ == reflect.TypeFor[spec.Network]() {
			o = printed.object
		}
		for _, alternative := range o.OneOf {
			if alternative.Properties != nil {
				o = alternative
			}
		}
		if o.AdditionalProperties == nil || *o.AdditionalProperties {
			t.Errorf("%s: the schema allows keys that the decoder refuses", typ.Name())
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(tab.keys)), slices.Sorted(maps.Keys(o.Properties))); diff != "" {
			t.Errorf("%s: keys of the decoder and of the schema differ\n%s", typ.Name(), diff)
		}
		var required []string
		for _, f := range tab.fields {
			p := o.Properties[f.key]
			if p.Description == "" {
				t.Errorf("%s.%s has no comment", typ.Name(), f.key)
			}
			if diff := cmp.Diff(f.enum, p.Enum); diff != "" {
				t.Errorf("%s.%s: enums of the decoder and of the schema differ\n%s", typ.Name(), f.key, diff)
			}
			if f.required {
				required = append(required, f.key)
			}
		}
		if diff := cmp.Diff(required, o.Required); diff != "" {
			t.Errorf("%s: required keys of the decoder and of the schema differ\n%s", typ.Name(), diff)
		}
	}
}

// TestSchemaRangesAreTheParsers tries the parsers at both ends of each range.
func TestSchemaRangesAreTheParsers(t *testing.T) {
	for _, scalar := range []spec.Scalar{new(spec.PortNumber), new(spec.Percent), new(spec.Share), new(spec.Count), new(spec.Attempts), new(spec.PortRef)} {
		typ := reflect.TypeOf(scalar).Elem()
		s := scalarSchemas(typ)
		if s.OneOf != nil {
			s = s.OneOf[0]
		}
		lo, _ := s.Minimum.Int64()
		hi, _ := s.Maximum.Int64()
		for n, ok := range map[int64]bool{lo - 1: false, lo: true, hi: true, hi + 1: false} {
			if err := scalar.ParseText(strconv.FormatInt(n, 10)); (err == nil) != ok {
				t.Errorf("%s: the schema and the parser disagree on %d: %v", typ.Name(), n, err)
			}
		}
	}
}
