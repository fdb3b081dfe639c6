//go:build !unix

package main

import "io/fs"

// freeDisk returns the bytes that are free where a folder is: unknown.
func freeDisk(string) int64 { return 0 }

// taken returns what a file takes on disk.
func taken(info fs.FileInfo) int64 { return info.Size() }
