import { useEffect, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { plainText } from "../clipboard";
import { useText } from "../text";
import type { DraftView, Source } from "../types";
import type { RunView } from "../useRun";
import { patientText } from "./CaseList";

interface Props { view: RunView; draft: DraftView }

/** Where the draft can go: print, files for other systems, the clipboard. */
export function Export({ view, draft }: Props) {
  const t = useText();
  const [copied, setCopied] = useState<"copied" | "copy_failed" | null>(null);
  const menu = useRef<HTMLDetailsElement>(null);
  const run = view.detail?.run;
  useEffect(() => {
    const shut = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node)) menu.current?.removeAttribute("open");
    };
    addEventListener("pointerdown", shut);
    addEventListener("keydown", shut);
    return () => { removeEventListener("pointerdown", shut); removeEventListener("keydown", shut); };
  }, []);
  if (!run) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(plainText(draft, run, patientText(run.patient, t), view.decisions, t));
      setCopied("copied");
    } catch {
      setCopied("copy_failed");
    }
    setTimeout(() => setCopied(null), 3000);
  };
  const base = `/api/runs/${run.id}/report`;
  // DICOM-SEG refers to the slices of a DICOM series.
  const series = new Set(view.detail?.attachments.filter((a) => a.kind === "imaging" && !/\.nii(\.gz)?$/i.test(a.name)).map((a) => a.handle));
  const outlined = draft.sources.filter(({ evidence: { locator: at } }) => at.type === "image" && at.artifact && series.has(at.handle));
  return (
    <div className="export">
      <a className="button" href={`${base}.html`} target="_blank" rel="noreferrer">{t("export_html")}</a>
      <details className="menu" ref={menu}>
        <summary className="button">{t("export")}</summary>
        <div className="items">
          {draft.state === "preliminary" && <p className="notice">{t("export_unsigned")}</p>}
          <a href={`${base}.fhir.json`} download>{t("export_fhir")}<span className="quiet">{t("export_fhir_hint")}</span></a>
          {outlined.map((source) => <Segmentation key={source.evidence.id} runId={run.id} source={source} />)}
          <a href={`${base}.html`} download>{t("export_page")}<span className="quiet">{t("export_page_hint")}</span></a>
          <a href={`${base}.json`} download>{t("export_json")}<span className="quiet">{t("export_json_hint")}</span></a>
          <button onClick={() => void copy()}>{t("copy")}<span className="quiet" role="status">{t(copied ?? "copy_hint")}</span></button>
        </div>
      </details>
    </div>
  );
}

/** The outline of a finding as DICOM Segmentation; it is made when it is asked for. */
function Segmentation({ runId, source }: { runId: string; source: Source }) {
  const t = useText();
  const [state, setState] = useState<{ busy: boolean; said: string | null }>({ busy: false, said: null });
  const fetchIt = async () => {
    setState({ busy: true, said: null });
    try {
      const made = await api.views(runId, source.evidence.id);
      if (made.dicom_seg === null) return setState({ busy: false, said: made.notes.join(" ") || t("export_seg_none") });
      const link = document.createElement("a");
      link.href = `/api/runs/${runId}/segmentations/${made.dicom_seg}`;
      link.download = made.dicom_seg;
      link.click();
      setState({ busy: false, said: null });
    } catch (problem) {
      const error = problem instanceof ApiError ? problem : null;
      setState({ busy: false, said: error?.status === 429 ? t("queue_full") : error?.message || t("offline") });
    }
  };
  return (
    <button disabled={state.busy} onClick={() => void fetchIt()}>
      {t("export_seg", { n: source.number })}<span className="quiet" role="status">{state.busy ? t("export_seg_busy") : state.said ?? source.place}</span>
    </button>
  );
}
