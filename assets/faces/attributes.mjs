// Who is drawn: the attributes of a face, and which parts and colours show them.
//
// Attributes are drawn independently of one another wherever that makes sense, so that each can meet each: every
// hair colour meets every skin, glasses meet hats. What depends on `male` is only what the drawing needs.

import { ramp } from "./colour.mjs";

/** Columns of the table, in order: name, kind, least and greatest value, meaning. A flag is 0 or 1, a ramp anything between. */
export const COLUMNS = [
  { name: "male", kind: "flag", range: [0, 1], about: "drawn with the male parts: head, eyes, brows, shoulders" },
  { name: "glasses", kind: "flag", range: [0, 1], about: "wears glasses" },
  { name: "hat", kind: "flag", range: [0, 1], about: "wears a cap, a knitted cap or a hat with a brim" },
  { name: "beard", kind: "flag", range: [0, 1], about: "beard or goatee" },
  { name: "moustache", kind: "flag", range: [0, 1], about: "moustache, alone or with a beard" },
  { name: "bald", kind: "flag", range: [0, 1], about: "no hair (and no hat)" },
  { name: "long_hair", kind: "flag", range: [0, 1], about: "hair beside the face, to the jaw or lower" },
  { name: "smile", kind: "flag", range: [0, 1], about: "smiles, mouth closed or open" },
  { name: "teeth", kind: "flag", range: [0, 1], about: "the teeth show" },
  { name: "rosy", kind: "flag", range: [0, 1], about: "flushed cheeks" },
  { name: "skin", kind: "ramp", range: [0, 1], about: "skin, light to dark" },
  { name: "hair", kind: "ramp", range: [0, 1], about: "hair: black, brown, copper, gold, pale, silver" },
  { name: "shirt", kind: "ramp", range: [0, 1], about: "shirt, along the cloth ramp: blue, teal, green, ochre, red, plum, slate" },
  { name: "background", kind: "ramp", range: [0, 1], about: "background: blue, mint, sage, cream, peach, rose, lilac" },
  { name: "light", kind: "ramp", range: [-1, 1], about: "where the light comes from: -1 left, 0 front, 1 right" },
  { name: "fatness", kind: "ramp", range: [0, 1], about: "width of the head, narrow to wide" },
  { name: "iris", kind: "ramp", range: [0, 1], about: "eyes: brown, hazel, green, blue, grey (some eyes are drawn all dark)" },
  { name: "eye_size", kind: "ramp", range: [0, 1], about: "eyes, small to large" },
  { name: "nose_size", kind: "ramp", range: [0, 1], about: "nose, small to large" },
];

const SKIN = ["#f7dccb", "#f2ceb4", "#e8b996", "#d8a27a", "#bd855f", "#986549", "#724a36", "#583628"];
const HAIR = ["#1f1a1a", "#38241b", "#5b3822", "#8a4f28", "#b9632f", "#d39c52", "#ead199", "#cdc8c4"];
const CLOTH = ["#5b82b5", "#4f979b", "#6f9c6a", "#c9a04f", "#c0604f", "#94608c", "#5c6675"];
const BACKGROUND = ["#c9dcec", "#cbe4e2", "#d5e4cd", "#efe6cf", "#f3dccb", "#efd3d6", "#dcd5ea"];
const TRIM = ["#f2eee6", "#e9d9bd", "#39414d"];
const IRIS = ["#4a2e1e", "#6f4a26", "#7d7a3c", "#4f7f62", "#4f83ab", "#7f97a8"];
const RIM = ["#2d2a2e", "#5d3a26", "#7d2f33", "#2f4a63", "#8f8a86"];

