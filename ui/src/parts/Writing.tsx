import { useText } from "../text";
import type { SectionName, Source, Written } from "../types";
import type { Opened } from "./EvidencePane";
import { SECTIONS } from "./sections";
import { pressedIn, Sentence } from "./Sentence";

interface Props { written: Written[]; numbers: Map<string, Source>; opened: Opened | null; onOpen: (opened: Opened) => void }

/** The sentences that are being written, each shown once it is verified, under their headings. */
export function Writing({ written, numbers, opened, onOpen }: Props) {
  const t = useText();
  const lines = (section: SectionName) => written.filter((s) => s.section === section).sort((a, b) => a.number - b.number);
  return (
    <div className="answer writing" aria-busy="true">
      <span className="who">{t("agent")} <span className="quiet" role="status">{t("writing", { n: written.length })}</span></span>
      {SECTIONS.map((section) => lines(section).length > 0 && (
        <section key={section} className={section}>
          <h3>{t(`section.${section}`)}</h3>
          {lines(section).map((s) => (
            <Sentence key={s.number} text={s.text} evidence={s.evidence} status={s.status} problems={s.problems} numbers={numbers} pressed={pressedIn(opened, null)} onOpen={onOpen} statement={null} />
          ))}
        </section>
      ))}
    </div>
  );
}
