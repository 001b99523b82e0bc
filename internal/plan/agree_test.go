package plan

import (
	"strings"
	"testing"
)

// TestAgree holds merged texts against what their sides say.
func TestAgree(t *testing.T) {
	const head = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n"
	const base = head + "spec:\n  type: ClusterIP\n  ports:\n  - port: 80\n    name: http\n"
	const config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mine\n"
	const a, b, c, d = "  - name: a\n    port: 1\n", "  - name: b\n    port: 2\n", "  - name: c\n    port: 3\n", "  - name: d\n    port: 4\n"
	const three = head + "spec:\n  ports:\n" + a + b + c
	const list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- web.yaml\n"
	const patch = "- op: test\n  path: /spec/replicas\n  value: 1\n- op: replace\n  path: /spec/replicas\n  value: 2\n"
	with := func(text, old, now string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(text, old, now, 1)
	}
	tests := []struct {
		name, file, base, ours, theirs, merged string
		want                                   string // what the error says, or ""
	}{
		{"both changes are there", "a.yaml", base, with(base, "name: http", "name: web"), with(base, "80", "81"), with(with(base, "80", "81"), "name: http", "name: web"), ""},
		{"kgen's is lost", "a.yaml", base, with(base, "name: http", "name: web"), with(base, "80", "81"), with(base, "name: http", "name: web"), "merged, Service shop/web would have a spec.ports[0].port that neither you nor kgen wrote"},
		{"the person's is lost", "a.yaml", base, with(base, "name: http", "name: web"), with(base, "80", "81"), with(base, "80", "81"), "spec.ports[0].name"},
		{"a key under another parent", "a.yaml", base, base + "  selector:\n    app: web\n", with(base, "80", "81"), with(base, "80", "81") + "    selector:\n      app: web\n", "spec.ports that neither"},
		{"an object of the person's is there", "a.yaml", base, base + config, with(base, "80", "81"), with(base, "80", "81") + config, ""},
		{"an object of the person's is gone", "a.yaml", base, base + config, with(base, "80", "81"), with(base, "80", "81"), "merged, ConfigMap mine would be gone"},
		{"an object that the person took out is back", "a.yaml", base + config, base, with(base, "80", "81") + config, with(base, "80", "81") + config, "ConfigMap mine would be neither"},
		{"not YAML any more", "a.yaml", base, base + "# mine\n", with(base, "80", "81"), base + "  \tx: [\n", "merged, it could not be read any more: "},
		{"the person's is no YAML", "a.yaml", base, base + "x: [\n", with(base, "80", "81"), base, "your version cannot be read: "},
		{"a key twice", "a.yaml", base, base, base, base + "spec: {}\n", "merged, it could not be read any more: "},
		{"two items of a list", "a.yaml", base, base + "  - port: 1\n    name: mine\n", with(base, "ports:\n", "ports:\n  - port: 2\n    name: new\n"),
			with(base, "ports:\n", "ports:\n  - port: 2\n    name: new\n") + "  - port: 1\n    name: mine\n", ""},
		{"an item of a list is lost", "a.yaml", base, base + "  - port: 1\n    name: mine\n", with(base, "ports:\n", "ports:\n  - port: 2\n    name: new\n"),
			with(base, "ports:\n", "ports:\n  - port: 2\n    name: new\n"), "spec.ports"},
		{"an item and a change of another", "a.yaml", base, base + "  - port: 1\n    name: mine\n", with(base, "80", "81"), with(base, "80", "81") + "  - port: 1\n    name: mine\n", ""},
		{"entries of a kustomization", "kustomization.yaml", list, list + "- mine.yaml\n", list + "- new.yaml\n", list + "- new.yaml\n- mine.yaml\n", ""},
		{"an entry is lost", "kustomization.yaml", list, list + "- mine.yaml\n", list + "- new.yaml\n", list + "- new.yaml\n", "merged, the kustomization would have a resources that neither you nor kgen wrote"},
		{"an entry that kgen took out is back", "kustomization.yaml", list + "- old.yaml\n", list + "- old.yaml\n- mine.yaml\n", list, list + "- old.yaml\n- mine.yaml\n", "resources"},
		{"an entry that both have put in, apart", "kustomization.yaml", list + "- old.yaml\n", with(list, "- web", "- new.yaml\n- web") + "- old.yaml\n", list + "- old.yaml\n- new.yaml\n",
			with(list, "- web", "- new.yaml\n- web") + "- old.yaml\n- new.yaml\n", "the kustomization would have a resources"},
		{"an entry that both have put in, once", "kustomization.yaml", list + "- old.yaml\n", with(list, "- web", "- new.yaml\n- web") + "- old.yaml\n- mine.yaml\n", list + "- old.yaml\n- new.yaml\n",
			with(list, "- web", "- new.yaml\n- web") + "- old.yaml\n- mine.yaml\n", ""},
		{"an object that both have put in", "a.yaml", base, config + "---\n" + base, base + config, config + "---\n" + base + config, "merged, ConfigMap mine would be there 2 times"},
		{"an object that the person has twice", "a.yaml", base, base + config + config, with(base, "80", "81"), with(base, "80", "81") + config + config, ""},
		{"one of two of the person's has changed", "a.yaml", base, base + config + config, with(base, "80", "81"), with(base, "80", "81") + config + config + "data: {}\n", "ConfigMap mine would be"},
		{"one goes, one comes, and a third changes", "a.yaml", three, with(three, a, "") + d, with(three, "port: 2", "port: 22"), with(with(three, a, "")+d, "port: 2", "port: 22"), ""},
		{"one that both have changed, and one more", "a.yaml", three, with(three, "port: 2\n", "port: 2\n    targetPort: x\n") + d, with(three, "name: b", "name: bb"),
			with(with(three, "port: 2\n", "port: 2\n    targetPort: x\n")+d, "name: b", "name: bb"), ""},
		{"one that both have changed, without kgen's", "a.yaml", three, with(three, "port: 2\n", "port: 2\n    targetPort: x\n") + d, with(three, "name: b", "name: bb"),
			with(three, "port: 2\n", "port: 2\n    targetPort: x\n") + d, "spec.ports"},
		{"one that both have changed, and something else", "a.yaml", three, with(three, "port: 2\n", "port: 2\n    targetPort: x\n") + d, with(three, "name: b", "name: bb"),
			with(with(three, "port: 2\n", "port: 2\n    targetPort: y\n")+d, "name: b", "name: bb"), "spec.ports"},
		{"an item that nobody took out is gone, with one put in", "a.yaml", three, three + d, with(three, "name: b", "name: bb"), with(with(three, "name: b", "name: bb")+d, c, ""), "spec.ports"},
		{"a value that both have changed, and a third", "a.yaml", base, with(base, "80", "81"), with(base, "80", "82"), with(base, "80", "83"), "spec.ports[0].port"},
		{"a file of patches", "p.yaml", patch, "# mine\n" + patch, with(patch, "value: 2", "value: 3"), "# mine\n" + with(patch, "value: 2", "value: 3"), ""},
		{"a file of patches, one lost", "p.yaml", patch, patch + "- op: remove\n  path: /x\n", with(patch, "value: 2", "value: 3"), with(patch, "value: 2", "value: 3"), "merged, the file would be"},
		{"another name, and an edit", "a.yaml", base, with(base, "80", "81"), with(base, "name: web", "name: shop"), with(with(base, "name: web", "name: shop"), "80", "81"), ""},
		{"another name, and a lost edit", "a.yaml", base, with(base, "80", "81"), with(base, "name: web", "name: shop"), with(base, "name: web", "name: shop"), "merged, Service shop/shop would have a spec"},
		{"another namespace, two kinds", "a.yaml", base + with(config, "name: mine", "name: mine\n  namespace: shop"), with(base, "80", "81") + with(config, "name: mine", "name: mine\n  namespace: shop"),
			with(base, "namespace: shop", "namespace: prod") + with(config, "name: mine", "name: mine\n  namespace: prod"),
			with(with(base, "80", "81"), "namespace: shop", "namespace: prod") + with(config, "name: mine", "name: mine\n  namespace: prod"), ""},
		{"no YAML at all", "README.md", "a", "b", "c", "[", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := agree(tt.file, []byte(tt.base), []byte(tt.ours), []byte(tt.theirs), []byte(tt.merged))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
