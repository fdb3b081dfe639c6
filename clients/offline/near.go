package offline

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Hit is a feature and its distance.
type Hit struct {
	Feature *feature.Feature
	Meters  float64 // to the nearest point of its geometry, 0 inside an area
}

// Near returns up to limit features nearest to a place in degrees, the nearest
// first. A category takes in those below it ("food" finds "food.restaurant"); an
// empty one takes in all. Notices whose last day is over are left out. A radius
// in metres bounds the distance unless it is 0.
func (r *Region) Near(ctx context.Context, lat, lon float64, category string, limit int, radius float64) ([]Hit, error) {
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) {
		return nil, fmt.Errorf("near: %v,%v is no latitude and longitude", lat, lon)
	}
	if limit <= 0 {
		return nil, nil
	}
	if radius <= 0 || radius > halfEarth {
		radius = halfEarth
	}
	tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("near: %w", explain(err))
	}
	defer tx.Rollback()
	near := nearest{
		place:    cell.Point{LonE7: int32(math.Round(lon * 1e7)), LatE7: int32(math.Round(lat * 1e7))},
		category: category,
		today:    today(),
		measured: map[int64]float64{},
	}
	hits, err := near.find(ctx, tx, limit, radius)
	if err != nil {
		return nil, fmt.Errorf("near: %w", explain(err))
	}
	return hits, nil
}

// nearest widens a circle until enough features lie in it.
type nearest struct {
	place    cell.Point
	category string
	today    string
	measured map[int64]float64 // by row
}

func (s *nearest) find(ctx context.Context, tx *sql.Tx, limit int, radius float64) ([]Hit, error) {
	var rows []int64
	for reach := min(500, radius); ; reach = min(4*reach, radius) {
		for _, b := range around(s.place, reach) {
			if err := s.measure(ctx, tx, b); err != nil {
				return nil, err
			}
		}
		rows = rows[:0]
		for n, meters := range s.measured {
			if meters <= reach {
				rows = append(rows, n)
			}
		}
		if len(rows) >= limit || reach >= radius {
			break
		}
	}
	slices.SortFunc(rows, func(a, b int64) int {
		return cmp.Or(cmp.Compare(s.measured[a], s.measured[b]), cmp.Compare(a, b))
	})
	var hits []Hit
	for _, n := range rows[:min(limit, len(rows))] {
		var id string
		var record []byte
		if err := tx.QueryRowContext(ctx, `SELECT id, record FROM features WHERE n = ?`, n).Scan(&id, &record); err != nil {
			return nil, err
		}
		f, err := parse(id, record)
		if err != nil {
			return nil, err
		}
		hits = append(hits, Hit{f, s.measured[n]})
	}
	return hits, nil
}

// measure takes in what touches a box, but for notices that are over. Only they,
// lines and areas need their record.
func (s *nearest) measure(ctx context.Context, tx *sql.Tx, b box) error {
	rows, err := tx.QueryContext(ctx, `
		SELECT f.n, f.id, f.lon, f.lat, iif(b.west = b.east AND b.south = b.north AND f.kind <> 'notice', NULL, f.record)
		FROM bounds AS b CROSS JOIN features AS f ON f.n = b.n
		WHERE b.east >= ? AND b.west <= ? AND b.north >= ? AND b.south <= ?
		AND (? = '' OR f.category = ? OR substr(f.category, 1, length(?) + 1) = ? || '.')`,
		b.west, b.east, b.south, b.north, s.category, s.category, s.category, s.category)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		var id string
		var anchor cell.Point
		var record sql.RawBytes
		if err := rows.Scan(&n, &id, &anchor.LonE7, &anchor.LatE7, &record); err != nil {
			return err
		}
		if _, ok := s.measured[n]; ok {
			continue
		}
		if record == nil {
			s.measured[n] = feature.Distance(s.place, anchor)
			continue
		}
		f, err := parse(id, record)
		if err != nil {
			return err
		}
		if !f.Over(s.today) {
			s.measured[n] = distance(s.place, f.Geometry)
		}
	}
	return rows.Err()
}
