// Renders the demo faces: node render.mjs [--count 16384] [--seed 20170] [--quality 78] [--raw FILE] [--sheet FILE]
//
//   --raw FILE     also writes the faces as bare bytes (64 × 64 × 3 each), as they look after compression
//   --sheet FILE   also writes a PNG of the first 128 faces, 16 × 8, twice as large

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { ACROSS, Atlas, TILE, writeTable } from "./atlas.mjs";
import { COLUMNS, drawFace } from "./attributes.mjs";
import { rasterise, toSvg } from "./drawing.mjs";
import { compose } from "./light.mjs";
import { prepareParts } from "./parts.mjs";
import { Chance } from "./random.mjs";

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "16384" },
    seed: { type: "string", default: "20170" },
    quality: { type: "string", default: "78" },
    raw: { type: "string" },
    sheet: { type: "string" },
  },
});
const [count, seed, quality] = [options.count, options.seed, options.quality].map(Number);
const beside = (name) => new URL(`../${name}`, import.meta.url).pathname;

// Nothing here may draw from the unseeded generator: the same command must give the same faces.
Math.random = () => {
  throw new Error("Math.random is not repeatable: draw from Chance");
};

prepareParts();
const atlas = new Atlas(count);
const rows = [];
for (let first = 0; first < count; first += ACROSS) {
  // Compression blends a little across the edges of neighbouring faces. Each line of the atlas is therefore ordered by
  // background: neighbours, beside and above, have nearly the same one, and every line still holds the whole range.
  const line = Array.from({ length: Math.min(ACROSS, count - first) }, (_, i) => drawFace(new Chance(seed, first + i)));
  line.sort((a, b) => a.row.background - b.row.background);
  for (const { row, face, colours } of line) {
    const drawing = rasterise(toSvg(face, colours), TILE);
    atlas.put(rows.length, compose(drawing, TILE, colours.background, row.light));
    rows.push(row);
  }
  if (rows.length % 2048 === 0) console.log(`${rows.length} faces`);
}

const picture = beside("demo-faces.webp");
console.log(`demo-faces.webp ${await atlas.writeWebp(picture, quality)} bytes`);
console.log(`demo-faces.json ${await writeTable(beside("demo-faces.json"), rows, seed)} bytes`);
for (const { name } of COLUMNS) {
  const mean = rows.reduce((sum, row) => sum + row[name], 0) / count;
  console.log(`  ${name.padEnd(10)} mean ${mean.toFixed(3)}`);
}

if (options.raw) await writeFile(options.raw, (await Atlas.read(picture, count)).unrolled());
if (options.sheet) {
  const [across, down] = [16, 8];
  const [width, height] = [across * TILE, down * TILE];
  const strips = Array.from({ length: down }, async (_, i) => ({
    input: await sharp(picture).extract({ left: i * width, top: 0, width, height: TILE }).png().toBuffer(),
    left: 0,
    top: i * TILE,
  }));
  const sheet = sharp({ create: { width, height, channels: 3, background: "#fff" } }).composite(await Promise.all(strips));
  await sharp(await sheet.png().toBuffer()).resize(2 * width, 2 * height).png().toFile(options.sheet);
}
