package main

import (
	"io"
	"net"
	"testing"
)

// TestProxyCounts sends some bytes to a server that answers with others.
func TestProxyCounts(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 5))
			c.Write(make([]byte, 100_000))
			c.Close()
		}
	}()
	p, err := newProxy(server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "hello"); err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(c); err != nil || len(data) != 100_000 {
			t.Fatalf("read %d bytes, %v", len(data), err)
		}
		c.Close()
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if sent, received := p.take(); sent != 10 || received != 200_000 {
		t.Errorf("counted %d and %d, want 10 and 200000", sent, received)
	}
}
