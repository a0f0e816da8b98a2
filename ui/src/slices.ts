import { Niivue, NVImage } from "@niivue/niivue";
import { rows, toTexture } from "./grids";
import { halver, LARGEST_HALF, type Voxels } from "./halves";

// Texture units that NiiVue uses for drawing by hand only, which the page does not offer.
const UNITS = { scan: 11, mask: 12, outline: 13 } as const;
export type Layer = "mask" | "outline";
const COLOURS: Record<Layer, [number, number, number]> = { mask: [1, 0.1, 0.1], outline: [0.1, 0.9, 0.2] };
const SLICES_AT_ONCE = 16;

const SHADER = `#version 300 es
precision highp int;
precision highp float;
uniform highp sampler3D scan;
uniform highp sampler3D mask;
uniform highp sampler3D outline;
uniform mat4 scan_place;
uniform mat4 mask_place;
uniform mat4 outline_place;
uniform vec4 mask_colour;
uniform vec4 outline_colour;
uniform float low;
uniform float high;
in vec3 texPos;
out vec4 color;
float covered(highp sampler3D layer, mat4 place) {
  vec3 at = (place * vec4(texPos, 1.0)).xyz;
  if (any(lessThan(at, vec3(0.0))) || any(greaterThan(at, vec3(1.0)))) return 0.0;
  return step(0.5, texture(layer, at).r);
}
void main() {
  float value = texture(scan, (scan_place * vec4(texPos, 1.0)).xyz).r;
  color = vec4(vec3(clamp((value - low) / max(high - low, 1e-6), 0.0, 1.0)), 1.0);
  if (mask_colour.a > 0.0) color.rgb = mix(color.rgb, mask_colour.rgb, mask_colour.a * covered(mask, mask_place));
  if (outline_colour.a > 0.0) color.rgb = mix(color.rgb, outline_colour.rgb, outline_colour.a * covered(outline, outline_place));
}`;

const pause = () => new Promise((done) => setTimeout(done));

/**
 * NiiVue with slices drawn straight from the scan as the graphics card holds it. NiiVue itself colours all voxels anew
 * at each change of the window and then computes their gradients for 3-D rendering: a minute for 512 x 512 x 300 voxels
 * where no graphics card is. Here only the pixels that are seen are coloured, and a change of the window is one number.
 */
export class SliceViewer extends Niivue {
  /** Called whenever the picture changed. */
  onDrawn?: () => void;
  private divisor = 1;
  private textures = new Map<number, WebGLTexture>();

  /** Show a scan. */
  async open(url: string): Promise<void> {
    this.setCustomSliceShader(SHADER);
    for (const layer of ["mask", "outline"] as const) this.texture(UNITS[layer], this.gl.R8, [1, 1, 1]);
    await this.loadVolumes([{ url, name: "scan.nii", colormap: "gray", opacity: 1 }]);
    const scan = this.volumes[0];
    if (!scan?.hdr || !scan.img) throw new Error("There is no scan.");
    const slope = scan.hdr.scl_slope || 1;
    const intercept = scan.hdr.scl_inter || 0;
    const voxels = scan.img as Voxels;
    this.divisor = Math.max(1, 2 ** Math.ceil(Math.log2(furthest(voxels, slope, intercept) / LARGEST_HALF)));
    await this.fill(UNITS.scan, scan, this.gl.R16F, this.gl.HALF_FLOAT, halver(voxels, slope, intercept, this.divisor));
    this.place("scan", scan);
    this.window(scan.robust_min ?? scan.cal_min ?? 0, scan.robust_max ?? scan.cal_max ?? 1);
  }

  /** Show a mask over the scan: what is not 0 in it. */
  async cover(layer: Layer, url: string, opacity: number): Promise<void> {
    const mask = await NVImage.loadFromUrl({ url, name: "mask.nii.gz" });
    await this.fill(UNITS[layer], mask, this.gl.R8, this.gl.UNSIGNED_BYTE, (part) => Uint8Array.from(part, (label) => (label > 0 ? 255 : 0)));
    this.place(layer, mask);
    this.opacity(layer, opacity);
  }

  override drawScene(): string | void {
    const drawn = super.drawScene();
    this.onDrawn?.();
    return drawn;
  }

  opacity(layer: Layer, opacity: number): void {
    this.set(`${layer}_colour`, (at) => this.gl.uniform4f(at, ...COLOURS[layer], opacity));
  }

  /** The value that is black and the one that is white. */
  window(low: number, high: number): void {
    this.set("low", (at) => this.gl.uniform1f(at, low / this.divisor));
    this.set("high", (at) => this.gl.uniform1f(at, high / this.divisor));
  }

