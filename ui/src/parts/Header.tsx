import { useContext } from "react";
import { useText } from "../text";
import type { Language, RunHead } from "../types";
import { patientText } from "./CaseList";
import { ActorContext } from "./Login";

interface Props {
  head: RunHead | null;
  language: Language;
  onLanguage: (language: Language) => void;
  onTheme: () => void;
  onMenu: (() => void) | null;
  onLeave: (() => void) | null;
  onRecord: (() => void) | null;
}

export function Header({ head, language, onLanguage, onTheme, onMenu, onLeave, onRecord }: Props) {
  const t = useText();
  const actor = useContext(ActorContext);
  return (
    <header className="top">
      {onMenu && <button className="icon menu" onClick={onMenu} aria-label={t("menu")}>☰</button>}
      <div className="brand">
        <img src="/assets/icon.svg" alt="" width="26" height="26" />
        <strong>Consilium</strong>
      </div>
      {head ? (
        <div className="patient">
          <b>{head.patient.id}</b>
          <span>{patientText(head.patient, t)}</span>
          {head.synthetic && <span className="synthetic">{t("synthetic")}</span>}
        </div>
      ) : (
        <div className="patient"><span>{t("tagline")}</span></div>
      )}
      <div className="tools">
        {head && onRecord && <button className="plain" onClick={onRecord}>{t("record_open")}</button>}
        {onLeave && actor && <button className="plain" title={`${actor.name}, ${actor.role}`} onClick={onLeave}>{t("log_out")}</button>}
        <button className="plain" lang={language === "en" ? "zh" : "en"} onClick={() => onLanguage(language === "en" ? "zh" : "en")}>
          {language === "en" ? "中文" : "English"}
        </button>
        <button className="icon" onClick={onTheme} aria-label={t("theme")} title={t("theme")}>◐</button>
      </div>
    </header>
  );
}
