package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// TestDelivery describes deliveries and compares everything that is said.
func TestDelivery(t *testing.T) {
	const repository = "https://git.example.com/shop/network.git"
	environments := []spec.Environment{
		{Name: "staging", Namespace: "shop-staging", Application: "shop-staging", Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"staging.example.com"}}}},
		{Name: "production"},
	}
	cluster := func(name string, environments ...string) spec.Cluster {
		return spec.Cluster{Name: name, Environments: environments}
	}
	for _, c := range []struct {
		name         string
		environments []spec.Environment
		delivery     spec.Delivery
		want         []string
	}{
		{"as little as can be said", nil, spec.Delivery{Tool: spec.Flux, Repository: repository}, nil},
		{"an address as ssh writes it", nil, spec.Delivery{Tool: spec.ArgoCD, Repository: "git@git.example.com:shop/network.git"}, nil},
		{"two environments on one cluster", environments, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, Clusters: []spec.Cluster{cluster("eu", "staging", "production")}}, nil},
		{"nothing", nil, spec.Delivery{}, []string{
			"delivery.repository: nothing says where the repository is; write one such as https://git.example.com/shop/network.git",
			"delivery.tool: nothing says which engine delivers; write argocd or flux",
		}},
		{"words of others", nil, spec.Delivery{Tool: "flux2", Repository: "ftp://git.example.com/x", Revision: "-x", Path: "../x", Namespace: "Flux", Project: "a b"}, []string{
			`delivery.namespace: "Flux" is not a DNS-1123 label (lower-case letters, digits and hyphens)`,
			`delivery.path: "../x" is none; write a folder below the repository's root, such as apps/shop`,
			`delivery.project: "a b" is not an object name (lower-case letters, digits, hyphens and dots)`,
			`delivery.repository: "ftp://git.example.com/x" is no https or ssh URL; write one such as https://git.example.com/shop/network.git`,
			`delivery.revision: "-x" is no name that git gives; write a branch such as main`,
			`delivery.tool: "flux2" is not known here; did you mean flux? One of argocd, flux`,
		}},
		{"an address that Flux does not read", nil, spec.Delivery{Tool: spec.Flux, Repository: "git@git.example.com:shop/network.git"}, []string{
			`delivery.repository: Flux reads no address of the form "git@git.example.com:shop/network.git"; write ssh://git@git.example.com/shop/network.git`,
		}},
		{"a password", nil, spec.Delivery{Tool: spec.ArgoCD, Repository: "https://me:secret@git.example.com/x"}, []string{
			"delivery.repository: the address holds credentials, which everybody could read here; keep credentials in a Secret of the engine's",
		}},
		{"what the other engine takes", nil, spec.Delivery{Tool: spec.Flux, Repository: repository, Project: "shop", Clusters: []spec.Cluster{{Name: "eu", Server: "https://203.0.113.7"}}}, []string{
			"delivery.clusters[0].server: Flux reaches clusters by a kubeconfig; put a kubeconfig into a Secret of namespace flux-system and name it in kubeConfig",
			"warning: delivery.project: Flux knows no projects; remove it",
		}},
		{"and the other way round", nil, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, SecretName: "git", Clusters: []spec.Cluster{{Name: "eu", KubeConfig: "eu", Server: "http://203.0.113.7"}}}, []string{
			"delivery.clusters[0].kubeConfig: Argo CD keeps its clusters' credentials itself; register the cluster with argocd cluster add, and name or server it here",
			`delivery.clusters[0].server: "http://203.0.113.7" is no https URL; write one such as https://203.0.113.7:6443`,
			"warning: delivery.secretName: Argo CD keeps its repositories' credentials itself; remove it; kubectl -n argocd get secrets -l argocd.argoproj.io/secret-type=repository shows them",
		}},
		{"Flux's own cluster twice", nil, spec.Delivery{Tool: spec.Flux, Repository: repository, Clusters: []spec.Cluster{{Name: "eu"}, {Name: "us"}, {Name: "us", KubeConfig: "us"}}}, []string{
			"delivery.clusters[1].kubeConfig: eu and us would both be the cluster on which Flux runs; name the Secret with its kubeconfig",
			`delivery.clusters[2].name: cluster "us" is already described above; rename it, or merge the two`,
		}},
		{"environments that nobody runs", environments, spec.Delivery{Tool: spec.ArgoCD, Repository: repository}, []string{
			"delivery.clusters: nothing says which environment runs where; add clusters: [{name: …, environments: [staging]}]",
		}},
		{"environments of nobody", environments, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, Clusters: []spec.Cluster{cluster("eu", "stagin", "staging", "staging"), cluster("us")}}, []string{
			`delivery.clusters[0].environments[0]: the file has no environment "stagin"; did you mean staging?`,
			"delivery.clusters[0].environments[2]: staging is listed twice; remove one",
			"delivery.clusters[1].environments: nothing says what runs on us; name at least one of staging, production",
			"warning: environments[1]: no cluster runs production; name it in the environments of a cluster of delivery",
		}},
		{"environments where there are none", nil, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, Clusters: []spec.Cluster{cluster("eu", "staging")}}, []string{
			"delivery.clusters[0].environments: the file has no environments; remove it, or describe environments below spec",
		}},
		{"two in one namespace", []spec.Environment{{Name: "a"}, {Name: "b"}}, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, Clusters: []spec.Cluster{cluster("eu", "a", "b")}}, []string{
			"delivery.clusters[0].environments[1]: a and b would share namespace shop on eu; give one of them another namespace, or another cluster",
		}},
		{"two of one name", []spec.Environment{{Name: "a"}, {Name: "b", Namespace: "shop-b", Services: environments[0].Services}}, spec.Delivery{Tool: spec.ArgoCD, Repository: repository, Clusters: []spec.Cluster{cluster("eu", "a", "b")}}, []string{
			"delivery.clusters[0].environments[1]: a and b are both application shop on eu, whose objects outside its namespace would be each other's; give one of them another application, or another cluster",
			"warning: environments[1].namespace: what stands outside it, such as the alerts in monitoring, is called shop there as well: in one cluster, the one would replace the other; add application: shop-b, or application: shop where it has a cluster of its own",
		}},
		{"two objects of one name", []spec.Environment{{Name: "b-c"}, {Name: "c", Namespace: "shop-c", Application: "shop-c", Services: environments[0].Services}}, spec.Delivery{Tool: spec.ArgoCD, Repository: repository,
			Clusters: []spec.Cluster{cluster("a", "b-c"), cluster("a-b", "c")}}, []string{
			"delivery.clusters[1].environments[0]: b-c on a and c on a-b would both be delivered as shop-a-b-c; rename a cluster",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sound()
			n.Spec.Environments, n.Spec.Delivery = c.environments, &c.delivery
			if diff := cmp.Diff(c.want, findings(n)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := spec.Validate(n.WithDefaults()); c.want == nil && len(again.Errors()) > 0 {
				t.Errorf("the same model with its defaults written out: %v", again)
			}
		})
	}
}
