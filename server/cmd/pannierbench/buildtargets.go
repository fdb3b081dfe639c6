package main

// What a build may take, as parts of what the other program takes, and further
// limits.
const (
	cpuPart     = 0.5
	wallPart    = 0.5
	memoryPart  = 0.25
	archivePart = 1       // of the bytes: of the whole, and of what both schemas have
	tileLimit   = 500_000 // bytes of the largest tile, packed
	dayPart     = 0.1     // of the whole map's processor time
)

// buildTargets holds builds, repeats and days against what is promised.
func (r *Report) buildTargets() (all []Target) {
	add := func(row, promise string, got, limit float64) {
		all = append(all, Target{Row: row, Promise: promise, Got: got, Limit: limit, Met: got <= limit})
	}
	for _, b := range r.Builds {
		if peer := b.step("tilemaker"); peer != nil {
			ours, theirs := b.whole(), peer.Median
			add(b.Region, "CPU ÷ tilemaker", ours.CPUSeconds/theirs.CPUSeconds, cpuPart)
			add(b.Region, "wall ÷ tilemaker", ours.WallSeconds/theirs.WallSeconds, wallPart)
			if theirs.PeakBytes > 0 {
				add(b.Region, "memory ÷ tilemaker", float64(ours.PeakBytes)/float64(theirs.PeakBytes), memoryPart)
			}
		}
		if len(b.Archives) > 1 {
			add(b.Region, "bytes of the archive ÷ tilemaker", float64(b.Archives[0].File)/float64(b.Archives[1].File), archivePart)
			add(b.Region, "gzip bytes of what both schemas have ÷ tilemaker", float64(b.Archives[0].Common)/float64(b.Archives[1].Common), archivePart)
		}
		if len(b.Archives) > 0 {
			add(b.Region, "largest tile, gzip bytes", float64(b.Archives[0].Largest.Gzip), tileLimit)
		}
	}
	for _, repeat := range r.Repeats {
		if repeat.Program == "pannier" {
			add(repeat.Way, "tiles that differ", float64(repeat.Differ), 0)
		}
	}
	for _, d := range r.Days {
		add(d.Name, "CPU ÷ the whole map's", d.ratio(), dayPart)
	}
	return all
}
