package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/provider"
	"github.com/pannier-maps/pannier/server/public"
	"github.com/pannier-maps/pannier/server/viewer"
)

// web is how a daemon is reached, and reaches people.
type web struct {
	listen    string
	publicURL string
	proxies   []string
	smtp      auth.SMTP
	secret    string // file with the password for smtp
	outside   outside
}

func (o *web) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to serve on")
	f.StringVar(&o.publicURL, "public-url", "", "the site's address as users see it, such as https://maps.example.org; links begin with it (default: http:// and the address to serve on)")
	f.StringSliceVar(&o.proxies, "trust-proxy", nil, "network of a reverse proxy, such as 127.0.0.1/32, whose X-Forwarded-For tells who calls, and X-Forwarded-Proto whether by https")
	f.StringVar(&o.smtp.Server, "smtp", "", "host:port of a mail server with STARTTLS (or port 465); without one, links are printed here")
	f.StringVar(&o.smtp.User, "smtp-user", "", "user at the mail server")
	f.StringVar(&o.secret, "smtp-password-file", "", "file with that user's password")
	f.StringVar(&o.smtp.From, "mail-from", "", "mail address of the sender")
	o.outside.flags(cmd)
}

// checkURL returns a site's address without a slash at its end.
func checkURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("--public-url %q: give scheme and host only, such as https://maps.example.org", s)
	}
	return u.Scheme + "://" + u.Host, nil
}

// mailer returns how mails go out.
func (o *web) mailer(p *program) (auth.Mailer, error) {
	if o.smtp.Server == "" {
		return auth.Console{W: p.stdout}, nil
	}
	if _, err := auth.ParseAddress(o.smtp.From); err != nil {
		return nil, fmt.Errorf("--mail-from %q: %w", o.smtp.From, err)
	}
	if o.secret != "" {
		secret, err := os.ReadFile(p.path(o.secret))
		if err != nil {
			return nil, fmt.Errorf("--smtp-password-file: %w", err)
		}
		o.smtp.Password = strings.TrimRight(string(secret), "\r\n")
	}
	return o.smtp, nil
}

// networks returns those of the reverse proxies.
func (o *web) networks() (all []netip.Prefix, err error) {
	for _, s := range o.proxies {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("--trust-proxy: %w", err)
		}
		all = append(all, network)
	}
	return all, nil
}

// origins returns the addresses under which the map is seen.
func (o *web) origins() (at viewer.Origins, err error) {
	if o.publicURL != "" {
		if at.Public, err = url.Parse(o.publicURL); err != nil {
			return at, fmt.Errorf("--public-url: %w", err)
		}
	}
	at.Proxies, err = o.networks()
	return at, err
}

// openAPI opens the accounts and the write API of a daemon at the given address,
// and returns what runs by itself beside it: the schedule and the webhooks.
func (p *program) openAPI(ctx context.Context, h *host.Host, imports *jobs.Jobs, o web, at string, log *slog.Logger) (_ *auth.Accounts, _ *provider.API, own []func(context.Context) error, err error) {
	if o.publicURL == "" {
		o.publicURL = "http://" + at
	}
	if o.publicURL, err = checkURL(o.publicURL); err != nil {
		return nil, nil, nil, err
	}
	mail, err := o.mailer(p)
	if err != nil {
		return nil, nil, nil, err
	}
	client, err := o.outside.client(o.outside.http)
	if err != nil {
		return nil, nil, nil, err
	}
	proxies, err := o.networks()
	if err != nil {
		return nil, nil, nil, err
	}
	accounts, err := h.Accounts(ctx, auth.Config{URL: o.publicURL, Mail: mail, Log: log})
	if err != nil {
		return nil, nil, nil, err
	}
	beyond := host.Outside{Client: client, Accounts: accounts, Jobs: imports, Log: log}
	timed, hooks := h.Schedule(beyond), h.Webhooks(beyond)
	api, err := provider.New(provider.Config{
		Accounts: accounts, Regions: h, Catalog: h.Catalog, Desk: h.Desk, Jobs: imports, Host: h, Schedule: timed, Webhooks: hooks,
		URL: o.publicURL, Proxies: proxies, Log: log,
	})
	return accounts, api, []func(context.Context) error{timed.Run, hooks.Run}, err
}

