package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// stopper is Badger's logger and the way out: the first error that must not be
// survived, from a commit or in an ERROR line, goes to fatal once. Until arm,
// while the store opens, ERROR lines are collected instead.
type stopper struct {
	log   *slog.Logger
	fatal func(error)

	mu    sync.Mutex
	armed bool
	cause error
}

// arm ends the opening and returns what went wrong in it.
func (s *stopper) arm() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = true
	return s.cause
}

// err returns what went wrong so far.
func (s *stopper) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

func (s *stopper) now(err error) {
	s.mu.Lock()
	first := s.cause == nil
	if first {
		s.cause = err
	}
	armed := s.armed
	s.mu.Unlock()
	if first && armed {
		s.log.Error("store cannot carry on", "err", err)
		s.fatal(err)
	}
}

// Errorf implements badger.Logger.
func (s *stopper) Errorf(format string, args ...any) {
	s.now(errors.New(line(format, args)))
}

// Warningf implements badger.Logger.
func (s *stopper) Warningf(format string, args ...any) {
	s.log.Warn("badger: " + line(format, args))
}

// Infof implements badger.Logger. What Badger calls information is detail here.
func (s *stopper) Infof(format string, args ...any) {
	s.log.Debug("badger: " + line(format, args))
}

// Debugf implements badger.Logger.
func (s *stopper) Debugf(format string, args ...any) {
	s.log.Debug("badger: " + line(format, args))
}

func line(format string, args []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, args...))
}
