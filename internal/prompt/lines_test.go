package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

func TestAnAnswerTooManyIsRefused(t *testing.T) {
	none := spec.Mesh{Provider: spec.NoMesh}
	preset := Preset{Name: "shop", Namespace: "shop", Mesh: &none}
	for _, c := range []struct {
		name    string
		answers []string
		want    string
	}{
		{"as many as questions", []string{"", "", "web", "80", "", "", ""}, ""},
		{"blank lines", []string{"", "", "web", "80", "", "", "", "", " "}, ""},
		{
			"the question before was answered with no", []string{"", "", "web", "80", "", "n", "", "", "worker", "90"},
			`answers:9: "worker" was not asked for; compare the answers with the questions; the last was "Calls of web outside the cluster"`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, _ := lines(c.answers...)
			n, _, err := Init(t.Context(), asker, preset)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if (n == nil) != (c.want != "") {
				t.Errorf("a model comes with the error, or none without: %v", n)
			}
		})
	}
}

// Nobody need end an input from which nothing was asked, nor one that is typed,
// nor one that answers every question with an empty line.
func TestWhatIsNotWaitedFor(t *testing.T) {
	endless, w := io.Pipe()
	defer w.Close()
	if err := NewLines(endless, io.Discard).Done(t.Context()); err != nil {
		t.Errorf("nothing was asked, and %v", err)
	}

	typed := NewLines(io.MultiReader(strings.NewReader("web\n"), endless), io.Discard)
	typed.Typed = true
	if _, err := typed.Text(t.Context(), Text{Message: "Name"}); err != nil {
		t.Fatal(err)
	}
	if err := typed.Done(t.Context()); err != nil {
		t.Errorf("a person has typed all answers, and %v", err)
	}

	blank := NewLines(blankLines{}, io.Discard)
	if _, err := blank.Text(t.Context(), Text{Message: "Name", Default: "web"}); err != nil {
		t.Fatal(err)
	}
	if err := blank.Done(t.Context()); err != nil {
		t.Errorf("there are only empty lines, and %v", err)
	}
}

// blankLines never end.
type blankLines struct{}

