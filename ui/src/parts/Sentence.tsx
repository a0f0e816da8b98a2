import { memo } from "react";
import { useText } from "../text";
import type { Problem, Source, Status } from "../types";
import { ChipRow } from "./Chip";
import type { Opened } from "./EvidencePane";

interface Props {
  text: string;
  evidence: string[];
  status: Status;
  problems: Problem[];
  numbers: Map<string, Source>;
  /** The citation that is open beside it. */
  pressed: string | null;
  onOpen: (opened: Opened) => void;
  statement: number | null;
}

/** The citation of a statement that is open; answers in the conversation have no statement. */
export function pressedIn(opened: Opened | null, statement: number | null): string | null {
  return opened?.statement === statement ? opened.id : null;
}

/** A sentence with its citations; one that is not supported says why. Drawn anew only when something of it changes. */
export const Sentence = memo(function Sentence({ text, evidence, status, problems, numbers, pressed, onOpen, statement }: Props) {
  const t = useText();
  return (
    <div className={`sentence ${status}`}>
      {status !== "supported" && <span className="flag">⚠ {t(`status.${status}`)}</span>}
      <span className="words">{text}</span>{" "}
      <span className="chips">
        <ChipRow ids={evidence} sources={numbers} pressed={pressed} onOpen={(id) => onOpen({ id, among: evidence, statement })} />
      </span>
      {problems.map((problem) => <p key={problem.message} className="why">{problem.message}</p>)}
    </div>
  );
});
