//go:build !linux && !darwin

package badgerstore

// removeEmpty does nothing where Badger's lock is not a lock of the folder.
func removeEmpty(string) error { return nil }