/** Hair worn short or up. */
const SHORT = {
  male: ["afro", "blowoutFade", "crop-fade", "crop-fade2", "crop", "curly", "curly2", "curly3", "curlyFade1", "curlyFade2", "emo",
    "hair", "high", "juice", "messy-short", "messy", "middle-part", "parted", "shaggy1", "shaggy2",
    "short", "short2", "short3", "shortBangs", "spike", "spike2", "spike4", "tall-fade"],
  female: ["afro", "curly", "curly2", "curly3", "emo", "female11", "female11", "parted", "middle-part", "shaggy1",
    "shaggy2", "short3", "messy"],
};
/** Long hair: what falls in front, what falls behind. */
const LONG = {
  male: [["longHair", "longHair"], ["middle-part", "longHair"], ["parted", "female4"], ["shaggy1", "longHair"],
    ["middle-part", "female2"], ["shortBangs", "female3"], ["hair", "longHair"]],
  female: [["female1", "none"], ["female1", "female2"], ["female4", "none"], ["female4", "female2"], ["female4", "female5"],
    ["female5", "none"], ["female5", "female2"], ["female5", "female5"], ["female6", "none"], ["female6", "female2"],
    ["female6", "female5"], ["female7", "none"], ["female7", "female2"], ["female9", "none"], ["female9", "female2"],
    ["female10", "none"], ["female10", "female2"], ["longHair", "female2"], ["longHair", "female5"], ["parted", "female2"],
    ["middle-part", "female5"], ["shortBangs", "female2"], ["emo", "female4"]],
};
const HATS = ["hat", "hat2", "hat3", "beanie", "beanie", "brim"];
/** Under a hat only what hangs behind can be seen. */
const BEHIND = ["female2", "female4", "female5", "longHair", "female3"];

const FULL = ["beard1", "beard2", "beard3", "beard4", "beard-point", "honest-abe-stache", "muttonStache", "muttonGoatee2Stache",
  "loganGoatee2Stache", "chin-strapStache", "neckbeard2SB2"];
const CHIN = ["honest-abe", "neckbeardSB2", "chin-strap"];
const GOATEE = ["fullgoatee", "fullgoatee2", "fullgoatee3", "goatee1-stache", "goatee12", "goatee19", "wilt"];
const MOUSTACHE = ["mustache1", "mustache1", "harley1", "mustache1SB2"];

const HEADS = {
  male: ["head1", "head2", "head3", "head4", "head5", "head6", "head7", "head8", "head9", "head10", "head11", "head12", "head13",
    "head14", "head15", "head16", "head17", "head18"],
  female: ["female1", "female2", "female3", "head1", "head10", "head12", "head2", "head4"],
};
const EYES = {
  male: ["bright", "almond", "almond", "calm", "calm", "bright", "eye6", "eye12", "eye13", "eye14"],
  female: ["lashes", "lashes", "cat", "cat", "bright", "almond", "female6", "female8", "eye12", "eye14"],
};
const BROWS = {
  male: ["eyebrow1", "eyebrow2", "eyebrow3", "eyebrow4", "eyebrow5", "eyebrow6", "eyebrow7", "eyebrow9", "eyebrow11", "eyebrow12",
    "eyebrow13", "eyebrow16", "eyebrow18", "eyebrow19", "eyebrow20"],
  female: ["female1", "female2", "female3", "female5", "female6", "female10", "eyebrow13", "eyebrow16", "eyebrow18", "eyebrow19",
    "eyebrow2", "eyebrow4"],
};
const NOSES = ["nose1", "nose2", "nose3", "nose5", "nose7", "nose8", "nose9", "nose10", "nose11", "nose14", "small"];
const MOUTHS = {
  closedSmile: ["smile-closed", "content", "content"],
  openSmile: ["smile", "smile3", "grin", "grin", "laugh"],
  male: ["mouth2", "mouth4", "mouth5", "straight", "even", "even"],
  female: ["mouth2", "mouth5", "lips", "lips", "even"],
};
const SHIRTS = ["crew", "crew", "vneck", "collar", "rollneck"];

/** Dark hair is commoner, yet no part of the ramp is empty. */
function hairPosition(chance) {
  return chance.happens(0.5) ? chance.between(0, 0.36) : chance.happens(0.8) ? chance.between(0.3, 0.88) : chance.between(0.86, 1);
}

