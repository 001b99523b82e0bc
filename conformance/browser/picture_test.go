package browser

import (
	"bytes"
	"context"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/graph/graphtest"
	"kgen.dev/kgen/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the pictures of the documentation anew")

const images = "../../docs/images"

func abs(f float64) float64 { return max(f, -f) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// wheel turns the mouse wheel over a point, a little sideways: Chromium takes
// no event without both.
func wheel(x, y, delta float64) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: x, Y: y, DeltaX: 1, DeltaY: delta})
		return chromedp.Void{}, err
	}
}

// TestTexts measures every text of the drawing as the browser sets it: none is
// wider than the box or the label that it stands in, and no label overlaps
// another or a node.
func TestTexts(t *testing.T) {
	for _, g := range []*graph.Graph{graphtest.Boutique(), graphtest.Shop(3), graphtest.Shop(50), graphtest.Shop(200)} {
		t.Run(g.Title, func(t *testing.T) {
			b := open(t, reporttest.Page(g))
			over := eval[[]string](b, `[...document.querySelectorAll('.view .node, .view .slot, .view .badge, .view .group')].flatMap(e => {
				const box = e.querySelector('.box, .pill, rect');
				if (!box) return [];
				const outer = box.getBBox();
				return [...e.children].filter(c => c.tagName === 'text').filter(c => { const i = c.getBBox(); return i.x < outer.x || i.x + i.width > outer.x + outer.width + .5 }).map(c => c.textContent) })`)
			if len(over) > 0 {
				t.Errorf("%d texts are wider than what they stand in: %q", len(over), over)
			}
			if n := eval[int](b, "document.querySelectorAll('.view text').length"); n < len(g.Nodes) {
				t.Errorf("%d texts were measured, for %d nodes", n, len(g.Nodes))
			}
		})
	}
}

// TestAlone opens the SVG file by itself, light and dark.
func TestAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "graph.svg")
	if err := os.WriteFile(file, graphtest.Boutique().SVG(), 0o644); err != nil {
		t.Fatal(err)
	}
	b := visit(t, file)
	const paper = "getComputedStyle(document.querySelector('.paper')).fill"
	b.media("", "light")
	b.await(paper + " === 'rgb(255, 255, 255)'")
	b.media("", "dark")
	b.await(paper + " === 'rgb(17, 22, 29)'")
	b.media("print", "dark")
	b.await(paper + " === 'rgb(255, 255, 255)'")
	if said := b.console(); said != "" {
		t.Errorf("the console says:\n%s", said)
	}
}

// TestPictures takes the pictures of the documentation, where asked for, and
// otherwise looks that they are there and show something.
func TestPictures(t *testing.T) {
	for _, p := range []struct {
		name, scheme  string
		g             *graph.Graph
		page          bool
		follow        string
		width, height int64
	}{
		{"report-12", "light", graphtest.Boutique(), true, "boutique/checkoutservice", 1440, 900},
		{"report-12-dark", "dark", graphtest.Boutique(), true, "", 1440, 900},
		{"report-150", "light", graphtest.Shop(150), true, "", 1600, 1200},
		{"graph-12", "light", graphtest.Boutique(), false, "", 1440, 400},
		{"graph-150", "light", graphtest.Shop(150), false, "", 2400, 1210},
	} {
		t.Run(p.name, func(t *testing.T) {
			path := filepath.Join(images, p.name+".png")
			if *update {
				var b *tab
				if p.page {
					b = open(t, reporttest.Page(p.g))
				} else {
					b = load(t, append([]byte("<!doctype html><style>body{margin:0}svg{width:100%;height:auto}</style>"), p.g.SVG()...))
				}
				b.media("", p.scheme)
				b.do(b.ctx, chromedp.EmulateViewport(p.width, p.height))
				if p.follow != "" {
					x, y := b.center(node(p.follow))
					b.click(x, y)
					b.await("!document.getElementById('panel').hidden")
				}
				b.await("document.fonts.status === 'loaded' && document.getAnimations().length === 0")
				picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(images, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v: take it with go test . -run Pictures -update", err)
			}
			picture, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			size := picture.Bounds()
			if size.Dx() != int(p.width) || size.Dy() != int(p.height) {
				t.Errorf("%s is %v, want %d by %d", path, size, p.width, p.height)
			}
			colours := map[[3]uint32]bool{}
			for y := 0; y < size.Dy(); y += 3 {
				for x := 0; x < size.Dx(); x += 3 {
					r, g, b, _ := picture.At(x, y).RGBA()
					colours[[3]uint32{r, g, b}] = true
				}
			}
			if len(colours) < 30 {
				t.Errorf("%s has %d colours: it shows nothing", path, len(colours))
			}
		})
	}
}
