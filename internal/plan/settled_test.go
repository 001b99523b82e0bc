package plan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"kgen.dev/kgen/internal/tree"
)

// TestArchiveOfSettledFiles writes archives in which some files are taken over
// from an older one: they have the bytes of those that are written whole, and
// each part is where it is said to be.
func TestArchiveOfSettledFiles(t *testing.T) {
	texts := []string{"", "a\n", "no newline", "-- b --\n", "<<<<<<< ours\n", "a\r\nb\r\n", "kind: Service\nspec: {}\n"}
	names := []string{"a.yaml", "a/b.yaml", "b", "-- c --", " d", "\"e\"", "é", "z/y/x.yaml", "z.yaml"}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 5))
		old, now, others := tree.New(), tree.New(), tree.New()
		stays := map[string]bool{}
		for _, name := range names {
			text := []byte(texts[random.IntN(len(texts))])
			switch random.IntN(4) {
			case 0: // new
				now.Set(name, text)
				others.Set(name, text)
			case 1: // gone
				old.Set(name, text)
			case 2: // another
				old.Set(name, text)
				now.Set(name, append([]byte("x\n"), text...))
				others.Set(name, append([]byte("x\n"), text...))
			default:
				stays[name] = true
				old.Set(name, text)
				now.Set(name, text)
			}
		}
		archive, parts, err := formatBase(old, nil)
		if err != nil {
			t.Fatal(err)
		}
		settled := &Settled{Archive: archive}
		for _, p := range parts {
			if stays[p.Path] {
				settled.Parts = append(settled.Parts, p)
			}
		}
		got, parts, err := formatBase(others, settled)
		if err != nil {
			t.Fatal(err)
		}
		want, err := FormatBase(now)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d:\n%s\nnot\n%s", seed, got, want)
		}
		base, err := BaseOf(got, parts)
		if err != nil {
			t.Fatal(err)
		}
		if !same(base.Tree, now) {
			t.Errorf("seed %d: the parts are %q", seed, base.Paths())
		}
	}
}

func TestBaseOfRefuses(t *testing.T) {
	archive, parts, err := formatBase(treeOf(t, "a", "x\n", "b", "y\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	one, two := parts[0], parts[1]
	for i, wrong := range []Part{
		{"a", two.From, two.To}, {"a", one.From, two.To}, {"a", one.From, one.To - 1}, {"a", one.From + 1, one.To},
		{"a", -1, one.To}, {"a", one.From, len(archive) + 1}, {"a", one.To, one.From}, {"a", one.From, one.From},
	} {
		if got, err := BaseOf(archive, []Part{wrong}); err == nil {
			t.Errorf("%d: %v has passed: %q", i, wrong, fmt.Sprint(got.Paths()))
		}
	}
	if _, err := BaseOf(archive, []Part{one, one}); err == nil {
		t.Error("a file twice has passed")
	}
}
