// Chance that can be repeated: every face has its own generator, made from the seed and the face's number alone, so
// face 700 is the same face whether 1,000 or 16,384 are asked for.

/** Stirs a 32-bit number (the finaliser of MurmurHash3). */
function stir(n) {
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return (n ^ (n >>> 16)) >>> 0;
}

/** Draws for one face (the small fast counter generator "sfc32"). */
export class Chance {
  constructor(seed, number) {
    this.state = [stir(seed), stir(number + 0x9e3779b9), stir(seed ^ Math.imul(number, 0x27d4eb2f)), 1];
    for (let i = 0; i < 16; i++) this.unit();
  }

  /** Uniform in [0, 1). */
  unit() {
    const s = this.state;
    const sum = (s[0] + s[1] + s[3]) | 0;
    s[3] = (s[3] + 1) | 0;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = (s[2] + (s[2] << 3)) | 0;
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + sum | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** Uniform between two numbers. */
  between(low, high) {
    return low + (high - low) * this.unit();
  }

  /** Between two numbers, the middle likelier than the ends. */
  around(low, high) {
    return low + ((high - low) * (this.unit() + this.unit())) / 2;
  }

  /** True with the given probability. */
  happens(probability) {
    return this.unit() < probability;
  }

  /** One entry of a list, all equally likely. */
  pick(list) {
    return list[Math.floor(this.unit() * list.length)];
  }
}
