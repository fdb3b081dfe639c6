package main

import (
	"fmt"
	"net/netip"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/outbound"
)

// outside is which addresses of users a daemon asks: webhooks, feeds, links.
type outside struct {
	http     bool
	networks []string
	proxy    string
}

func (o *outside) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.http, "outbound-http", false, "let webhooks and feeds have http addresses too, not https only")
	f.StringSliceVar(&o.networks, "outbound-network", nil, "network, such as 10.1.0.0/16, that webhooks and feeds may lead to though it is not public")
	f.StringVar(&o.proxy, "outbound-proxy", "", "proxy for webhooks and feeds, such as http://10.1.0.1:3128; it has to keep them out of private networks")
}

// client returns a client, one that speaks http too if asked: links may.
func (o *outside) client(http bool) (*outbound.Client, error) {
	c := outbound.Config{HTTP: http}
	for _, s := range o.networks {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("--outbound-network: %w", err)
		}
		c.Networks = append(c.Networks, network)
	}
	if o.proxy != "" {
		u, err := url.Parse(o.proxy)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("--outbound-proxy %q: give an address such as http://10.1.0.1:3128", o.proxy)
		}
		c.Proxy = u
	}
	return outbound.New(c), nil
}
