import { expect, it } from "vitest";
import { withoutTop } from "./files";
import { rangeOf } from "./parts/RiskView";
import { follow } from "./useRun";

const file = (path: string) => ({ path, file: new File(["x"], path.split("/").at(-1) ?? path) });
const paths = (...given: string[]) => withoutTop(given.map(file)).map((f) => f.path);

it("the folder that holds a whole case is taken off, one that means something is kept", () => {
  expect(paths("lung/case.yaml", "lung/notes/a.md")).toEqual(["case.yaml", "notes/a.md"]);
  expect(paths("notes/a.md", "notes/b.md")).toEqual(["notes/a.md", "notes/b.md"]);
  expect(paths("case.yaml", "notes/a.md")).toEqual(["case.yaml", "notes/a.md"]);
  expect(paths("lung/case.yaml", "lung/.DS_Store")).toEqual(["case.yaml"]);
});

it("a tool call is followed from start to result, and events of other calls leave it alone", () => {
  let calls = follow([], { event: "tool_started", tool: "measure", call: "1", arguments: {} });
  calls = follow(calls, { event: "tool_progress", call: "1", text: "measuring" });
  expect(calls[0]).toMatchObject({ done: false, text: "measuring" });
  expect(follow(calls, { event: "tool_finished", call: "2", evidence: ["E1"] })).toEqual(calls);
  calls = follow(calls, { event: "tool_finished", call: "1", evidence: ["E1"], failed: null });
  expect(calls[0]).toMatchObject({ done: true, evidence: ["E1"], failed: null });
});

it("an event that comes twice does not show a call twice", () => {
  const started = { event: "tool_started", tool: "measure", call: "1", arguments: {} };
  expect(follow(follow([], started), started)).toHaveLength(1);
});

it("a slider stays within what is plausible", () => {
  const info = { name: "lab.x", label: "", kind: "quantity", unit: "mg/dL", low: 0.5, high: 2, choices: {} };
  expect(rangeOf(0.9, info)).toEqual([0.5, 2, 0.01]);
  const [low, high] = rangeOf(66, { ...info, kind: "integer", low: 0, high: 130 });
  expect(low).toBeLessThan(66);
  expect(high).toBe(130);
});
