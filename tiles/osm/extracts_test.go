package osm_test

// The module github.com/paulmach/osm ships extracts of real regions, Andorra and
// Delaware, which tests here and elsewhere and the demo read. The import keeps
// the module in go.mod.
import _ "github.com/paulmach/osm"
