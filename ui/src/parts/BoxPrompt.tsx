import { SLICE_TYPE } from "@niivue/niivue";
import { useEffect, useRef, type PointerEvent, type RefObject } from "react";
import { boxOfDrag, changed, extent, type Box } from "../boxes";
import type { SliceViewer } from "../slices";
import { useText } from "../text";

const PLANES = [[SLICE_TYPE.AXIAL, 2], [SLICE_TYPE.CORONAL, 1], [SLICE_TYPE.SAGITTAL, 0]] as const;

/** The grid of the scan that is open: its affine and its size in voxels. */
export function gridOf(viewer: SliceViewer | null): { affine: number[][]; size: number[] } | null {
  const head = viewer?.volumes[0]?.hdr;
  return head ? { affine: head.affine, size: Array.from(head.dims.slice(1, 4)) } : null;
}

interface PenProps { viewer: RefObject<SliceViewer | null>; box: Box | null; onBox: (box: Box) => void }

/** Lies over the scan while a box is drawn: takes the pointer, shows the box where a plane cuts it. */
export function BoxPen({ viewer, box, onBox }: PenProps) {
  const layer = useRef<HTMLDivElement>(null);
  const from = useRef<{ x: number; y: number; tile: number; mm: number[] } | null>(null);
  const at = (event: PointerEvent) => {
    const made = viewer.current;
    const bounds = layer.current?.getBoundingClientRect();
    if (!made?.gl || !bounds) return null;
    const scale = made.gl.canvas.width / bounds.width;
    const [x, y] = [(event.clientX - bounds.left) * scale, (event.clientY - bounds.top) * scale];
    const part = made.canvasPos2frac([x, y]);
    if ((part[0] ?? -1) < 0) return null;
    return { x, y, tile: made.tileIndex(x, y), mm: Array.from(made.frac2mm(part)).slice(0, 3) };
  };
  const follow = (event: PointerEvent) => {
    const start = from.current;
    const end = start && at(event);
    const grid = gridOf(viewer.current);
    if (!start || !end || !grid || end.tile !== start.tile) return;
    const drawn = boxOfDrag(grid.affine, grid.size, start.mm, end.mm);
    if (drawn) onBox(drawn);
  };
  useEffect(() => {
    const made = viewer.current;
    if (!made) return;
    const show = () => layer.current && outlines(made, box, Array.from(layer.current.children) as HTMLElement[], layer.current.clientWidth);
    made.onDrawn = show;
    show();
    return () => { made.onDrawn = undefined; };
  }, [viewer, box]);
  return (
    <div
      ref={layer} className="pen" aria-hidden="true"
      onPointerDown={(e) => { from.current = at(e); e.currentTarget.setPointerCapture(e.pointerId); }}
      onPointerMove={follow} onPointerUp={(e) => { follow(e); from.current = null; }} onPointerCancel={() => { from.current = null; }}
      onWheel={(e) => viewer.current?.canvas?.dispatchEvent(new WheelEvent("wheel", e.nativeEvent))}
    >
      {PLANES.map(([plane]) => <span key={plane} hidden />)}
    </div>
  );
}

/** Place a rectangle in each plane that is shown and that the box crosses. */
function outlines(viewer: SliceViewer, box: Box | null, marks: HTMLElement[], width: number): void {
  const grid = gridOf(viewer);
  const scale = viewer.gl.canvas.width / width;
  const cross = Array.from(viewer.frac2mm(viewer.scene.crosshairPos)).slice(0, 3);
  for (const [i, [plane, through]] of PLANES.entries()) {
    const mark = marks[i];
    if (!mark) continue;
    mark.hidden = true;
    if (!box || !grid) continue;
    const { low, high } = extent(grid.affine, box);
    const level = cross[through] as number;
    if (level < low[through] || level > high[through]) continue;
    const ends = [low, high].map((place) => viewer.frac2canvasPosWithTile(viewer.mm2frac(place.map((v, axis) => (axis === through ? level : v)) as [number, number, number]), plane));
    const [one, other] = ends.map((end) => end?.pos.map((v) => v / scale));
    if (!one || !other) continue;
    mark.hidden = false;
    const [left = 0, top = 0] = [0, 1].map((n) => Math.min(one[n] ?? 0, other[n] ?? 0));
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${Math.abs((one[0] ?? 0) - (other[0] ?? 0))}px`, height: `${Math.abs((one[1] ?? 0) - (other[1] ?? 0))}px` });
  }
}

interface Props { box: Box; size: number[]; busy: boolean; onBox: (box: Box) => void; onOutline: () => void }

/** The six sides of the box, to be typed or stepped, and the button that outlines in it. */
export function BoxSides({ box, size, busy, onBox, onOutline }: Props) {
  const t = useText();
  const side = (index: number) => (
    <input
      type="number" min={0} max={size[index % 3]} value={index < 3 ? box[index] : (box[index] as number) - 1}
      aria-label={t(index < 3 ? "box_from" : "box_to", { axis: "xyz"[index % 3] as string })}
      onChange={(e) => e.target.value !== "" && onBox(changed(box, index, Number(e.target.value) + (index < 3 ? 0 : 1), size))}
    />
  );
  return (
    <form className="sides" onSubmit={(e) => { e.preventDefault(); onOutline(); }}>
      <p className="quiet">{t("box_hint")}</p>
      {[0, 1, 2].map((axis) => <span className="inline" key={axis}><b>{"xyz"[axis]}</b> {side(axis)} – {side(axis + 3)}</span>)}
      <button disabled={busy}>{t("outline_box")}</button>
    </form>
  );
}
