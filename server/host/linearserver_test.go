package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// linearServer is the server as the test sees it, and what it saw.
type linearServer struct {
	*testing.T
	dir   string
	start time.Time

	mu       sync.Mutex
	socket   string
	runs     int
	history  []porcupine.Operation
	versions int
}

// run starts the server and waits until it answers.
func (s *linearServer) run() *exec.Cmd {
	s.Helper()
	s.mu.Lock()
	s.runs++
	s.socket = filepath.Join(s.dir, fmt.Sprint("s", s.runs))
	socket := s.socket
	s.mu.Unlock()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PANNIER_LINEAR_CHILD="+s.dir, "PANNIER_LINEAR_SOCKET="+socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	for range 1000 {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return cmd
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	s.Fatal("the server does not start")
	return nil
}

// call sends a request to the server that runs now. An error is one of the
// connection: nobody knows what became of the request.
func (s *linearServer) call(in ask) (out told, err error) {
	s.mu.Lock()
	socket := s.socket
	s.mu.Unlock()
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	resp, err := client.Post("http://server/", "application/json", bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, err
	}
	if out.Error != "" {
		s.Errorf("%+v: %s", in, out.Error)
	}
	return out, nil
}

func (s *linearServer) now() int64 { return time.Since(s.start).Nanoseconds() }

// note adds an operation. One whose end is unknown may take effect at any time.
func (s *linearServer) note(client int, call int64, in linearIn, out linearOut) {
	end := s.now()
	if out.unknown {
		end = 1 << 62
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end})
}

func (s *linearServer) read(_ context.Context, key, client int) (string, bool) {
	call := s.now()
	out, err := s.call(ask{Op: "read", Key: key})
	if err != nil || out.Error != "" {
		return "", false
	}
	s.note(client, call, linearIn{key: key}, linearOut{current: out.Current})
	return out.Current, true
}

// edit reads features and writes them, by one or by changes of three.
func (s *linearServer) edit(ctx context.Context, client int) {
	random := rand.New(rand.NewPCG(7, uint64(client)))
	for n := 0; ctx.Err() == nil; n++ {
		if n%5 == 4 {
			s.accept(ctx, client, fmt.Sprintf("c%d-%d", client, n), random)
			continue
		}
		key := random.IntN(linearKeys)
		base, ok := s.read(ctx, key, client)
		if !ok {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		value := fmt.Sprintf("w%d-%d", client, n)
		if base != "" && random.IntN(8) == 0 {
			value = ""
		}
		call := s.now()
		out, err := s.call(ask{Op: "write", Key: key, Base: base, Value: value})
		s.note(client, call, linearIn{key, true, base, linearHash(key, value)}, linearOut{out.OK, err != nil, out.Current})
	}
}

func (s *linearServer) accept(ctx context.Context, client int, value string, random *rand.Rand) {
	bases := make(map[int]string)
	for _, key := range random.Perm(linearKeys)[:3] {
		base, ok := s.read(ctx, key, client)
		if !ok {
			return
		}
		bases[key] = base
	}
	call := s.now()
	out, err := s.call(ask{Op: "accept", Keys: bases, Value: value})
	for key, base := range bases {
		current, conflicts := out.Keys[key]
		if err == nil && !out.OK && !conflicts {
			continue // it was another's conflict
		}
		s.note(client, call, linearIn{key, true, base, linearHash(key, value)}, linearOut{out.OK, err != nil, current})
	}
}

func (s *linearServer) publish(ctx context.Context) {
	for ctx.Err() == nil {
		s.publishOnce(ctx, 50)
		time.Sleep(20 * time.Millisecond)
	}
}

// publishOnce publishes, which reads all features.
func (s *linearServer) publishOnce(_ context.Context, client int) {
	call := s.now()
	out, err := s.call(ask{Op: "publish"})
	if err != nil || !out.OK {
		return
	}
	for key := range linearKeys {
		s.note(client, call, linearIn{key: key}, linearOut{current: out.Keys[key]})
	}
	s.mu.Lock()
	s.versions++
	s.mu.Unlock()
}
