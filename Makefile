# What you need: Go 1.26 or newer, Node 20 or newer, git.

GO ?= go
FUZZTIME ?= 2s
PEERS := clients/journey/readers tiles/vector/conformance

.PHONY: all build demo test test-power check fuzz bench bench-sync bench-publish bench-load bench-api bench-scale clean
all: build

# The two commands, in bin/, with the map page in them. The tag leaves out of the
# AVIF decoder what would load a library of the system.
build: server/viewer/dist/main.js
	$(GO) build -trimpath -tags nodynamic -o bin/ ./server/cmd/pannierd ./clients/cmd/pannier

# Builds, imports a real region, publishes it and serves it.
demo: build
	@sh .ci/demo

# Installs what the tests need and runs all of them.
test: check server/viewer/dist/main.js $(PEERS:=/node_modules)
	$(GO) test -race -count=1 -timeout 20m ./...
	$(MAKE) fuzz

# All trials of which test takes a sample: the power is cut, or the disk fails, at
# each call of pulls and publishes; objects are cut at each byte; clients are
# killed 500 times. Takes root, /dev/fuse and most of an hour on two busy cores.
test-power: export PANNIER_TEST_POWER = 1
test-power:
	@test -w /dev/fuse && test "$$(id -u)" = 0 || { echo "test-power needs root and /dev/fuse"; exit 1; }
	$(GO) test -count=1 -timeout 60m -v -run 'Power|Truncated|Kill|Andorra' \
		./sync/powertest ./sync/pull ./clients/offline ./clients/journey ./server/store/badger ./server/host ./server/cmd/pannierd

# Formatting, vet, staticcheck, tidy modules, and the platforms of phones.
check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	GOOS=js GOARCH=wasm $(GO) build ./tiles/cell ./tiles/feature ./tiles/taxonomy ./sync/... ./clients/guide/...
	GOOS=android GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./clients/offline/... ./sync/pull/...

server/viewer/dist/main.js: server/viewer/web/node_modules $(wildcard server/viewer/web/*.* server/viewer/web/shapes/*) tiles/taxonomy/categories.tsv
	cd server/viewer/web && node build.mjs

server/viewer/web/node_modules: server/viewer/web/package-lock.json
	cd server/viewer/web && npm ci --omit=dev --no-fund --no-audit
	@touch $@

# What others wrote, to test ours against.
$(PEERS:=/node_modules): %/node_modules: %/package-lock.json
	cd $* && npm ci --no-fund --no-audit
	@touch $@

# Some seconds of each fuzz target; FUZZTIME=1m for more. When time is up in the
# middle of an input, go test may call that a failure without an input that fails:
# then once more.
fuzz:
	@$(GO) list -f '{{.Dir}}' ./... | while read -r dir; do \
		for target in $$(grep -hso '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | cut -c6-); do \
			echo "fuzz $$target in $${dir#$(CURDIR)/}"; out=$$(mktemp); \
			try() { (cd "$$dir" && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) . >"$$out" 2>&1); }; \
			late() { grep -q 'context deadline exceeded' "$$out" && ! grep -q 'Failing input' "$$out"; }; \
			try || { late && try; } || { cat "$$out"; rm -f "$$out"; exit 1; }; \
			rm -f "$$out"; \
		done || exit 1; \
	done

# Prints figures beside those of other programs, and writes them to out/.
bench:
	$(GO) run ./server/cmd/pannierbench

# Updates of a real client, in bytes on the wire, beside other programs.
bench-sync:
	$(GO) run ./server/cmd/pannierbench sync

# Writes, lists, imports and publishes through the write API, and files that are bombs.
bench-api:
	$(GO) run ./server/cmd/pannierbench api

# Imports and publishes mosaics of a real extract, to 100 MB; -mb 500 takes longer.
bench-scale:
	$(GO) run ./server/cmd/pannierbench scale

# From one place's new hours to a signed head, at 1, 10 and 100 times the size of
# a region, and among 500 to 50,000 features of providers.
bench-publish:
	$(GO) test ./server/host -run '^$$' -bench 'PublishOneEdit|PublishEditAmongMany' -benchtime 10x -timeout 30m

# Thousands of phones at once, beside nginx on the same site where it is installed.
bench-load: build
	$(GO) run ./server/cmd/pannierload

clean:
	rm -rf bin out pannier-data $(PEERS:=/node_modules) server/viewer/web/node_modules server/viewer/dist/*
