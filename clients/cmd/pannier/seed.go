package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// A device's seed is random bytes by which it is among the first to get some
// versions and not others (pull.Options). It never leaves the device.
const seedBytes = 16

func (a *app) seedPath() string { return filepath.Join(a.dir, ".seed") }

// readSeed returns the seed; nil when there is none yet.
func (a *app) readSeed() []byte {
	seed, err := os.ReadFile(a.seedPath())
	if err != nil || len(seed) != seedBytes {
		return nil
	}
	return seed
}

// seed returns the seed, choosing it at the first pull.
func (a *app) seed() ([]byte, error) {
	if seed := a.readSeed(); seed != nil {
		return seed, nil
	}
	seed := make([]byte, seedBytes)
	rand.Read(seed)
	if err := os.WriteFile(a.seedPath(), seed, 0o600); err != nil {
		return nil, fmt.Errorf("keep the seed of rollouts: %w", err)
	}
	return seed, nil
}
