#!/bin/sh
# Makes the GeoTIFFs of this folder from heights.asc with GDAL's gdal_translate.
set -e
cd "$(dirname "$0")"
to() { gdal_translate -q -a_srs EPSG:4326 "$@"; }
to -ot Int16 heights.asc int16_none.tif
to -ot Int16 -mo AREA_OR_POINT=Point heights.asc int16_point.tif
to -ot Int16 -co COMPRESS=LZW -co PREDICTOR=2 heights.asc int16_lzw2.tif
to -ot Int16 -co ENDIANNESS=BIG -co COMPRESS=LZW -co PREDICTOR=2 heights.asc int16_big.tif
to -ot Int16 -co COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16 heights.asc int16_tiled.tif
to -ot UInt16 -co COMPRESS=DEFLATE heights.asc uint16_deflate.tif
to -ot Float32 -co COMPRESS=LZW -co BLOCKYSIZE=7 heights.asc float32_lzw.tif
to -ot Float32 -co COMPRESS=DEFLATE -co PREDICTOR=3 heights.asc float32_deflate3.tif
to -ot Float32 -co COMPRESS=DEFLATE -co ENDIANNESS=BIG -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=16 heights.asc float32_big.tif
# What is refused.
gdalwarp -q -overwrite -t_srs EPSG:32633 -co COMPRESS=LZW int16_none.tif refused_utm.tif
to -ot Int16 -co BIGTIFF=YES -co COMPRESS=LZW heights.asc refused_bigtiff.tif
to -ot Int16 -co COMPRESS=PACKBITS heights.asc refused_packbits.tif
to -ot Byte -co COMPRESS=LZW heights.asc refused_byte.tif
to -ot Int16 -b 1 -b 1 -co COMPRESS=LZW int16_none.tif refused_bands.tif
rm -f ./*.aux.xml
