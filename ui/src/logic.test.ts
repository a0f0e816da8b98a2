import { expect, it } from "vitest";
import { withoutTop } from "./files";
import { around, graphOf } from "./graph";
import { Latest } from "./latest";
import { millimetres } from "./millimetres";
import { rangeOf } from "./parts/RiskView";
import { publicRecords } from "./parts/VariantView";
import type { Evidence, Source, Statement } from "./types";
import { follow, write } from "./useRun";

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

const says = (number: number, text: string) => ({ event: "statement", number, text, section: "risk" as const });

it("sentences come one by one, a start anew empties them, and one that comes twice is shown once", () => {
  let written = write([], says(0, "One."));
  written = write(write(written, says(1, "Two.")), says(1, "Two."));
  expect(written.map((s) => s.text)).toEqual(["One.", "Two."]);
  expect(write(written, { event: "node", node: "verify" })).toBe(written);
  expect(write(written, { event: "draft_started", attempt: 2 })).toEqual([]);
});

it("the map follows citations and the inputs of a calculation", () => {
  const item = (id: string, inputs?: string[]) => ({ evidence: { id, locator: inputs ? { type: "calculation", model: "m", inputs } : { type: "field" } } });
  const sources = [item("E1"), item("E2", ["E1"]), item("E3")] as unknown as Source[];
  const statements = [{ index: 0, evidence: ["E2"] }, { index: 1, evidence: ["E3", "unknown"] }, { index: 2, evidence: [] }] as unknown as Statement[];
  const graph = graphOf(statements, sources);
  expect(graph.links).toEqual([{ evidence: "E2", statement: 0 }, { evidence: "E3", statement: 1 }]);
  expect(graph.inputs).toEqual([{ from: "E1", to: "E2" }]);
  expect(graph.statements.map((s) => s.index)).toEqual([0, 1]);
  expect([...around(graph, "E1").statements]).toEqual([0]);
  expect([...around(graph, 0).evidence].sort()).toEqual(["E1", "E2"]);
});

it("links to public databases carry the position and nothing of the patient", () => {
  const at = { type: "vcf", handle: "v", line: 1, assembly: "GRCh38", chromosome: "chr7", position: 55191822, ref: "T", alt: "G" };
  const links = publicRecords({ locator: at, facts: [] } as unknown as Evidence);
  expect(links.map(([name]) => name)).toEqual(["ClinVar", "gnomAD"]);
  expect(links[1]?.[1]).toBe("https://gnomad.broadinstitute.org/variant/7-55191822-T-G?dataset=gnomad_r4");
});

it("millimetres follow the affine of the file", () => {
  expect(millimetres([[2, 0, 0, -10], [0, 3, 0, 5], [0, 0, 4, 1], [0, 0, 0, 1]], [1, 2, 3])).toEqual([-8, 11, 13]);
});

it("decisions made quickly arrive in order, one request at a time, and the last one always arrives", async () => {
  const sent: number[] = [];
  const open: ((arrived: boolean) => void)[] = [];
  const failures: unknown[] = [];
  const latest = new Latest<number>((value) => {
    sent.push(value);
    return new Promise((resolve, reject) => open.push((arrived) => (arrived ? resolve(null) : reject(new Error("gone")))));
  }, (problem) => failures.push(problem));
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  for (const value of [1, 2, 3, 4]) latest.keep(value);
  expect(sent).toEqual([1]);
  open[0]?.(false);
  await settled();
  expect(sent).toEqual([1, 4]);
  expect(failures).toHaveLength(1);
  open[1]?.(true);
  await settled();
  latest.keep(5);
  expect(sent).toEqual([1, 4, 5]);
});

it("a page that is left sends the decision that waits, once", async () => {
  const sent: number[] = [];
  let arrive: () => void = () => undefined;
  const latest = new Latest<number>((value) => {
    sent.push(value);
    return new Promise((resolve) => { arrive = () => resolve(null); });
  }, () => undefined);
  latest.flush();
  for (const value of [1, 2, 3]) latest.keep(value);
  const first = arrive;
  latest.flush();
  latest.flush();
  expect(sent).toEqual([1, 3]);
  first();
  await new Promise((resolve) => setTimeout(resolve));
  expect(sent).toEqual([1, 3]);
});
