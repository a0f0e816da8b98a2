import { expect, it } from "vitest";
import { carry } from "./carry";
import type { Decision, DraftView, Statement } from "./types";

const statement = (index: number, text: string, more: Partial<Statement> = {}) =>
  ({ index, section: "findings", text, evidence: ["E1"], status: "supported", problems: [], ...more }) as Statement;
const draft = (...statements: Statement[]) => ({ statements }) as DraftView;
const accepted = (...indices: number[]) => new Map<number, Decision>(indices.map((index) => [index, { index, action: "accept" }]));

it("a decision stays with its sentence when the draft is written again, wherever it then stands", () => {
  const found = carry(draft(statement(0, "One."), statement(1, "Two.")), accepted(0, 1), draft(statement(0, "Zero."), statement(1, "Two."), statement(2, "One.")));
  expect(found.decisions).toEqual([{ index: 1, action: "accept" }, { index: 2, action: "accept" }]);
  expect([...found.fresh]).toEqual([0]);
  expect(found.gone).toBe(0);
});

it("other words, other evidence or another verdict want a decision anew", () => {
  const before = draft(statement(0, "One."), statement(1, "Two."), statement(2, "Three."));
  const after = draft(statement(0, "One!"), statement(1, "Two.", { evidence: ["E2"] }), statement(2, "Three.", { status: "unsupported" }));
  expect(carry(before, accepted(0, 1, 2), after)).toEqual({ decisions: [], fresh: new Set([0, 1, 2]), gone: 3 });
});

it("a sentence that stands twice keeps each decision once", () => {
  const twice = draft(statement(0, "One."), statement(1, "One."));
  expect(carry(twice, accepted(0), twice).decisions).toEqual([{ index: 0, action: "accept" }]);
});
