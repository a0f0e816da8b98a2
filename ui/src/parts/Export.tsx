import { useEffect, useRef, useState } from "react";
import { useText } from "../text";
import type { Statement } from "../types";

/** Where the draft can go: print, files for other systems, the clipboard. */
export function Export({ runId, statements }: { runId: string; statements: Statement[] }) {
  const t = useText();
  const [copied, setCopied] = useState(false);
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = (event: Event) => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node)) menu.current?.removeAttribute("open");
    };
    addEventListener("pointerdown", shut);
    addEventListener("keydown", shut);
    return () => { removeEventListener("pointerdown", shut); removeEventListener("keydown", shut); };
  }, []);
  const copy = async () => {
    const kept = statements.filter((s) => s.decision?.action !== "reject");
    await navigator.clipboard.writeText(kept.map((s) => s.text).join("\n"));
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const base = `/api/runs/${runId}/report`;
  return (
    <div className="export">
      <a className="button" href={`${base}.html`} target="_blank" rel="noreferrer">{t("export_html")}</a>
      <details className="menu" ref={menu}>
        <summary className="button">{t("export")}</summary>
        <div className="items">
          <a href={`${base}.fhir.json`} download>{t("export_fhir")}<span className="quiet">{t("export_fhir_hint")}</span></a>
          <a href={`${base}.json`} download>{t("export_json")}<span className="quiet">{t("export_json_hint")}</span></a>
          <a href={`${base}.html`} download>{t("export_page")}<span className="quiet">{t("export_page_hint")}</span></a>
          <button onClick={() => void copy()}>{copied ? t("copied") : t("copy")}</button>
        </div>
      </details>
    </div>
  );
}
