package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// proxy passes TCP connections on to a server and counts the bytes of both
// directions: all that comes after a connection's set-up.
type proxy struct {
	listener net.Listener
	server   string
	sent     atomic.Int64 // to the server
	received atomic.Int64 // from it
	passing  sync.WaitGroup
	accepts  sync.WaitGroup
}

// newProxy listens on loopback, before a server at an address such as
// "127.0.0.1:8080". The caller calls close.
func newProxy(server string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, server: server}
	p.accepts.Go(p.accept)
	return p, nil
}

// url returns the base URL, without a slash at its end.
func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.passing.Go(func() { p.pass(client) })
	}
}

// pass joins a client with a new connection to the server until both are done.
func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { relay(server, client, &p.sent) })
	both.Go(func() { relay(client, server, &p.received) })
	both.Wait()
}

// relay copies until the end, and tells the other side of it.
func relay(to, from net.Conn, count *atomic.Int64) {
	_, err := io.Copy(counted{to, count}, from)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		from.Close() // nobody takes the rest
	}
	to.(*net.TCPConn).CloseWrite()
}

// counted counts what is written, so that each byte has been passed on.
type counted struct {
	io.Writer
	count *atomic.Int64
}

func (c counted) Write(data []byte) (int, error) {
	n, err := c.Writer.Write(data)
	c.count.Add(int64(n))
	return n, err
}

// take waits for open connections, and returns what went over the wire since it
// was called last.
func (p *proxy) take() (sent, received int64) {
	p.passing.Wait()
	return p.sent.Swap(0), p.received.Swap(0)
}

// close listens no longer; open connections end by themselves.
func (p *proxy) close() error {
	err := p.listener.Close()
	p.accepts.Wait()
	return err
}
