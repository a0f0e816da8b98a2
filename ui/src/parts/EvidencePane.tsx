import { useMemo, useState } from "react";
import { useText } from "../text";
import type { Evidence, Source } from "../types";
import type { RunView } from "../useRun";
import { useNumbers } from "./Conversation";
import { ChipRow } from "./Chip";
import { EvidenceMap } from "./EvidenceMap";
import { ImageView } from "./ImageView";
import { KindIcon } from "./KindIcon";
import { NoteView } from "./NoteView";
import { RecommendationView } from "./RecommendationView";
import { RiskView } from "./RiskView";
import { StructureView } from "./StructureView";
import { VariantView } from "./VariantView";

const CARRIES = 3;
// Said elsewhere in the pane, or of use to programs only.
const TECHNICAL = new Set(["risk.value", "risk.model", "rec.id", "rec.action", "variant.place"]);

/** Which evidence is shown, the others that the same sentence cites, and that sentence. */
export interface Opened { id: string; among: string[]; statement: number | null }

interface Props {
  runId: string;
  view: RunView;
  opened: Opened | null;
  onOpen: (opened: Opened | null) => void;
  wide: boolean;
  onWide: () => void;
}

export function EvidencePane({ runId, view, opened, onOpen, wide, onWide }: Props) {
  const t = useText();
  const numbers = useNumbers(view);
  const [map, setMap] = useState(false);
  const item = opened ? numbers.get(opened.id)?.evidence ?? view.evidence.get(opened.id) : undefined;
  if (!opened || !item) return <AllEvidence view={view} onOpen={onOpen} />;
  const source = numbers.get(item.id);
  return (
    <div className="pane">
      {map && view.draft && <EvidenceMap draft={view.draft} start={item.id} onOpen={onOpen} onClose={() => setMap(false)} />}
      <div className="pane-head">
        <button className="plain" onClick={() => onOpen(null)}>‹ {t("all_evidence")}</button>
        <span className="corner">
          {view.draft && source && <button className="icon" aria-label={t("map_open")} title={t("map_open")} onClick={() => setMap(true)}>⌥</button>}
          <button className="icon wider" aria-label={t("wider")} title={t("wider")} aria-pressed={wide} onClick={onWide}>⇔</button>
          <button className="icon" aria-label={t("close")} onClick={() => onOpen(null)}>×</button>
        </span>
      </div>
      {opened.among.length > 1 && (
        <div className="siblings" role="group" aria-label={t("also_rests_on")}>
          <ChipRow ids={opened.among} sources={numbers} evidence={view.evidence} pressed={item.id} onOpen={(id) => onOpen({ ...opened, id })} />
        </div>
      )}
      <div className="scroll" key={item.id}>
        <p className="kind"><KindIcon kind={item.kind} /> {`${source ? `${source.number} · ` : ""}${t(`evidence.${item.kind}`)}`}</p>
        <h2 className="claim">{item.claim}</h2>
        <Body runId={runId} item={item} view={view} onOpen={onOpen} />
        <Rest item={item} source={source} view={view} />
      </div>
    </div>
  );
}

function Body({ runId, item, view, onOpen }: { runId: string; item: Evidence; view: RunView; onOpen: (opened: Opened) => void }) {
  const at = item.locator;
  if (at.type === "note") return <NoteView key={item.id} runId={runId} at={at} />;
  if (at.type === "image") return <ImageView key={item.id} runId={runId} evidenceId={item.id} at={at} scans={(view.detail?.attachments ?? []).filter((a) => a.kind === "imaging")} />;
  if (at.type === "calculation" && item.kind === "risk_estimate") {
    return (
      <>
        {item.provenance.parameters.picture && <figure className="document"><img src={`/api/runs/${runId}/evidence/${item.id}/picture`} alt={item.claim} /></figure>}
        <RiskView key={item.id} runId={runId} model={at.model} signed={view.draft?.state !== "preliminary"} />
      </>
    );
  }
  if (at.type === "document") return <RecommendationView key={item.id} runId={runId} item={item} />;
  if (at.type === "structure") return <StructureView key={item.id} runId={runId} item={item} view={view} />;
  if (at.type === "vcf") return <VariantView item={item} view={view} onOpen={onOpen} />;
  return null;
}

