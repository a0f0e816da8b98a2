import { expect, it } from "vitest";
import { plainText } from "./clipboard";
import { say } from "./text";
import type { Decision, DraftView, RunHead, Source, Statement } from "./types";

const t = (key: string, values?: Record<string, string | number>) => say("en", key, values);
const run = { patient: { id: "SYN-1", age_years: 66, sex: "female" }, synthetic: true } as RunHead;
const statement = (index: number, text: string, more: Partial<Statement> = {}): Statement => ({
  index, section: "findings", kind: "finding", text, draft_text: text, evidence: ["E1"], status: "supported", problems: [], decision: null, ...more,
});
const source = (number: number, id: string, claim: string) => ({ number, place: "visit.md", evidence: { id, kind: "note_span", claim } }) as Source;
const draft = (...statements: Statement[]): DraftView => ({
  state: "preliminary", draft_hash: "h", question: "What now?", language: "en", statements, warnings: [], settings: {}, reviewer: null, signed_at: null,
  sources: [source(1, "E1", "Creatinine 0.9 mg/dL."), source(2, "E2", "Not cited.")],
});
const text = (view: DraftView, ...decisions: Decision[]) => plainText(view, run, "66 y · female", new Map(decisions.map((d) => [d.index, d])), t);

it("an unsigned draft says first that it is one, that the case is synthetic, whose it is, and that software wrote it", () => {
  const lines = text(draft(statement(0, "Creatinine is 0.9 mg/dL."))).split("\n");
  expect(lines[0]).toMatch(/^Preliminary\. Not reviewed/);
  expect(lines.slice(1, 5).join("\n")).toMatch(/Synthetic case.*\nSYN-1, 66 y · female\nQuestion: What now\?\nWritten by software/);
});

it("each sentence stands under its section with its sources, of which only cited ones are listed", () => {
  const found = text(draft(statement(0, "Creatinine is 0.9 mg/dL.")));
  expect(found).toContain("Findings\n- Creatinine is 0.9 mg/dL. [1]");
  expect(found).toContain("[1] Note: Creatinine 0.9 mg/dL. (visit.md)");
  expect(found).not.toContain("Not cited.");
});

it("what was rejected is left out, what was edited has the new words, what is not supported says so", () => {
  const found = text(
    draft(statement(0, "One."), statement(1, "Two."), statement(2, "Three.", { status: "unsupported" })),
    { index: 0, action: "reject", reason: "wrong" }, { index: 1, action: "edit", text: "Second." },
  );
  expect(found).not.toContain("One.");
  expect(found).toContain("- Second. [1]");
  expect(found).toContain("- [Not supported] Three. [1]");
});

it("a signed report says who signed it, and goes by the signed decisions", () => {
  const view = { ...draft(statement(0, "One.", { decision: { index: 0, action: "reject", reason: "wrong" } }), statement(1, "Two.")), state: "signed" as const, reviewer: "Dr Pia", signed_at: "2026-11-26T10:00:00Z" };
  const found = text(view);
  expect(found.split("\n")[0]).toBe("Signed by Dr Pia on 2026-11-26 10:00");
  expect(found).not.toContain("One.");
});
