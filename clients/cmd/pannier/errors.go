package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"syscall"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
)

var errNoServer = errors.New("no server is known for it")

// message returns what to tell about an error: of a network error only the
// address and the cause.
func message(err error) string {
	var address *url.Error
	if !errors.As(err, &address) {
		return err.Error()
	}
	cause := address.Err
	for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
		cause = next
	}
	return fmt.Sprintf("cannot reach %s: %v", address.URL, cause)
}

// hint returns what the user can do about an error, or "".
func (a *app) hint(err error) string {
	var absent *notInstalled
	var network net.Error
	var address *url.Error
	is := func(targets ...error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.As(err, &absent):
		region := absent.region
		if region == "" {
			region = "REGION"
		}
		return "Get it with: pannier pull " + region + " --server URL"
	case is(context.Canceled):
		return "Stopped. Run the command again to go on from here."
	case is(errNoServer):
		return "Say where to get it with --server URL."
	case is(offline.ErrLocked):
		return "Wait until it is done, then try again."
	case is(offline.ErrFull, syscall.ENOSPC, syscall.EDQUOT):
		return "Free some space and run the command again; it goes on from here."
	case is(offline.ErrDamaged):
		return "Download it again with: pannier pull REGION --fresh"
	case is(pull.ErrExpired):
		return "What is installed stays as it is and can be used. If this device's clock is right, update the app,\n" +
			"or ask the server's operator for the newest root and run: pannier pull REGION --root FILE"
	case is(head.ErrRollback, head.ErrEquivocal, head.ErrSignature, head.ErrOrigin, pull.ErrWithheld,
		root.ErrSignature, root.ErrOrder, root.ErrScope):
		return "Nothing was changed. Do not trust this server until its operator explains it."
	case is(manifest.ErrTooNew):
		return "Nothing was changed. Get a newer pannier first."
	case is(blob.ErrCorrupt, manifest.ErrCorrupt, head.ErrCorrupt, root.ErrCorrupt):
		return "Nothing was changed. Try again later; if it stays so, tell the server's operator."
	case is(pull.ErrUnpinned):
		return "See what there is with: pannier regions --server URL"
	case is(pull.ErrPortal, pull.ErrStalled), errors.As(err, &address), errors.As(err, &network):
		return "What is installed stays as it is and can be used. Check the address and the network, then run the command again."
	case is(fs.ErrPermission):
		return "Choose another folder with --dir, or change the permissions."
	}
	return ""
}
