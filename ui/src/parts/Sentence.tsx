import { useText } from "../text";
import type { Problem, Source, Status } from "../types";
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
        {evidence.map((id) => {
          const source = numbers.get(id);
          return (
            <button
              key={id} className={`chip ${source?.evidence.kind ?? ""}`} aria-pressed={opened?.id === id && opened.statement === statement}
              title={source?.evidence.claim ?? id} aria-label={t("cites", { n: source?.number ?? "?" })}
              onClick={() => onOpen({ id, among: evidence, statement })}
            >
              {source?.number ?? "?"}
            </button>
          );
        })}
      </span>
      {problems.map((problem) => <p key={problem.message} className="why">{problem.message}</p>)}
    </div>
  );
}
