// Package progress shows on a command line how far long work has come: a bar
// that is redrawn on a terminal, plain lines, some seconds apart, anywhere else.
//
// Errors of writing are not reported; the work is what matters. A Meter is safe
// for concurrent use.
package progress

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Unit says what a Meter counts.
type Unit uint8

// The units.
const (
	Counts Unit = iota // things: 12,345
	Bytes              // bytes: 1.2 MB, in powers of ten
)

// How often a stage is shown, and how wide a bar is.
const (
	redraw   = 100 * time.Millisecond // on a terminal
	interval = 2 * time.Second        // elsewhere
	barWidth = 24
)

// A Meter shows the stages of one piece of work.
type Meter struct {
	w        io.Writer
	unit     Unit
	terminal bool
	now      func() time.Time

	mu     sync.Mutex
	stages []*stage
	width  int // of the line that stands on the terminal
}

type stage struct {
	name        string
	done, total int64
	shown       time.Time
	last        string // the line shown last
	ended       bool
}

// New returns a Meter that writes to w, as a terminal when w is one.
func New(w io.Writer, unit Unit) *Meter {
	f, ok := w.(*os.File)
	return &Meter{w: w, unit: unit, terminal: ok && term.IsTerminal(int(f.Fd())), now: time.Now}
}

// Report says that done of total are through in a stage; a total of 0 is
// unknown. It may be called very often. A stage ends when done reaches total;
// reports that come late are ignored.
func (m *Meter) Report(name string, done, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stage(name)
	if s.ended {
		return
	}
	s.done, s.total = max(s.done, done), total
	if total > 0 && s.done >= total {
		m.end(s)
		return
	}
	pause := interval
	if m.terminal {
		pause = redraw
	}
	if now := m.now(); now.Sub(s.shown) >= pause {
		s.shown = now
		m.show(s, !m.terminal)
	}
}

// Done writes the last line of every stage that has not ended. The Meter may
// be used again for other work.
func (m *Meter) Done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.stages {
		m.end(s)
	}
	m.stages = nil
}

func (m *Meter) stage(name string) *stage {
	for _, s := range m.stages {
		if s.name == name {
			return s
		}
	}
	s := &stage{name: name}
	if !m.terminal {
		s.shown = m.now() // a short stage has its last line only
	}
	m.stages = append(m.stages, s)
	return s
}

func (m *Meter) end(s *stage) {
	if !s.ended && (s.done > 0 || s.total > 0) { // there was something to do
		m.show(s, true)
	}
	s.ended = true
}

// show writes a stage's line; the last one stays, others are drawn over.
func (m *Meter) show(s *stage, last bool) {
	line := m.line(s)
	if line == s.last && !m.terminal {
		return
	}
	s.last = line
	if m.terminal {
		n := utf8.RuneCountInString(line)
		line = "\r" + line + strings.Repeat(" ", max(m.width-n, 0))
		m.width = n
	}
	if last {
		line += "\n"
		m.width = 0
	}
	io.WriteString(m.w, line)
}
