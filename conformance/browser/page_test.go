package browser

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/graph/graphtest"
	"kgen.dev/kgen/internal/report"
	"kgen.dev/kgen/internal/report/reporttest"
)

// pages are what is looked at: a real application, and a large one.
func pages() map[string]*report.Page {
	return map[string]*report.Page{
		"12 services":  reporttest.Page(graphtest.Boutique()),
		"150 services": reporttest.Page(graphtest.Shop(150)),
		"nothing":      {Title: "nothing"},
	}
}

func TestLoads(t *testing.T) {
	for name, page := range pages() {
		t.Run(name, func(t *testing.T) {
			b := open(t, page)
			if said := b.console(); said != "" {
				t.Errorf("the console says:\n%s", said)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.requests) != 1 || !strings.HasPrefix(b.requests[0], "file://") {
				t.Errorf("the page asks for %q: it is to ask for nothing but itself", b.requests)
			}
		})
	}
}

// TestPolicy changes a letter of the script, and an image is added: the page's
// own policy has to refuse both, and the console to say so.
func TestPolicy(t *testing.T) {
	html, err := pages()["12 services"].HTML()
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string][2]string{
		"another script": {"'use strict';", "'use strict' ;"},
		"another style":  {"box-sizing:border-box", "box-sizing:content-box"},
		"an image":       {"<main>", `<main><img src="https://example.invalid/x.png" alt="">`},
		"a handler":      {"<main>", `<main onclick="alert(1)">`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := bytes.Replace(html, []byte(edit[0]), []byte(edit[1]), 1)
			if bytes.Equal(changed, html) {
				t.Fatalf("%q is not in the page", edit[0])
			}
			if said := load(t, changed).console(); !strings.Contains(said, "Content Security Policy") {
				t.Errorf("the console says %q, nothing of the policy", said)
			}
		})
	}
}

// slash presses the key as a keyboard does: what it types comes with it, and
// is gone when the page takes the key for itself.
func slash(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Code: "Slash", Text: "/"})
	return chromedp.Void{}, err
}

func TestSearch(t *testing.T) {
	b := open(t, pages()["12 services"])
	b.do(b.ctx, slash)
	b.await("document.activeElement.id === 'search'")
	b.key("cart")
	b.await("document.getElementById('found').textContent === '2 services match'")
	lit := eval[[]string](b, "[...document.querySelectorAll('.view .node.lit')].map(n => n.dataset.node)")
	if diff := cmp.Diff([]string{"boutique/cartservice", "boutique/redis-cart"}, lit); diff != "" {
		t.Errorf("nodes found (-want +got):\n%s", diff)
	}
	b.await("getComputedStyle(" + node("boutique/frontend") + ").opacity < 0.2 && getComputedStyle(" + node("boutique/cartservice") + ").opacity == 1")
	cards := eval[[]string](b, "[...document.querySelectorAll('.card')].filter(c => c.checkVisibility()).map(c => c.dataset.card)")
	if slices.Contains(cards, "boutique/paymentservice") || !slices.Contains(cards, "boutique/cartservice") {
		t.Errorf("cards that are shown: %q", cards)
	}
	b.key(kb.Enter)
	b.await("!document.getElementById('panel').hidden && document.querySelector('#panel h3').textContent === 'cartservice'")
	b.key(kb.Escape)
	b.await("document.getElementById('search').value === '' && document.getElementById('found').textContent === ''")
	b.await("document.querySelectorAll('.filtered').length === 0")
	if said := b.console(); said != "" {
		t.Errorf("the console says:\n%s", said)
	}
}

// TestFollow clicks each service of a graph and compares what is lit with the
// graph's own edges.
func TestFollow(t *testing.T) {
	for name, g := range map[string]*graph.Graph{"12 services": graphtest.Boutique(), "60 services": graphtest.Shop(60)} {
		t.Run(name, func(t *testing.T) {
			b := open(t, reporttest.Page(g))
			eval[chromedp.Void](b, "document.getElementById('view').focus()")
			b.key("0") // all of it is in view
			drawn := eval[[]string](b, "[...document.querySelectorAll('.view .node')].map(n => n.dataset.node)")
			follow := func(id string) {
				x, y := b.center(node(id))
				b.click(x, y)
				b.await("document.querySelector('.view .followed')?.dataset.node === " + quoted(id))
				want := []string{id}
				for _, e := range g.Edges {
					if e.From == id && slices.Contains(drawn, e.To) {
						want = append(want, e.To)
					}
					if e.To == id && slices.Contains(drawn, e.From) {
						want = append(want, e.From)
					}
				}
				slices.Sort(want)
				want = slices.Compact(want)
				got := eval[[]string](b, "[...document.querySelectorAll('.view .node.lit')].map(n => n.dataset.node)")
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: lit nodes (-want +got):\n%s", id, diff)
				}
				// Every lit line must lead to or come from the service.
				if stray := eval[int](b, "[...document.querySelectorAll('.view .line.lit')].filter(l => l.dataset.from !== undefined && l.dataset.from !== "+quoted(id)+
					" && document.querySelector('.view .slot[data-slot=\"' + l.dataset.slot + '\"]').dataset.to !== "+quoted(id)+").length"); stray > 0 {
					t.Errorf("%s: %d lines of others are lit", id, stray)
				}
				b.key(kb.Escape)
				b.await("!document.querySelector('.view .followed') && document.getElementById('panel').hidden")
			}
			for i, id := range drawn {
				if i%max(1, len(drawn)/14) == 0 {
					follow(id)
				}
			}
			if said := b.console(); said != "" {
				t.Errorf("the console says:\n%s", said)
			}
		})
	}
}

