import { useState } from "react";
import { useText } from "../text";
import type { Language, SignedIn } from "../types";
import { Header } from "./Header";
import { People } from "./People";
import { AuditTable } from "./Record";
import { Teams } from "./Teams";

type Part = "people" | "teams" | "record";
const PARTS: Part[] = ["people", "teams", "record"];

interface Props {
  actor: SignedIn;
  language: Language;
  onLanguage: (language: Language) => void;
  onTheme: () => void;
  onLeave: () => void;
}

/** What an administrator sees: people, care teams by case number, the audit record. Nothing of any patient. */
export function Office({ actor, language, onLanguage, onTheme, onLeave }: Props) {
  const t = useText();
  const [part, setPart] = useState<Part>("people");
  const [about, setAbout] = useState("");
  const move = (event: React.KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = PARTS[(PARTS.indexOf(part) + step + PARTS.length) % PARTS.length] ?? "people";
    setPart(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div className="app office">
      <a className="skip" href="#middle">{t("skip")}</a>
      <Header head={null} language={language} onLanguage={onLanguage} onTheme={onTheme} onMenu={null} onLeave={onLeave} onRecord={null} />
      <main className="middle" id="middle" tabIndex={-1}>
        <div className="tabs">
          <div role="tablist" aria-label={t("office")} onKeyDown={move}>
            {PARTS.map((name) => (
              <button
                key={name} id={`tab-${name}`} role="tab" aria-selected={part === name} tabIndex={part === name ? 0 : -1}
                aria-controls={part === name ? "office-panel" : undefined} onClick={() => setPart(name)}
              >{t(`office_${name}`)}</button>
            ))}
          </div>
        </div>
        <div className="scroll" id="office-panel" role="tabpanel" aria-labelledby={`tab-${part}`} tabIndex={0}>
          {part === "people" && <People me={actor.user} />}
          {part === "teams" && <Teams onRecord={(scope) => { setAbout(scope); setPart("record"); }} />}
          {part === "record" && <AuditTable key={about} of={{ scope: about }} onScope={setAbout} />}
        </div>
      </main>
    </div>
  );
}
