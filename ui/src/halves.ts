const SMALLEST_NORMAL = 2 ** -14;
const STEP_OF_SUBNORMALS = 2 ** -24;
export const LARGEST_HALF = 65504;

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

/** The bits of a number as a half (IEEE 754 binary16), rounded to nearest; what is too large or no number is the largest. */
export function half(value: number): number {
  const size = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  if (!(size < LARGEST_HALF)) return sign | 0x7bff;
  if (size < SMALLEST_NORMAL) return sign | Math.round(size / STEP_OF_SUBNORMALS);
  asFloat[0] = size;
  // The exponent moves from a bias of 127 to one of 15, and 13 of 23 bits of the fraction are rounded away.
  return sign | (((asBits[0] as number) - ((127 - 15) << 23) + 0x1000) >>> 13);
}

export type Voxels = ArrayLike<number> & { subarray: (from: number, to: number) => ArrayLike<number> };

/** Turns stored voxels into halves of `(stored * slope + intercept) / divisor`. Whole numbers of 16 bits go by a table. */
export function halver(voxels: unknown, slope: number, intercept: number, divisor: number): (part: ArrayLike<number>) => Uint16Array {
  const direct = (part: ArrayLike<number>) => Uint16Array.from(part, (stored) => half((stored * slope + intercept) / divisor));
  if (!(voxels instanceof Int16Array || voxels instanceof Uint16Array || voxels instanceof Uint8Array)) return direct;
  const signed = voxels instanceof Int16Array;
  const table = Uint16Array.from({ length: 65536 }, (_, bits) => half(((signed && bits > 32767 ? bits - 65536 : bits) * slope + intercept) / divisor));
  return (part) => {
    const made = new Uint16Array(part.length);
    for (let i = 0; i < part.length; i++) made[i] = table[(part[i] as number) & 0xffff] as number;
    return made;
  };
}
