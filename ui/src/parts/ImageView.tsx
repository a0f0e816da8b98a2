import { lazy, Suspense, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { Attachment, LesionViews, Locator } from "../types";
import { useEnlarged, type Shown } from "./Enlarge";

const ScanViewer = lazy(() => import("./ScanViewer"));

interface Props { runId: string; evidenceId: string; at: Extract<Locator, { type: "image" }>; scans: Attachment[] }

/** The stored picture of the slice with the outline, larger on a click, and the scan itself in a viewer. */
export function ImageView({ runId, evidenceId, at, scans }: Props) {
  const t = useText();
  const [scan, setScan] = useState(false);
  const [missing, setMissing] = useState(at.picture === null);
  const [enlarge, enlarged] = useEnlarged();
  const source = `/api/runs/${runId}/pictures/${at.picture}`;
  const alt = t("picture_alt", { n: at.slice_index });
  return (
    <figure className="scan">
      {scan ? (
        <Suspense fallback={<p className="quiet" aria-busy="true">{t("viewer_loading")}</p>}>
          <ScanViewer runId={runId} at={at} scans={scans} />
        </Suspense>
      ) : missing ? <p className="quiet">{t("picture_missing")}</p> : (
        <button className="picture" onClick={() => enlarge({ source, alt, kind: "picture" })} aria-label={t("enlarge")}>
          <img src={source} alt={alt} onError={() => setMissing(true)} />
        </button>
      )}
      <figcaption>
        <span className="quiet">{t("radiological")}</span>
        <button onClick={() => setScan(!scan)}>{t(scan ? "viewer_close" : "viewer")}</button>
      </figcaption>
      {at.artifact && <Explained runId={runId} evidenceId={evidenceId} onEnlarge={enlarge} />}
      {enlarged}
    </figure>
  );
}

const KINDS = ["saliency", "montage", "denoise", "contrast"] as const;

/** What the outline rests on, and what a step of enhancement changes; made when asked for. */
function Explained({ runId, evidenceId, onEnlarge }: { runId: string; evidenceId: string; onEnlarge: (shown: Shown) => void }) {
  const t = useText();
  const [state, setState] = useState<"none" | "busy" | LesionViews>("none");
  const [trouble, setTrouble] = useState<string | null>(null);
  const ask = async () => {
    setState("busy");
    setTrouble(null);
    try {
      setState(await api.views(runId, evidenceId));
    } catch (problem) {
      setState("none");
      setTrouble(problem instanceof ApiError ? (problem.status === 0 ? t("offline") : problem.status === 429 ? t("queue_full") : problem.message) : "");
    }
  };
  if (state === "none") return <p><button onClick={() => void ask()}>{t("explain_outline")}</button>{trouble && <span className="why" role="alert"> {trouble}</span>}</p>;
  if (state === "busy") return <p className="now" role="status"><span className="spinner" />{t("explaining")}</p>;
  return (
    <section>
      <h3>{t("explained")}</h3>
      <div className="pictures">
        {state.pictures.map((name) => {
          const source = `/api/runs/${runId}/pictures/${name}`;
          const kind = KINDS.find((k) => name.includes(k)) ?? "montage";
          const alt = t(`view.${kind}`);
          return <button key={name} className="picture" aria-label={`${t("enlarge")}: ${alt}`} onClick={() => onEnlarge({ source, alt, kind: "picture" })}><img src={source} alt="" /><span>{alt}</span></button>;
        })}
      </div>
      {state.dicom_seg && <p><a className="button" href={`/api/runs/${runId}/segmentations/${state.dicom_seg}`} download>DICOM-SEG</a></p>}
      {state.notes.map((note) => <p key={note} className="quiet">{note}</p>)}
    </section>
  );
}
