package keep

import (
	_ "github.com/dgraph-io/badger/v4"
	_ "github.com/gorilla/mux"
	_ "github.com/gowebpki/jcs"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/paulmach/orb/clip"
	_ "github.com/paulmach/osm/osmxml"
	_ "github.com/paulmach/protoscan"
	_ "github.com/pierrec/lz4/v4"
	_ "github.com/spf13/cobra"
	_ "golang.org/x/mod/sumdb/note"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "golang.org/x/text/unicode/norm"
	_ "modernc.org/sqlite"
)
