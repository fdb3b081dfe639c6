package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// patience is how long Try waits for a command that it asked to stop.
const patience = 10 * time.Second

// Try runs args in the daemon of the folder dir, and copies what the command
// writes. ok tells whether there is a daemon; without one nothing was done, and
// an err tells why that is not certain (such as a socket one may not open).
//
// When ctx ends, the command is asked to stop, and its last words and code are
// waited for, ten seconds at most.
func Try(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) (code int, ok bool, err error) {
	conn, err := dial(dir)
	if nobody(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reach the daemon: %w", err)
	}
	defer conn.Close()
	here, err := os.Getwd()
	if err != nil {
		return 0, true, fmt.Errorf("find the working folder: %w", err)
	}
	line, err := json.Marshal(request{Args: args, Dir: here})
	if err != nil {
		return 0, true, fmt.Errorf("ask the daemon: %w", err)
	}
	if len(line) >= maxRequest {
		return 0, true, fmt.Errorf("ask the daemon: arguments of %d bytes are over %d", len(line), maxRequest)
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return 0, true, fmt.Errorf("ask the daemon: %w", err)
	}
	stop := context.AfterFunc(ctx, func() {
		conn.SetReadDeadline(time.Now().Add(patience))
		conn.CloseWrite()
	})
	defer stop()
	code, err = receive(conn, stdout, stderr)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return code, true, err
}
