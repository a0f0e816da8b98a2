import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, ApiError } from "./api";
import { carry, type Carried } from "./carry";
import { Latest } from "./latest";
import type { Decision, DraftView, Evidence, RunDetail, RunEvent, Written } from "./types";

export interface LiveCall {
  call: string;
  tool: string;
  arguments: Record<string, unknown>;
  text: string;
  evidence: string[];
  warnings: string[];
  failed: string | null;
  done: boolean;
  startedAt: number;
  seconds: number;
}

export interface RunView {
  detail: RunDetail | null;
  draft: DraftView | null;
  evidence: Map<string, Evidence>;
  decisions: Map<number, Decision>;
  calls: LiveCall[];
  /** The sentences of the draft or answer that is being written; empty while none is. */
  written: Written[];
  step: string | null;
  failure: string | null;
  error: ApiError | null;
  busy: boolean;
  reload: () => Promise<void>;
  decide: (decisions: Decision[], remove?: number[]) => void;
  setDraft: (draft: DraftView) => void;
  /** What became of the draft when it was last written again while this page was open. */
  carried: Carried | null;
}

/** Everything that is shown of one run, kept current by its events. */
export function useRun(id: string | null, onChange: () => void): RunView {
  const [detail, setDetail] = useState<RunDetail | null>(null);
  const [draft, setDraft] = useState<DraftView | null>(null);
  const [evidence, setEvidence] = useState<Map<string, Evidence>>(new Map());
  const [decisions, setDecisions] = useState<Map<number, Decision>>(new Map());
  const [calls, setCalls] = useState<LiveCall[]>([]);
  const [written, setWritten] = useState<Written[]>([]);
  const [step, setStep] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [carried, setCarried] = useState<Carried | null>(null);
  const shown = useRef(id);
  const last = useRef<DraftView | null>(null);
  last.current = draft;
  const held = useRef(decisions);
  held.current = decisions;

  const loadDraft = useCallback(async (run: string) => {
    const given = held.current;
    try {
      const found = await api.draft(run);
      // Who only reads has no decisions to keep.
      const kept = await api.decisions(run).catch((problem: unknown) => {
        if (problem instanceof ApiError && problem.status === 403) return { decisions: [] };
        throw problem;
      });
      if (shown.current !== run) return;
      const before = last.current;
      let own = kept.decisions;
      if (before !== null && before.draft_hash !== found.draft_hash && found.state === "preliminary") {
        const taken = carry(before, held.current, found);
        setCarried(taken);
        if (own.length === 0 && taken.decisions.length > 0) {
          own = taken.decisions;
          void api.keepDecisions(run, found.draft_hash, own).catch(() => undefined);
        }
      }
      setDraft(found);
      // What was decided while this was on its way is newer than what came.
      if (before?.draft_hash === found.draft_hash && held.current !== given) return;
      setDecisions(new Map(own.map((d) => [d.index, d])));
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 409) throw problem;
    }
  }, []);

  const loadEvidence = useCallback(async (run: string) => {
    const found = await api.evidence(run);
    if (shown.current === run) setEvidence(new Map(found.map((e) => [e.id, e])));
  }, []);

  const reload = useCallback(async () => {
    if (id === null) return;
    try {
      const found = await api.run(id);
      if (shown.current !== id) return;
      // At first what is there is shown at once; later an answer comes with the evidence that it cites.
      setDetail((before) => before ?? found);
      await Promise.all([loadEvidence(id), loadDraft(id)]).finally(() => { if (shown.current === id) setDetail(found); });
      setError(null);
    } catch (problem) {
      if (shown.current === id && problem instanceof ApiError) setError(problem);
    }
  }, [id, loadDraft, loadEvidence]);

  useEffect(() => {
    shown.current = id;
    setDetail(null);
    setDraft(null);
    last.current = null;
    setCarried(null);
    setEvidence(new Map());
    setDecisions(new Map());
    setCalls([]);
    setWritten([]);
    setStep(null);
    setFailure(null);
    setError(null);
    void reload();
  }, [id, reload]);

  const busy = detail !== null && detail.run.place !== null;
  useEffect(() => {
    if (id === null || !busy) return;
    const source = new EventSource(`/api/runs/${id}/events`);
    source.addEventListener("run", (message) => {
      const event = JSON.parse((message as MessageEvent<string>).data) as RunEvent;
      setCalls((before) => follow(before, event));
      setWritten((before) => write(before, event));
      if (event.event === "node") setStep(event.node ?? null);
      if (event.event === "failed") setFailure(event.message ?? "");
      if (event.event === "tool_finished") void loadEvidence(id).catch(() => undefined);
      if (event.event === "node" && event.node === "verify") void loadDraft(id).catch(() => undefined);
      if (event.event === "idle") {
        source.close();
        setStep(null);
        void reload().then(() => { setWritten([]); onChange(); });
      }
    });
    source.onerror = () => {
      // The stream ends when the run is at rest; the browser would connect again for ever.
      void api.run(id).then((found) => {
        if (found.run.place === null) {
          source.close();
          void reload().then(onChange);
        }
      }, () => undefined);
    };
    return () => source.close();
  }, [id, busy, reload, loadDraft, loadEvidence, onChange]);

  const hash = draft?.draft_hash;
  const keeper = useMemo(() => id === null || hash === undefined ? null : new Latest<Decision[]>(
    (all) => api.keepDecisions(id, hash, all),
    (problem) => { if (problem instanceof ApiError) setError(problem); },
  ), [id, hash]);
  useEffect(() => {
    const flush = () => keeper?.flush();
    addEventListener("pagehide", flush);
    return () => removeEventListener("pagehide", flush);
  }, [keeper]);
  const decide = useCallback((given: Decision[], remove: number[] = []) => {
    const after = new Map(held.current);
    for (const index of remove) after.delete(index);
    for (const decision of given) after.set(decision.index, decision);
    held.current = after;
    setDecisions(after);
    keeper?.keep([...after.values()]);
  }, [keeper]);

  // One object as long as nothing of it changes, so that what shows it is not drawn anew for other reasons.
  return useMemo(
    () => ({ detail, draft, evidence, decisions, calls, written, step, failure, error, busy, reload, decide, setDraft, carried }),
    [detail, draft, evidence, decisions, calls, written, step, failure, error, busy, reload, decide, carried],
  );
}

