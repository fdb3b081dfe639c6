package cell

import "strconv"

// PhotoSide is how many pixels the longer side of a photo in a bundle has at most.
const PhotoSide = 800

// PhotoKey returns the item key of a photo: its hash, as media.hash of a feature
// names it, and the size.
func PhotoKey(hash string) []byte { return []byte(hash + "/" + strconv.Itoa(PhotoSide)) }
