package problem

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every exported sentinel of this package and of the server's packages that the
// table imports has a row. A room whose errors reach HTTP is imported there.
func TestEverySentinelHasARow(t *testing.T) {
	const rooms = "github.com/pannier-maps/pannier/server/"
	table := parse(t, "table.go")
	has := map[string]bool{}
	ast.Inspect(table, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 4 {
			return true
		}
		switch cause := lit.Elts[0].(type) {
		case *ast.Ident:
			has["problem."+cause.Name] = true
		case *ast.SelectorExpr:
			has[cause.X.(*ast.Ident).Name+"."+cause.Sel.Name] = true
		}
		return true
	})
	folders := map[string]string{"problem": "."}
	for _, imp := range table.Imports {
		name, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if room, ok := strings.CutPrefix(name, rooms); ok {
			folders[path.Base(room)] = filepath.Join("..", filepath.FromSlash(room))
		}
	}
	found := 0
	for pkg, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, sentinel := range sentinels(parse(t, file)) {
				found++
				if !has[pkg+"."+sentinel] {
					t.Errorf("%s.%s has no row in table.go", pkg, sentinel)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d sentinels only: the search is broken", found)
	}
}

func TestRows(t *testing.T) {
	titles := map[string]string{}
	for _, r := range rows {
		if r.cause == nil || r.name == "" || r.title == "" || r.status < 400 || r.status > 599 {
			t.Errorf("incomplete row %+v", r)
		}
		if got := find(r.cause); got != r {
			t.Errorf("%v is found as %+v, want %+v", r.cause, got, r)
		}
		says := strconv.Itoa(r.status) + " " + r.title
		if old, ok := titles[r.name]; ok && old != says {
			t.Errorf("type %s means %q and %q", r.name, old, says)
		}
		titles[r.name] = says
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sentinels returns the variables of a file named Err….
func sentinels(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			for _, id := range s.(*ast.ValueSpec).Names {
				if strings.HasPrefix(id.Name, "Err") {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}
