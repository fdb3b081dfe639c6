package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// told is an error in words that may be shown to whoever gave the address: what
// the network says names our own addresses, and those that a name leads to
// inside.
type told struct {
	text  string
	cause error
}

func (t *told) Error() string { return t.text }
func (t *told) Unwrap() error { return t.cause }

// tell puts an error in words.
func tell(err error) error {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	text := "the connection failed"
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, ErrPrivate):
		text = ErrPrivate.Error()
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrRedirects), errors.Is(err, ErrAddress):
		return err
	case errors.As(err, &name) && name.IsNotFound:
		text = "there is no such host"
	case errors.As(err, &name):
		text = "the host's name could not be looked up"
	case errors.Is(err, context.Canceled):
		text = "it was given up"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		text = "there was no answer in time"
	case errors.As(err, &host):
		text = "its certificate is for another host"
	case errors.As(err, &certificate):
		text = "its certificate is not good"
	case errors.As(err, &record):
		text = "it does not speak https"
	case errors.Is(err, syscall.ECONNREFUSED):
		text = "nobody answers there"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		text = "the connection broke"
	}
	return &told{text, err}
}
