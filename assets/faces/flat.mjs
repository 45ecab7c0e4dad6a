// One face drawn three times: as flat label map, as line drawing, and in flat colours.
//
// All three come from the same vector drawing. It is made once with a placeholder for every paint; what each shape
// belongs to (hair, nose, …) and what it is painted with (skin, ink, lips, …) then decides how it is painted again.

import { faceToSvgString } from "facesjs";
import { Resvg } from "@resvg/resvg-js";
import svgs from "./node_modules/facesjs/build/svgs.js";
import { fromHex, ink } from "./colour.mjs";
import { OVERSAMPLE, VIEW, rasterise, tonesOf } from "./drawing.mjs";
import { FILL, INK } from "./parts.mjs";

/** The labels of a map and their colours, in the order of `src/data/demo_pairs.rs`. */
export const LABELS = {
  background: "#2f3e5c", skin: "#f6d2a9", neck: "#d19a62", hair: "#7a4a24", brows: "#1d1a17", eyes: "#4fa8e0",
  nose: "#f08a6c", mouth: "#d23c4e", beard: "#a8559c", glasses: "#a9b4c2", clothes: "#5a9e5f", hat: "#ecc53c",
};

/** The label of each kind of part; parts that are not here are not in the map. */
const LABEL_OF = {
  hairBg: "hair", hair: "hair", body: "neck", jersey: "clothes", ear: "skin", head: "skin", facialHair: "beard", eye: "eyes",
  eyebrow: "brows", mouth: "mouth", nose: "nose", glasses: "glasses", accessories: "hat",
};

/** Placeholders for the colours that facesjs is told. */
const TOLD = { skin: "#0c0001", hair: "#0c0002", shirt: "#0c0003", hat: "#0c0004", trim: "#0c0005" };
const SKIN = [TOLD.skin, FILL.neck];
const INKS = ["#000", "#000000", ...Object.values(INK)];

/** Notes in every part what it is a part of. Call once, after `prepareParts`. */
export function nameParts() {
  for (const [part, drawings] of Object.entries(svgs)) {
    for (const [id, text] of Object.entries(drawings)) drawings[id] = `<g part="${part}">${text}</g>`;
  }
}

