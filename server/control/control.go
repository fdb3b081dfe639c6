// Package control lets a command run inside the daemon that holds a data
// folder, as only one process at a time can open what is in it.
//
// The daemon listens on the Unix socket pannierd.sock in the folder, mode 0600:
// whoever may open it may do all that the daemon can. A command that finds the
// daemon there hands it its arguments and shows what comes back; one that finds
// nobody does the work itself. Commands have no input.
//
// # Protocol
//
// The caller sends one line of at most 1 MiB, a JSON object ended by a newline:
//
//	{"args":["publish","alps"],"dir":"/where/the/caller/is"}
//
// The daemon answers with frames until the command has ended: one byte of kind,
// four bytes of length (big-endian, at most 64 KiB), then that many bytes.
//
//	1  output        bytes for the caller's standard output
//	2  error output  bytes for the caller's standard error
//	3  exit          four bytes: the exit code (big-endian); the last frame
//
// A caller that wants the command to stop closes its sending side, and may read
// on to the exit frame; one that vanishes stops it too. Any number of commands
// may run at once, each on its own connection.
package control

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	socketName = "pannierd.sock"
	maxRequest = 1 << 20
	maxFrame   = 64 << 10
)

const (
	frameOut  = 1
	frameErr  = 2
	frameExit = 3
)

// ErrRunning is returned by Serve when another daemon answers in the folder.
var ErrRunning = errors.New("a daemon is running in this folder")

// ErrBroken is returned by Try when the daemon went away, or said what nobody
// understands, before the command had ended. What became of it is unknown.
var ErrBroken = errors.New("lost the daemon before the command ended")

// request is the caller's line.
type request struct {
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
}

// frames writes frames to one connection, for several writers at once.
type frames struct {
	conn   net.Conn
	ending atomic.Bool
	mu     sync.Mutex
}

// end gives a caller that takes no output little time from now on, so that it
// cannot hold up a command that was told to stop.
func (f *frames) end() {
	f.ending.Store(true)
	f.conn.SetWriteDeadline(time.Now().Add(outputTime))
}

func (f *frames) send(kind byte, p []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ending.Load() {
		f.conn.SetWriteDeadline(time.Now().Add(outputTime))
	}
	frame := append(make([]byte, 0, 5+len(p)), kind)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(p)))
	_, err := f.conn.Write(append(frame, p...))
	return err
}

// stream is one of a command's two outputs.
type stream struct {
	*frames
	kind byte
}

// Write implements io.Writer.
func (s stream) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part := p[n:min(n+maxFrame, len(p))]
		if err := s.send(s.kind, part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}

// receive copies frames to the outputs until the exit frame, whose code it
// returns.
func receive(r io.Reader, stdout, stderr io.Writer) (int, error) {
	for buf := make([]byte, maxFrame); ; {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		n := binary.BigEndian.Uint32(head[1:])
		if n > maxFrame {
			return 0, fmt.Errorf("%w: frame of %d bytes", ErrBroken, n)
		}
		p := buf[:n]
		if _, err := io.ReadFull(r, p); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		var out io.Writer
		switch head[0] {
		case frameOut:
			out = stdout
		case frameErr:
			out = stderr
		case frameExit:
			if n != 4 {
				return 0, fmt.Errorf("%w: exit frame of %d bytes", ErrBroken, n)
			}
			return int(int32(binary.BigEndian.Uint32(p))), nil
		default:
			return 0, fmt.Errorf("%w: frame of kind %d", ErrBroken, head[0])
		}
		if _, err := out.Write(p); err != nil {
			return 0, fmt.Errorf("write output: %w", err)
		}
	}
}
