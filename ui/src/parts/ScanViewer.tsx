import { DRAG_MODE, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { useEffect, useRef, useState } from "react";
import { api, ApiError, type Prompt } from "../api";
import { boxAt, type Box } from "../boxes";
import { voxelAt } from "../grids";
import { millimetres } from "../millimetres";
import { SliceViewer } from "../slices";
import { useText } from "../text";
import type { Attachment, Evidence, Locator } from "../types";
import { BoxPen, BoxSides, gridOf } from "./BoxPrompt";

// Level and width in HU, as commonly used for display; MR is shown as its own intensities suggest.
const WINDOWS = { lung: [-600, 1600], soft: [40, 400], bone: [400, 1800], brain: [40, 80] } as const;
type WindowName = keyof typeof WINDOWS | "auto";
type At = Extract<Locator, { type: "image" }>;

async function opened(canvas: HTMLCanvasElement, scan: string, mask: string | null): Promise<SliceViewer> {
  const made = new SliceViewer({
    backColor: [0, 0, 0, 1], isRadiologicalConvention: true, show3Dcrosshair: false,
    // In parts of the width, or a line of one voxel falls between the pixels of a small picture.
    crosshairWidthUnit: "percent", crosshairWidth: 0.5, crosshairGap: 8,
    multiplanarShowRender: SHOW_RENDER.NEVER, sliceType: SLICE_TYPE.AXIAL, loadingText: "", dragMode: DRAG_MODE.measurement,
  });
  try {
    await made.attachToCanvas(canvas);
    await made.open(scan);
    if (mask) await made.cover("mask", mask, 0.5);
  } catch (problem) {
    made.release();
    throw problem;
  }
  return made;
}

function setWindow(viewer: SliceViewer, name: WindowName): void {
  const scan = viewer.volumes[0];
  if (name === "auto") return viewer.window(scan?.robust_min ?? 0, scan?.robust_max ?? 1);
  const [level, width] = WINDOWS[name];
  viewer.window(level - width / 2, level + width / 2);
}

interface Props { runId: string; at: At; scans: Attachment[] }

/** The scan at the cited place with the mask over it, in radiological convention; beside it another time point. */
export default function ScanViewer({ runId, at, scans }: Props) {
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const second = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<SliceViewer | null>(null);
  const other = useRef<SliceViewer | null>(null);
  const here = scans.find((scan) => scan.handle === at.handle);
  const mr = here?.modality === "MR";
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const [preset, setPreset] = useState<WindowName>(mr ? "auto" : here?.body_part?.toLowerCase().includes("chest") === false ? "soft" : "lung");
  const [planes, setPlanes] = useState<"axial" | "three">("axial");
  const [opacity, setOpacity] = useState(0.5);
  const [beside, setBeside] = useState("");
  const [besideReady, setBesideReady] = useState(0);
  const [place, setPlace] = useState<{ text: string; mm: number[] } | null>(null);
  const [box, setBox] = useState<Box | null>(null);
  const [found, setFound] = useState<{ busy: boolean; item?: Evidence; trouble?: string; by?: "click" | "box" }>({ busy: false });
  const url = (name: string) => `/api/runs/${runId}/volumes/${name}`;

  useEffect(() => {
    let gone = false;
    const load = async () => {
      if (!canvas.current) return;
      const made = await opened(canvas.current, url(at.handle), at.artifact ? url(at.artifact) : null);
      if (gone) return made.release();
      viewer.current = made;
      made.onLocationChange = (data) => {
        const { mm, values } = data as { mm: number[]; values: { value: number }[] };
        const affine = made.volumes[0]?.hdr?.affine;
        if (!affine) return;
        const voxel = voxelAt(affine, mm).map(Math.round); // in the order of the file, as evidence names it
        setPlace({ text: `${voxel.join(", ")} · ${values[0] ? Math.round(values[0].value) : ""}${mr ? "" : " HU"}`, mm });
      };
      const middle = [0, 1, 2].map((i) => Math.round(((at.box_voxels[i] ?? 0) + (at.box_voxels[i + 3] ?? 0) - 1) / 2));
      if (made.volumes[0] && at.box_voxels.length === 6) made.scene.crosshairPos = made.mm2frac(millimetres(made.volumes[0].hdr?.affine ?? [], middle));
      made.createOnLocationChange();
      setState("ready");
    };
    load().catch(() => !gone && setState("failed"));
    return () => {
      gone = true;
      viewer.current?.release();
      viewer.current = null;
    };
  }, [runId, at]);

  useEffect(() => {
    if (!beside || state !== "ready") return;
    let gone = false;
    const load = async () => {
      if (!second.current || !viewer.current) return;
      const made = await opened(second.current, url(beside), null);
      if (gone) return made.release();
      other.current = made;
      setWindow(made, preset);
      viewer.current.broadcastTo([made], { "2d": true, "3d": true });
      made.scene.crosshairPos = viewer.current.scene.crosshairPos;
      made.drawScene();
      setBesideReady((n) => n + 1);
    };
    load().catch(() => !gone && setState("failed"));
    return () => {
      gone = true;
      other.current?.release();
      other.current = null;
    };
  }, [beside, state, runId]);

  useEffect(() => {
    if (state !== "ready" || !viewer.current) return;
    for (const layer of ["mask", "outline"] as const) viewer.current.opacity(layer, opacity);
    setWindow(viewer.current, preset);
    if (other.current) setWindow(other.current, preset);
  }, [state, preset, opacity]);

  useEffect(() => {
    if (state !== "ready") return;
    for (const shown of [viewer.current, other.current]) shown?.setSliceType(planes === "axial" ? SLICE_TYPE.AXIAL : SLICE_TYPE.MULTIPLANAR);
  }, [state, planes, besideReady]);

  // The viewer counts millimetres to the right and to the front, the service to the left and to the back.
  const atCross = ([x = 0, y = 0, z = 0]: number[]): Prompt => ({ point_world_mm: [-x, -y, z] });
  const startBox = () => {
    const grid = gridOf(viewer.current);
    if (box || !grid || !viewer.current) return setBox(null);
    setBox(boxAt(grid.affine, grid.size, Array.from(viewer.current.frac2mm(viewer.current.scene.crosshairPos)).slice(0, 3)));
  };
  const outline = async (prompt: Prompt) => {
    const by = "box_voxels" in prompt ? "box" : "click";
    setFound({ busy: true });
    viewer.current?.opacity("outline", 0);
    try {
      const { evidence } = await api.outline(runId, at.handle, prompt);
      const item = evidence[0];
      setFound({ busy: true, item, by });
      if (item?.locator.type === "image" && item.locator.artifact && viewer.current) {
        await viewer.current.cover("outline", url(item.locator.artifact), opacity);
      }
      setFound({ busy: false, item, by });
    } catch (problem) {
      setFound({ busy: false, trouble: problem instanceof ApiError ? (problem.status === 0 ? t("offline") : problem.status === 429 ? t("queue_full") : problem.message) : t("viewer_failed") });
    }
  };
  const others = scans.filter((scan) => scan.handle !== at.handle);
  const named = (scan: Attachment) => [scan.acquired, scan.name].filter(Boolean).join(" · ");
  const presets = [...(mr ? [] : (Object.keys(WINDOWS) as WindowName[])), "auto" as const];
  return (
    <div className="viewer">
      {state === "loading" && <p className="quiet" role="status">{t("viewer_loading")}</p>}
      {state === "failed" && <p className="why" role="alert">{t("viewer_failed")}</p>}
      <div className={beside ? "canvases two" : "canvases"}>
        <div className="canvas"><canvas ref={canvas} aria-label={t("viewer")} />{box && <BoxPen viewer={viewer} box={box} onBox={setBox} />}{beside && here && <span className="stamp">{named(here)}</span>}</div>
        {beside && <div className="canvas"><canvas ref={second} aria-label={t("beside")} /><span className="stamp">{named(others.find((s) => s.handle === beside) as Attachment)}</span></div>}
      </div>
      <div className="row">
        <div className="segments" role="group" aria-label={t("window")}>
          {presets.map((name) => <button key={name} aria-pressed={preset === name} onClick={() => setPreset(name)}>{t(`window.${name}`)}</button>)}
        </div>
        <div className="segments" role="group" aria-label={t("planes")}>
          {(["axial", "three"] as const).map((name) => <button key={name} aria-pressed={planes === name} onClick={() => setPlanes(name)}>{t(`planes.${name}`)}</button>)}
        </div>
        <label className="inline">{t("opacity")} <input type="range" min={0} max={1} step={0.05} value={opacity} onChange={(e) => setOpacity(Number(e.target.value))} /></label>
        {others.length > 0 && (
          <label className="inline">{t("beside")}{" "}
            <select value={beside} onChange={(e) => setBeside(e.target.value)}>
              <option value="">{t("none")}</option>
              {others.map((scan) => <option key={scan.handle} value={scan.handle}>{named(scan)}</option>)}
            </select>
          </label>
        )}
      </div>
      <p className="quiet">{t("viewer_hint")}</p>
      {state === "ready" && (
        <div className="row">
          <button disabled={!place || found.busy} onClick={() => place && void outline(atCross(place.mm))}>{t("outline_here")}</button>
          <button aria-pressed={box !== null} onClick={startBox}>{t("draw_box")}</button>
          <span className="quiet mono">{place?.text ?? t("click_first")}</span>
          {found.busy && <span className="now" role="status"><span className="spinner" />{t("outlining")}</span>}
        </div>
      )}
      {state === "ready" && box && (
        <BoxSides box={box} size={gridOf(viewer.current)?.size ?? []} busy={found.busy} onBox={setBox} onOutline={() => void outline({ box_voxels: box })} />
      )}
      {found.item && <div className="card" role="status"><p className="kind">{t(found.by === "box" ? "outlined_box" : "outlined")}</p><p>{found.item.claim}</p><p className="quiet">{t("outlined_hint")}</p></div>}
      {found.trouble && <p className="why" role="alert">{found.trouble}</p>}
    </div>
  );
}