  /** What NiiVue needs to know of a scan to place its slices; nothing is coloured and no gradient is computed. */
  override refreshLayers(scan: NVImage): void {
    const { back } = this;
    const { dimsRAS, pixDimsRAS, matRAS } = scan;
    if (!back || !dimsRAS || !pixDimsRAS || !matRAS) return;
    back.dims = dimsRAS;
    back.pixDims = pixDimsRAS;
    back.matRAS = matRAS;
    const ends = [1, 2, 3].map((axis) => [-0.5, (dimsRAS[axis] ?? 1) - 0.5]);
    const [xs = [], ys = [], zs = []] = ends;
    const corners = xs.flatMap((x) => ys.flatMap((y) => zs.map((z) => Array.from(scan.vox2mm([x, y, z], matRAS)))));
    const along = (i: number) => corners.map((corner) => corner[i] ?? 0);
    const object = {
      extentsMin: [0, 1, 2].map((i) => Math.min(...along(i))),
      extentsMax: [0, 1, 2].map((i) => Math.max(...along(i))),
      furthestVertexFromOrigin: Math.max(...corners.map((corner) => Math.hypot(...corner))),
      fieldOfViewDeObliqueMM: [1, 2, 3].map((axis) => (dimsRAS[axis] ?? 1) * (pixDimsRAS[axis] ?? 1)),
    };
    this.volumeObject3D = object as unknown as NonNullable<Niivue["volumeObject3D"]>;
    const { volScale, vox } = this.sliceScale(true);
    this.volScale = volScale;
    this.vox = vox;
    if (this.crosshairs3D?.mm) this.crosshairs3D.mm[0] = NaN;
  }

  /** Give back the memory of the graphics card at once, and listen to the window no longer, which would keep the scan. */
  release(): void {
    this.cleanup();
    this.volumes = [];
    this.textures.clear();
    this.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private set(name: string, give: (at: WebGLUniformLocation | null) => void): void {
    const shader = this.customSliceShader;
    if (!shader) return;
    shader.use(this.gl);
    give(shader.uniforms[name] ?? null);
    this.drawScene();
  }

  private place(name: "scan" | Layer, image: NVImage): void {
    const shown = this.volumes[0]?.frac2mm;
    const size = image.hdr?.dims.slice(1, 4);
    if (!shown || !size || !image.hdr) throw new Error("The scan has no grid.");
    const matrix = toTexture(rows(shown as ArrayLike<number>), image.hdr.affine, size);
    this.set(`${name}_place`, (at) => this.gl.uniformMatrix4fv(at, false, matrix));
    this.set(name, (at) => this.gl.uniform1i(at, UNITS[name]));
  }

  private texture(unit: number, format: number, [x, y, z]: [number, number, number]): void {
    const { gl } = this;
    if (Math.max(x, y, z) > gl.getParameter(gl.MAX_3D_TEXTURE_SIZE)) throw new Error("The scan is too large to be drawn here.");
    gl.deleteTexture(this.textures.get(unit) ?? null);
    const made = gl.createTexture();
    this.textures.set(unit, made);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_3D, made);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_3D, filter, gl.LINEAR);
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) gl.texParameteri(gl.TEXTURE_3D, wrap, gl.CLAMP_TO_EDGE);
    gl.texStorage3D(gl.TEXTURE_3D, 1, format, x, y, z);
  }

  /** A texture filled some slices at a time, so that the page stays awake and no second scan stands in memory. */
  private async fill(unit: number, image: NVImage, format: number, type: number, turn: (part: ArrayLike<number>) => ArrayBufferView): Promise<void> {
    const { gl } = this;
    const [x = 1, y = 1, z = 1] = image.hdr?.dims.slice(1, 4) ?? [];
    const voxels = image.img as Voxels | undefined;
    // A grid of less than one value a voxel, or of colours.
    if (!voxels || voxels.length < x * y * z || [128, 2304].includes(image.hdr?.datatypeCode ?? 0)) throw new Error("The scan is of no kind that can be drawn.");
    this.texture(unit, format, [x, y, z]);
    for (let from = 0; from < z; from += SLICES_AT_ONCE) {
      const count = Math.min(SLICES_AT_ONCE, z - from);
      const part = turn(voxels.subarray(from * x * y, (from + count) * x * y));
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, from, x, y, count, gl.RED, type, part);
      await pause();
    }
  }
}

/** The largest size that a voxel has. */
function furthest(voxels: ArrayLike<number>, slope: number, intercept: number): number {
  if (voxels instanceof Int16Array || voxels instanceof Uint8Array) return Math.abs(slope) * 32768 + Math.abs(intercept);
  let largest = 1;
  for (let i = 0; i < voxels.length; i++) {
    const size = Math.abs((voxels[i] as number) * slope + intercept);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}