// together puts the parts of a daemon's site together: what riders read, the map,
// the page of one-time links, and the write API.
func together(api *provider.API, view *viewer.Viewer, read http.Handler, log *slog.Logger) http.Handler {
	write := public.AccessLog(log, time.Minute, api)
	page := public.AccessLog(log, time.Minute, provider.Page())
	seen := public.AccessLog(log, time.Minute, view)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/": // public has a text there, for sites without a map
			seen.ServeHTTP(w, r)
		case public.Takes(r): // first, and without a look at the API's routes
			read.ServeHTTP(w, r)
		case view.Takes(r):
			seen.ServeHTTP(w, r)
		case provider.TakesPage(r):
			page.ServeHTTP(w, r)
		case api.Takes(r):
			write.ServeHTTP(w, r)
		default:
			read.ServeHTTP(w, r)
		}
	})
}

// greet prints a set-up link as long as nobody administers the site.
func (p *program) greet(ctx context.Context, accounts *auth.Accounts) error {
	there, err := accounts.HasAdministrator(ctx)
	if there || err != nil {
		return err
	}
	link, err := accounts.SetUpLink(ctx)
	if err == nil {
		p.printf("Nobody administers this site yet. To do so, open this within a day:\n  %s\n", link)
	}
	return err
}

// withAccounts runs work on the accounts of a data folder: on those of the
// daemon that holds it, if there is one.
func (p *program) withAccounts(cmd *cobra.Command, work func(ctx context.Context, h *host.Host, a *auth.Accounts) error) error {
	ctx := cmd.Context()
	return p.with(ctx, func(h *host.Host) error {
		if p.accounts != nil {
			return work(ctx, h, p.accounts)
		}
		at, err := checkURL(p.publicURL)
		if err != nil {
			return err
		}
		a, err := h.Accounts(ctx, auth.Config{URL: at, Mail: auth.Console{W: io.Discard}, Log: p.log()})
		if err != nil {
			return err
		}
		defer a.Close()
		return work(ctx, h, a)
	})
}

// account describes a command that works on accounts.
func (p *program) account(use, short, example string, args cobra.PositionalArgs, work func(ctx context.Context, h *host.Host, a *auth.Accounts, args []string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAccounts(cmd, func(ctx context.Context, h *host.Host, a *auth.Accounts) error { return work(ctx, h, a, args) })
		},
	}
	cmd.Flags().StringVar(&p.publicURL, "public-url", "http://127.0.0.1:8080", "what links begin with, where no server is running that knows")
	return cmd
}

func (p *program) adminLinkCommand() *cobra.Command {
	cmd := p.account("admin-link", "Make a link by which somebody becomes an administrator", "  pannierd admin-link", cobra.NoArgs,
		func(ctx context.Context, _ *host.Host, a *auth.Accounts, _ []string) error {
			link, err := a.SetUpLink(ctx)
			if err != nil {
				return err
			}
			return p.answer(map[string]any{"link": link}, func() { p.printf("Open this within a day; it works once:\n  %s\n", link) })
		})
	cmd.Long = "Make a link by which somebody becomes an administrator. It works once, for a day,\nand only until the next one is made."
	return cmd
}

func (p *program) accountsCommand() *cobra.Command {
	all := &cobra.Command{
		Use:   "accounts",
		Short: "See and change who may do what",
		Long:  "See and change who may do what, as the operator. Others do it in the dashboard or by\nthe API (see /v1/openapi.json of a server).",
		Example: `  pannierd admin-link
  pannierd accounts invite office@example.org --role manager --of andorra`,
	}
	all.AddCommand(p.accountsListCommand(), p.accountsInviteCommand(), p.accountsResetCommand(), p.accountsDisableCommand(), p.rotateKeyCommand())
	return all
}

func (p *program) accountsListCommand() *cobra.Command {
	return p.account("list", "List accounts and their roles", "  pannierd accounts list", cobra.NoArgs,
		func(ctx context.Context, _ *host.Host, a *auth.Accounts, _ []string) error {
			type row struct {
				ID       string       `json:"id"`
				Email    string       `json:"email"`
				Name     string       `json:"name"`
				Roles    []auth.Grant `json:"roles"`
				Disabled bool         `json:"disabled"`
			}
			rows := []row{}
			err := a.Users(ctx, "", func(u auth.User) bool {
				rows = append(rows, row{u.ID, u.Email, u.Name, u.Grants, u.Disabled})
				return true
			})
			if err != nil {
				return err
			}
			return p.answer(rows, func() {
				for _, u := range rows {
					state := ""
					if u.Disabled {
						state = "  (disabled)"
					}
					p.printf("%-32s %s%s\n", u.Email, u.Name, state)
					for _, g := range u.Roles {
						p.printf("    %s\n", g)
					}
				}
				if len(rows) == 0 {
					p.printf("There are no accounts yet; begin with: pannierd admin-link\n")
				}
			})
		})
}

