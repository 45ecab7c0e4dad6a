// The drawing parts: those of facesjs, made ready for recolouring, and a few of our own.
//
// facesjs outlines everything in black. Pure black lines look harsh at 64 pixels and teach a network little, so
// every black of a part becomes a placeholder here, once; drawing.mjs puts the face's own ink in its place.

import svgs from "./node_modules/facesjs/build/svgs.js";

/** The placeholder for the ink of a kind of thing. Valid colours, and used by no part of facesjs. */
export const INK = { skin: "#0a0001", hair: "#0a0002", cloth: "#0a0003", hat: "#0a0004", eye: "#0a0005", rim: "#0a0006", mouth: "#0a0007", crease: "#0a0008", brow: "#0a0009" };

/** Placeholders for fills that facesjs fixes or that only our own parts have. */
export const FILL = { lips: "#0b0001", hat: "#0b0002", trim: "#0b0003", rim: "#0b0004", neck: "#0b0005", iris: "#0b0006", brow: "#0b0007" };

/** Lenses clear enough to see the eyes through. */
const LENS = "rgba(235,242,248,.16)";

const INK_OF = {
  hairBg: "hair", hair: "hair", facialHair: "hair", eyebrow: "brow",
  body: "skin", ear: "skin", head: "skin", nose: "skin",
  eyeLine: "crease", smileLine: "crease", miscLine: "crease",
  jersey: "cloth", accessories: "hat", eye: "eye", glasses: "rim", mouth: "mouth",
};

/** An eye: its upper and lower lid as paths, the centre and radius of the iris, and lashes. */
function eye(upper, lower, x, y, r, lashes = "") {
  return `<path fill="#fffdfa" d="${upper}${lower}z"/><circle cx="${x}" cy="${y}" r="${r}" fill="${FILL.iris}"/><circle cx="${x}" cy="${y}" r="${r * 0.56}" fill="#000"/>
    <circle cx="${x + 5}" cy="${y - 5}" r="3.6" fill="#fff"/><path fill="none" stroke="#000" stroke-width="6" stroke-linecap="round" d="${upper}${lashes}"/>`;
}

