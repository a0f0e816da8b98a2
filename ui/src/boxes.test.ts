import { expect, it } from "vitest";
import { boxAround, boxAt, boxOfDrag, changed, extent, type Box } from "./boxes";
import { millimetres } from "./millimetres";

// Voxels of 1 x 1 x 2 mm whose first two axes run to the left and to the back.
const AFFINE = [[-1, 0, 0, 20], [0, -1, 0, 20], [0, 0, 2, -20], [0, 0, 0, 1]];
const SIZE = [40, 40, 20];
// The first axis of the file runs from foot to head.
const TURNED = [[0, 0, 1, 0], [0, 1, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1]];

it("a drawn rectangle becomes a box as deep as it is wide, in whichever direction it was drawn", () => {
  const [one, other] = [millimetres(AFFINE, [10, 12, 9]), millimetres(AFFINE, [20, 20, 9])];
  const box = boxOfDrag(AFFINE, SIZE, one, other) as Box;
  expect(box).toEqual([10, 12, 7, 21, 21, 12]);
  expect(boxOfDrag(AFFINE, SIZE, other, one)).toEqual(box);
  expect(boxOfDrag(AFFINE, SIZE, [one[0], other[1], one[2]], [other[0], one[1], one[2]])).toEqual(box);
});

it("a rectangle of another plane is deep along that plane's axis", () => {
  const box = boxOfDrag(AFFINE, SIZE, millimetres(AFFINE, [10, 20, 4]), millimetres(AFFINE, [20, 20, 14])) as Box;
  expect([box[0], box[3], box[2], box[5]]).toEqual([10, 21, 4, 15]);
  expect((box[4] - box[1])).toBeGreaterThan(10);
  const turned = boxOfDrag(TURNED, [10, 40, 40], [5, 5, 12], [17, 17, 12]) as Box;
  expect([turned[1], turned[4], turned[2], turned[5]]).toEqual([5, 18, 5, 18]);
  expect([turned[0], turned[3]]).toEqual([2, 7]);
});

it("a slip of the hand is no box", () => {
  expect(boxOfDrag(AFFINE, SIZE, [0, 0, 0], [1, 30, 0])).toBeNull();
  expect(boxOfDrag(AFFINE, SIZE, [0, 0, 0], [0, 0, 0])).toBeNull();
});

it("a box stays inside the scan and holds at least one voxel", () => {
  expect(boxAround(AFFINE, SIZE, [[500, 500, 500], [-500, -500, -500]])).toEqual([0, 0, 0, 40, 40, 20]);
  const far = boxAround(AFFINE, SIZE, [[500, 500, 500]]);
  expect(far.slice(0, 3).every((low, i) => low >= 0 && low < (far[i + 3] as number) && (far[i + 3] as number) <= (SIZE[i] as number))).toBe(true);
  expect(boxAt(AFFINE, SIZE, [0, 0, 0])).toEqual([10, 10, 5, 31, 31, 16]);
});

it("a typed number moves one side and never empties the box", () => {
  const box: Box = [10, 12, 7, 21, 21, 12];
  expect(changed(box, 0, 3, SIZE)).toEqual([3, 12, 7, 21, 21, 12]);
  expect(changed(box, 0, 99, SIZE)[0]).toBe(20);
  expect(changed(box, 5, 2, SIZE)[5]).toBe(8);
  expect(changed(box, 4, 1e9, SIZE)[4]).toBe(40);
  expect(changed(box, 1, -4, SIZE)[1]).toBe(0);
});

it("what is drawn of a box is where its voxels lie", () => {
  const { low, high } = extent(AFFINE, [10, 12, 7, 21, 21, 12]);
  expect([low, high]).toEqual([[-0.5, -0.5, -7], [10.5, 8.5, 3]]);
});
