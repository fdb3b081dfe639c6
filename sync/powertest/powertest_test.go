package powertest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// run takes steps on a mounted disk. Each is a word and names.
func run(t *testing.T, dir string, steps string) {
	t.Helper()
	for step := range strings.FieldsSeq(strings.ReplaceAll(steps, " ", "_")) {
		words := strings.Split(strings.Trim(step, "_"), "_")
		name := filepath.Join(dir, words[1])
		var err error
		switch words[0] {
		case "write": // name, content
			var f *os.File
			if f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600); err == nil {
				_, err = f.WriteString(words[2])
				err = errors.Join(err, f.Close())
			}
		case "sync":
			var f *os.File
			if f, err = os.Open(name); err == nil {
				err = errors.Join(f.Sync(), f.Close())
			}
		case "mkdir":
			err = os.Mkdir(name, 0o700)
		case "rename":
			err = os.Rename(name, filepath.Join(dir, words[2]))
		case "link":
			err = os.Link(name, filepath.Join(dir, words[2]))
		case "remove":
			err = os.Remove(name)
		case "cut":
			err = os.Truncate(name, 3)
		}
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
}

// files reads a folder into one line.
func files(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		all = append(all, name+"="+string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestCut(t *testing.T) {
	for _, test := range []struct{ steps, seen, left string }{
		{"write a new", "a=new old=before", "old=before"},
		{"write a new\n sync a", "a=new old=before", "a=new old=before"},
		{"write a new\n sync .", "a=new old=before", "a= old=before"},
		{"write old after!", "old=after!", "old=before"},
		{"write old after!\n sync old", "old=after!", "old=after!"},
		{"cut old", "old=bef", "old=before"},
		{"cut old\n sync old", "old=bef", "old=bef"},
		{"remove old", "", "old=before"},
		{"remove old\n sync .", "", ""},
		{"rename old a", "a=before", "old=before"},
		{"rename old a\n sync .", "a=before", "a=before"},
		{"write a new\n sync a\n rename a old", "old=new", "a=new old=before"},
		{"write a new\n sync a\n rename a old\n sync .", "old=new", "old=new"},
		{"mkdir d\n write d/a new\n sync d/a", "d/a=new old=before", "d/a=new old=before"},
		{"mkdir d\n sync .\n rename old d/b\n sync d", "d/b=before", "d/b=before"},
		{"mkdir d\n rename old d/b\n sync .", "d/b=before", "d/b=before"},
		{"link old b\n remove old\n sync .", "b=before", "b=before"},
		{"write a x\n rename a b\n rename b c\n sync c", "c=x old=before", "a=x old=before"},
	} {
		d := New()
		from := t.TempDir()
		if err := os.WriteFile(filepath.Join(from, "old"), []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Load(from); err != nil {
			t.Fatal(err)
		}
		dir, unmount := d.Mount(t)
		run(t, dir, test.steps)
		if got := files(t, dir); got != test.seen {
			t.Errorf("%q: processes see %q, want %q", test.steps, got, test.seen)
		}
		unmount()
		left := filepath.Join(t.TempDir(), "left")
		if err := d.Save(left, nil); err != nil {
			t.Fatal(err)
		}
		if got := files(t, left); got != test.left {
			t.Errorf("%q: %q is left, want %q", test.steps, got, test.left)
		}
	}
}

// A file keeps what was synced, and of the rest some pages, as they are.
func TestTorn(t *testing.T) {
	d := New()
	dir, _ := d.Mount(t)
	old, fresh := strings.Repeat("a", 10*pageSize), strings.Repeat("b", 12*pageSize)
	run(t, dir, "write f "+old+"\n sync f\n write f "+fresh)
	pages := make(map[byte]int)
	for i := range uint64(20) {
		left := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := d.Save(left, rand.New(rand.NewPCG(i, 0))); err != nil {
			t.Fatal(err)
		}
		data := strings.TrimPrefix(files(t, left), "f=")
		if len(data) != len(old) && len(data) != len(fresh) {
			t.Fatalf("%d bytes are left", len(data))
		}
		for ; len(data) > 0; data = data[pageSize:] {
			if strings.Trim(data[:pageSize], data[:1]) != "" {
				t.Fatal("a page is mixed")
			}
			pages[data[0]]++
		}
	}
	if pages['a'] < 50 || pages['b'] < 50 || pages[0] == 0 {
		t.Errorf("pages left: %v", pages)
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		want  []error // of four writes
		count int64
	}{
		{Fault{}, []error{nil, nil, nil, nil}, 4},
		{Fault{At: 2, Errno: syscall.ENOSPC}, []error{nil, syscall.ENOSPC, nil, nil}, 4},
		{Fault{At: 3, Errno: syscall.ENOSPC, Stays: true}, []error{nil, nil, syscall.ENOSPC, syscall.ENOSPC}, 4},
		{Fault{At: 2, Cut: true}, []error{nil, syscall.EIO, syscall.EIO, syscall.EIO}, 4},
	} {
		d := New()
		dir, _ := d.Mount(t)
		f, err := os.Create(filepath.Join(dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		d.Inject(test.fault)
		for i, want := range test.want {
			if _, err := f.WriteString("x"); !errors.Is(err, want) {
				t.Errorf("%v: write %d: %v, want %v", test.fault, i+1, err, want)
			}
		}
		f.Close()
		if d.Calls() != test.count {
			t.Errorf("%v: %d calls", test.fault, d.Calls())
		}
		select {
		case <-d.Struck():
		default:
			if test.fault.At > 0 {
				t.Errorf("%v has not struck", test.fault)
			}
		}
	}
}

// What is stored to mapped memory is seen by reading, and durable after msync.
func TestMapped(t *testing.T) {
	if dir := os.Getenv("PANNIER_TEST_MAP"); dir != "" {
		f, err := os.Create(filepath.Join(dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(3 * pageSize); err != nil {
			t.Fatal(err)
		}
		mapped, err := syscall.Mmap(int(f.Fd()), 0, 3*pageSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err != nil {
			t.Fatal(err)
		}
		copy(mapped[pageSize:], "kept")
		if err := f.Sync(); err != nil { // also of mapped pages
			t.Fatal(err)
		}
		copy(mapped[2*pageSize:], "lost")
		os.Exit(0)
	}
	d := New()
	dir, unmount := d.Mount(t)
	child, err := os.StartProcess(os.Args[0], []string{os.Args[0], "-test.run=^TestMapped$"},
		&os.ProcAttr{Env: append(os.Environ(), "PANNIER_TEST_MAP="+dir), Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := child.Wait(); err != nil || !state.Success() {
		t.Fatal(state, err)
	}
	unmount()
	for name, save := range map[string]func(string) error{"left": func(dir string) error { return d.Save(dir, nil) }, "seen": d.SaveSeen} {
		out := filepath.Join(t.TempDir(), name)
		if err := save(out); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(out, "f"))
		if err != nil || len(data) != 3*pageSize || string(data[pageSize:pageSize+4]) != "kept" {
			t.Fatalf("%s: %d bytes, %v", name, len(data), err)
		}
		if got := string(data[2*pageSize : 2*pageSize+4]); (got == "lost") != (name == "seen") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What Load read, Save writes.
func TestLoad(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
	want := map[string]string{"a": "x", "d/e/f": strings.Repeat("y", 2*pageSize+5), "d/zeros": strings.Repeat("\x00", 3*pageSize)}
	for name, data := range want {
		os.MkdirAll(filepath.Dir(filepath.Join(from, name)), 0o700)
		if err := os.WriteFile(filepath.Join(from, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := New()
	if err := errors.Join(d.Load(from), d.Save(to, nil)); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for name := range want {
		data, _ := os.ReadFile(filepath.Join(to, name))
		got[name] = string(data)
	}
	if !maps.Equal(got, want) {
		t.Error("the copy differs")
	}
}
