import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { unitText, useText } from "../text";
import type { AskedFact, OpenQuestion } from "../types";

/** What the physician is about to state, by the fact that it answers. */
export type Answers = Record<string, string>;

interface Props {
  runId: string;
  draftHash: string;
  answers: Answers;
  onAnswer: (fact: string, sentence: string | null) => void;
  /** The question is to be answered in the physician's own words, which may begin with some. */
  onWords: (question: string, begun: string) => void;
}

const AT_ONCE = 3;
const CHIPS = 4;
const ASKS = /[?？]\s*$/;

/** The questions of the draft, each with its answers to choose. What is chosen is said together, once, below. */
export function Questions({ runId, draftHash, answers, onAnswer, onWords }: Props) {
  const t = useText();
  const [found, setFound] = useState<OpenQuestion[]>([]);
  useEffect(() => {
    let late = false;
    api.questions(runId).then((all) => { if (!late) setFound(all.filter((q) => q.facts.length > 0 || ASKS.test(q.text))); }, () => undefined);
    return () => { late = true; };
  }, [runId, draftHash]);
  if (found.length === 0) return null;
  const shown = (questions: OpenQuestion[]) => questions.map((q) => (
    <li key={q.statement}>
      <p>{q.text}</p>
      {q.facts.map((asked) => <Asked key={asked.fact.name} asked={asked} named={q.facts.length > 1} said={answers[asked.fact.name]} onSay={(sentence) => onAnswer(asked.fact.name, sentence)} onWords={() => onWords(q.text, `${asked.fact.label}: `)} />)}
      {q.facts.length === 0 && <div className="suggest"><button type="button" onClick={() => onWords(q.text, "")}>{t("answer_words")}</button></div>}
    </li>
  ));
  return (
    <section className="questions" aria-label={t("needs_answer")}>
      <h3>{t("needs_answer")}</h3>
      <p className="quiet">{t("needs_hint")}</p>
      <ul>{shown(found.slice(0, AT_ONCE))}</ul>
      {found.length > AT_ONCE && <details className="fold"><summary>{t("more", { n: found.length - AT_ONCE })}</summary><ul>{shown(found.slice(AT_ONCE))}</ul></details>}
    </section>
  );
}

interface AskedProps { asked: AskedFact; named: boolean; said: string | undefined; onSay: (sentence: string | null) => void; onWords: () => void }

function Asked({ asked, named, said, onSay, onWords }: AskedProps) {
  const t = useText();
  const { fact, answers, value_sentence } = asked;
  const name = <span className={named ? "asked-name" : "sr"}>{fact.label}</span>;
  if (value_sentence !== null) return <Value asked={asked} sentence={value_sentence} name={name} said={said} onSay={onSay} />;
  if (answers.length > CHIPS) {
    return (
      <label className="asked">{name}
        <select value={said ?? ""} aria-label={fact.label} onChange={(e) => onSay(e.target.value || null)}>
          <option value="">{t("choose")}</option>
          {answers.map((one) => <option key={one.sentence} value={one.sentence}>{one.label}</option>)}
        </select>
      </label>
    );
  }
  return (
    <div className="asked" role="group" aria-label={fact.label}>{name}
      <span className="suggest">
        {answers.map((one) => <button type="button" key={one.sentence} aria-pressed={said === one.sentence} title={one.sentence} onClick={() => onSay(said === one.sentence ? null : one.sentence)}>{one.label}</button>)}
        {answers.length < 2 && <button type="button" onClick={onWords}>{t("answer_words")}</button>}
      </span>
    </div>
  );
}

function Value({ asked, sentence, name, said, onSay }: { asked: AskedFact; sentence: string; name: React.ReactNode; said: string | undefined; onSay: (sentence: string | null) => void }) {
  const t = useText();
  const { fact } = asked;
  const [value, setValue] = useState("");
  const number = Number(value.replace(",", "."));
  const outside = value.trim() !== "" && (!Number.isFinite(number) || number < (fact.low ?? -Infinity) || number > (fact.high ?? Infinity));
  // Taken back below the conversation, or sent.
  const had = useRef(false);
  useEffect(() => {
    if (had.current && said === undefined && !outside) setValue("");
    had.current = said !== undefined;
  }, [said]);
  const set = (typed: string) => {
    setValue(typed);
    const given = Number(typed.replace(",", "."));
    const fits = typed.trim() !== "" && Number.isFinite(given) && given >= (fact.low ?? -Infinity) && given <= (fact.high ?? Infinity);
    onSay(fits ? sentence.replace("{value}", String(given)) : null);
  };
  return (
    <label className="asked">{name}
      <span className="measure"><input inputMode="decimal" value={value} aria-label={fact.label} aria-invalid={outside} onChange={(e) => set(e.target.value)} /> {unitText(fact.unit, t)}</span>
      {outside && <span className="why" role="alert">{t("value_range", { low: fact.low ?? "–", high: fact.high ?? "–" })}</span>}
    </label>
  );
}