func TestPanel(t *testing.T) {
	b := open(t, pages()["12 services"])
	x, y := b.center(node("boutique/checkoutservice"))
	b.click(x, y)
	b.await("!document.getElementById('panel').hidden")
	text := eval[string](b, "document.getElementById('panel').innerText")
	for _, want := range []string{"checkoutservice", "5050/TCP", "CALLED BY", "frontend", "paymentservice", "NetworkPolicy boutique/checkoutservice", "NP04", "add an ingress rule"} {
		if !strings.Contains(text, want) {
			t.Errorf("the panel does not say %q:\n%s", want, text)
		}
	}
	// A link in the panel goes on to that service, and brings it into view.
	x, y = b.center("[...document.querySelectorAll('#panel [data-follow]')].find(a => a.dataset.follow === 'boutique/paymentservice')")
	b.click(x, y)
	b.await("document.querySelector('#panel h3').textContent === 'paymentservice' && document.querySelector('.view .followed').dataset.node === 'boutique/paymentservice'")
	b.await("document.activeElement === " + node("boutique/paymentservice"))
	x, y = b.center("document.getElementById('panel-close')")
	b.click(x, y)
	b.await("document.getElementById('panel').hidden && !document.querySelector('.view svg').classList.contains('following')")
}

func TestHover(t *testing.T) {
	b := open(t, pages()["12 services"])
	x, y := b.center(node("boutique/redis-cart"))
	b.do(b.ctx, chromedp.MouseEvent("mouseMoved", x, y))
	b.await("document.querySelectorAll('.view .node.lit').length === 3")
	b.do(b.ctx, chromedp.MouseEvent("mouseMoved", 5, 5))
	b.await("document.querySelectorAll('.view .lit').length === 0")
}

func TestKeyboard(t *testing.T) {
	b := open(t, pages()["12 services"])
	eval[chromedp.Void](b, "document.getElementById('view').focus()")
	viewBox := func() string { return eval[string](b, "document.querySelector('.view svg').getAttribute('viewBox')") }
	whole := viewBox()
	for _, k := range []string{"+", kb.ArrowRight, kb.ArrowDown, "-", kb.ArrowLeft, kb.ArrowUp} {
		before := viewBox()
		b.key(k)
		b.await("document.querySelector('.view svg').getAttribute('viewBox') !== " + quoted(before))
	}
	b.key("0")
	b.await("document.querySelector('.view svg').getAttribute('viewBox') === " + quoted(whole))

	b.key(kb.Tab) // one stop for all services
	b.await("document.activeElement.classList.contains('node')")
	first := eval[string](b, "document.activeElement.dataset.node")
	b.await("getComputedStyle(document.activeElement.querySelector('.box')).strokeWidth === '4px'")
	seen := []string{first}
	for _, k := range []string{kb.ArrowRight, kb.ArrowRight, kb.ArrowLeft, kb.ArrowDown, kb.ArrowUp} {
		b.key(k)
		seen = append(seen, eval[string](b, "document.activeElement.dataset.node"))
	}
	if len(slices.Compact(slices.Sorted(slices.Values(seen)))) < 3 {
		t.Errorf("the arrows go to %q only", seen)
	}
	last := seen[len(seen)-1]
	b.key(kb.Enter)
	b.await("!document.getElementById('panel').hidden && document.querySelector('.view .followed').dataset.node === " + quoted(last))
	b.key(kb.Escape)
	b.await("document.getElementById('panel').hidden")
	b.key(kb.Tab) // and on, out of the graph
	b.await("!document.getElementById('view').contains(document.activeElement) && document.activeElement !== document.body")

	// Whatever Tab reaches shows that it has the focus, and has a name.
	eval[chromedp.Void](b, "document.activeElement.blur(), document.body.focus(), scrollTo(0, 0)")
	for range 30 {
		b.key(kb.Tab)
		got := eval[string](b, `(() => { const e = document.activeElement; if (e === document.body) return '';
			const style = getComputedStyle(e), shown = style.outlineStyle !== 'none' || e.classList.contains('node');
			const name = e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.[0]?.textContent;
			return (shown ? '' : 'no outline on ') + (name ? '' : 'no name of ') + (shown && name ? '' : e.outerHTML.slice(0, 80)) })()`)
		if got != "" {
			t.Error(got)
		}
	}
}

