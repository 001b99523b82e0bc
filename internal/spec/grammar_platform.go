package spec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The one-word forms for the platform under the services; see PortForm.
const (
	MeshForm       = "none|sidecar|ambient"
	APIForm        = "gateway|ingress"
	IssuerForm     = "NAME, issuer/NAME, secret/NAME or insecure"
	ControllerForm = "NAMESPACE[,KEY=VALUE]… or CIDR[,CIDR]…"
)

// ParseMeshFlag reads MeshForm: no mesh, or the mode in which Istio runs.
func ParseMeshFlag(s string) (Mesh, error) {
	word, err := oneOf(s, string(NoMesh), string(Sidecar), string(Ambient))
	switch {
	case err != nil:
		return Mesh{}, fmt.Errorf("the mesh %w", err)
	case word == string(NoMesh):
		return Mesh{Provider: NoMesh}, nil
	}
	return Mesh{Provider: Istio, Mode: MeshMode(word)}, nil
}

// FormatMeshFlag gives provider and mode in MeshForm.
func FormatMeshFlag(m Mesh) string {
	switch {
	case m.Provider != Istio:
		return string(NoMesh)
	case m.Mode == "":
		return string(Sidecar)
	}
	return string(m.Mode)
}

// ParseAPIFlag reads APIForm.
func ParseAPIFlag(s string) (IngressAPI, error) {
	api, err := oneOf(s, GatewayAPI, IngressResource)
	if err != nil {
		return "", fmt.Errorf("the front door's API %w", err)
	}
	return api, nil
}

// ParseIssuerFlag reads IssuerForm: where certificates come from. NAME alone is
// a ClusterIssuer (clusterissuer/NAME for one that is called insecure), and
// insecure, which means no certificates, is the zero TLS.
func ParseIssuerFlag(s string) (TLS, error) {
	if s == "insecure" {
		return TLS{}, nil
	}
	kind, name, found := strings.Cut(s, "/")
	if !found {
		kind, name = "clusterissuer", s
	}
	if err := CheckSubdomain(name); err != nil {
		return TLS{}, malformed("issuer", err, IssuerForm)
	}
	switch kind {
	case "clusterissuer":
		return TLS{ClusterIssuer: name}, nil
	case "issuer":
		return TLS{Issuer: name}, nil
	case "secret":
		return TLS{SecretName: name}, nil
	}
	return TLS{}, fmt.Errorf("certificates come from a clusterissuer, an issuer or a secret, and %q is none of them; write %s", kind, IssuerForm)
}

// FormatIssuerFlag gives a source of certificates in IssuerForm.
func FormatIssuerFlag(t TLS) string {
	switch {
	case t.Issuer != "":
		return "issuer/" + t.Issuer
	case t.SecretName != "":
		return "secret/" + t.SecretName
	case t.ClusterIssuer == "insecure":
		return "clusterissuer/" + t.ClusterIssuer
	case t.ClusterIssuer != "":
		return t.ClusterIssuer
	}
	return "insecure"
}

// ParseControllerFlag reads ControllerForm: the proxies of the front door, as
// pods of a namespace (with their labels, or all of it), or as addresses.
func ParseControllerFlag(s string) (Controller, error) {
	var c Controller
	for word := range strings.SplitSeq(s, ",") {
		key, value, isLabel := strings.Cut(word, "=")
		switch {
		case isLabel:
			if err := CheckLabel(key, value); err != nil {
				return Controller{}, malformed("label", err, ControllerForm)
			}
			if _, twice := c.PodLabels[key]; twice {
				return Controller{}, malformed("label", fmt.Errorf("%q is given twice", key), ControllerForm)
			}
			if c.PodLabels == nil {
				c.PodLabels = map[string]string{}
			}
			c.PodLabels[key] = value
		case strings.ContainsAny(word, "/:"):
			if _, err := ParseCIDR(word); err != nil {
				return Controller{}, malformed("address range", err, ControllerForm)
			}
			c.IPBlocks = append(c.IPBlocks, word)
		case c.Namespace != "":
			return Controller{}, malformed("controller", fmt.Errorf("has two namespaces, %s and %q", c.Namespace, word), ControllerForm)
		default:
			if err := CheckName(word); err != nil {
				return Controller{}, malformed("namespace", err, ControllerForm)
			}
			c.Namespace = word
		}
	}
	switch {
	case c.PodLabels != nil && c.Namespace == "":
		return Controller{}, malformed("controller", errors.New("has labels and no namespace"), ControllerForm)
	case c.Namespace != "" && c.IPBlocks != nil:
		return Controller{}, malformed("controller", errors.New("has both a namespace and addresses"), ControllerForm)
	}
	return c, nil
}

// FormatControllerFlag gives a controller in ControllerForm.
func FormatControllerFlag(c Controller) string {
	if len(c.IPBlocks) > 0 {
		return strings.Join(c.IPBlocks, ",")
	}
	words := []string{c.Namespace}
	for _, key := range slices.Sorted(maps.Keys(c.PodLabels)) {
		words = append(words, key+"="+c.PodLabels[key])
	}
	return strings.Join(words, ",")
}
