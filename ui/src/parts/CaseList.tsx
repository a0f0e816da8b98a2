import { useContext, useState } from "react";
import { useText, type Say } from "../text";
import type { Patient, RunHead } from "../types";
import { ActorContext, EmergencyForm, useMay } from "./Login";

interface Props {
  runs: RunHead[] | null;
  chosen: string | null;
  onChoose: (id: string) => void;
  onNew: () => void;
  onExample: (() => void) | null;
  onChanged: () => void;
}

export function patientText(patient: Patient, t: Say): string {
  const parts = [];
  if (patient.age_years !== null) parts.push(`${patient.age_years} ${t("years")}`);
  if (patient.sex !== null) parts.push(t(patient.sex));
  return parts.join(" · ") || t("unknown_patient");
}

export function stateOf(run: RunHead, t: Say): { name: string; text: string } {
  if (run.place !== null && run.place > 0) return { name: "waiting", text: t("state.waiting", { n: run.place }) };
  if (run.place === 0) return { name: "working", text: t("state.working") };
  if (run.state === "failed" && run.note === "stopped") return { name: "stopped", text: t("state.stopped") };
  return { name: run.state, text: t(`state.${run.state}`) };
}

export function CaseList({ runs, chosen, onChoose, onNew, onExample, onChanged }: Props) {
  const t = useText();
  const may = useMay();
  // The one person of this machine signs by a name and has every case open.
  const alone = useContext(ActorContext)?.signs_by === "name";
  const [wanted, setWanted] = useState("");
  const needle = wanted.trim().toLowerCase();
  const found = (runs ?? []).filter((run) =>
    `${run.patient.id} ${run.question} ${run.id} ${stateOf(run, t).text}`.toLowerCase().includes(needle));
  return (
    <>
      <button className="wide" onClick={onNew}>＋ {t("new_case")}</button>
      {runs !== null && runs.length > 0 && (
        <input type="search" value={wanted} onChange={(e) => setWanted(e.target.value)} placeholder={t("search_cases")} aria-label={t("search_cases")} />
      )}
      {runs === null && <p className="quiet" aria-busy="true">{t("loading")}</p>}
      {runs?.length === 0 && (
        <div className="empty">
          <strong>{t("no_cases")}</strong>
          <p>{t("no_cases_hint")}</p>
        </div>
      )}
      {runs !== null && runs.length > 0 && found.length === 0 && <p className="quiet">{t("no_match")}</p>}
      <ul className="cases">
        {found.map((run) => {
          const state = stateOf(run, t);
          return (
            <li key={run.id}>
              <button aria-current={run.id === chosen} onClick={() => onChoose(run.id)}>
                <span className="line">
                  <b>{run.patient.id}</b>
                  <span className={`state ${state.name}`}>{state.text}</span>
                </span>
                <span className="quiet">{patientText(run.patient, t)} · <Moment iso={run.created} /></span>
                <span className="question">{run.question}</span>
                {run.emergency.map((one) => (
                  <span className="emergency" key={one.started} title={one.reason ?? undefined}>⚠ {t("emergency_by", { name: one.name })} <Moment iso={one.started} /></span>
                ))}
              </button>
            </li>
          );
        })}
      </ul>
      {runs !== null && runs.length > 0 && onExample && (
        <button className="plain wide" onClick={onExample}>{t("open_example")}</button>
      )}
      {may("case.emergency") && !alone && <EmergencyForm onDone={onChanged} />}
    </>
  );
}

export function Moment({ iso }: { iso: string }) {
  const when = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return <time dateTime={iso}>{day} {two(when.getHours())}:{two(when.getMinutes())}</time>;
}
