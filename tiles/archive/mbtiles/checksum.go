package mbtiles

import (
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// Checksum returns the checksum of all tiles that the file states, as martin
// writes it (agg_tiles_hash), and the one of the tiles that are there. Both are ""
// when it states none, or has no index to find its tiles in order.
func (a *Archive) Checksum() (stated, got string, err error) {
	stated = strings.ToUpper(a.metadata["agg_tiles_hash"])
	if stated == "" {
		return "", "", nil
	}
	if err := a.plain(selectTiles + inOrder); err != nil {
		if errors.Is(err, errView) {
			return "", "", nil
		}
		return "", "", err
	}
	sum := md5.New()
	err = a.rows(selectTiles+inOrder, func(scan scanner) error {
		var z, x, row int64
		var data sql.RawBytes
		if err := scan(&z, &x, &row, &data); err != nil {
			return err
		}
		for _, n := range []int64{z, x, row} {
			sum.Write(strconv.AppendInt(nil, n, 10))
		}
		sum.Write(data)
		return nil
	})
	return stated, strings.ToUpper(hex.EncodeToString(sum.Sum(nil))), err
}
