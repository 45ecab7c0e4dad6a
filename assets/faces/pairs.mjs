// Renders the demo pairs: node pairs.mjs [--count 1440] [--seed 20171] [--sheet FILE] [--folder FOLDER]
//
//   --sheet FILE     also writes a PNG of the first 24 triples, 4 × 6
//   --folder FOLDER  writes single files instead: FOLDER/lines, FOLDER/labels and FOLDER/faces with 00000.png, …

import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { Atlas } from "./atlas.mjs";
import { drawFace } from "./attributes.mjs";
import { fromHex } from "./colour.mjs";
import { LABELS, drawThrice, nameParts } from "./flat.mjs";
import { prepareParts } from "./parts.mjs";
import { Chance } from "./random.mjs";

/** Pixels of a picture, a side, and pictures in one row of an atlas. */
const TILE = 128;
const ACROSS = 32;
/** The most colours of a face. */
const COLOURS = 64;
/** Triples of the sheet, across and down. */
const SHEET = [4, 6];

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "1440" },
    seed: { type: "string", default: "20171" },
    sheet: { type: "string" },
    folder: { type: "string" },
  },
});
const [count, seed] = [options.count, options.seed].map(Number);
const beside = (name) => new URL(`../demo-pairs/${name}`, import.meta.url).pathname;

// Nothing here may draw from the unseeded generator: the same command must give the same pictures.
Math.random = () => {
  throw new Error("Math.random is not repeatable: draw from Chance");
};

prepareParts();
nameParts();
const LABEL_COLOURS = Object.values(LABELS).map(fromHex);

/** The three pictures of a face, each TILE × TILE × 3 bytes. */
function triple(number) {
  const { face, colours } = drawFace(new Chance(seed, number));
  const { labels, lines, colour } = drawThrice(face, colours, TILE);
  const coloured = (places, table) => {
    const bytes = Buffer.alloc(places.length * 3);
    places.forEach((place, i) => bytes.set(table[place], 3 * i));
    return bytes;
  };
  return { lines: coloured(lines, [[0, 0, 0], [255, 255, 255]]), labels: coloured(labels, LABEL_COLOURS), faces: colour };
}

const raw = (pixels, width, height) => sharp(pixels, { raw: { width, height, channels: 3 } });
const KINDS = ["lines", "labels", "faces"];

async function writeFolder(folder) {
  for (const kind of KINDS) await mkdir(`${folder}/${kind}`, { recursive: true });
  for (let number = 0; number < count; number++) {
    const pictures = triple(number);
    const name = `${String(number).padStart(5, "0")}.png`;
    for (const kind of KINDS) await raw(pictures[kind], TILE, TILE).png({ compressionLevel: 9 }).toFile(`${folder}/${kind}/${name}`);
    if ((number + 1) % 1000 === 0) console.log(`${number + 1} triples`);
  }
}

async function writeAtlases() {
  const atlases = Object.fromEntries(KINDS.map((kind) => [kind, new Atlas(count, TILE, ACROSS)]));
  for (let number = 0; number < count; number++) {
    const pictures = triple(number);
    for (const kind of KINDS) atlases[kind].put(number, pictures[kind]);
  }
  await mkdir(beside(""), { recursive: true });
  const { places, colours } = atlases.faces.inPalettes(COLOURS);
  for (const [name, { pixels, width, height }] of Object.entries({
    lines: atlases.lines, labels: atlases.labels, faces: places, colours: { pixels: colours, width: COLOURS, height: count },
  })) {
    const webp = await raw(pixels, width, height).webp({ lossless: true, effort: 6 }).toBuffer();
    await writeFile(beside(`${name}.webp`), webp);
    console.log(`${name}.webp ${webp.length} bytes`);
  }
  await writeFile(beside("layout.json"), `${JSON.stringify({ tile: TILE, across: ACROSS, count, seed })}\n`);
}

async function writeSheet(file) {
  const [across, down] = SHEET;
  const sheet = new Atlas(Math.min(count, across * down) * 3, TILE, across * 3);
  for (let i = 0; i < sheet.count; i += 3) {
    const pictures = triple(i / 3);
    KINDS.forEach((kind, k) => sheet.put(i + k, pictures[kind]));
  }
  await raw(sheet.pixels, sheet.width, sheet.height).png().toFile(file);
}

if (options.folder) await writeFolder(options.folder);
else await writeAtlases();
if (options.sheet) await writeSheet(options.sheet);
