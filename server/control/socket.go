package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// maxPath is the longest path of a socket that every system takes, in bytes
// (sun_path holds 104 on macOS, 108 on Linux, with a zero at the end).
const maxPath = 103

// listener is the socket in a folder.
type listener struct {
	*net.UnixListener
	path   string
	folder *folder
}

// listen makes the socket in a folder of its own, where nobody else can reach
// it before its mode is set, and moves it into place, over a stale one.
func listen(dir string) (*listener, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, socketName)
	conn, err := dial(dir)
	switch {
	case err == nil:
		conn.Close()
		return nil, ErrRunning
	case !nobody(err):
		return nil, err
	}
	private, err := os.MkdirTemp(dir, ".sock")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	f, err := openFolder(private)
	if err != nil {
		return nil, err
	}
	l := &listener{path: path, folder: f}
	l.UnixListener, err = net.ListenUnix("unix", &net.UnixAddr{Name: f.socket(), Net: "unix"})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l.SetUnlinkOnClose(false) // it moves
	made := filepath.Join(private, socketName)
	err = os.Chmod(made, 0o600)
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.UnixListener.Close(), f.Close())
	}
	return l, nil
}

// Close stops listening and removes the socket.
func (l *listener) Close() error {
	err := l.UnixListener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, os.Remove(l.path), l.folder.Close())
}

// dial connects to the daemon of a folder, or returns why there is none.
func dial(dir string) (*net.UnixConn, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: f.socket(), Net: "unix"})
}

// nobody reports whether an error of dial means that there is no daemon: the
// socket was never there, or was left by a crash.
func nobody(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// folder reaches a socket whose path is too long for the system through its
// open folder.
type folder struct {
	*os.File
	path string
}

func openFolder(path string) (*folder, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(abs)
	if err != nil {
		return nil, err
	}
	if len(abs)+1+len(socketName) > maxPath && runtime.GOOS != "linux" {
		f.Close()
		return nil, fmt.Errorf("path of %d bytes is too long for a socket, use a shorter data folder: %s: %w", len(abs), abs, fs.ErrInvalid)
	}
	return &folder{f, abs}, nil
}

// socket returns a path for the system that holds while the folder is open.
func (f *folder) socket() string {
	if len(f.path)+1+len(socketName) <= maxPath {
		return filepath.Join(f.path, socketName)
	}
	return filepath.Join("/proc/self/fd", strconv.Itoa(int(f.Fd())), socketName)
}