/** The calls after an event. */
export function follow(calls: LiveCall[], event: RunEvent): LiveCall[] {
  if (event.event === "tool_started" && event.call !== undefined) {
    const made: LiveCall = {
      call: event.call, tool: event.tool ?? "", arguments: event.arguments ?? {}, text: "", evidence: [],
      warnings: [], failed: null, done: false, startedAt: Date.now(), seconds: 0,
    };
    return [...calls.filter((c) => c.call !== event.call), made];
  }
  return calls.map((call) => {
    if (call.call !== event.call) return call;
    if (event.event === "tool_progress") return { ...call, text: event.text ?? "" };
    if (event.event !== "tool_finished") return call;
    return {
      ...call, done: true, evidence: event.evidence ?? [], warnings: event.warnings ?? [],
      failed: event.failed ?? null, text: event.failed ? event.text ?? "" : "",
      seconds: (Date.now() - call.startedAt) / 1000,
    };
  });
}

/** The sentences after an event: a start anew empties them, an event that comes twice changes nothing. */
export function write(written: Written[], event: RunEvent): Written[] {
  if (event.event === "draft_started") return [];
  if (event.event !== "statement" || event.number === undefined) return written;
  const { number, section = "summary", kind = "finding", text = "", evidence = [], status = "supported", problems = [] } = event;
  return [...written.filter((s) => s.number !== number), { number, section, kind, text, evidence, status, problems }];
}