/** The shapes of a face in the order of painting: `{ part, tag, fill, stroke, width, rest }`, and where groups begin and end. */
function shapesOf(face) {
  const { body, hair } = face;
  const told = { ...face, body: { ...body, color: TOLD.skin }, hair: { ...hair, color: TOLD.hair }, teamColors: [TOLD.shirt, TOLD.hat, TOLD.trim] };
  const found = [];
  const above = [{ part: null, fill: "#000", stroke: "none", width: 1, opacity: 1 }];
  for (const [, closing, tag, text] of faceToSvgString(told).matchAll(/<(\/?)(g|path|circle|ellipse)\b([^>]*)>/g)) {
    const outer = above.at(-1);
    if (closing) {
      above.pop();
      found.push({ tag: "/g" });
      continue;
    }
    const at = Object.fromEntries([...text.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    for (const rule of (at.style ?? "").split(";").filter(Boolean)) {
      const [name, value] = rule.split(":");
      at[name.trim()] = value.trim();
    }
    const has = { ...outer, part: at.part ?? outer.part, fill: at.fill ?? outer.fill, stroke: at.stroke ?? outer.stroke };
    has.width = Number(at["stroke-width"] ?? outer.width);
    has.opacity = outer.opacity * Number(at.opacity ?? 1) * (at.display === "none" ? 0 : 1);
    if (tag === "g") {
      above.push(has);
      found.push({ tag, rest: keep(at, ["transform"]) });
      continue;
    }
    // What can be seen through is not there.
    const solid = (paint, own) => {
      const alpha = /^rgba\(.*,\s*([\d.]+)\)$/.exec(paint)?.[1] ?? 1;
      return paint === "none" || paint === "transparent" || has.opacity * Number(own ?? 1) * Number(alpha) < 0.5 ? null : paint;
    };
    found.push({
      ...has, tag, fill: solid(has.fill, at["fill-opacity"]), stroke: solid(has.stroke, at["stroke-opacity"]),
      rest: keep(at, ["d", "cx", "cy", "r", "rx", "ry", "transform", "fill-rule", "stroke-linecap", "stroke-linejoin"]),
    });
  }
  return found;
}

const keep = (attributes, names) => names.filter((name) => name in attributes).map((name) => ` ${name}="${attributes[name]}"`).join("");

/** The drawing with every shape painted as `paint` says: `{ fill, stroke, width }`, or nothing to leave it out. */
function repainted(shapes, paint) {
  const [x, y, side] = VIEW;
  const text = shapes.map((shape) => {
    if (shape.tag === "/g") return "</g>";
    if (shape.tag === "g") return `<g${shape.rest}>`;
    const { fill, stroke, width = shape.width } = paint(shape) ?? {};
    if (!fill && !stroke) return "";
    return `<${shape.tag}${shape.rest} fill="${fill ?? "none"}" stroke="${stroke ?? "none"}" stroke-width="${width}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${side} ${side}">${text.join("")}</svg>`;
}

/** Pixels without any blending, `wide` × `wide`, each the place of its colour in `colours`, which begin with the ground. */
function flat(svg, wide, colours) {
  const options = { fitTo: { mode: "width", value: wide }, background: colours[0], font: { loadSystemFonts: false }, shapeRendering: 0 };
  const { pixels } = new Resvg(svg, options).render();
  const known = new Map(colours.map((hex, i) => [parseInt(hex.slice(1), 16), i]));
  const places = new Uint8Array(wide * wide);
  for (let i = 0; i < places.length; i++) {
    const place = known.get((pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2]);
    if (place === undefined) throw new Error(`a colour between two others: ${pixels.slice(4 * i, 4 * i + 4)}`);
    places[i] = place;
  }
  return places;
}

/** Noses and mouths are lines; in a map they are at least so wide, in the space of the drawing. */
const LEAST_AREA = 10;

/** The label map: `size` × `size` places in `LABELS`. Of the labels under a pixel the commonest is taken. */
function labelMap(shapes, size) {
  const names = Object.keys(LABELS);
  const wide = size * OVERSAMPLE;
  const from = flat(
    repainted(shapes, ({ part, fill, stroke, width }) => {
      const colour = LABELS[LABEL_OF[part]];
      const isLine = part === "nose" || (part === "mouth" && !fill);
      return colour && { fill: fill && colour, stroke: stroke && colour, width: isLine ? Math.max(width, LEAST_AREA) : width };
    }),
    wide,
    Object.values(LABELS),
  );
  return blocks(size, (x, y) => {
    const votes = new Uint8Array(names.length);
    for (let i = 0; i < OVERSAMPLE ** 2; i++) votes[from[(y * OVERSAMPLE + (i >> 2)) * wide + x * OVERSAMPLE + (i & 3)]]++;
    return votes.indexOf(Math.max(...votes));
  });
}

function blocks(size, value) {
  return Uint8Array.from({ length: size * size }, (_, i) => value(i % size, Math.floor(i / size)));
}

/** Half the width of an outline, and the least width of any other line, in the space of the drawing. */
const PEN = 3.4;
const LEAST_WIDTH = 5.5;
/** Share of a pixel that must be ink for the pixel to be black. */
const BLACK_FROM = 0.42;
/** Parts whose own strokes are the lines; of all others the outline is drawn. */
const DRAWN = ["eye", "eyebrow", "mouth", "nose", "glasses", "smileLine"];

/** The line drawing: `size` × `size` flags, 1 for paper and 0 for ink. */
function lineDrawing(shapes, size) {
  // Regions whose borders become lines. Ink is the first, the ground the second.
  const regions = ["ink", "ground", "hairBg", "body", "jersey", "trim", "ear", "head", "facialHair", "hair", "accessories", "brim", "lips", "teeth", "eye"];
  const colour = (region) => `#${(16 * (regions.indexOf(region) + 1)).toString(16).padStart(2, "0")}0000`;
  const INKED = colour("ink");
  const svg = repainted(shapes, ({ part, tag, fill, stroke, width, rest }) => {
    const wide = Math.max(width, LEAST_WIDTH);
    if (part === "miscLine" || part === "eyeLine") return null;
    if (part === "eyebrow" || part === "glasses") return { fill: fill && INKED, stroke: stroke && INKED };
    if (part === "eye") {
      // Lids and pupil; neither the iris nor the light in it.
      if (fill === FILL.iris || (tag === "circle" && fill === "#fff")) return null;
      const white = fill && !INKS.includes(fill);
      return { fill: fill && (white ? colour("eye") : INKED), stroke: stroke && INKED, width: wide };
    }
    if (part === "mouth") {
      const region = fill === FILL.lips ? "lips" : "teeth";
      return { fill: fill && (INKS.includes(fill) ? INKED : colour(region)), stroke: stroke && (stroke === FILL.lips ? null : INKED), width: wide };
    }
    if (DRAWN.includes(part)) return { fill: fill && (SKIN.includes(fill) ? colour("head") : INKED), stroke: stroke && INKED, width: wide };
    if (!fill) return { stroke: stroke && INKED, width: wide };
    const isTrim = fill === FILL.trim || fill === TOLD.trim;
    const region = colour(isTrim ? (part === "jersey" ? "trim" : "brim") : part);
    return { fill: region, stroke: stroke && region, rest };
  });
  const wide = size * OVERSAMPLE;
  const unit = wide / VIEW[2];
  const from = flat(svg, wide, ["ground", ...regions.filter((r) => r !== "ground")].map(colour));
  const INK_AT = 1;
  const inked = new Uint8Array(wide * wide);
  const radius = PEN * unit;
  const reach = Math.floor(radius);
  const pen = [];
  for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) if (Math.hypot(dx, dy) <= radius) pen.push([dx, dy]);
  const dot = (x, y) => {
    for (const [dx, dy] of pen) {
      const [a, b] = [x + dx, y + dy];
      if (a >= 0 && b >= 0 && a < wide && b < wide) inked[b * wide + a] = 1;
    }
  };
  for (let y = 0; y < wide; y++) {
    for (let x = 0; x < wide; x++) {
      const here = from[y * wide + x];
      if (here === INK_AT) inked[y * wide + x] = 1;
      for (const next of [x + 1 < wide ? from[y * wide + x + 1] : here, y + 1 < wide ? from[(y + 1) * wide + x] : here]) {
        if (next !== here && next !== INK_AT && here !== INK_AT) dot(x, y);
      }
    }
  }
  return blocks(size, (x, y) => {
    let sum = 0;
    for (let i = 0; i < OVERSAMPLE ** 2; i++) sum += inked[(y * OVERSAMPLE + (i >> 2)) * wide + x * OVERSAMPLE + (i & 3)];
    return Number(sum < BLACK_FROM * OVERSAMPLE ** 2);
  });
}

/** Colours so near to a commoner one, as a distance in the cube of red, green and blue, become that one. */
const NEAR = 28;

/** The picture in few colours, in place: a third of the bytes when it is packed without loss, and no eye sees it. */
function inFewColours(bytes) {
  const counts = new Map();
  for (let i = 0; i < bytes.length; i += 3) {
    const colour = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;
  const kept = [];
  const becomes = new Map();
  for (const [colour] of [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    if (kept.every((other) => distance(colour, other) > NEAR ** 2)) kept.push(colour);
  }
  for (const colour of counts.keys()) becomes.set(colour, kept.reduce((best, other) => (distance(colour, other) < distance(colour, best) ? other : best)));
  for (let i = 0; i < bytes.length; i += 3) {
    const colour = becomes.get((bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2]);
    bytes.set([colour >> 16, (colour >> 8) & 255, colour & 255], i);
  }
  return bytes;
}

/** The background in colour: nothing in a drawing says which it should be. */
const GROUND = "#dfe7ee";

/** In colour: `size` × `size` × 3 bytes, without light or shadow. */
function inColour(shapes, colours, size) {
  const tones = { ...tonesOf(colours), [FILL.neck]: ink(colours.skin, 0.86), [TOLD.skin]: colours.skin, [TOLD.hair]: colours.hair };
  Object.assign(tones, { [TOLD.shirt]: colours.shirt, [TOLD.hat]: colours.hat, [TOLD.trim]: colours.trim });
  const tone = (paint) => paint && (tones[paint] ?? (paint.startsWith("url") ? colours.hair : paint));
  const drawing = rasterise(repainted(shapes, ({ fill, stroke }) => ({ fill: tone(fill), stroke: tone(stroke) })), size);
  const ground = fromHex(GROUND);
  const bytes = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) bytes[3 * i + c] = Math.round(drawing[4 * i + c] + ground[c] * (1 - drawing[4 * i + 3] / 255));
  }
  return inFewColours(bytes);
}

/** All three of a face: labels (places in `LABELS`), lines (1 paper, 0 ink), colour (red, green, blue). */
export function drawThrice(face, colours, size) {
  const shapes = shapesOf(face);
  return { labels: labelMap(shapes, size), lines: lineDrawing(shapes, size), colour: inColour(shapes, colours, size) };
}
