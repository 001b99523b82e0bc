package reach

import "kgen.dev/kgen/internal/manifest"

// MutualTLS says what w's pods take on a TCP port as PeerAuthentications have
// it: STRICT, PERMISSIVE or DISABLE, and which of them says so, nil where it is
// Istio's default. Whether w is in the mesh at all is not asked. Port 0 stands
// for any port that no policy names.
func (s *Set) MutualTLS(w *Workload, port int) (string, *manifest.Object) {
	m, policy := s.transportOf(w).of(port)
	return string(m), policy
}
