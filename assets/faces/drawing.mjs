// From a face description to pixels: the vector drawing in the face's own colours, without background or light.

import { faceToSvgString } from "facesjs";
import { Resvg } from "@resvg/resvg-js";
import { ink, mix } from "./colour.mjs";
import { FILL, INK } from "./parts.mjs";

/** The square of the 400 × 600 drawing that becomes the picture: x, y, side. */
export const VIEW = [-56, 42, 512];

/** Pictures are drawn this many times larger than asked for and then averaged, so that thin lines stay even. */
export const OVERSAMPLE = 4;

/** Which colour stands for each placeholder of parts.mjs. */
export function tonesOf({ skin, hair, shirt, trim, hat, rim, iris }) {
  const brow = mix(hair, ink(skin, 0.45), 0.5); // pale brows would glow on dark skin
  return {
    [INK.skin]: ink(skin, 0.7), [INK.crease]: ink(skin, 0.8), [INK.hair]: ink(hair, 0.66), [INK.cloth]: ink(shirt, 0.72),
    [INK.hat]: ink(hat, 0.7), [INK.eye]: "#2a1f22", [INK.rim]: ink(rim, 0.8), [INK.mouth]: mix(ink(skin, 0.42), "#5a1f22", 0.5),
    [FILL.lips]: mix(ink(skin, 0.8), "#c4464c", 0.5), [FILL.hat]: hat, [FILL.trim]: trim, [FILL.rim]: rim,
    [FILL.neck]: "url(#neck)", [FILL.iris]: iris, [FILL.brow]: brow, [INK.brow]: ink(brow, 0.8),
  };
}

/** The drawing as SVG text. `face` is a facesjs description, `colours` what `tonesOf` takes. */
export function toSvg(face, colours) {
  const [x, y, side] = VIEW;
  const chin = ink(colours.skin, 0.8);
  const defs = `<defs><linearGradient id="neck" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="470" y2="560"><stop offset="0" stop-color="${chin}"/><stop offset="1" stop-color="${colours.skin}"/></linearGradient></defs>`;
  const tones = tonesOf(colours);
  return faceToSvgString(face)
    .replace(/<svg[^>]*>/, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${side} ${side}">${defs}`)
    .replace(/#0[ab]000[1-9]/g, (placeholder) => tones[placeholder]);
}

/** The drawing as `size` × `size` pixels of premultiplied red, green, blue and alpha, 0–255, as floats. */
export function rasterise(svg, size) {
  const wide = size * OVERSAMPLE;
  const image = new Resvg(svg, { fitTo: { mode: "width", value: wide }, font: { loadSystemFonts: false } }).render();
  const from = image.pixels;
  const to = new Float32Array(size * size * 4);
  const share = 1 / OVERSAMPLE ** 2;
  for (let y = 0; y < wide; y++) {
    for (let x = 0; x < wide; x++) {
      const i = (y * wide + x) * 4;
      const o = (Math.floor(y / OVERSAMPLE) * size + Math.floor(x / OVERSAMPLE)) * 4;
      for (let c = 0; c < 4; c++) to[o + c] += from[i + c] * share;
    }
  }
  return to;
}
