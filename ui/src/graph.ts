import type { Evidence, Source, Statement } from "./types";

export interface Link { evidence: string; statement: number }
export interface Graph { evidence: Evidence[]; statements: Statement[]; links: Link[]; inputs: { from: string; to: string }[] }

/** Which evidence carries which statement, and which evidence a calculation took its inputs from. */
export function graphOf(statements: Statement[], sources: Source[]): Graph {
  const known = new Map(sources.map((source) => [source.evidence.id, source.evidence]));
  const links = statements.flatMap((s) => s.evidence.filter((id) => known.has(id)).map((id) => ({ evidence: id, statement: s.index })));
  const used = new Set(links.map((link) => link.evidence));
  const inputs = [...used].flatMap((id) => {
    const at = known.get(id)?.locator;
    return at?.type === "calculation" ? at.inputs.filter((from) => known.has(from)).map((from) => ({ from, to: id })) : [];
  });
  for (const { from } of inputs) used.add(from);
  return {
    evidence: [...known.values()].filter((item) => used.has(item.id)),
    statements: statements.filter((s) => s.evidence.some((id) => known.has(id))),
    links, inputs,
  };
}

/** What hangs together with a chosen evidence or statement, one step each way and through inputs. */
export function around(graph: Graph, chosen: string | number): { evidence: Set<string>; statements: Set<number> } {
  const evidence = new Set<string>(), statements = new Set<number>();
  if (typeof chosen === "number") {
    statements.add(chosen);
    for (const link of graph.links) if (link.statement === chosen) evidence.add(link.evidence);
    for (const { from, to } of graph.inputs) if (evidence.has(to)) evidence.add(from);
  } else {
    evidence.add(chosen);
    const carriers = new Set([chosen, ...graph.inputs.filter((i) => i.from === chosen).map((i) => i.to)]);
    for (const id of carriers) evidence.add(id);
    for (const link of graph.links) if (carriers.has(link.evidence)) statements.add(link.statement);
  }
  return { evidence, statements };
}
