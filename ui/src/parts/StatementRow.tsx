import { memo, useEffect, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { difference } from "../difference";
import { useText } from "../text";
import type { Decision, Source, Statement } from "../types";
import type { Opened } from "./EvidencePane";
import { Sentence } from "./Sentence";

export interface Editing { index: number; kind: "edit" | "reject" }

interface Props {
  runId: string;
  statement: Statement;
  numbers: Map<string, Source>;
  pressed: string | null;
  onOpen: (opened: Opened) => void;
  decision: Decision | undefined;
  signed: boolean;
  current: boolean;
  /** It was not in the draft before the last one. */
  fresh: boolean;
  onCurrent: (index: number) => void;
  editing: "edit" | "reject" | null;
  onEdit: (index: number, kind: "edit" | "reject" | null) => void;
  onDecide: (decision: Decision) => void;
  onUndo: (index: number) => void;
}

/** A statement with its decision. Drawn anew only when something of it changes: a draft may have hundreds. */
export const StatementRow = memo(function StatementRow(props: Props) {
  const { statement, numbers, pressed, onOpen, decision, signed, current, fresh, onCurrent, editing, onEdit, onDecide, onUndo } = props;
  const t = useText();
  const edited = decision?.action === "edit" && decision.text ? decision.text : null;
  const { index } = statement;
  return (
    <article
      className={`statement ${statement.status}${current ? " current" : ""}${decision ? ` ${decision.action}` : ""}`}
      data-index={index} tabIndex={current ? 0 : -1} aria-current={current} aria-label={t("statement_n", { n: index + 1 })}
      onFocus={() => onCurrent(index)} onClick={() => onCurrent(index)}
    >
      <div>
      {fresh && <span className="fresh">{t("fresh")}</span>}
      <Sentence
        text={edited ?? statement.text} evidence={statement.evidence} status={statement.status} problems={statement.problems}
        numbers={numbers} pressed={pressed} onOpen={onOpen} statement={index}
      />
      </div>
      {edited !== null && (
        <p className="before">{t("changes")}: {difference(statement.draft_text, edited).map((piece, i) =>
          piece.kind === "same" ? <span key={i}>{piece.text}</span> : piece.kind === "added" ? <ins key={i}>{piece.text}</ins> : <del key={i}>{piece.text}</del>)}
        </p>
      )}
      {decision?.reason && <p className="before">{t("reason")}: {decision.reason}</p>}
      {editing === "edit" && <EditBox {...props} start={edited ?? statement.text} />}
      {editing === "reject" && <RejectBox onCancel={() => onEdit(index, null)} onSave={(reason) => onDecide({ index, action: "reject", reason })} />}
      {editing === null && (
        <div className="decide">
          {decision ? (
            <>
              <span className={`verdict ${decision.action}`}>{t(decision.action === "accept" ? "accepted" : decision.action === "edit" ? "edited" : "rejected")}</span>
              {!signed && <button className="icon" aria-label={t("undo")} title={`${t("undo")} (u)`} onClick={() => onUndo(index)}>↺</button>}
            </>
          ) : !signed && (
            <>
              <button className="icon" aria-label={t("accept")} title={`${t("accept")} (a)`} onClick={() => onDecide({ index, action: "accept" })}>✓</button>
              <button className="icon" aria-label={t("edit")} title={`${t("edit")} (e)`} onClick={() => onEdit(index, "edit")}>✎</button>
              <button className="icon" aria-label={t("reject")} title={`${t("reject")} (r)`} onClick={() => onEdit(index, "reject")}>✕</button>
            </>
          )}
        </div>
      )}
    </article>
  );
});

function EditBox(props: Props & { start: string }) {
  const { runId, statement, start, onDecide } = props;
  const onEdit = (kind: null) => props.onEdit(statement.index, kind);
  const t = useText();
  const [text, setText] = useState(start);
  const [reason, setReason] = useState(props.decision?.reason ?? "");
  const [problems, setProblems] = useState<string[] | null>(null);
  const box = useFocus<HTMLTextAreaElement>();
  const save = async (anyway: boolean) => {
    const changed = text.trim();
    if (!changed) return;
    if (!anyway) {
      try {
        const { verdict } = await api.checkEdit(runId, statement.index, changed);
        if (verdict.status !== "supported") {
          setProblems(verdict.problems.map((p) => p.message));
          return;
        }
      } catch (problem) {
        setProblems([problem instanceof ApiError && problem.status !== 0 ? problem.message : t("offline")]);
        return;
      }
    }
    onDecide({ index: statement.index, action: "edit", text: changed, ...(reason.trim() ? { reason: reason.trim() } : {}) });
  };
  return (
    <form className="box" onSubmit={(e) => { e.preventDefault(); void save(false); }}>
      <textarea
        ref={box} value={text} rows={3} maxLength={2000} aria-label={t("edit")}
        onChange={(e) => { setText(e.target.value); setProblems(null); }}
        onKeyDown={(e) => {
          if (e.key === "Escape") onEdit(null);
          if (e.key === "Enter" && !e.shiftKey && !e.nativeEvent.isComposing) { e.preventDefault(); void save(false); }
        }}
      />
      <input
        value={reason} onChange={(e) => setReason(e.target.value)} placeholder={t("reason_optional")} aria-label={t("reason_optional")} maxLength={1000}
        onKeyDown={(e) => e.key === "Escape" && onEdit(null)}
      />
      {problems && <div className="why" role="alert"><strong>{t("edit_unsupported")}</strong><ul>{problems.map((p) => <li key={p}>{p}</li>)}</ul></div>}
      <div className="row">
        {problems ? <button type="button" onClick={() => void save(true)}>{t("edit_anyway")}</button> : <button className="primary">{t("save")}</button>}
        <button type="button" onClick={() => onEdit(null)}>{t("cancel")}</button>
      </div>
    </form>
  );
}

function RejectBox({ onCancel, onSave }: { onCancel: () => void; onSave: (reason: string) => void }) {
  const t = useText();
  const [reason, setReason] = useState("");
  const box = useFocus<HTMLInputElement>();
  return (
    <form className="box" onSubmit={(e) => { e.preventDefault(); if (reason.trim()) onSave(reason.trim()); }}>
      <input
        ref={box} value={reason} onChange={(e) => setReason(e.target.value)} placeholder={t("reason_needed")} aria-label={t("reason_needed")} maxLength={1000}
        onKeyDown={(e) => e.key === "Escape" && onCancel()}
      />
      <div className="row">
        <button className="primary" disabled={!reason.trim()}>{t("reject")}</button>
        <button type="button" onClick={onCancel}>{t("cancel")}</button>
      </div>
    </form>
  );
}

function useFocus<T extends HTMLElement>() {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}
