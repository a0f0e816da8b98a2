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
  opened: Opened | null;
  onOpen: (opened: Opened) => void;
  statement: number | null;
}

/** A sentence with its citations; one that is not supported says why. */
export function Sentence({ text, evidence, status, problems, numbers, opened, onOpen, statement }: Props) {
  const t = useText();
  return (
    <div className={`sentence ${status}`}>
      {status !== "supported" && <span className="flag">⚠ {t(`status.${status}`)}</span>}
      <span className="words">{text}</span>{" "}
      <span className="chips">
        <ChipRow ids={evidence} sources={numbers} pressed={opened?.statement === statement ? opened.id : null} onOpen={(id) => onOpen({ id, among: evidence, statement })} />
      </span>
      {problems.map((problem) => <p key={problem.message} className="why">{problem.message}</p>)}
    </div>
  );
}
