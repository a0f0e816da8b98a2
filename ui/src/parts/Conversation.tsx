import { memo, useEffect, useMemo, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { Source, Statement, Turn } from "../types";
import type { RunView } from "../useRun";
import type { Opened } from "./EvidencePane";
import { Questions, type Answers } from "./Questions";
import { pressedIn, Sentence } from "./Sentence";
import { Work } from "./Work";
import { Writing } from "./Writing";

interface Props {
  view: RunView;
  opened: Opened | null;
  onOpen: (opened: Opened) => void;
  onDraft: () => void;
  onChanged: () => void;
}

const FIRST = ["summary", "must_not_miss"] as const;
const SUGGESTED = ["why", "interactions", "size", "missing"] as const;

export const Conversation = memo(function Conversation({ view, opened, onOpen, onDraft, onChanged }: Props) {
  const t = useText();
  const [text, setText] = useState("");
  const [answers, setAnswers] = useState<Answers>({});
  const [about, setAbout] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [stopping, setStopping] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const { detail, draft, busy } = view;
  const turns = detail?.turns ?? [];
  const numbers = useNumbers(view);

  useEffect(() => {
    if (turns.length > 0) end.current?.scrollIntoView({ block: "end" });
  }, [turns.length, turns.at(-1)?.state]);
  useEffect(() => {
    if (!busy) setStopping(false);
  }, [busy]);

  if (!detail) return view.error ? null : <p className="quiet pad" aria-busy="true">{t("loading")}</p>;
  const run = detail.run;
  const act = async (what: () => Promise<unknown>) => {
    setError(null);
    try {
      await what();
      await view.reload();
      onChanged();
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem.status === 429 ? t("queue_full") : problem.status === 0 ? t("offline") : problem.message);
    }
  };
  const ask = (question: string, own = false) => {
    if (!question.trim() || busy) return;
    void act(async () => {
      await api.ask(run.id, question.trim());
      if (!own) return;
      setText("");
      setAnswers({});
      setAbout(null);
    });
  };
  const prefill = (words: string) => {
    setText(words);
    box.current?.focus();
  };
  const answer = (fact: string, sentence: string | null) => setAnswers(({ [fact]: _, ...others }) => sentence === null ? others : { ...others, [fact]: sentence });
  const inWords = (question: string, begun: string) => {
    setAbout(question);
    prefill(begun);
  };
  const whole = [...Object.values(answers), text.trim()].filter(Boolean).join(" ");
  const closed = run.state === "signed";
  const stopped = !busy && (run.state === "failed" || run.state === "working");
  const asking = turns.at(-1)?.state === "working";
  return (
    <div className="conversation">
      <div className="scroll">
        <Said who={t("you")}>{run.question}</Said>
        <Work view={view} onOpen={(id) => onOpen({ id, among: [id], statement: null })} />
        {draft && !(busy && view.written.length > 0 && !asking) && <Overview statements={draft.statements} numbers={numbers} opened={opened} onOpen={onOpen} onDraft={onDraft} />}
        {turns.map((turn) => (
          <Answer key={turn.number} turn={turn} carried={turn === turns.at(-1) ? view.carried : null} numbers={numbers} opened={opened} onOpen={onOpen} onDraft={onDraft} onEdit={closed ? null : prefill} onRetry={closed || busy ? null : ask} />
        ))}
        {!draft && !busy && (run.state === "to_review" || closed) && <p className="now" role="status"><span className="spinner" />{t("loading")}</p>}
        {draft && !closed && !busy && <Questions runId={run.id} draftHash={draft.draft_hash} answers={answers} onAnswer={answer} onWords={inWords} />}
        {busy && view.written.length > 0 && <Writing written={view.written} numbers={numbers} opened={opened} onOpen={onOpen} />}
        {busy && (asking || !draft) && (stopping || !view.calls.some((call) => !call.done)) && <p className="now" role="status"><span className="spinner" />{stopping ? t("stopping") : stepText(view.step, t)}</p>}
        {stopped && (
          <div className="banner warn" role="alert">
            <span>{view.failure || t(run.note === "stopped" ? "state.stopped" : "state.failed")}{run.note && run.note !== "stopped" && !view.failure ? ` (${run.note})` : ""}</span>
            <button onClick={() => void act(() => api.resume(run.id))}>{t("resume")}</button>
          </div>
        )}
        <div ref={end} />
      </div>
      <form className="ask" onSubmit={(e) => { e.preventDefault(); ask(whole, true); }}>
        {error && <p className="banner bad" role="alert">{error}</p>}
        {draft && !closed && !busy && turns.length === 0 && whole === "" && (
          <div className="suggest">
            {suggested(draft.statements, view).map((name) => <button type="button" key={name} onClick={() => ask(t(`suggest.${name}`))}>{t(`suggest.${name}`)}</button>)}
          </div>
        )}
        {Object.keys(answers).length > 0 && (
          <ul className="saying" aria-label={t("saying")}>{Object.entries(answers).map(([fact, sentence]) => (
            <li key={fact}>{sentence}<button type="button" className="icon" aria-label={t("take_back", { text: sentence })} onClick={() => answer(fact, null)}>×</button></li>
          ))}</ul>
        )}
        <div className="row">
          <textarea
            ref={box} id="ask" value={text} rows={2} maxLength={4000} disabled={closed} aria-label={t("ask")}
            placeholder={closed ? t("ask_signed") : busy ? t("ask_busy") : about ?? t("ask_placeholder")}
            onChange={(e) => setText(e.target.value)}
            onKeyDown={(e) => {
              if (e.key === "Enter" && !e.shiftKey && !e.nativeEvent.isComposing) {
                e.preventDefault();
                ask(whole, true);
              }
            }}
          />
          {busy ? (
            <button type="button" disabled={stopping} onClick={() => { setStopping(true); void act(() => api.stop(run.id)); }}>{t("stop")}</button>
          ) : (
            <button className={whole ? "primary" : ""} disabled={closed || !draft || !whole}>{t(Object.keys(answers).length > 0 ? "send_answers" : "ask")}</button>
          )}
        </div>
      </form>
    </div>
  );
});

