package public

import (
	"io"
	"log/slog"
	"math"
	"net/http"
	"time"
)

// AccessLog logs each request once it was answered: never its query, its
// headers or where it came from. It also ends connections that take no 64 KiB of
// an answer within stall.
func AccessLog(log *slog.Logger, stall time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, stall: stall}
		defer func() {
			level := slog.LevelInfo
			if r.URL.Path == "/healthz" {
				level = slog.LevelDebug
			}
			log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", rec.status),
				slog.Int64("bytes", rec.bytes), slog.Duration("took", time.Since(start)))
		}()
		next.ServeHTTP(rec, r)
	})
}

// piece is how much a connection has to take within the stall time.
const piece = 64 << 10

// recorder counts what is written, in pieces, and gives each piece its
// deadline. It keeps ReadFrom, without which no file is sent by the kernel.
type recorder struct {
	http.ResponseWriter
	stall  time.Duration
	status int // 0 when the handler wrote nothing at all
	bytes  int64
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (n int, err error) {
	for {
		part := p[n:min(n+piece, len(p))]
		w.begin()
		m, err := w.ResponseWriter.Write(part)
		n += m
		w.bytes += int64(m)
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// ReadFrom implements io.ReaderFrom. It hands on limited readers one level deep
// only, as that is how far net looks for a file.
func (w *recorder) ReadFrom(src io.Reader) (n int64, err error) {
	all, ok := src.(*io.LimitedReader)
	if !ok {
		all = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	for all.N > 0 {
		part := &io.LimitedReader{R: all.R, N: min(piece, all.N)}
		want := part.N
		w.begin()
		m, err := io.Copy(w.ResponseWriter, part)
		n += m
		all.N -= m
		w.bytes += m
		if err != nil || m < want {
			return n, err
		}
	}
	return n, nil
}

func (w *recorder) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extend()
}

// extend moves the deadline. Its error is left alone: a connection that is gone
// shows in the next write, and a writer without deadlines cannot stall.
func (w *recorder) extend() {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.stall))
}