/** Our own parts, in the 400 × 600 space of facesjs: eyes at y = 310, chin at y = 500, neck 140–260. */
const OWN = {
  jersey: {
    crew: `<path fill="$[primary]" stroke="#000" stroke-width="6" d="M-60 650c0-80 60-104 120-120 28-8 50-14 66-24 8 34 38 50 74 50s66-16 74-50c16 10 38 16 66 24 60 16 120 40 120 120z"/>
      <path fill="none" stroke="${FILL.trim}" stroke-width="9" d="M121 514c10 36 41 53 79 53s69-17 79-53"/>`,
    vneck: `<path fill="$[primary]" stroke="#000" stroke-width="6" d="M-60 650c0-80 60-104 120-120 28-8 46-14 62-24l78 74 78-74c16 10 34 16 62 24 60 16 120 40 120 120z"/>
      <path fill="none" stroke="${FILL.trim}" stroke-width="9" d="m114 514 86 80 86-80"/>`,
    collar: `<path fill="$[primary]" stroke="#000" stroke-width="6" d="M-60 650c0-80 60-104 120-120 28-8 50-14 66-24 8 34 38 50 74 50s66-16 74-50c16 10 38 16 66 24 60 16 120 40 120 120z"/>
      <path fill="${FILL.trim}" stroke="#000" stroke-width="4" d="m126 494-22 26 44 50 52-34zm148 0 22 26-44 50-52-34z"/>`,
    rollneck: `<path fill="$[primary]" stroke="#000" stroke-width="6" d="M-60 650c0-80 60-104 120-120 28-8 46-14 62-24h156c16 10 34 16 62 24 60 16 120 40 120 120z"/>
      <path fill="$[primary]" stroke="#000" stroke-width="5" d="M132 476c40 18 96 18 136 0 8 20 12 42 10 66-48 20-108 20-156 0-2-24 2-46 10-66z"/>`,
  },
  accessories: {
    beanie: `<path fill="${FILL.hat}" stroke="#000" stroke-width="6" d="M48 236C40 130 100 76 200 76s160 54 152 160c-90-26-214-26-304 0z"/>
      <path fill="${FILL.trim}" stroke="#000" stroke-width="5" d="M42 240c-8-18-8-38 2-52 84-30 228-30 312 0 10 14 10 34 2 52-88-28-228-28-316 0z"/>`,
    brim: `<path fill="${FILL.hat}" stroke="#000" stroke-width="6" d="M74 226C72 110 112 72 160 78c30 4 50 4 80 0 48-6 88 32 86 148z"/>
      <path fill="${FILL.trim}" d="M76 196c70-22 178-22 248 0l2 32H74z"/>
      <path fill="${FILL.hat}" stroke="#000" stroke-width="6" d="M2 240c40-26 100-36 198-36s158 10 198 36c-60 10-110-4-198-4s-138 14-198 4z"/>`,
  },
  // Eyes with a coloured iris. The drawing shows the left one; the lashes of the last two point outwards.
  eye: {
    bright: eye("M106 314c8-28 56-32 68 0", "-14 20-54 20-68 0", 140, 308, 15),
    almond: eye("M104 312c14-22 50-26 70 2", "-18 16-54 16-70-2", 140, 308, 14),
    calm: eye("M106 310c16-12 50-14 68 2", "-16 17-52 17-68-2", 140, 311, 13),
    lashes: eye("M106 314c8-28 56-32 68 0", "-14 20-54 20-68 0", 140, 308, 15, "M108 308l-13-6M113 300l-10-10"),
    cat: eye("M104 308c16-22 50-20 70 6", "-18 17-56 16-70-6", 140, 308, 14, "M106 308l-15-9"),
  },
  mouth: {
    even: `<path fill="none" stroke="#000" stroke-width="6" stroke-linecap="round" d="M166 438q34 5 68 0"/>
      <path fill="none" stroke="${FILL.lips}" stroke-width="5" stroke-linecap="round" d="M180 453q20 5 40 0"/>`,
    grin: `<path fill="#fff" stroke="#000" stroke-width="6" stroke-linejoin="round" d="M156 424q44 14 88 0-4 38-44 40-40-2-44-40z"/>`,
    laugh: `<path fill="${FILL.lips}" stroke="#000" stroke-width="6" stroke-linejoin="round" d="M160 422q40 10 80 0 0 46-40 46t-40-46z"/>
      <path fill="#fff" d="M166 426q34 8 68 0l-3 14q-31 7-62 0z"/>`,
    content: `<path fill="none" stroke="#000" stroke-width="7" stroke-linecap="round" d="M160 430q40 34 80 0"/>`,
    lips: `<path fill="${FILL.lips}" d="M160 434q24-16 40-8 16-8 40 8-16 26-40 26t-40-26z"/>
      <path fill="none" stroke="#000" stroke-width="4" stroke-linecap="round" d="M158 434q42 12 84 0"/>`,
  },
  miscLine: {
    rosy: `<ellipse cx="122" cy="376" rx="34" ry="25" fill="${FILL.lips}" opacity=".2"/><ellipse cx="278" cy="376" rx="34" ry="25" fill="${FILL.lips}" opacity=".2"/>`,
  },
  glasses: {
    round: `<path fill="#fff" fill-opacity=".16" stroke="${FILL.rim}" stroke-width="10" d="M89 312a50 48 0 1 0 100 0 50 48 0 1 0-100 0zm122 0a50 48 0 1 0 100 0 50 48 0 1 0-100 0z"/>
      <path fill="none" stroke="${FILL.rim}" stroke-width="9" d="M188 304q12-9 24 0M50 296l40 8m220 0 40-8"/>`,
    square: `<path fill="#fff" fill-opacity=".16" stroke="${FILL.rim}" stroke-width="11" stroke-linejoin="round" d="M88 282c34-8 68-8 100 0 2 28-2 48-12 62-22 8-54 8-76 0-10-14-14-34-12-62zm124 0c32-8 66-8 100 0 2 28-2 48-12 62-22 8-54 8-76 0-10-14-14-34-12-62z"/>
      <path fill="none" stroke="${FILL.rim}" stroke-width="10" d="M188 294q12-7 24 0M50 290l40 4m220 0 40-4"/>`,
  },
};

/** Rewrites the parts of facesjs in place (its drawing code reads the same table) and adds our own. Call once. */
export function prepareParts() {
  for (const [kind, own] of Object.entries(OWN)) Object.assign(svgs[kind], own);
  for (const [kind, parts] of Object.entries(svgs)) {
    const ink = INK[INK_OF[kind]];
    for (const [id, part] of Object.entries(parts)) {
      let text = part.replace(/#000(?![0-9a-f])/gi, ink).replace(/#501414/g, FILL.lips);
      if (kind === "glasses") text = text.replace(/rgba\(150,150,175,.5\)/g, LENS).replace(/#333/g, FILL.rim);
      if (kind === "eyebrow") text = text.replaceAll("$[hairColor]", FILL.brow);
      if (kind === "body") text = text.replace("$[skinColor]", FILL.neck);
      // What a part leaves unpainted, the format paints black: name it, so that it gets its ink too. (Inside a
      // group a path may inherit the colour of the group: those stay as they are.)
      parts[id] = text.includes("<g") ? text : text.replace(/<path d="([^"]*)"\/>/g, `<path fill="${ink}" d="$1"/>`);
    }
  }
}
