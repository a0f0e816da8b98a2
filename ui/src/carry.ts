import type { Decision, DraftView, Statement } from "./types";

export interface Carried { decisions: Decision[]; fresh: Set<number>; gone: number }

const same = (s: Statement) => JSON.stringify([s.section, s.text, s.evidence, s.status, s.problems.map((p) => p.message)]);

/**
 * What a draft that was written again keeps of the one before it: decisions on sentences that stand there unchanged, with
 * the same evidence and the same verdict; which sentences are new; how many are gone.
 */
export function carry(before: DraftView, decisions: Map<number, Decision>, after: DraftView): Carried {
  const earlier = new Map<string, Statement[]>();
  for (const s of before.statements) earlier.set(same(s), [...(earlier.get(same(s)) ?? []), s]);
  const kept: Decision[] = [];
  const fresh = new Set<number>();
  let found = 0;
  for (const s of after.statements) {
    const was = earlier.get(same(s))?.shift();
    if (was === undefined) fresh.add(s.index);
    else found++;
    const decision = was && decisions.get(was.index);
    if (decision) kept.push({ ...decision, index: s.index });
  }
  return { decisions: kept, fresh, gone: before.statements.length - found };
}
