package merge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	const head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
	const base = head + "resources:\n- api.yaml\n- web.yaml\n"
	tests := []struct{ name, base, ours, theirs, want string }{
		{"both at the end", base, base + "- extra.yaml # mine\n", base + "- pay.yaml\n",
			base + "- pay.yaml\n- extra.yaml # mine\n"},
		{"the neighbour goes", base, base + "- extra.yaml\n", head + "resources:\n- api.yaml\n",
			head + "resources:\n- api.yaml\n- extra.yaml\n"},
		{"the comment in front of one that goes stays", base, head + "resources:\n- api.yaml\n# The shop.\n- web.yaml\n- extra.yaml\n", head + "resources:\n- api.yaml\n",
			head + "resources:\n- api.yaml\n# The shop.\n- extra.yaml\n"},
		{"another indentation, other keys, blank lines", base,
			head + "\nimages:\n- name: web\n  newTag: v2\n\nresources:\n  - api.yaml\n\n  - web.yaml\n  - extra.yaml\n\n# patches to come\n", base + "- pay.yaml\n",
			head + "\nimages:\n- name: web\n  newTag: v2\n\nresources:\n  - api.yaml\n\n  - web.yaml\n  - pay.yaml\n  - extra.yaml\n\n# patches to come\n"},
		{"entries of several lines", "patches:\n- path: a.yaml\n  target: {kind: Service}\n",
			"patches:\n- path: a.yaml\n  target: {kind: Service}\n- path: mine.yaml\n", "patches:\n- path: a.yaml\n  target: {kind: Service}\n- path: b.yaml\n  target: {kind: Pod}\n",
			"patches:\n- path: a.yaml\n  target: {kind: Service}\n- path: b.yaml\n  target: {kind: Pod}\n- path: mine.yaml\n"},
		{"a list that comes", base, base + "images: []\n", base + "patches:\n- path: a.yaml\n", base + "images: []\npatches:\n- path: a.yaml\n"},
		{"a list that comes, and one that is the person's", base, base + "images:\n- name: web\n", base + "patches:\n- path: a.yaml\n",
			base + "images:\n- name: web\npatches:\n- path: a.yaml\n"},
		{"the last entry goes", base, base + "images:\n- name: web\n", head, head + "images:\n- name: web\n"},
		{"there already", base, base + "- pay.yaml\n- extra.yaml\n", base + "- pay.yaml\n", base + "- pay.yaml\n- extra.yaml\n"},
		{"taken out by the person", base, head + "resources:\n- api.yaml\n", head + "resources:\n- api.yaml\n- web.yaml\n- pay.yaml\n", head + "resources:\n- api.yaml\n- pay.yaml\n"},
		{"CRLF", "resources:\n- a\n", "resources:\r\n- a\r\n- mine\r\n", "resources:\n- a\n- b\n", "resources:\r\n- a\r\n- b\r\n- mine\r\n"},
		{"no last line feed", "resources:\n- a\n", "resources:\n- a\n- mine", "resources:\n- a\n- b\n", "resources:\n- a\n- b\n- mine"},
		{"a mapping in front", base, head + "commonLabels:\n  # mine\n  team: x\n" + "resources:\n- api.yaml\n- web.yaml\n- extra.yaml\n", base + "- pay.yaml\n",
			head + "commonLabels:\n  # mine\n  team: x\n" + "resources:\n- api.yaml\n- web.yaml\n- pay.yaml\n- extra.yaml\n"},
		{"a mapping behind", base, base + "- extra.yaml\n\ngeneratorOptions:\n  labels:\n    a: b\n", base + "- pay.yaml\n",
			base + "- pay.yaml\n- extra.yaml\n\ngeneratorOptions:\n  labels:\n    a: b\n"},

		// What cannot be done exactly.
		{"kgen changes another line", base, base + "- extra.yaml\n", "namespace: x\n" + base, ""},
		{"flow style", base, head + "resources: [api.yaml, web.yaml, extra.yaml]\n", base + "- pay.yaml\n", ""},
		{"a list that comes, and is there in flow style", base, base + "patches: [{path: mine.yaml}]\n", base + "patches:\n- path: a.yaml\n", ""},
		{"a list twice", base, base + "resources:\n- extra.yaml\n", base + "- pay.yaml\n", ""},
		{"a line between the entries and their key", base, head + "resources:\n  - api.yaml\n - web.yaml\n", base + "- pay.yaml\n", ""},
		{"a list of the person's that is no YAML", base, base + "images:\n  - name: web\n - name: api\n", base + "- pay.yaml\n", ""},
		{"a key twice", base, base + "images: []\nimages:\n- name: web\n", base + "- pay.yaml\n", ""},
		{"the key is gone", base, head, base + "- pay.yaml\n", ""},
		{"the entry that goes was changed", base, head + "resources:\n- api.yaml\n- web.yaml # mine\n", head + "resources:\n- api.yaml\n", head + "resources:\n- api.yaml\n- web.yaml # mine\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := List([]byte(tt.base), []byte(tt.ours), []byte(tt.theirs))
			if ok != (tt.want != "") {
				t.Fatalf("ok = %v: %q", ok, got)
			}
			if d := cmp.Diff(tt.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// FuzzList holds that a list merge that nobody has a part in changes nothing.
func FuzzList(f *testing.F) {
	f.Add("resources:\n- a\n- b\n", "resources:\n# x\n- a\n\n- c\n")
	f.Fuzz(func(t *testing.T, base, ours string) {
		if got, ok := List([]byte(base), []byte(ours), []byte(base)); ok && string(got) != ours {
			t.Fatalf("%q becomes %q", ours, got)
		}
	})
}
