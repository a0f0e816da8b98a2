import { Niivue, SHOW_RENDER, SLICE_TYPE } from "@niivue/niivue";
import { useEffect, useRef, useState } from "react";
import { useText } from "../text";
import type { Locator } from "../types";

// Level and width in HU, as commonly used for display.
const WINDOWS = { lung: [-600, 1600], soft: [40, 400], bone: [400, 1800] } as const;
type WindowName = keyof typeof WINDOWS;

/** Millimetres of a voxel of the file, by the affine of the file: the viewer turns the array, the millimetres stay. */
function millimetres(affine: number[][], voxel: number[]): [number, number, number] {
  const at = (row: number) => voxel.reduce((sum, v, i) => sum + v * (affine[row]?.[i] ?? 0), affine[row]?.[3] ?? 0);
  return [at(0), at(1), at(2)];
}

/** The scan at the cited place with the mask over it, in radiological convention. */
export default function ScanViewer({ runId, at }: { runId: string; at: Extract<Locator, { type: "image" }> }) {
  const t = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<Niivue | null>(null);
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const [preset, setPreset] = useState<WindowName>("lung");
  const [opacity, setOpacity] = useState(0.5);

  useEffect(() => {
    let gone = false;
    const load = async () => {
      if (!canvas.current) return;
      const made = new Niivue({ backColor: [0, 0, 0, 1], isRadiologicalConvention: true, show3Dcrosshair: false, crosshairWidth: 0.5, multiplanarShowRender: SHOW_RENDER.NEVER, loadingText: "" });
      viewer.current = made;
      await made.attachToCanvas(canvas.current);
      const volumes = [{ url: `/api/runs/${runId}/volumes/${at.handle}`, name: "scan.nii.gz", colormap: "gray", opacity: 1 }];
      if (at.artifact) volumes.push({ url: `/api/runs/${runId}/volumes/${at.artifact}`, name: "mask.nii.gz", colormap: "red", opacity: 0.5 });
      await made.loadVolumes(volumes);
      if (gone) return;
      made.setSliceType(SLICE_TYPE.MULTIPLANAR);
      const box = at.box_voxels;
      const scan = made.volumes[0];
      if (scan && box.length === 6) {
        const middle = [0, 1, 2].map((i) => Math.round(((box[i] ?? 0) + (box[i + 3] ?? 0) - 1) / 2));
        made.scene.crosshairPos = made.mm2frac(millimetres(scan.hdr?.affine ?? [], middle));
      }
      setState("ready");
    };
    load().catch(() => !gone && setState("failed"));
    return () => {
      gone = true;
      viewer.current?.gl?.getExtension("WEBGL_lose_context")?.loseContext();
      viewer.current = null;
    };
  }, [runId, at]);

  useEffect(() => {
    const scan = viewer.current?.volumes[0];
    if (state !== "ready" || !scan || !viewer.current) return;
    const [level, width] = WINDOWS[preset];
    scan.cal_min = level - width / 2;
    scan.cal_max = level + width / 2;
    if (viewer.current.volumes.length > 1) viewer.current.setOpacity(1, opacity);
    viewer.current.updateGLVolume();
  }, [state, preset, opacity]);

  return (
    <div className="viewer">
      {state === "loading" && <p className="quiet" role="status">{t("viewer_loading")}</p>}
      {state === "failed" && <p className="why" role="alert">{t("viewer_failed")}</p>}
      <div className="canvas"><canvas ref={canvas} aria-label={t("viewer")} /></div>
      <div className="row">
        <div className="segments" role="group" aria-label={t("window")}>
          {(Object.keys(WINDOWS) as WindowName[]).map((name) => (
            <button key={name} aria-pressed={preset === name} onClick={() => setPreset(name)}>{t(`window.${name}`)}</button>
          ))}
        </div>
        <label className="inline">{t("opacity")} <input type="range" min={0} max={1} step={0.05} value={opacity} onChange={(e) => setOpacity(Number(e.target.value))} /></label>
      </div>
    </div>
  );
}
