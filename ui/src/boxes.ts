import { voxelAt } from "./grids";
import { millimetres } from "./millimetres";

/** The first voxel of a box along the axes of the file, and the last one plus one. */
export type Box = [number, number, number, number, number, number];
type Three = [number, number, number];

const SIDE_MM = 20;
const LEAST_SIDE_MM = 2;

/** The smallest box of whole voxels, inside the scan, around places in millimetres. */
export function boxAround(affine: number[][], size: number[], places: number[][]): Box {
  const voxels = places.map((mm) => voxelAt(affine, mm));
  const sides = [0, 1, 2].map((i) => {
    const along = voxels.map((voxel) => voxel[i] as number);
    const last = Math.max(1, size[i] ?? 1);
    const low = Math.min(Math.max(Math.floor(Math.min(...along) + 0.5), 0), last - 1);
    return [low, Math.min(Math.max(Math.ceil(Math.max(...along) + 0.5), low + 1), last)] as const;
  });
  return [...sides.map(([low]) => low), ...sides.map(([, high]) => high)] as Box;
}

/** A cube about a place, to begin with. */
export function boxAt(affine: number[][], size: number[], mm: number[]): Box {
  return boxAround(affine, size, corners(mm.map((v) => v - SIDE_MM / 2), mm.map((v) => v + SIDE_MM / 2)));
}

/**
 * The box of a rectangle drawn in a plane: as deep as its sides are long on average, half to either side of the plane.
 * None for one that is too small to be meant.
 */
export function boxOfDrag(affine: number[][], size: number[], start: number[], end: number[]): Box | null {
  const sides = [0, 1, 2].map((i) => Math.abs((end[i] ?? 0) - (start[i] ?? 0)));
  const through = sides.indexOf(Math.min(...sides));
  const drawn = sides.filter((_, i) => i !== through);
  if (Math.min(...drawn) < LEAST_SIDE_MM) return null;
  const half = drawn.reduce((sum, side) => sum + side, 0) / 4;
  const low = [0, 1, 2].map((i) => Math.min(start[i] ?? 0, end[i] ?? 0) - (i === through ? half : 0));
  const high = [0, 1, 2].map((i) => Math.max(start[i] ?? 0, end[i] ?? 0) + (i === through ? half : 0));
  return boxAround(affine, size, corners(low, high));
}

/** The box with one of its six numbers changed: never empty, never outside the scan. */
export function changed(box: Box, index: number, value: number, size: number[]): Box {
  const made = [...box] as Box;
  const axis = index % 3;
  const [low, high] = index < 3 ? [0, (box[axis + 3] as number) - 1] : [(box[axis] as number) + 1, size[axis] ?? 1];
  made[index] = Math.min(Math.max(Math.round(value), low), high);
  return made;
}

/** Where a box begins and ends in millimetres, to be drawn. */
export function extent(affine: number[][], box: Box): { low: Three; high: Three } {
  const places = corners(box.slice(0, 3).map((v) => v - 0.5), box.slice(3).map((v) => v - 0.5)).map((voxel) => millimetres(affine, voxel));
  const ends = (pick: (...values: number[]) => number) => [0, 1, 2].map((i) => pick(...places.map((place) => place[i] as number))) as Three;
  return { low: ends(Math.min), high: ends(Math.max) };
}

function corners(low: number[], high: number[]): number[][] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [0, 1, 2].map((i) => ((n >> i) & 1 ? high[i] : low[i]) ?? 0));
}
