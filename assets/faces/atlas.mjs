// The two files: one picture with every face in it, and one table with every face's attributes.

import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { COLUMNS } from "./attributes.mjs";

/** Pixels of one face, a side. A multiple of 16, so that no block of the compression reaches from one face into the next. */
export const TILE = 64;
/** Faces in one row of the atlas. */
export const ACROSS = 128;

/** The atlas while it grows: faces from left to right, then from top to bottom. */
export class Atlas {
  constructor(count) {
    this.count = count;
    this.width = TILE * ACROSS;
    this.height = TILE * Math.ceil(count / ACROSS);
    this.pixels = Buffer.alloc(this.width * this.height * 3, 255);
  }

  /** Byte offset of one line of one face. */
  offset(number, line) {
    const [across, down] = [number % ACROSS, Math.floor(number / ACROSS)];
    return ((down * TILE + line) * this.width + across * TILE) * 3;
  }

  /** Puts in the face with this number: TILE × TILE × 3 bytes. */
  put(number, face) {
    for (let line = 0; line < TILE; line++) this.pixels.set(face.subarray(line * TILE * 3, (line + 1) * TILE * 3), this.offset(number, line));
  }

  /** The faces one after another, each TILE × TILE × 3 bytes. */
  unrolled() {
    const faces = Buffer.alloc(this.count * TILE * TILE * 3);
    for (let number = 0; number < this.count; number++) {
      for (let line = 0; line < TILE; line++) {
        const from = this.offset(number, line);
        this.pixels.copy(faces, (number * TILE + line) * TILE * 3, from, from + TILE * 3);
      }
    }
    return faces;
  }

  /**
   * Writes the atlas as lossy WebP. At equal size it is 3–4 dB nearer to the drawing than JPEG and free of the ripples
   * that JPEG leaves around outlines; the "text" preset switches off the deblocking filter, which would reach across
   * faces. Returns the bytes written.
   */
  async writeWebp(path, quality) {
    const webp = await sharp(this.pixels, { raw: { width: this.width, height: this.height, channels: 3 } })
      .webp({ quality, preset: "text", smartSubsample: true, effort: 6 })
      .toBuffer();
    await writeFile(path, webp);
    return webp.length;
  }

  /** Reads an atlas back, with what compression made of it. */
  static async read(path, count) {
    const atlas = new Atlas(count);
    atlas.pixels = await sharp(path).removeAlpha().raw().toBuffer();
    return atlas;
  }
}

/** Writes the table: what the columns mean, then one line of numbers a face, in the order of the atlas. */
export async function writeTable(path, rows, seed) {
  const head = { tile: TILE, across: ACROSS, count: rows.length, seed, columns: COLUMNS };
  const lines = rows.map((row) => JSON.stringify(COLUMNS.map(({ name }) => Math.round(row[name] * 100) / 100 || 0)));
  const text = `${JSON.stringify(head).slice(0, -1)},\n"rows":[\n${lines.join(",\n")}\n]}\n`;
  await writeFile(path, text);
  return text.length;
}
