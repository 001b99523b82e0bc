// Command cert-manager runs cert-manager's own controllers against an API
// server: those that issue from a certificate authority or by self-signing, and
// those that make Certificates of what Ingresses and Gateways are annotated
// with. Of the ACME protocol, Vault and the rest it has nothing.
//
//	cert-manager KUBECONFIG ADDRESS
//
// At ADDRESS it serves its metrics. It runs until it is killed; its settings are
// those of cert-manager's chart.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"

	// Each of them registers its controller, the last two how an issuer signs.
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// workers is how many objects each controller works on at a time.
const workers = 5

// run comes back when the first of its parts has ended, which none is to do.
func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: cert-manager KUBECONFIG ADDRESS; not %q", args)
	}
	ctx := klog.NewContext(context.Background(), klog.Background())
	factory, err := controller.NewContextFactory(ctx, options(args[0]))
	if err != nil {
		return err
	}
	root, err := factory.Build()
	if err != nil {
		return err
	}
	ended := make(chan error)
	for name, build := range controller.Known() {
		c, err := build(factory)
		if err != nil {
			return fmt.Errorf("building controller %s: %w", name, err)
		}
		go func() {
			err := c.Run(workers, ctx)
			ended <- fmt.Errorf("controller %s has ended: %v", name, err)
		}()
	}
	certificates := root.SharedInformerFactory.Certmanager().V1()
	root.Metrics.SetupCertificateCollector(certificates.Certificates().Lister())
	root.Metrics.SetupIssuerCollector(certificates.Issuers().Lister())
	root.Metrics.SetupClusterIssuerCollector(certificates.ClusterIssuers().Lister())
	listener, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	server := root.Metrics.NewServer(listener)
	go func() { ended <- server.Serve(listener) }()

	// What they watch is known by now: the informers start last.
	root.SharedInformerFactory.Start(ctx.Done())
	root.KubeSharedInformerFactory.Start(ctx.Done())
	root.GWShared.Start(ctx.Done())
	return <-ended
}

// options are the defaults of cert-manager's flags, with what its chart sets: the
// namespace of the Secrets that ClusterIssuers name; and with the Gateway API.
func options(kubeconfig string) controller.ContextOptions {
	return controller.ContextOptions{
		Kubeconfig:         kubeconfig,
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		IssuerOptions: controller.IssuerOptions{
			ClusterResourceNamespace:        "cert-manager",
			ClusterIssuerAmbientCredentials: true,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
			GatewayAPIExtraProtocols:          sets.New[string](),
		},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		ConfigOptions: controller.ConfigOptions{EnableGatewayAPI: true},
	}
}