func (blankLines) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestAServiceOfWhosePortsNobodySpoke(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		ports        []spec.Port
		warned       bool
	}{
		{"end of input", "", nil, true},
		{"none", "none\n", nil, false},
		{"a port", "80\n", []spec.Port{{Port: 80}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker := NewLines(strings.NewReader("\n"+c.answer), io.Discard) // the domain, and the ports
			n, warnings, err := Init(t.Context(), asker, Preset{
				Name: "shop", Namespace: "shop", Mesh: &spec.Mesh{Provider: spec.NoMesh}, Services: []spec.Service{{Name: "web"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.ports, n.Spec.Services[0].Ports); d != "" {
				t.Errorf("ports (-want +got):\n%s", d)
			}
			want := portless("services[0].ports", "web", "--service web,port=none")
			if !c.warned {
				want = nil
			}
			if d := cmp.Diff(want, warnings); d != "" {
				t.Errorf("warnings (-want +got):\n%s", d)
			}
		})
	}
}

// A call by name alone is a call of every port, so one port beside it says nothing.
func TestAWholeServiceHoldsItsPorts(t *testing.T) {
	svc := &spec.Service{Name: "job"}
	asker, _ := lines("web:http, web, cart")
	s := &session{ctx: t.Context(), ask: asker}
	if err := s.calls(svc, shop.Spec.Services); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]spec.Call{{Service: "web"}, {Service: "cart"}}, svc.Calls); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// helped fails the test where a question has nothing to say to "?".
type helped struct {
	*Lines
	t *testing.T
}

func (h helped) check(message, help string) {
	if help == "" {
		h.t.Errorf("%q has no help", message)
	}
}

func (h helped) Text(ctx context.Context, q Text) (string, error) {
	h.check(q.Message, q.Help)
	return h.Lines.Text(ctx, q)
}

func (h helped) Choose(ctx context.Context, q Choice) ([]string, error) {
	h.check(q.Message, q.Help)
	return h.Lines.Choose(ctx, q)
}

func (h helped) Confirm(ctx context.Context, q YesNo) (bool, error) {
	h.check(q.Message, q.Help)
	return h.Lines.Confirm(ctx, q)
}

func TestEveryQuestionHasHelp(t *testing.T) {
	asker, _ := lines(
		"shop", "", "ambient", "", "y", "", "other", "kong", "kong", "",
		"web", "80", "y", "a.org", "", "v2=1", "", "y", "api", "81", "", "", "", "", "", "", "", "",
	)
	n, _, err := Init(t.Context(), helped{asker, t}, Preset{})
	if err != nil {
		t.Fatal(err)
	}
	asker, _ = lines("job", "80", "y", "b.org", "", "v2=1", "", "", "", "")
	if _, err := AddService(t.Context(), helped{asker, t}, n, ServicePreset{}); err != nil {
		t.Fatal(err)
	}
}

func TestLinesEndsWithTheContext(t *testing.T) {
	// A pipe that is never written to: without the context the read would not end.
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	asked := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	_, _, err := Init(ctx, NewLines(r, asked), Preset{})
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v, want ErrInterrupted", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestLinesNamesTheLineThatCannotBeRead(t *testing.T) {
	asker, _ := lines("shop", strings.Repeat("x", 1<<17))
	_, _, err := Init(t.Context(), asker, Preset{})
	if want := "answers:2: reading the line: bufio.Scanner: token too long"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzChoose(f *testing.F) {
	for _, typed := range []string{"", "1", "a,2", "none", "2, 2", "0", "99999999999999999999", ",", "-1"} {
		f.Add(typed)
	}
	q := Choice{Many: true, Options: []Option{{Value: "a"}, {Value: "2"}, {Value: "null"}}}
	f.Fuzz(func(t *testing.T, typed string) {
		chosen, err := q.choose(typed)
		if err != nil {
			return
		}
		again, err := q.choose(strings.Join(chosen, ","))
		if len(chosen) > 0 && err != nil {
			t.Fatalf("%q chose %q, which is refused: %v", typed, chosen, err)
		}
		if d := cmp.Diff(chosen, again); len(chosen) > 0 && d != "" {
			t.Errorf("%q chose differently the second time:\n%s", typed, d)
		}
	})
}

// TestALongListIsCounted holds that a list is written up to twenty options, and
// from then on how many there are and how to name one; names and numbers choose
// from it as from a short one.
func TestALongListIsCounted(t *testing.T) {
	question := func(n int, many bool) Choice {
		q := Choice{Message: "Who calls web?", Many: many}
		for i := range n {
			q.Options = append(q.Options, Option{Value: fmt.Sprintf("svc-%d", i+1)})
		}
		return q
	}
	const most = 20
	var whole strings.Builder
	for i := range most {
		fmt.Fprintf(&whole, "  %d) svc-%d\n", i+1, i+1)
	}
	for _, c := range []struct {
		name, answer string
		q            Choice
		want         string
		chosen       []string
	}{
		{"as many as are listed", "svc-20, 3", question(most, true), whole.String() + "Who calls web? [none]: svc-3, svc-20\n", []string{"svc-3", "svc-20"}},
		{
			"one more", "svc-21, 3", question(most+1, true),
			"  21 to choose from, such as svc-1, svc-2, svc-3; write names, parted by commas\nWho calls web? [none]: svc-3, svc-21\n", []string{"svc-3", "svc-21"},
		},
		{
			"one of a thousand", "svc-999", question(1000, false),
			"  1000 to choose from, such as svc-1, svc-2, svc-3; write one of these names\nWho calls web? [none]: svc-999\n", []string{"svc-999"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, transcript := lines(c.answer)
			chosen, err := asker.Choose(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.chosen, chosen); diff != "" {
				t.Errorf("chosen (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, transcript.String()); diff != "" {
				t.Errorf("transcript (-want +got):\n%s", diff)
			}
		})
	}
}
