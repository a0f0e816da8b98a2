import { useMemo } from "react";
import { namesOf } from "../names";
import { useText } from "../text";
import type { Evidence } from "../types";
import type { LiveCall, RunView } from "../useRun";
import { ToolCard } from "./ToolCard";

/** The tool calls of a run, live or from its record. */
export function Work({ view, onOpen }: { view: RunView; onOpen: (id: string) => void }) {
  const t = useText();
  const { calls, detail, evidence, draft } = view;
  const claims = (ids: string[]) => ids.flatMap((id) => evidence.get(id) ?? []);
  const names = useMemo(() => namesOf(detail), [detail]);
  const live = new Set(calls.map((call) => call.call));
  // A run that was worked on before this page was opened has both: what is on record, and what is under way.
  const recorded = (detail?.steps ?? []).filter((step) => step.call === null ? calls.length === 0 : !live.has(step.call));
  const cards = [
    ...recorded.map((step, i) => (
      <ToolCard
        key={step.call ?? i} tool={step.tool} running={false} progress="" seconds={step.seconds} count={step.evidence} failed={step.failed} message={step.message} args={step.arguments}
        names={names} claims={step.call === null ? [...evidence.values()].filter((item) => item.provenance.tool === step.tool) : claims(step.found)} onOpen={onOpen}
      />
    )),
    ...calls.map((call) => <Live key={call.call} call={call} names={names} claims={claims(call.evidence)} onOpen={onOpen} />),
  ];
  if (cards.length === 0) return null;
  return (
    <details className="work" open={view.busy || !(draft || detail?.run.state === "to_review" || detail?.run.state === "signed")}>
      <summary>{t("work")} <span className="quiet">{t("steps", { n: cards.length })} · {t("findings_found", { n: evidence.size })}</span></summary>
      {cards}
    </details>
  );
}

function Live({ call, names, claims, onOpen }: { call: LiveCall; names: Map<string, string>; claims: Evidence[]; onOpen: (id: string) => void }) {
  return (
    <ToolCard
      tool={call.tool} running={!call.done} progress={call.text} seconds={call.done ? call.seconds : null} claims={claims}
      count={call.evidence.length} failed={call.failed} message={call.text} args={call.arguments} names={names} onOpen={onOpen}
    />
  );
}
