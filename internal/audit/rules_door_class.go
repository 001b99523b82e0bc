package audit

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var classWrong = &Rule{
	ID: "IN07", Severity: diag.Warning,
	Title: "An Ingress does not say its class, or not in the way that its platform reads",
	Items: []string{"C3"},
	Doc: `An Ingress without a class is served by the cluster's default class, if there is one, and by whichever controllers take what is nobody's; on
another cluster by none. ` + "`spec.ingressClassName`" + ` says the class (Kubernetes, "Ingress class"). The annotation
` + "`kubernetes.io/ingress.class`" + ` is its predecessor, deprecated since 1.18, and the API server refuses a new Ingress with both. Google Cloud
is the other way round: it reads the annotation alone and passes over the field (GKE, "Ingress class").

Write ` + "`ingressClassName`" + `; for the classes gce and gce-internal write the annotation instead.`,
	check: func(c *Check) {
		d := c.doorway()
		defaults := d.defaultClass()
		for _, in := range d.ingresses {
			c.Looked()
			field, annotation := in.V.Spec.IngressClassName, in.Annotations[classAnnotation]
			switch {
			case field != "" && annotation != "":
				c.Report(in.Object, Field("metadata", "annotations", classAnnotation), "keep the one that the controller reads",
					"it says its class twice, as %s and as %s, which the API server refuses", annotation, field)
			case googleClass(field):
				c.Report(in.Object, Field("spec", "ingressClassName"), fmt.Sprintf("write the annotation %s: %s instead", classAnnotation, field), "Google Cloud does not read ingressClassName")
			case annotation != "" && !googleClass(annotation):
				c.Report(in.Object, Field("metadata", "annotations", classAnnotation), "write spec.ingressClassName: "+annotation+" instead", "the annotation for the class is deprecated")
			case field+annotation == "" && defaults == nil:
				c.Report(in.Object, Field("spec"), "write ingressClassName: "+d.anyClass(), "it says no class, and no IngressClass that is given is the default")
			}
		}
	},
}

func googleClass(name string) bool { return name == "gce" || name == "gce-internal" }

// defaultClass is the IngressClass that serves what names none, nil where none
// is given.
func (d *doorway) defaultClass() *manifest.Object {
	for _, o := range d.Objects {
		if o.Kind == "IngressClass" && o.Annotations["ingressclass.kubernetes.io/is-default-class"] == "true" {
			return o
		}
	}
	return nil
}

// anyClass is the class that the other Ingresses ask for, or that the model does.
func (d *doorway) anyClass() string {
	if d.Model != nil && d.Model.Spec.Ingress != nil && d.Model.Spec.Ingress.API == spec.IngressResource {
		return d.Model.Spec.Ingress.Class
	}
	for _, in := range d.ingresses {
		if class := in.V.Spec.IngressClassName; class != "" {
			return class
		}
	}
	return "<class>"
}

