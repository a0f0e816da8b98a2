import { lazy, Suspense, useRef, useState } from "react";
import { useText } from "../text";
import type { Locator } from "../types";

const ScanViewer = lazy(() => import("./ScanViewer"));

/** The stored picture of the slice with the outline, larger on a click, and the scan itself in a viewer. */
export function ImageView({ runId, at }: { runId: string; at: Extract<Locator, { type: "image" }> }) {
  const t = useText();
  const [scan, setScan] = useState(false);
  const [missing, setMissing] = useState(at.picture === null);
  const large = useRef<HTMLDialogElement>(null);
  const source = `/api/runs/${runId}/pictures/${at.picture}`;
  const alt = t("picture_alt", { n: at.slice_index });
  return (
    <figure className="scan">
      {scan ? (
        <Suspense fallback={<p className="quiet" aria-busy="true">{t("viewer_loading")}</p>}>
          <ScanViewer runId={runId} at={at} />
        </Suspense>
      ) : missing ? <p className="quiet">{t("picture_missing")}</p> : (
        <button className="picture" onClick={() => large.current?.showModal()} aria-label={t("enlarge")}>
          <img src={source} alt={alt} onError={() => setMissing(true)} />
        </button>
      )}
      <figcaption>
        <span className="quiet">{t("radiological")}</span>
        <button onClick={() => setScan(!scan)}>{t(scan ? "viewer_close" : "viewer")}</button>
      </figcaption>
      <dialog ref={large} className="large" onClick={() => large.current?.close()}>
        {!missing && <img src={source} alt={alt} />}
        <button autoFocus>{t("close")}</button>
      </dialog>
    </figure>
  );
}