function Rest({ item, source, view }: { item: Evidence; source: Source | undefined; view: RunView }) {
  const t = useText();
  const cited = source?.cited_in ?? [];
  const link = source?.link;
  const facts = source?.facts.filter((fact) => !TECHNICAL.has(fact.name)) ?? [];
  const carried = (index: number) => <li key={index} value={index + 1}>{view.draft?.statements[index]?.text}</li>;
  return (
    <>
      {facts.length > 0 && (
        <section><h3>{t("facts")}</h3>
          <dl className="rows">{facts.map((fact) => <div key={fact.name}><dt>{fact.label}</dt><dd>{fact.value}</dd></div>)}</dl>
        </section>
      )}
      {source && (
        <section><h3>{t("where")}</h3>
          <p className="place">{source.place}</p>
          {link && <p><a href={link} target="_blank" rel="noreferrer noopener">{t("open_source")} ↗</a></p>}
        </section>
      )}
      {source && (
        <section><h3>{t("cited_in")}</h3>
          {cited.length === 0 ? <p className="quiet">{t("not_cited")}</p> : <ol className="carries">{cited.slice(0, CARRIES).map(carried)}</ol>}
          {cited.length > CARRIES && <details className="fold"><summary>{t("more", { n: cited.length - CARRIES })}</summary><ol className="carries">{cited.slice(CARRIES).map(carried)}</ol></details>}
        </section>
      )}
      {source && (
        <details className="fold made"><summary>{t("made_by")}</summary>
          <ul>{source.provenance.map((line) => <li key={line}>{line}</li>)}<li className="mono">{item.id}</li></ul>
        </details>
      )}
    </>
  );
}

function AllEvidence({ view, onOpen }: { view: RunView; onOpen: (opened: Opened) => void }) {
  const t = useText();
  const [wanted, setWanted] = useState("");
  const groups = useMemo(() => {
    const needle = wanted.trim().toLowerCase();
    const found = new Map<string, Evidence[]>();
    for (const item of view.evidence.values()) {
      if (needle && !item.claim.toLowerCase().includes(needle)) continue;
      const label = t(`evidence.${item.kind}`);
      found.set(label, [...(found.get(label) ?? []), item]);
    }
    return [...found.entries()];
  }, [view.evidence, wanted, t]);
  const [map, setMap] = useState(false);
  if (view.evidence.size === 0) return <div className="empty"><p>{t("evidence_hint")}</p></div>;
  return (
    <div className="pane">
      <div className="pane-head column">
        {map && view.draft && <EvidenceMap draft={view.draft} start={null} onOpen={onOpen} onClose={() => setMap(false)} />}
        <div className="row"><h2 className="grow">{t("evidence")}</h2>{view.draft && <button onClick={() => setMap(true)}>{t("map_open")}</button>}</div>
        <p className="quiet">{t("evidence_hint")}</p>
        <input type="search" value={wanted} onChange={(e) => setWanted(e.target.value)} placeholder={t("search_evidence")} aria-label={t("search_evidence")} />
      </div>
      <div className="scroll">
        {groups.map(([label, items]) => (
          <details key={label} className="fold" open={wanted.trim() !== ""}>
            <summary>{label} <span className="quiet">{items.length}</span></summary>
            <ul className="links">{items.map((item) => (
              <li key={item.id}><button className="link" onClick={() => onOpen({ id: item.id, among: [item.id], statement: null })}>{item.claim}</button></li>
            ))}</ul>
          </details>
        ))}
      </div>
    </div>
  );
}
