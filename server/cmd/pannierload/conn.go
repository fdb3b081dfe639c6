package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// conn is one connection to a server that is kept: the least client that there
// is, so that the machine's time goes to the server.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// request is a GET, and what the answer must be.
type request struct {
	path    string
	tag     string // If-None-Match, with its quotes
	from    int64  // with to, a range; none when to is 0
	to      int64
	status  int
	length  int64 // of the body; -1 when it does not matter
	name    string
	encoded []byte
}

// encode writes the request once for all.
func (q request) encode(host string) request {
	var b strings.Builder
	fmt.Fprintf(&b, "GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: pannier/1\r\n", q.path, host)
	if q.tag != "" {
		fmt.Fprintf(&b, "If-None-Match: %s\r\n", q.tag)
	}
	if q.to > 0 {
		fmt.Fprintf(&b, "Range: bytes=%d-%d\r\n", q.from, q.to)
	}
	b.WriteString("\r\n")
	q.encoded = []byte(b.String())
	return q
}

// patience is how long an answer may take.
const patience = 30 * time.Second

func dial(ctx context.Context, host string, buffer int) (*conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, buffer)}, nil
}

var errAnswer = errors.New("wrong answer")

// do sends a request and reads the answer to its end. It returns the bytes of
// the body and its tag; the body itself only if keep.
func (c *conn) do(q request, keep bool) (body []byte, n int64, tag string, err error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, 0, "", err
	}
	if _, err := c.Write(q.encoded); err != nil {
		return nil, 0, "", err
	}
	status, length, tag, err := c.header()
	if err != nil {
		return nil, 0, "", err
	}
	if status != 304 {
		if length < 0 {
			return nil, 0, "", fmt.Errorf("%w: %s: no Content-Length", errAnswer, q.path)
		}
		if keep {
			body = make([]byte, length)
			_, err = io.ReadFull(c.r, body)
		} else {
			_, err = io.CopyN(io.Discard, c.r, length)
		}
		if err != nil {
			return nil, 0, "", err
		}
		n = length
	}
	if status != q.status || q.length >= 0 && n != q.length {
		return nil, 0, "", fmt.Errorf("%w: %s: status %d with %d bytes, expected %d with %d", errAnswer, q.path, status, n, q.status, q.length)
	}
	return body, n, tag, nil
}

// header reads the head of an answer; length is -1 when it is not given.
func (c *conn) header() (status int, length int64, tag string, err error) {
	length = -1
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, 0, "", err
	}
	if len(line) < 12 {
		return 0, 0, "", fmt.Errorf("%w: it begins %q", errAnswer, line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, "", fmt.Errorf("%w: it begins %q", errAnswer, line)
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, 0, "", err
		}
		name, value, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		switch {
		case !ok:
			return status, length, tag, nil
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil || length < 0 {
				return 0, 0, "", fmt.Errorf("%w: %q", errAnswer, line)
			}
		case strings.EqualFold(name, "ETag"):
			tag = strings.TrimSpace(value)
		}
	}
}
