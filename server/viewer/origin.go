package viewer

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/pannier-maps/pannier/server/problem"
)

// Origins says under which addresses a site is seen. Styles and TileJSON need
// whole addresses; what a caller says of itself must not lead others astray.
type Origins struct {
	// Public is the site's address as users see it, such as
	// https://maps.example.org; nil when nobody told.
	Public *url.URL
	// Proxies are the networks of reverse proxies whose X-Forwarded-Proto is
	// believed.
	Proxies []netip.Prefix
}

// host is what the header Host may be: a name, or an IP address, and a port.
var host = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$`)

// of returns the address at which the caller of a request sees this site: the
// public one, if there is one, unless the site is asked directly, by an IP address
// or on its own machine.
func (o Origins) of(r *http.Request) (string, error) {
	if o.Public != nil && (strings.EqualFold(r.Host, o.Public.Host) || !isDirect(r.Host)) {
		return o.Public.Scheme + "://" + o.Public.Host, nil
	}
	if !host.MatchString(r.Host) {
		return "", problem.Detail(problem.ErrBadRequest, `The header "Host" is not a host.`)
	}
	if r.TLS != nil || o.trusts(r.RemoteAddr) && r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host, nil
	}
	return "http://" + r.Host, nil
}

// isDirect reports whether a host is an IP address or this machine.
func isDirect(hostport string) bool {
	name := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		name = h
	}
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil || name == "localhost"
}

func (o Origins) trusts(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range o.Proxies {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}
