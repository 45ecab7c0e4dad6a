// Light and background: what turns a flat drawing into a picture.
//
// The head is lit as if it were an ellipsoid: the side towards the light grows lighter and warmer, the other darker
// and cooler. The background is a plain colour, a little lighter where the light falls, with the figure's soft
// shadow on it. All of it is smooth, so it costs a network next to nothing to learn.

import { fromHex } from "./colour.mjs";
import { VIEW } from "./drawing.mjs";

/** The ellipsoid in the space of the drawing: centre and half axes. */
const HEAD = { x: 200, y: 330, rx: 215, ry: 285 };
/** How much the light does: on the figure, on the background; and how dark the figure's shadow is. */
const STRENGTH = { figure: 0.34, background: 0.045, shadow: 0.16 };

/** Blurs one channel in place, three box passes a direction: near enough to a Gaussian. */
function blur(plane, size, radius) {
  const line = new Float32Array(size);
  const pass = (start, step) => {
    let sum = 0;
    const at = (i) => plane[start + step * Math.min(size - 1, Math.max(0, i))];
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < size; i++) {
      line[i] = sum / (2 * radius + 1);
      sum += at(i + radius + 1) - at(i - radius);
    }
    for (let i = 0; i < size; i++) plane[start + step * i] = line[i];
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < size; i++) pass(i * size, 1);
    for (let i = 0; i < size; i++) pass(i, size);
  }
}

/** Unit vector towards the light for a side between -1 (left) and 1 (right). */
function direction(side) {
  const v = [0.95 * side, -0.45, 0.85];
  const length = Math.hypot(...v);
  return v.map((c) => c / length);
}

/** Lays a drawing (premultiplied, from `rasterise`) over its background; returns `size` × `size` × 3 bytes. */
export function compose(drawing, size, background, side) {
  const to = new Uint8Array(size * size * 3);
  const ground = fromHex(background);
  const towards = direction(side);
  const scale = VIEW[2] / size;

  const shadow = new Float32Array(size * size);
  const shift = Math.round((-side * 3 * size) / 64);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = Math.min(size - 1, Math.max(0, x - shift));
      shadow[y * size + x] = drawing[(y * size + from) * 4 + 3] / 255;
    }
  }
  blur(shadow, size, Math.max(1, Math.round(size / 21)));

  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      // The ellipsoid's surface here; beyond its rim the surface faces sideways.
      const nx = (VIEW[0] + (x + 0.5) * scale - HEAD.x) / HEAD.rx;
      const ny = (VIEW[1] + (y + 0.5) * scale - HEAD.y) / HEAD.ry;
      const r = Math.hypot(nx, ny);
      const flat = r > 0.94 ? 0.94 / r : 1;
      const nz = Math.sqrt(1 - Math.min(r, 0.94) ** 2);
      const lit = towards[0] * nx * flat + towards[1] * ny * flat + towards[2] * nz - 0.73;
      const gain = STRENGTH.figure * lit;

      const i = y * size + x;
      const alpha = drawing[i * 4 + 3] / 255;
      const u = (x + 0.5) / size - 0.5;
      const v = (y + 0.5) / size - 0.5;
      const glow = 1 + STRENGTH.background * (1.6 * u * side - 1.2 * v) - STRENGTH.shadow * shadow[i];
      for (let c = 0; c < 3; c++) {
        const tint = 1 + gain * (1 + 0.12 * (1 - c));
        const value = drawing[i * 4 + c] * tint + ground[c] * glow * (1 - alpha);
        to[i * 3 + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return to;
}