func (p *program) accountsInviteCommand() *cobra.Command {
	var g auth.Grant
	cmd := p.account("invite EMAIL", "Invite somebody, and print the link", "  pannierd accounts invite office@example.org --role contributor --of gasthof-zur-post", cobra.ExactArgs(1),
		func(ctx context.Context, h *host.Host, a *auth.Accounts, args []string) error {
			if g.Role == auth.Editor || g.Role == auth.Manager {
				if _, err := h.Catalog.Region(ctx, g.Of); err != nil {
					return err
				}
			}
			i, link, err := a.Invite(ctx, auth.Caller{}, args[0], g)
			if err != nil {
				return notFound(err, "there is no organisation "+g.Of)
			}
			return p.answer(map[string]any{"id": i.ID, "link": link, "expires": i.Expires}, func() {
				p.printf("%s is invited as %s; the link works once, until %s:\n  %s\n", i.Email, g, i.Expires.Format(time.DateOnly), link)
			})
		})
	cmd.Flags().StringVar((*string)(&g.Role), "role", "", "contributor, editor, manager or administrator")
	cmd.Flags().StringVar(&g.Of, "of", "", "the organisation of a contributor, the region of an editor or manager")
	cmd.MarkFlagRequired("role")
	return cmd
}

func (p *program) accountsResetCommand() *cobra.Command {
	return p.account("reset EMAIL", "Print a link to choose a new password", "  pannierd accounts reset office@example.org", cobra.ExactArgs(1),
		func(ctx context.Context, _ *host.Host, a *auth.Accounts, args []string) error {
			u, err := a.UserByEmail(ctx, args[0])
			if err != nil {
				return notFound(err, "there is no account of "+args[0])
			}
			link, err := a.ResetLink(ctx, u)
			if err != nil {
				return err
			}
			return p.answer(map[string]any{"link": link}, func() { p.printf("Hand this to %s; it works once, for an hour:\n  %s\n", u.Email, link) })
		})
}

func (p *program) accountsDisableCommand() *cobra.Command {
	var undo bool
	cmd := p.account("disable EMAIL", "Shut an account out, at once, with the API tokens that it made", "  pannierd accounts disable office@example.org", cobra.ExactArgs(1),
		func(ctx context.Context, _ *host.Host, a *auth.Accounts, args []string) error {
			u, err := a.UserByEmail(ctx, args[0])
			if err == nil {
				u, err = a.SetDisabled(ctx, u.ID, !undo)
			}
			if err != nil {
				return notFound(err, "there is no account of "+args[0])
			}
			return p.answer(map[string]any{"email": u.Email, "disabled": u.Disabled}, func() {
				p.printf("%s is %s.\n", u.Email, map[bool]string{true: "shut out", false: "let in again"}[u.Disabled])
			})
		})
	cmd.Flags().BoolVar(&undo, "undo", false, "let it in again")
	return cmd
}

func (p *program) rotateKeyCommand() *cobra.Command {
	var now bool
	cmd := p.account("rotate-key", "Sign access tokens with a new key", "  pannierd accounts rotate-key", cobra.NoArgs,
		func(ctx context.Context, _ *host.Host, a *auth.Accounts, _ []string) error {
			id, err := a.RotateKey(ctx, now)
			if err != nil {
				return err
			}
			return p.answer(map[string]any{"key": id}, func() { p.printf("Access tokens are signed with the key %s now.\n", id) })
		})
	cmd.Long = "Sign access tokens with a new key. The one before verifies those that it has signed\nuntil they run out, after ten minutes; with --now, as after a theft, it stops at once."
	cmd.Flags().BoolVar(&now, "now", false, "refuse what the present key has signed")
	return cmd
}

func notFound(err error, says string) error {
	if errors.Is(err, auth.ErrNotFound) {
		return errors.New(says)
	}
	return err
}
