import { useEffect, useState } from "react";
import { api } from "../api";
import { useText } from "../text";
import type { Evidence, WhatWouldChange } from "../types";
import { useEnlarged } from "./Enlarge";

/** A guideline passage: where it stands, its page where the document is here, and what would change the advice. */
export function RecommendationView({ runId, item }: { runId: string; item: Evidence }) {
  const t = useText();
  const at = item.locator;
  if (at.type !== "document") return null;
  const rule = item.facts.some((fact) => fact.name === "rec.id");
  return (
    <>
      <div className="card">
        <p className="kind">{t("guideline")}</p>
        <p><b>{at.document}</b></p>
        <p className="quiet">{t("section_label")} {at.section}{at.page ? `, ${t("page_n", { n: at.page })}` : ""}</p>
        {rule && <p className="quiet">{t("own_words")}</p>}
      </div>
      {at.page !== null && !rule && <DocumentPage runId={runId} evidenceId={item.id} page={at.page} />}
      {rule && <Nearest runId={runId} evidenceId={item.id} />}
    </>
  );
}

function DocumentPage({ runId, evidenceId, page }: { runId: string; evidenceId: string; page: number }) {
  const t = useText();
  const [state, setState] = useState<"loading" | "ready" | "missing">("loading");
  const [enlarge, enlarged] = useEnlarged();
  if (state === "missing") return <p className="quiet">{t("page_missing")}</p>;
  const source = `/api/runs/${runId}/evidence/${evidenceId}/picture`;
  const alt = t("page_alt", { n: page });
  return (
    <figure className="document">
      {state === "loading" && <p className="now" role="status"><span className="spinner" />{t("page_loading", { n: page })}</p>}
      <button className="picture" hidden={state === "loading"} onClick={() => enlarge({ source, alt, kind: "page" })} aria-label={t("enlarge")}>
        <img src={source} alt={alt} onLoad={() => setState("ready")} onError={() => setState("missing")} />
      </button>
      {enlarged}
    </figure>
  );
}

function Nearest({ runId, evidenceId }: { runId: string; evidenceId: string }) {
  const t = useText();
  const [found, setFound] = useState<WhatWouldChange | null>(null);
  useEffect(() => {
    let late = false;
    api.nearest(runId, evidenceId).then((answer) => !late && setFound(answer), () => undefined);
    return () => { late = true; };
  }, [runId, evidenceId]);
  if (!found) return null;
  return (
    <>
      <section><h3>{t(found.now === "applies" ? "applies_because" : found.now === "cannot_tell" ? "cannot_tell_yet" : "left_out_because")}</h3>
        <dl className="rows">{found.because.map((row) => <div key={row.name}><dt>{row.label}</dt><dd>{row.value}</dd></div>)}</dl>
        {found.assumed_absent.length > 0 && <p className="quiet">{t("assumed_absent", { list: found.assumed_absent.join(", ") })}</p>}
      </section>
      <section><h3>{t("would_change")}</h3>
        {found.turned_by.length === 0 ? <p className="quiet">{t("would_change_none")}</p> : (
          <ul className="turns">{found.turned_by.map((turn, i) => (
            <li key={i}>
              {turn.changes.map((change) => (
                <span key={change.fact} className="turn"><b>{change.label}</b> {change.now ?? t("not_recorded")} <span aria-hidden="true">→</span><span className="sr"> {t("becomes")} </span> <b>{change.then}</b></span>
              ))}
              <span className={`answer-tag ${turn.then}`}>{t(`answer.${turn.then}`)}</span>
            </li>
          ))}</ul>
        )}
        <p className="quiet">{t("would_change_hint")}</p>
      </section>
    </>
  );
}
