package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A judge says what is wrong at the front door, all of it. The controls ask the
// same judges as the proofs.

// A frontDoor is the outside of one, as its clients know it.
type frontDoor struct {
	plain, secure string // where its load balancer leads ports 80 and 443
	// trusted is the authority that its clients know, and no other.
	trusted *x509.CertPool
}

// doorPatience is how long a client waits for an answer.
const doorPatience = time.Minute

// client is one that finds every host here. Without trust it takes whatever
// certificate it is shown.
func (d *frontDoor) client(trust bool) *http.Client {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: d.trusted, InsecureSkipVerify: !trust},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			to := d.plain
			if strings.HasSuffix(address, ":443") {
				to = d.secure
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}
	return &http.Client{Transport: transport, Timeout: doorPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// A reply is what came back, and which pod made it, if any did.
type reply struct {
	status   int
	location string
	seen     seen
	grpc     string // the status in the trailer
}

// ask makes one request, as gRPC does where that is asked for.
func ask(client *http.Client, target string, grpc bool) (reply, error) {
	request, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return reply{}, err
	}
	if grpc {
		request.Method, request.Body = http.MethodPost, io.NopCloser(strings.NewReader("\x00\x00\x00\x00\x00"))
		request.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
	}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	out := reply{status: response.StatusCode, location: response.Header.Get("Location"), grpc: response.Trailer.Get("Grpc-Status")}
	if json.Unmarshal(body, &out.seen) != nil { // an answer of the front door's own
		out.seen = seen{}
	}
	return out, nil
}

// A visit is a request and the pod that has to get it, with the path that the
// pod has to see: that of the request, unless as says another.
type visit struct {
	url, to, as string
	grpc        bool
}

// routes judges where requests end up. Over plain HTTP it does with scheme http.
func (d *frontDoor) routes(visits []visit, scheme string) error {
	client := d.client(true)
	defer client.CloseIdleConnections()
	var problems []error
	for _, v := range visits {
		asked, err := url.Parse(v.url)
		if err != nil {
			return err
		}
		asked.Scheme = scheme
		got, err := ask(client, asked.String(), v.grpc)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		want := reply{status: http.StatusOK, seen: seen{v.to, v.as, asked.Host}}
		if v.as == "" {
			want.seen.Path = asked.RequestURI()
		}
		if v.grpc {
			want.grpc = "0"
		}
		if got != want {
			problems = append(problems, fmt.Errorf("%s: got %+v, want %+v", asked, got, want))
		}
	}
	return errors.Join(problems...)
}

// certificates judges what each host shows to who asks for it by name (SNI):
// it has to be of the trusted authority, for that host, and for no others than
// are given.
func (d *frontDoor) certificates(hosts map[string][]string) error {
	var problems []error
	for host, names := range hosts {
		leaf, err := d.certificate(host)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", host, err))
			continue
		}
		shown := slices.Sorted(slices.Values(leaf.DNSNames))
		if !slices.Equal(shown, names) || leaf.IsCA {
			problems = append(problems, fmt.Errorf("%s: its certificate is for %q, an authority %t; want %q", host, shown, leaf.IsCA, names))
		}
	}
	return errors.Join(problems...)
}

// certificate is the verified one of a host.
func (d *frontDoor) certificate(host string) (*x509.Certificate, error) {
	dialer := &net.Dialer{Timeout: doorPatience}
	connection, err := tls.DialWithDialer(dialer, "tcp", d.secure, &tls.Config{ServerName: host, RootCAs: d.trusted})
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0], nil
}

// redirects judges what plain HTTP is answered with: the same place over HTTPS,
// for good, and nothing that a pod has made.
func (d *frontDoor) redirects(targets []string) error {
	client := d.client(true)
	defer client.CloseIdleConnections()
	var problems []error
	for _, target := range targets {
		got, err := ask(client, target, false)
		want := reply{status: http.StatusMovedPermanently, location: "https" + strings.TrimPrefix(target, "http")}
		if err != nil {
			problems = append(problems, err)
		} else if got != want {
			problems = append(problems, fmt.Errorf("%s: got %+v, want %+v", target, got, want))
		}
	}
	return errors.Join(problems...)
}

// nowhere judges that nothing answers for what nobody declares, over HTTPS by
// whatever certificate; and that none of a trusted authority is shown for it.
func (d *frontDoor) nowhere(targets []string, declared map[string][]string) error {
	client := d.client(false)
	defer client.CloseIdleConnections()
	var problems []error
	for _, target := range targets {
		host, _, _ := strings.Cut(target, "/")
		for _, scheme := range []string{"http", "https"} {
			if scheme == "http" && declared[host] != nil {
				continue // the redirect, whatever the path
			}
			got, err := ask(client, scheme+"://"+target, false)
			if err == nil && got.status != http.StatusNotFound {
				problems = append(problems, fmt.Errorf("%s://%s is answered: %+v", scheme, target, got))
			} else if err != nil && scheme == "http" {
				problems = append(problems, err)
			}
		}
		if leaf, err := d.certificate(host); err == nil && declared[host] == nil {
			problems = append(problems, fmt.Errorf("%s is shown a trusted certificate, for %q", host, leaf.DNSNames))
		}
	}
	return errors.Join(problems...)
}

// only judges that every request ends up at one pod.
func (d *frontDoor) only(target, pod string) error {
	client := d.client(true)
	defer client.CloseIdleConnections()
	counts, err := d.share(client, target, 100)
	if err == nil && counts[pod] != 100 {
		err = fmt.Errorf("%s: %v have answered, want %s alone", target, counts, pod)
	}
	return err
}

// share sends n requests and counts which pods answer. One that is not answered
// well is an error that nothing excuses.
func (d *frontDoor) share(client *http.Client, target string, n int) (map[string]int, error) {
	counts := map[string]int{}
	for range n {
		got, err := ask(client, target, false)
		if err != nil {
			return counts, err
		}
		if got.status != http.StatusOK {
			return counts, fmt.Errorf("%s: %+v", target, got)
		}
		counts[got.seen.Pod]++
	}
	return counts, nil
}

// split judges how many of n requests the canary got, of which its weight says
// a share in percent: within four standard deviations, so exactly at 0 and 100.
func split(counts map[string]int, stable, canary string, weight int) error {
	n := counts[stable] + counts[canary]
	p := float64(weight) / 100
	want, spread := float64(n)*p, 4*math.Sqrt(float64(n)*p*(1-p))
	if got := float64(counts[canary]); n == 0 || math.Abs(got-want) > spread {
		return fmt.Errorf("of %d requests the canary got %g, which is not %g ± %.0f", n, got, want, spread)
	}
	for pod := range counts {
		if pod != stable && pod != canary {
			return fmt.Errorf("%q has answered", pod)
		}
	}
	return nil
}
