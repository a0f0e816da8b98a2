import { SECTIONS } from "./parts/sections";
import type { Say } from "./text";
import type { Decision, DraftView, RunHead } from "./types";

/** The draft as plain text for another record: what state it is in comes first, what is not supported says so. */
export function plainText(draft: DraftView, run: RunHead, patient: string, decisions: Map<number, Decision>, t: Say): string {
  const signed = draft.state !== "preliminary";
  const numbers = new Map(draft.sources.map((source) => [source.evidence.id, source.number]));
  const decided = (index: number) => (signed ? draft.statements[index]?.decision : decisions.get(index)) ?? null;
  const kept = draft.statements.filter((s) => decided(s.index)?.action !== "reject");
  const line = (s: (typeof kept)[number]) => {
    const change = decided(s.index);
    const text = change?.action === "edit" && change.text ? change.text : s.text;
    const edited = !signed && change?.action === "edit";
    const flag = s.status === "supported" || edited ? "" : `[${t(`status.${s.status}`)}] `;
    return `- ${flag}${text}${s.evidence.map((id) => ` [${numbers.get(id) ?? "?"}]`).join("")}`;
  };
  const sections = SECTIONS.flatMap((section) => {
    const lines = kept.filter((s) => s.section === section).map(line);
    return lines.length > 0 ? [[t(`section.${section}`), ...lines].join("\n")] : [];
  });
  const cited = new Set(kept.flatMap((s) => s.evidence));
  const sources = draft.sources.filter((source) => cited.has(source.evidence.id))
    .map((source) => `[${source.number}] ${t(`evidence.${source.evidence.kind}`)}: ${source.evidence.claim} (${source.place})`);
  const head = [
    signed ? t("signed_by", { name: draft.reviewer ?? "", when: (draft.signed_at ?? "").slice(0, 16).replace("T", " ") }) : t("preliminary"),
    ...(run.synthetic ? [t("synthetic")] : []),
    `${run.patient.id}, ${patient}`,
    `${t("question")}: ${draft.question}`,
    t("machine_written"),
  ];
  return [head.join("\n"), ...sections, [t("sources"), ...sources].join("\n")].join("\n\n") + "\n";
}
