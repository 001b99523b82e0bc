package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"kgen.dev/kgen/internal/report"
)

// patience is how long anything may take before a test gives it up.
const patience = 2 * time.Minute

// browser starts one Chromium for all tests; each test has a tab of its own.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("%w: apt-get install -y --no-install-recommends chromium fonts-dejavu-core", err)
	}
	home, err := os.MkdirTemp("", "kgen-browser-")
	if err != nil {
		return nil, err
	}
	closing = append(closing, func() { os.RemoveAll(home) })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(home), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	closing = append(closing, stop)
	ctx, cancel := chromedp.NewContext(allocator)
	closing = append(closing, cancel)
	return ctx, chromedp.Do(ctx)
})

// closing is undone, the last first, when all tests are through.
var closing []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(closing) - 1; i >= 0; i-- {
		closing[i]()
	}
	os.Exit(code)
}

// tab is a page that a test looks at.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	requests []string
	messages chan string
}

// end is what the test itself says on the console when it has seen enough.
const end = "the test ends here"

// open loads a page in a new tab of 1440 by 1000 pixels.
func open(t *testing.T, p *report.Page) *tab {
	t.Helper()
	html, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return load(t, html)
}

func load(t *testing.T, html []byte) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html, 0o644); err != nil {
		t.Fatal(err)
	}
	return visit(t, file)
}

func visit(t *testing.T, file string) *tab {
	t.Helper()
	shared, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, messages: make(chan string, 1)}
	parent, cancel := chromedp.NewContext(shared, chromedp.WithListener(func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			b.requests = append(b.requests, e.Request.URL)
			b.mu.Unlock()
		}
	}))
	t.Cleanup(cancel)
	b.do(parent, chromedp.EmulateViewport(1440, 1000))
	ctx, stop := context.WithTimeout(parent, patience)
	t.Cleanup(stop)
	b.ctx = ctx
	console := chromedp.Console(ctx)
	go func() {
		var said []string
		for m, err := range console {
			if err != nil {
				said = append(said, err.Error())
				break
			}
			if m.Text == end {
				break
			}
			said = append(said, fmt.Sprintf("%v: %s", m.Type, m.Text))
		}
		b.messages <- strings.Join(said, "\n")
	}()
	b.do(ctx, chromedp.Navigate("file://"+file))
	return b
}

func (b *tab) do(ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// console gives all that was said on the console since the page was loaded,
// violations of its policy included.
func (b *tab) console() string {
	b.t.Helper()
	eval[chromedp.Void](b, "console.log("+quoted(end)+")")
	select {
	case said := <-b.messages:
		return said
	case <-b.ctx.Done():
		b.t.Fatal(b.ctx.Err())
		return ""
	}
}

// eval gives the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// await waits for a condition in the page to hold.
func (b *tab) await(condition string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(patience/2))); err != nil {
		b.t.Fatalf("%s does not come true: %v", condition, err)
	}
}

func (b *tab) key(keys string) {
	b.t.Helper()
	b.do(b.ctx, chromedp.KeyEvent(keys))
}

func (b *tab) click(x, y float64) {
	b.t.Helper()
	b.do(b.ctx, chromedp.MouseClickXY(x, y))
}

// center is where on the screen an element's middle is.
func (b *tab) center(element string) (x, y float64) {
	b.t.Helper()
	at := eval[[]float64](b, "(() => {const r = "+element+".getBoundingClientRect(); return [r.x + r.width/2, r.y + r.height/2]})()")
	return at[0], at[1]
}

// media sets what the reader prefers, or "print".
func (b *tab) media(medium, scheme string) {
	b.t.Helper()
	b.do(b.ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return chromedp.Void{}, err
	})
}

// node is an expression for the node of an ID in the graph.
func node(id string) string {
	return "[...document.querySelectorAll('.view .node')].find(n => n.dataset.node === " + quoted(id) + ")"
}

// quoted is a text as JavaScript writes it.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}
