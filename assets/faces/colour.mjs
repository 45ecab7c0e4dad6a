// Colour arithmetic: hexadecimal triples, OKLab mixing and ramps.
//
// Everything that varies in colour (skin, hair, cloth, background) runs along a continuous ramp, so that a network
// trained on the faces finds one smooth direction for each instead of a handful of swatches. Ramps are mixed in
// OKLab: halfway between two colours then looks like halfway.

const toLinear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const toGamma = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const clamp01 = (v) => Math.min(1, Math.max(0, v));

/** "#rrggbb" to three numbers, 0–255. */
export function fromHex(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** Three numbers, 0–255, to "#rrggbb". */
export function toHex(rgb) {
  return "#" + rgb.map((v) => Math.round(255 * clamp01(v / 255)).toString(16).padStart(2, "0")).join("");
}

function toOklab(rgb) {
  const [r, g, b] = rgb.map((v) => toLinear(v / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => 255 * toGamma(clamp01(v)));
}

/** The colour a share `t` (0–1) of the way from `a` to `b`; all "#rrggbb". */
export function mix(a, b, t) {
  const [p, q] = [toOklab(fromHex(a)), toOklab(fromHex(b))];
  return toHex(fromOklab(p.map((v, i) => v + (q[i] - v) * t)));
}

/** The colour at position `t` (0–1) along evenly spaced stops. */
export function ramp(stops, t) {
  const x = clamp01(t) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(x));
  return mix(stops[i], stops[i + 1], x - i);
}

/** The same hue, `factor` (0–1) as light, a little more saturated: the ink that outlines a colour. */
export function ink(hex, factor) {
  const [L, a, b] = toOklab(fromHex(hex));
  return toHex(fromOklab([L * factor, a * 1.05, b * 1.05]));
}
