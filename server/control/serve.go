package control

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

const (
	requestTime = 10 * time.Second // for a caller to say what it wants
	outputTime  = 5 * time.Second  // for a caller to take a frame once the end has begun
)

// Codes for what the daemon itself has to say, as in sysexits.h.
const (
	codeUsage    = 64 // a request that is none
	codeSoftware = 70 // a command that panicked
)

// Run does one command, with dir as the caller's working folder, and returns
// its exit code. Its context ends with the caller or the daemon. Many may run
// at once; each may write its outputs from several goroutines.
type Run func(ctx context.Context, args []string, dir string, stdout, stderr io.Writer) int

// Serve runs what callers ask for in the folder dir until ctx ends, then waits
// for the commands, whose contexts end too, and removes the socket. The folder
// is made with mode 0700 if there is none. The socket of a daemon that crashed
// is replaced; one that answers gives ErrRunning.
func Serve(ctx context.Context, dir string, run Run) error {
	ln, err := listen(dir)
	if err != nil {
		return fmt.Errorf("listen for commands: %w", err)
	}
	defer ln.Close()
	defer context.AfterFunc(ctx, func() { ln.UnixListener.Close() })()
	var commands sync.WaitGroup
	defer commands.Wait()
	for {
		conn, err := ln.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED):
			select { // a shortage that passes
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		case err != nil:
			return fmt.Errorf("listen for commands: %w", err)
		default:
			commands.Go(func() { handle(ctx, conn, run) })
		}
	}
}

// handle runs the command of one connection.
func handle(ctx context.Context, conn *net.UnixConn, run Run) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &frames{conn: conn}
	defer context.AfterFunc(ctx, out.end)()

	stdout, stderr := stream{out, frameOut}, stream{out, frameErr}
	code := codeUsage
	req, err := readRequest(conn)
	if err != nil {
		fmt.Fprintf(stderr, "pannierd: %v\n", err)
	} else {
		go func() {
			io.Copy(io.Discard, conn) // ends with the caller
			cancel()
		}()
		code = protect(ctx, run, req, stdout, stderr)
	}
	out.send(frameExit, binary.BigEndian.AppendUint32(nil, uint32(int32(code)))) // a caller that is gone needs none
}

func readRequest(conn net.Conn) (request, error) {
	conn.SetReadDeadline(time.Now().Add(requestTime))
	defer conn.SetReadDeadline(time.Time{})
	// No more than the line is asked for, and nothing may follow it.
	line, err := bufio.NewReader(io.LimitReader(conn, maxRequest)).ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) == maxRequest {
		return request{}, fmt.Errorf("request is over %d bytes", maxRequest)
	}
	if err != nil {
		return request{}, fmt.Errorf("read request: %w", err)
	}
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		return request{}, fmt.Errorf("read request: %w", err)
	}
	return req, nil
}

// protect keeps a command that panics from taking the daemon with it.
func protect(ctx context.Context, run Run, req request, stdout, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			slog.ErrorContext(ctx, "command panicked", "panic", r, "stack", string(debug.Stack()))
			fmt.Fprintln(stderr, "pannierd: the command failed inside the daemon; its log says why")
			code = codeSoftware
		}
	}()
	return run(ctx, req.Args, req.Dir, stdout, stderr)
}
