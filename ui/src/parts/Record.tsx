import { useCallback, useEffect, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { AuditRow } from "../types";
import { Moment } from "./CaseList";

interface Props {
  of: { run: string } | { scope: string };
  onScope?: (scope: string) => void;
}

/** The audit record, the last row first; of one run's case, or for an administrator of any case. */
export function AuditTable({ of, onScope }: Props) {
  const t = useText();
  const run = "run" in of ? of.run : null;
  const scope = "scope" in of ? of.scope : "";
  const [rows, setRows] = useState<AuditRow[] | null>(null);
  const [before, setBefore] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const load = useCallback(async (from: number | null) => {
    try {
      const page = await (run === null ? api.record(scope, from) : api.recordOfRun(run, from));
      setRows((known) => (from === null || known === null ? page.rows : [...known, ...page.rows]));
      setBefore(page.before);
      setError(null);
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem.message || t("offline"));
    }
  }, [run, scope, t]);
  useEffect(() => {
    setRows(null);
    void load(null);
  }, [load]);
  return (
    <>
      {onScope && (
        <p className="row about">
          {scope ? <><span>{t("record_of", { case: scope })}</span><button onClick={() => onScope("")}>{t("record_all")}</button></> : <span className="quiet">{t("record_hint")}</span>}
        </p>
      )}
      {error && <p className="banner bad" role="alert">{error}</p>}
      {rows === null && error === null && <p className="quiet" aria-busy="true">{t("loading")}</p>}
      {rows !== null && (
        <div className="table" role="region" aria-label={t("office_record")} tabIndex={0}>
          <table className="list">
            <thead>
              <tr>{["row", "when", "who", "did", "outcome", "whom", "case"].map((name) => <th key={name} scope="col">{t(`record_${name}`)}</th>)}</tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.number} className={row.outcome}>
                  <td className="number">{row.number}</td>
                  <td><Moment iso={row.at} /></td>
                  <td>{row.user || t("record_nobody")}{row.address && <span className="quiet block">{row.address}</span>}</td>
                  <td>{t(`act.${row.action}`)}<span className="quiet block mono">{row.what}</span></td>
                  <td><span className={`state ${row.outcome}`}>{t(`outcome.${row.outcome}`)}</span></td>
                  <td>{row.account}</td>
                  <td className="mono">
                    {onScope && row.case && row.case !== scope ? <button className="link mono" onClick={() => onScope(row.case)}>{row.case}</button> : row.case}
                    {row.run && <span className="quiet block">{row.run}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {before !== null && <p className="row about"><button onClick={() => void load(before)}>{t("record_earlier")}</button></p>}
    </>
  );
}

/** Who saw, changed, exported or signed the case of a run. */
export function RecordDialog({ run, onClose }: { run: string; onClose: () => void }) {
  const t = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="new record-dialog" aria-label={t("record_open")} onClose={onClose}>
      <div className="dialog-head">
        <h2>{t("record_open")}</h2>
        <button className="icon" aria-label={t("close")} onClick={() => dialog.current?.close()}>×</button>
      </div>
      <div className="scroll"><AuditTable of={{ run }} /></div>
    </dialog>
  );
}