/** Questions that this draft can answer. */
function suggested(statements: Statement[], view: RunView): (typeof SUGGESTED)[number][] {
  const holds = {
    why: statements.some((s) => s.section === "treatment" && s.kind === "recommendation"),
    interactions: statements.some((s) => s.section === "treatment"),
    size: [...view.evidence.values()].some((item) => item.kind === "image_finding"),
    missing: statements.some((s) => s.section === "missing"),
  };
  return SUGGESTED.filter((name) => holds[name]);
}

function stepText(step: string | null, t: ReturnType<typeof useText>): string {
  if (step === null) return t("working_read");
  if (step === "think" || step === "call_tool" || step === "redraft") return t("working_think");
  return t(step === "write" ? "working_verify" : step === "verify" ? "working_write" : "working_think");
}

/** Sources by evidence id, so that a sentence knows the number of its citation. */
export function useNumbers(view: RunView): Map<string, Source> {
  return useMemo(() => new Map((view.draft?.sources ?? []).map((source) => [source.evidence.id, source])), [view.draft]);
}

function Said({ who, children, action }: { who: string; children: React.ReactNode; action?: React.ReactNode }) {
  return <div className="said"><span className="who">{who}{action}</span><p>{children}</p></div>;
}

interface OverviewProps {
  statements: Statement[];
  numbers: Map<string, Source>;
  opened: Opened | null;
  onOpen: (opened: Opened) => void;
  onDraft: () => void;
}

function Overview({ statements, numbers, opened, onOpen, onDraft }: OverviewProps) {
  const t = useText();
  const bad = statements.filter((s) => s.status !== "supported").length;
  const lines = (section: string) => statements.filter((s) => s.section === section);
  return (
    <div className="answer">
      <div className="ready">
        <p>{t("draft_ready", { n: statements.length, ok: statements.length - bad })} {bad > 0 && <strong className="badtext">{t("draft_bad", { n: bad })}</strong>}</p>
        <button className="primary" onClick={onDraft}>{t("open_draft")}</button>
      </div>
      <span className="who">{t("agent")}</span>
      {FIRST.map((section) => lines(section).length > 0 && (
        <section key={section} className={section}>
          <h3>{t(`section.${section}`)}</h3>
          {lines(section).map((s) => (
            <Sentence key={s.index} text={s.text} evidence={s.evidence} status={s.status} problems={s.problems} numbers={numbers} pressed={pressedIn(opened, s.index)} onOpen={onOpen} statement={s.index} />
          ))}
        </section>
      ))}
    </div>
  );
}

interface AnswerProps {
  turn: Turn;
  carried: RunView["carried"];
  numbers: Map<string, Source>;
  opened: Opened | null;
  onOpen: (opened: Opened) => void;
  onDraft: () => void;
  onEdit: ((words: string) => void) | null;
  onRetry: ((question: string) => void) | null;
}

function Answer({ turn, carried, numbers, opened, onOpen, onDraft, onEdit, onRetry }: AnswerProps) {
  const t = useText();
  const edit = onEdit && <button className="link" onClick={() => onEdit(turn.question)}>{t("edit_question")}</button>;
  return (
    <>
      <Said who={t("you")} action={edit}>{turn.question}</Said>
      {turn.state !== "working" && (
        <div className="answer" role="status">
          <span className="who">{t("agent")}</span>
          {turn.statements.map((s, i) => (
            <Sentence key={i} text={s.text} evidence={s.evidence} status={s.status} problems={s.problems} numbers={numbers} pressed={pressedIn(opened, null)} onOpen={onOpen} statement={null} />
          ))}
          {turn.new_draft && <p>{t("new_draft")} {carried && t("new_draft_changes", { fresh: carried.fresh.size, gone: carried.gone, kept: carried.decisions.length })} <button className="link" onClick={onDraft}>{t("open_draft")}</button></p>}
          {turn.state === "failed" && (
            <div className="banner warn">
              <span>{turn.message || t("state.stopped")}</span>
              {onRetry && <button onClick={() => onRetry(turn.question)}>{t("retry")}</button>}
            </div>
          )}
        </div>
      )}
    </>
  );
}