func TestZoom(t *testing.T) {
	b := open(t, pages()["150 services"])
	width := func() float64 { return eval[float64](b, "document.querySelector('.view svg').viewBox.baseVal.width") }
	// A graph that could not be read if it were fitted begins at a scale at which it can.
	begun := width()
	if units := eval[float64](b, "1 / document.querySelector('.view svg').getScreenCTM().a"); abs(units-1.6) > 0.01 {
		t.Errorf("it begins with %v units a pixel, want 1.6", units)
	}
	eval[chromedp.Void](b, "document.getElementById('view').scrollIntoView({block: 'center'})")
	x, y := b.center("document.getElementById('zoom-fit')")
	b.click(x, y)
	b.await("document.querySelector('.view svg').viewBox.baseVal.width > " + number(begun))
	whole := width()
	x, y = b.center("document.getElementById('zoom-in')")
	b.click(x, y)
	b.await("document.querySelector('.view svg').viewBox.baseVal.width < " + number(whole*0.9))
	x, y = b.center("document.getElementById('view')")
	// The wheel zooms at the pointer: what is under it stays there.
	under := "(() => { const p = new DOMPoint(" + number(x) + "," + number(y) + ").matrixTransform(document.querySelector('.view svg').getScreenCTM().inverse()); return [p.x, p.y] })()"
	before, zoomed := eval[[]float64](b, under), width()
	b.do(b.ctx, wheel(x, y, -240))
	b.await("document.querySelector('.view svg').viewBox.baseVal.width < " + number(zoomed))
	after := eval[[]float64](b, under)
	if abs(before[0]-after[0]) > 2 || abs(before[1]-after[1]) > 2 {
		t.Errorf("the wheel moves what is under the pointer from %v to %v", before, after)
	}
	// Dragging moves it, and follows nobody.
	left := eval[float64](b, "document.querySelector('.view svg').viewBox.baseVal.x")
	b.do(b.ctx, chromedp.MouseEvent("mousePressed", x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent("mouseMoved", x-60, y, chromedp.ButtonLeft), chromedp.MouseEvent("mouseMoved", x-120, y, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseReleased", x-120, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	b.await("document.querySelector('.view svg').viewBox.baseVal.x > " + number(left))
	if eval[bool](b, "document.querySelector('.view .followed') !== null") {
		t.Error("dragging follows a service")
	}
	x, y = b.center("document.getElementById('zoom-fit')")
	b.click(x, y)
	b.await("document.querySelector('.view svg').viewBox.baseVal.width === " + number(whole))
}

func TestDark(t *testing.T) {
	b := open(t, pages()["12 services"])
	const paper, box = "getComputedStyle(document.body).backgroundColor", "getComputedStyle(document.querySelector('.view .service .box')).fill"
	const white, night = "rgb(255, 255, 255)", "rgb(17, 22, 29)"
	b.media("", "light")
	b.await(paper + " === " + quoted(white) + " && " + box + " === " + quoted(white))
	b.media("", "dark")
	b.await(paper + " === " + quoted(night) + " && " + box + " === 'rgb(35, 44, 56)'")
	x, y := b.center("document.getElementById('theme')")
	b.click(x, y)
	b.await(paper + " === " + quoted(white))
	b.click(x, y)
	b.await(paper + " === " + quoted(night))
	b.media("print", "dark")
	b.await(paper + " === " + quoted(white) + " && " + box + " === " + quoted(white))
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

func TestPrint(t *testing.T) {
	b := open(t, reporttest.Page(graphtest.Shop(40)))
	eval[chromedp.Void](b, "document.getElementById('view').focus()")
	b.key("0")
	whole := eval[string](b, "document.querySelector('.view svg').getAttribute('viewBox')")
	b.key("+")
	b.key("+")
	b.await("document.querySelector('.view svg').getAttribute('viewBox') !== " + quoted(whole))
	eval[chromedp.Void](b, "addEventListener('beforeprint', () => { window.printed = document.querySelector('.view svg').getAttribute('viewBox') + document.querySelectorAll('details:not([open])').length })")
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(pdfPage.FindAll(pdf, -1)); n < 4 {
		t.Errorf("%d pages: graph, matrix, checklist and findings want at least 4", n)
	}
	if got := eval[string](b, "window.printed"); got != whole+"0" {
		t.Errorf("while it prints, the graph shows %q and so many closed details; all of it is %q", got, whole)
	}
	b.await("document.querySelector('.view svg').getAttribute('viewBox') !== " + quoted(whole))

	b.media("print", "light")
	for _, control := range []string{"#search", "#theme", "nav", ".zoom", "#panel"} {
		if eval[bool](b, "document.querySelector("+quoted(control)+").checkVisibility()") {
			t.Errorf("%s is printed", control)
		}
	}
	b.do(b.ctx, chromedp.EmulateViewport(794, 1123)) // a sheet of A4
	if wide := eval[[]string](b, "[...document.querySelectorAll('section, table, svg, li')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className || e.id)"); len(wide) > 0 {
		t.Errorf("wider than the paper: %q", wide)
	}
	if cut := eval[bool](b, "[...document.querySelectorAll('.scroll, .stage')].some(e => getComputedStyle(e).overflow !== 'visible')"); cut {
		t.Error("something is cut off on paper")
	}
}

// TestMatrix looks at a table of 150 by 150: its heads stay when it is scrolled.
func TestMatrix(t *testing.T) {
	b := open(t, pages()["150 services"])
	eval[chromedp.Void](b, "(() => { const s = document.querySelector('#matrix .scroll'); s.scrollIntoView(); s.scrollTo(900, 700) })()")
	b.await("document.querySelector('#matrix .scroll').scrollLeft > 800 && document.querySelector('#matrix .scroll').scrollTop > 600")
	got := eval[[]float64](b, `(() => { const s = document.querySelector('#matrix .scroll').getBoundingClientRect();
		const row = document.querySelector('.grid tbody tr:nth-child(40) th').getBoundingClientRect(), head = document.querySelector('.grid thead th:nth-child(40)').getBoundingClientRect();
		return [row.left - s.left, head.top - s.top] })()`)
	if abs(got[0]) > 2 || abs(got[1]) > 2 {
		t.Errorf("row heads are %v pixels from the left, column heads %v from the top", got[0], got[1])
	}
	filled := eval[int](b, "document.querySelectorAll('.grid .cell').length")
	if want := len(graphtest.Shop(150).Filter(graph.Filter{}).Edges); filled != want {
		t.Errorf("%d entries, want one for each of %d edges", filled, want)
	}
}

// hostile are names that try to be more than names.
var hostile = []string{
	`</script><script>alert(1)</script>`, `</title><img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `' onmouseover='alert(1)`,
	"\u202egnp.exe", "\u05d0\u05d1\u05d2 \u0627\u0644", "a\x00b\x1b[31m", `{{.CSP}}`, `]]>`, `&lt;b&gt;`, "emoji \U0001F600", "-->", `\u003cscript\u003e`,
}

func TestHostileNames(t *testing.T) {
	g := &graph.Graph{Title: hostile[0], Description: hostile[1]}
	for i, name := range hostile {
		other := hostile[(i+1)%len(hostile)]
		g.Nodes = append(g.Nodes, graph.Node{ID: name, Group: hostile[i/4], Badges: []string{name}, Details: []string{name}})
		g.Edges = append(g.Edges, graph.Edge{From: name, To: other, Labels: []string{name}, Split: []graph.Share{{Label: name, Weight: 100}}})
	}
	p := reporttest.Page(g)
	p.Model, p.Notes = hostile[0], hostile
	for _, name := range hostile {
		p.Findings = append(p.Findings, report.Finding{Rule: name, File: name, Object: name, Message: name, Fix: name, Suppressed: name, Until: name, Nodes: []string{name}})
	}
	b := open(t, p)
	eval[chromedp.Void](b, "document.getElementById('view').focus()")
	b.key("0") // all of it is in view
	for _, id := range eval[[]string](b, "[...document.querySelectorAll('.view .node')].map(n => n.dataset.node)") {
		x, y := b.center(node(id))
		b.click(x, y)
		b.await("document.querySelector('.view .followed')?.dataset.node === " + quoted(id))
		b.key(kb.Escape)
		b.await("document.getElementById('panel').hidden")
	}
	if n := eval[int](b, "document.querySelectorAll('script, img, iframe, object, embed, [onerror], [onload], [onmouseover], [onclick]').length"); n != 1 {
		t.Errorf("%d elements that could run something, want the one script", n)
	}
	if title := eval[string](b, "document.title"); title != hostile[0] {
		t.Errorf("the title is %q, want %q", title, hostile[0])
	}
	if said := b.console(); said != "" {
		t.Errorf("the console says:\n%s", said)
	}
}