var controllerRetired = &Rule{
	ID: "IN08", Severity: diag.Error,
	Title: "What comes in is served by the retired ingress-nginx",
	Items: []string{"C3", "C10"},
	Doc: `The community's ingress-nginx controller was retired in March 2026 (Kubernetes blog, "Ingress NGINX Retirement"): it gets no more fixes, not
even for security, and it stands where anybody can reach it. It is told by its annotations, ` + "`nginx.ingress.kubernetes.io/…`" + `, by an
IngressClass with the controller k8s.io/ingress-nginx, and by its image. F5's controller, which is called nginx as well, has the
annotations ` + "`nginx.org/…`" + ` and is maintained.

Move to a controller that is maintained: the Gateway API with any of its implementations, or an Ingress with another class. An
Ingress of class nginx that shows neither's annotations is not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		var uses []inventory.Item[manifest.Ingress]
		classes := map[string]*manifest.Object{}
		for _, o := range c.Objects {
			if o.Kind == "IngressClass" && textAt(o, "spec", "controller") == "k8s.io/ingress-nginx" {
				classes[o.Name] = o
			}
		}
		for _, in := range d.ingresses {
			class := classOf(in)
			switch {
			case classes[class] != nil || annotated(in.Object, "nginx.ingress.kubernetes.io/"):
				c.Looked()
				uses = append(uses, in)
			case class == "nginx" && !annotated(in.Object, "nginx.org/") && c.Object("networking.k8s.io", "IngressClass", "", class) == nil:
				c.Skip(in.Ref(), "class nginx is the retired controller's and F5's, and nothing says whose it is here")
			default:
				c.Looked()
			}
		}
		const fix = "move to the Gateway API, or to an Ingress controller that is maintained: traefik, haproxy, contour, cilium"
		const fact = "ingress-nginx was retired in March 2026 and gets no more fixes"
		f := c.reportController(fix, fact)
		for _, in := range uses {
			if f != nil {
				f.See(in.Object, Field("spec"), "is served by it")
				continue
			}
			f = c.Report(in.Object, nginxField(in), fix, "it is served by ingress-nginx; %s", fact)
		}
	},
}

// reportController reports the retired controller itself, where it is given.
func (c *Check) reportController(fix, fact string) *Finding {
	for _, w := range c.Workloads {
		if w.Template == nil {
			continue
		}
		for path, container := range w.Template.Template.Spec.Running {
			if strings.Contains(container.Image, "ingress-nginx/controller") {
				return c.Report(w.Object, w.Template.At(append(append([]any{"spec"}, path...), "image")...), fix, "it runs ingress-nginx; %s", fact)
			}
		}
	}
	return nil
}

func annotated(o *manifest.Object, prefix string) bool {
	for key := range o.Annotations {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func nginxField(in inventory.Item[manifest.Ingress]) []any {
	if in.V.Spec.IngressClassName != "" {
		return Field("spec", "ingressClassName")
	}
	if in.Annotations[classAnnotation] != "" {
		return Field("metadata", "annotations", classAnnotation)
	}
	return Field("metadata", "annotations")
}

var snippetAnnotation = &Rule{
	ID: "IN10", Severity: diag.Error,
	Title: "An annotation writes raw configuration into the front door's proxy",
	Items: []string{"C3"},
	Doc: `Snippet annotations paste text into the configuration of the proxy that all Ingresses share. Whoever may write an Ingress can with them
read the controller's token, and so every Secret that it may read (CVE-2021-25742 for ingress-nginx), or break the proxy for all.
Looked at are those of ingress-nginx, of F5's controller and of both HAProxy controllers, on Ingresses and on Services.

Say it with an annotation that the controller has for the purpose, or at the controller itself, where its owner decides.`,
	check: func(c *Check) {
		for _, o := range c.Objects {
			if o.Kind != "Ingress" && (o.Kind != "Service" || o.Group() != "") {
				continue
			}
			if o.Kind == "Ingress" {
				c.Looked()
			}
			for _, key := range snippets {
				if _, has := o.Annotations[key]; has {
					c.Report(o, Field("metadata", "annotations", key), "remove it; what it configures has an annotation of its own, or belongs to the controller's configuration",
						"%s writes raw configuration into the proxy that everyone shares", key)
				}
			}
		}
	},
}

// snippets are the annotations that hold configuration of the proxy itself
// (each controller's list of annotations).
var snippets = []string{
	"haproxy-ingress.github.io/config-backend", "haproxy-ingress.github.io/config-frontend", "haproxy-ingress.github.io/config-global",
	"haproxy.org/backend-config-snippet", "haproxy.org/frontend-config-snippet", "haproxy.org/global-config-snippet",
	"nginx.ingress.kubernetes.io/auth-snippet", "nginx.ingress.kubernetes.io/configuration-snippet", "nginx.ingress.kubernetes.io/modsecurity-snippet",
	"nginx.ingress.kubernetes.io/server-snippet", "nginx.ingress.kubernetes.io/stream-snippet", "nginx.org/location-snippets", "nginx.org/server-snippets",
}
