package mesh

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
)

// someCalls are enough where each call has the same answer.
const someCalls = 200

// refused says that every call failed, and failed in this way.
func refused(got tally, code string) bool {
	return got.answered() == 0 && got.failed() > 0 && got.Failures[code] == got.failed()
}

// change applies the built object with one text in place of another, and puts
// back what kgen has built when the test ends.
func (w *world) change(t *testing.T, name, old, new string) {
	t.Helper()
	for _, o := range w.build(t) {
		if o.String() != name {
			continue
		}
		changed := cluster.Object{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name,
			Text: bytes.Replace(o.Text, []byte(old), []byte(new), 1)}
		if bytes.Equal(changed.Text, o.Text) {
			t.Fatalf("%s has no %q to change:\n%s", name, old, o.Text)
		}
		w.apply(t, changed)
		t.Cleanup(func() {
			applied, err := w.Apply(context.WithoutCancel(t.Context()), o)
			if err != nil {
				t.Fatal(err)
			}
			w.versions[name] = applied.ResourceVersion
		})
		return
	}
	t.Fatalf("kgen build prints no %s", name)
}

// callers: who is declared in the model gets in, by his certificate, and nobody
// else does.
func (w *world) callers(t *testing.T, caller *workload) {
	stranger := start(t, "mail", mail.identify(t, w.authority, w.authority), "call", target)
	t.Run("declared", func(t *testing.T) {
		if got := caller.calls(t, someCalls); got.failed() > 0 || got.answered() != someCalls {
			t.Errorf("web calls cart, and is refused: %s", got)
		}
	})
	t.Run("undeclared", func(t *testing.T) {
		if got := stranger.calls(t, someCalls); !refused(got, "PermissionDenied") {
			t.Errorf("mail does not call cart, and is not refused: %s", got)
		}
	})
	for _, tt := range []struct {
		name            string
		issuer, trusted *authority
	}{
		{"a certificate of somebody else's", newAuthority(t), w.authority},
		{"a server whose authority is not known", w.authority, newAuthority(t)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			impostor := start(t, "impostor", web.identify(t, tt.issuer, tt.trusted), "call", target)
			if got := impostor.calls(t, 20); !refused(got, "Unavailable") {
				t.Errorf("they speak to each other: %s", got)
			}
		})
	}
	t.Run("control: declared after all", func(t *testing.T) {
		w.change(t, "AuthorizationPolicy shop/cart", "sa/web", "sa/mail")
		until(t, "mail gets in", func() (bool, string) {
			got := stranger.calls(t, 20)
			return got.failed() == 0, got.String()
		})
		until(t, "web does not", func() (bool, string) {
			got := caller.calls(t, 20)
			return refused(got, "PermissionDenied"), got.String()
		})
	})
	until(t, "web gets in again", func() (bool, string) {
		got := caller.calls(t, 20)
		return got.failed() == 0, got.String()
	})
	record.Checks(t, 7)
}

// strict: a server does not speak with who comes in plaintext.
func (w *world) strict(t *testing.T, caller *workload) {
	plain := start(t, "plain", web.identify(t, w.authority, w.authority), "call", fmt.Sprintf("passthrough:///%s:%d", cartV1.address, cartTarget))
	if got := plain.calls(t, someCalls); !refused(got, "Unavailable") {
		t.Errorf("plaintext is spoken with: %s", got)
	}
	t.Run("control: without mutual TLS", func(t *testing.T) {
		w.change(t, "PeerAuthentication shop/default", "STRICT", "DISABLE")
		// It is let in as far as to be told that nobody knows who it is.
		until(t, "plaintext is spoken with", func() (bool, string) {
			got := plain.calls(t, 20)
			return refused(got, "PermissionDenied"), got.String()
		})
	})
	until(t, "web gets in again", func() (bool, string) {
		got := caller.calls(t, 20)
		return got.failed() == 0, got.String()
	})
	if got := plain.calls(t, someCalls); !refused(got, "Unavailable") {
		t.Errorf("plaintext is spoken with: %s", got)
	}
	record.Checks(t, 4)
}

// breaker: as many calls at once as the model says, and not one more. (Of the
// breaker's limits this is the one that gRPC has without a proxy.)
func (w *world) breaker(t *testing.T, caller *workload) {
	const limit = 20 // of testdata/kgen.yaml
	w.reset(t, caller, 0)
	held := func() tally {
		got := tell[tally](t, caller, "hold %d", limit+5)
		tell[tally](t, caller, "release")
		return got
	}
	open := func(got tally, limit, tried int) bool {
		return got.answered() == limit && got.failed() == tried-limit && got.Failures["Unavailable"] == got.failed()
	}
	got := held()
	record.Checks(t, 2)
	t.Logf("%d at once: %s", limit+5, got)
	if !open(got, limit, limit+5) {
		t.Errorf("of %d calls at once not %d are let through: %s", limit+5, limit, got)
	}
	t.Run("control: another limit", func(t *testing.T) {
		w.change(t, "DestinationRule shop/cart", "http2MaxRequests: 20", "http2MaxRequests: 22")
		until(t, "22 are let through", func() (bool, string) {
			got := held()
			return open(got, 22, limit+5), got.String()
		})
	})
}