/** Draws one face. Returns its row (an object by column name), the facesjs description and the colours. */
export function drawFace(chance) {
  const sex = chance.happens(0.5) ? "male" : "female";
  const man = sex === "male";
  const flag = (probability) => Number(chance.happens(probability));

  const row = {
    male: Number(man), glasses: flag(0.16), hat: flag(0.125), beard: 0, moustache: 0, bald: 0, long_hair: 0, smile: flag(0.47),
    teeth: 0, rosy: flag(0.16), skin: chance.unit(), hair: hairPosition(chance), shirt: chance.unit(), background: chance.unit(),
    light: chance.between(-1, 1), fatness: chance.around(0, man ? 1 : 0.8), iris: chance.unit(), eye_size: chance.around(0, 1), nose_size: chance.around(0, 1),
  };

  // Hair, or what a hat leaves of it.
  row.bald = Number(chance.happens(man ? 0.2 : 0.03) && !row.hat);
  row.long_hair = Number(chance.happens(man ? 0.13 : 0.66) && !row.bald);
  let [front, behind] = row.long_hair ? chance.pick(LONG[sex]) : [chance.pick(SHORT[sex]), "none"];
  if (row.bald) front = "bald";
  if (row.hat) [front, behind] = ["short", row.long_hair ? chance.pick(BEHIND) : "none"];

  // Beard.
  let facialHair = "none";
  const shaven = chance.unit();
  if (man && shaven < 0.4) {
    const style = shaven < 0.2 ? FULL : shaven < 0.24 ? CHIN : shaven < 0.33 ? GOATEE : MOUSTACHE;
    facialHair = chance.pick(style);
    row.beard = Number(style !== MOUSTACHE);
    row.moustache = Number(style !== CHIN);
  }

  // Mouth.
  row.teeth = Number(row.smile && chance.happens(0.66));
  const mouth = chance.pick(row.teeth ? MOUTHS.openSmile : row.smile ? MOUTHS.closedSmile : MOUTHS[sex]);

  const skin = ramp(SKIN, row.skin);
  const hair = ramp(HAIR, row.hair);
  const shirt = ramp(CLOTH, row.shirt);
  const hat = ramp(CLOTH, chance.unit());
  const trim = chance.pick(TRIM);
  const face = {
    fatness: row.fatness,
    teamColors: [shirt, hat, trim],
    hairBg: { id: behind },
    body: { id: chance.pick(man ? ["body", "body2", "body4"] : ["body", "body4"]), color: skin, size: man ? chance.between(0.95, 1.05) : chance.between(0.84, 0.92) },
    jersey: { id: chance.pick(SHIRTS) },
    ear: { id: chance.pick(["ear1", "ear2"]), size: man ? chance.between(0.7, 1.15) : chance.between(0.6, 0.9) },
    head: { id: chance.pick(HEADS[sex]), shave: "rgba(0,0,0,0)" },
    eyeLine: { id: "none" },
    smileLine: { id: man && chance.happens(0.2) ? chance.pick(["line1", "line2", "line4"]) : "none", size: chance.between(0.6, 1.4) },
    miscLine: { id: row.rosy ? "rosy" : "none" },
    facialHair: { id: facialHair },
    eye: { id: chance.pick(EYES[sex]), angle: chance.between(-5, 4), size: 0.95 + 0.3 * row.eye_size },
    eyebrow: { id: chance.pick(BROWS[sex]), angle: chance.between(-9, 4) },
    hair: { id: front, color: hair, flip: chance.happens(0.5) },
    mouth: { id: mouth, flip: chance.happens(0.5), size: chance.between(0.95, 1.2) },
    nose: { id: chance.pick(NOSES), flip: chance.happens(0.5), size: (man ? 0.75 : 0.6) + 0.5 * row.nose_size },
    glasses: { id: row.glasses ? chance.pick(["round", "square", "glasses1-primary"]) : "none" },
    accessories: { id: row.hat ? chance.pick(HATS) : "none" },
  };
  const colours = { skin, hair, shirt, trim, hat, rim: chance.pick(RIM), iris: ramp(IRIS, row.iris), background: ramp(BACKGROUND, row.background) };
  return { row, face, colours };
}
