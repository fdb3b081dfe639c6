// Opens an exported PMTiles and an exported MBTiles archive with readers written
// elsewhere, decodes every tile of both, and prints what they found as JSON.
//
//   node read.mjs region.pmtiles region.mbtiles
import { open, readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { PMTiles } from 'pmtiles'
import { VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import initSqlJs from 'sql.js'

class FileSource {
  constructor(file, path) { this.file = file; this.path = path }
  getKey() { return this.path }
  async getBytes(offset, length) {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await this.file.read(buffer, 0, length, offset)
    return { data: buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + bytesRead) }
  }
}

/** Counts the features of a tile by layer, reading each geometry. */
function decode(bytes, layers) {
  const tile = new VectorTile(new PbfReader(bytes))
  for (const [name, layer] of Object.entries(tile.layers)) {
    for (let i = 0; i < layer.length; i++) {
      const feature = layer.feature(i)
      if (feature.loadGeometry().length === 0) throw new Error(`empty geometry in ${name}`)
      layers[name] = (layers[name] ?? 0) + 1
    }
  }
}

const [pmPath, mbPath] = process.argv.slice(2)
const result = { pmtiles: { tiles: 0, layers: {} }, mbtiles: { tiles: 0, layers: {} } }

const SQL = await initSqlJs()
const db = new SQL.Database(await readFile(mbPath))
if (db.exec('PRAGMA integrity_check')[0].values[0][0] !== 'ok') throw new Error('integrity_check')
result.mbtiles.metadata = Object.fromEntries(db.exec('SELECT name, value FROM metadata')[0].values)
const rows = db.exec('SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles')[0].values

const archive = new PMTiles(new FileSource(await open(pmPath), pmPath))
result.pmtiles.header = await archive.getHeader()
result.pmtiles.metadata = await archive.getMetadata()

for (const [z, x, row, data] of rows) {
  const plain = gunzipSync(data)
  decode(plain, result.mbtiles.layers)
  result.mbtiles.tiles++
  const other = await archive.getZxy(z, x, 2 ** z - 1 - row)
  if (!other) throw new Error(`PMTiles has no tile ${z}/${x}/${2 ** z - 1 - row}`)
  const bytes = new Uint8Array(other.data)
  if (Buffer.compare(plain, Buffer.from(bytes)) !== 0) throw new Error(`tile ${z}/${x} differs`)
  decode(bytes, result.pmtiles.layers)
  result.pmtiles.tiles++
}
console.log(JSON.stringify(result))
