package outbound

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// MaxURL is the longest address, in bytes.
const MaxURL = 2000

// ports are those where the web is served.
var ports = []uint16{80, 443, 8080, 8443}

// special are the networks of IANA's special-purpose registries (RFC 6890 and
// those after it) that a public address cannot be in, and what clouds answer
// their machines on. Of IPv6, only 2000::/3 is public at all.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var global6 = netip.MustParsePrefix("2000::/3")

func prefixes(all ...string) (list []netip.Prefix) {
	for _, s := range all {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// Public reports whether an address is one of the public internet.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() || ip.Is6() && !global6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// allowed checks an address that is about to be connected to.
func (c Config) allowed(at netip.AddrPort) error {
	ip := at.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(c.Networks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	if !Public(ip) {
		return ErrPrivate
	}
	if !slices.Contains(ports, at.Port()) {
		return fmt.Errorf("%w: port %d is none of %v", ErrAddress, at.Port(), ports)
	}
	return nil
}

// control is called with the address of each connection, once it is resolved.
func (c Config) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivate
	}
	return c.allowed(at)
}

// CheckURL returns an address if it is one that Do might ask: https, or http
// where that is allowed, with a host, without a user. Names are not looked up.
func (c *Client) CheckURL(s string) (*url.URL, error) {
	if len(s) > MaxURL {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrAddress, MaxURL)
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%w: it is malformed", ErrAddress)
	}
	switch {
	case u.Scheme == "http" && c.config.HTTP, u.Scheme == "https":
	case u.Scheme == "http":
		return nil, fmt.Errorf("%w: it must begin with https://", ErrAddress)
	default:
		return nil, fmt.Errorf("%w: it must begin with https://, not %q", ErrAddress, u.Scheme+":")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("%w: it has a user name or password in it", ErrAddress)
	case host == "" || u.Opaque != "":
		return nil, fmt.Errorf("%w: it has no host", ErrAddress)
	}
	port := map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%w: port %s", ErrAddress, text)
		}
		port = uint16(n)
	}
	ip, err := netip.ParseAddr(host)
	if err == nil {
		return u, c.config.allowed(netip.AddrPortFrom(ip, port))
	}
	if endsInNumber(host) {
		return nil, fmt.Errorf("%w: write the host as a name, or as four decimal numbers", ErrAddress)
	}
	return u, nil
}

// endsInNumber reports whether some resolvers take a host for a number, such as
// 2130706433, 0x7f.1 or 0177.0.0.1 (WHATWG URL, "ends in a number").
func endsInNumber(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}
