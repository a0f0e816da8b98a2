/** Millimetres of a voxel of the file, by the affine of the file: the viewer turns the array, the millimetres stay. */
export function millimetres(affine: number[][], voxel: number[]): [number, number, number] {
  const at = (row: number) => voxel.reduce((sum, v, i) => sum + v * (affine[row]?.[i] ?? 0), affine[row]?.[3] ?? 0);
  return [at(0), at(1), at(2)];
}
