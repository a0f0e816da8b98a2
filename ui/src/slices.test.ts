import { expect, it } from "vitest";
import { toTexture, voxelAt } from "./grids";
import { half, halver, LARGEST_HALF } from "./halves";
import { millimetres } from "./millimetres";

/** The number that the bits of a half stand for (IEEE 754 binary16). */
function number(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

it("Hounsfield units of air to dense bone are halves without loss", () => {
  for (let hu = -2048; hu <= 2048; hu++) expect(number(half(hu))).toBe(hu);
});

it("a half is the nearest one; what is too large or no number is the largest", () => {
  expect([0, 1, -2, 65504, 2 ** -14, 2 ** -24].map(half)).toEqual([0, 0x3c00, 0xc000, 0x7bff, 0x0400, 1]);
  for (const value of [0.1, 1.9999, 3001.3, -0.00001, 40000.7]) expect(Math.abs(number(half(value)) - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
  expect([1e9, Infinity, -1e9, NaN].map((v) => number(half(v)))).toEqual([LARGEST_HALF, LARGEST_HALF, -LARGEST_HALF, LARGEST_HALF]);
});

it("stored whole numbers go by a table to what counting gives", () => {
  const stored = Int16Array.from([-1024, 0, 40, 3071, -32768]);
  const counted = Array.from(stored, (v) => half((v * 2 - 10) / 4));
  expect(Array.from(halver(stored, 2, -10, 4)(stored))).toEqual(counted);
  expect(Array.from(halver(Float32Array.from(stored), 2, -10, 4)(stored))).toEqual(counted);
  expect(Array.from(halver(new Uint16Array(), 1, 0, 1)(Uint16Array.from([40000])))).toEqual([half(40000)]);
});

// Turned about one axis, its other axes exchanged and one of them reversed.
const AFFINE = [[0, -0.8, 0.3, 100], [0.7, 0, 0, -40], [0, 0.2, 1.9, 12], [0, 0, 0, 1]];

it("the voxel at a place in millimetres is the one that lies there", () => {
  expect(voxelAt(AFFINE, millimetres(AFFINE, [3, 17, 5])).map((v) => Math.round(v * 1e6) / 1e6)).toEqual([3, 17, 5]);
  expect(() => voxelAt([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]], [0, 0, 0])).toThrow("grid");
});

it("a point of what is shown falls on the voxel of the file that lies at the same millimetres", () => {
  const shown = [[90, 0, 0, -20], [0, 60, 0, -50], [0, 0, 80, 5], [0, 0, 0, 1]];
  const size = [40, 50, 60];
  const columns = toTexture(shown, AFFINE, size);
  for (const point of [[0, 0, 0], [0.2, 0.7, 0.4], [1, 1, 1]]) {
    const found = [0, 1, 2].map((row) => point.reduce((sum, v, i) => sum + v * (columns[4 * i + row] as number), columns[12 + row] as number));
    const voxel = found.map((part, i) => part * (size[i] as number) - 0.5);
    millimetres(AFFINE, voxel).forEach((mm, i) => expect(mm).toBeCloseTo(millimetres(shown, point)[i] as number, 3));
  }
});
