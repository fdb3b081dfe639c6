package dem

// Keys of GeoTIFF and the values that we read.
const (
	keyModel, keyRaster, keyGeographic, keyVerticalUnits = 1024, 1025, 2048, 4099

	modelGeographic          = 2
	rasterArea, rasterPoint  = 1, 2
	wgs84, etrs89            = 4326, 4258 // less than a metre apart
	undefined, userDefined   = 0, 32767
	metre                    = 9001
	gdalwarp                 = "; make one in WGS 84: gdalwarp -t_srs EPSG:4326 IN.tif OUT.tif"
	anyKey, keysHead, keyRow = 1, 4, 4
)

// geoKeys returns the keys that have one short value.
func (t *tiff) geoKeys() (map[int64]int64, error) {
	all, err := t.ints(tagGeoKeys)
	if err != nil {
		return nil, err
	}
	if len(all) < keysHead || all[0] != anyKey {
		return nil, invalid("this TIFF does not say where it lies (no GeoTIFF keys)%s", gdalwarp)
	}
	keys := make(map[int64]int64)
	for row := all[keysHead:]; len(row) >= keyRow; row = row[keyRow:] {
		if row[1] == 0 && row[2] == 1 {
			keys[row[0]] = row[3]
		}
	}
	return keys, nil
}

// shape returns where the image's points lie.
func (t *tiff) shape() (Shape, error) {
	keys, err := t.geoKeys()
	if err != nil {
		return Shape{}, err
	}
	if keys[keyModel] != modelGeographic {
		return Shape{}, invalid("it is in a projection, not in degrees%s", gdalwarp)
	}
	if datum := keys[keyGeographic]; datum != wgs84 && datum != etrs89 {
		return Shape{}, invalid("it is in EPSG:%d, want EPSG:%d or EPSG:%d%s", datum, wgs84, etrs89, gdalwarp)
	}
	if unit := keys[keyVerticalUnits]; unit != undefined && unit != userDefined && unit != metre {
		return Shape{}, invalid("its heights are in the unit EPSG:%d, want metres", unit)
	}
	scale, err := t.floats(tagScale)
	if err != nil {
		return Shape{}, err
	}
	tie, err := t.floats(tagTie)
	if err != nil {
		return Shape{}, err
	}
	if _, turned := t.tags[tagTransform]; len(scale) < 2 || len(tie) != 6 {
		if turned {
			return Shape{}, invalid("it is placed by a transformation matrix, want a pixel scale and one tie point%s", gdalwarp)
		}
		return Shape{}, invalid("it has no pixel scale or not exactly one tie point%s", gdalwarp)
	}
	width, err := t.int(tagWidth, 0)
	if err != nil {
		return Shape{}, err
	}
	length, err := t.int(tagLength, 0)
	if err != nil {
		return Shape{}, err
	}
	half := 0.5 // a value stands for its pixel's middle
	if keys[keyRaster] == rasterPoint {
		half = 0
	}
	s := Shape{StepLon: scale[0], StepLat: scale[1], Cols: int(width), Rows: int(length)}
	s.West = tie[3] + float64((half-tie[0])*s.StepLon)
	s.North = tie[4] - float64((half-tie[1])*s.StepLat)
	return s, s.check()
}
