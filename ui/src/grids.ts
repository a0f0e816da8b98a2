import { millimetres } from "./millimetres";

type Row = [number, number, number];

/** The voxel of a file at a place in millimetres: what `millimetres` undoes. Throws for an affine without an inverse. */
export function voxelAt(affine: number[][], mm: number[]): Row {
  const [a, b, c] = [0, 1, 2].map((row) => [0, 1, 2].map((column) => affine[row]?.[column] ?? 0)) as [Row, Row, Row];
  const [bc, ca, ab] = [cross(b, c), cross(c, a), cross(a, b)];
  const volume = dot(a, bc);
  if (!(Math.abs(volume) > 0)) throw new Error("The scan has no grid.");
  const from = [0, 1, 2].map((row) => (mm[row] ?? 0) - (affine[row]?.[3] ?? 0)) as Row;
  return [0, 1, 2].map((i) => ((bc[i] as number) * from[0] + (ca[i] as number) * from[1] + (ab[i] as number) * from[2]) / volume) as Row;
}

function cross(a: Row, b: Row): Row {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Row, b: Row): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Four rows of four numbers, from one that stands column by column as WebGL has it. */
export function rows(columns: ArrayLike<number>): number[][] {
  return [0, 1, 2, 3].map((row) => [0, 1, 2, 3].map((column) => columns[4 * column + row] ?? 0));
}

/**
 * From where a point lies in what is shown (parts of 1 along its axes) to where it lies in the texture of a file
 * (parts of 1 along the file's axes), column by column.
 *
 * @param shown to millimetres, four rows
 * @param affine of the file, from voxels to millimetres, four rows
 * @param size of the file in voxels along its axes
 */
export function toTexture(shown: number[][], affine: number[][], size: number[]): Float32Array {
  const at = (point: number[]) => voxelAt(affine, millimetres(shown, point)).map((voxel, i) => (voxel + 0.5) / (size[i] ?? 1));
  const origin = at([0, 0, 0]);
  const axes = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((point) => at(point).map((end, i) => end - (origin[i] as number)));
  return Float32Array.from([...axes, origin].flatMap((column, i) => [...column, i === 3 ? 1 : 0]));
}
