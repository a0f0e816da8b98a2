import { memo, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { Decision } from "../types";
import type { RunView } from "../useRun";
import { Moment } from "./CaseList";
import { useNumbers } from "./Conversation";
import type { Opened } from "./EvidencePane";
import { ActorContext } from "./Login";
import { SECTIONS } from "./sections";
import { pressedIn } from "./Sentence";
import { StatementRow, type Editing } from "./StatementRow";

interface Props {
  view: RunView;
  /** Whether it is shown; keys do nothing while it is not. */
  active: boolean;
  opened: Opened | null;
  onOpen: (opened: Opened) => void;
  onChanged: () => void;
}

export const DraftPane = memo(function DraftPane({ view, active, opened, onOpen, onChanged }: Props) {
  const t = useText();
  const { draft, decisions, decide } = view;
  const numbers = useNumbers(view);
  const [current, setCurrent] = useState(0);
  const [filter, setFilter] = useState<"all" | "open" | "bad">("all");
  const [editing, setEditing] = useState<Editing | null>(null);
  const [together, setTogether] = useState<number[]>([]);
  const list = useRef<HTMLDivElement>(null);
  const signed = draft?.state !== "preliminary";

  const shown = useMemo(() => (draft?.statements ?? []).filter((s) =>
    filter === "all" || (filter === "open" ? !decisions.has(s.index) || s.index === current : s.status !== "supported")),
  [draft, decisions, filter, current]);

  const go = (index: number) => {
    setCurrent(index);
    list.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus();
  };
  const step = (by: number) => {
    const at = shown.findIndex((s) => s.index === current);
    const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
    if (next) go(next.index);
  };
  const nextOpen = (after: number, done: Map<number, Decision>) => {
    const open = (draft?.statements ?? []).filter((s) => !done.has(s.index) && s.index !== after);
    const next = open.find((s) => s.index > after) ?? open[0];
    if (next) go(next.index);
  };
  const settle = (decision: Decision) => {
    decide([decision]);
    setTogether([]);
    setEditing(null);
    nextOpen(decision.index, new Map(decisions).set(decision.index, decision));
  };

  // The same functions for ever, so that a row is drawn anew only when something of it changes.
  const settled = useRef(settle);
  settled.current = settle;
  const onDecide = useCallback((decision: Decision) => settled.current(decision), []);
  const onUndo = useCallback((index: number) => decide([], [index]), [decide]);
  const onEdit = useCallback((index: number, kind: Editing["kind"] | null) => setEditing(kind ? { index, kind } : null), []);

  const keys = useRef<(event: KeyboardEvent) => void>(() => undefined);
  keys.current = (event) => {
    const target = event.target as HTMLElement;
    if (!active || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || target.closest("input, textarea, select")) return;
    const statement = draft?.statements[current];
    if (!statement) return;
    const actions: Record<string, () => void> = {
      j: () => step(1),
      k: () => step(-1),
      o: () => statement.evidence[0] && onOpen({ id: statement.evidence[0], among: statement.evidence, statement: current }),
    };
    if (!signed) {
      actions["a"] = () => settle({ index: current, action: "accept" });
      actions["e"] = () => setEditing({ index: current, kind: "edit" });
      actions["r"] = () => setEditing({ index: current, kind: "reject" });
      actions["u"] = () => decide([], [current]);
    }
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => keys.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);

  const state = view.detail?.run.state;
  if (!draft && (state === undefined || state === "to_review" || state === "signed")) return <p className="now pad" role="status"><span className="spinner" />{t("loading")}</p>;
  if (!draft) {
    return <div className="empty big"><strong>{t("no_draft")}</strong><p>{t("no_draft_hint")}</p></div>;
  }
  const total = draft.statements.length;
  const done = signed ? total : draft.statements.filter((s) => decisions.has(s.index)).length;
  const bad = draft.statements.filter((s) => s.status !== "supported").length;
  return (
    <div className="draft">
      <div className="bar">
        {signed ? (
          <p className="signed-line">✓ {t("signed_by", { name: draft.reviewer ?? "", when: "" })} {draft.signed_at && <Moment iso={draft.signed_at} />}</p>
        ) : (
          <>
            <div className="progress" role="progressbar" aria-valuemin={0} aria-valuemax={total} aria-valuenow={done} aria-label={t("progress", { done, all: total })}>
              <progress max={total} value={done} aria-hidden="true" /> <span>{t("progress", { done, all: total })}</span>
            </div>
            <div className="segments" role="group">
              {(["all", "open", "bad"] as const).map((name) => (
                <button key={name} aria-pressed={filter === name} onClick={() => setFilter(name)}>
                  {t(`filter.${name}`)}{name === "bad" ? ` ${bad}` : name === "open" ? ` ${total - done}` : ""}
                </button>
              ))}
            </div>
          </>
        )}
      </div>
      <div className="scroll" ref={list}>
        {!signed && <p className="notice">{t("preliminary")}</p>}
        {!signed && view.carried && <p className="quiet" role="status">{t("new_draft_changes", { fresh: view.carried.fresh.size, gone: view.carried.gone, kept: view.carried.decisions.length })}</p>}
        {shown.length === 0 && <p className="quiet pad">{t("filter_empty")}</p>}
        {SECTIONS.map((section) => {
          const lines = shown.filter((s) => s.section === section);
          if (lines.length === 0) return null;
          const easy = lines.filter((s) => s.status === "supported" && s.problems.length === 0 && !decisions.has(s.index));
          return (
            <section key={section} aria-label={t(`section.${section}`)} className={section}>
              <div className="head">
                <h2>{t(`section.${section}`)}</h2>
                {!signed && easy.length > 1 && (
                  <button className="plain" onClick={() => { decide(easy.map((s) => ({ index: s.index, action: "accept" }))); setTogether(easy.map((s) => s.index)); }}>
                    {t("accept_section", { n: easy.length })}
                  </button>
                )}
                {!signed && easy.length <= 1 && lines.some((s) => together.includes(s.index)) && (
                  <button className="plain" onClick={() => { decide([], together); setTogether([]); }}>{t("undo_section", { n: together.length })}</button>
                )}
              </div>
              {lines.map((statement) => (
                <StatementRow
                  key={statement.index} runId={view.detail?.run.id ?? ""} statement={statement} numbers={numbers} pressed={pressedIn(opened, statement.index)} onOpen={onOpen}
                  decision={signed ? statement.decision ?? undefined : decisions.get(statement.index)} signed={signed}
                  current={statement.index === current} fresh={!signed && (view.carried?.fresh.has(statement.index) ?? false)} onCurrent={setCurrent}
                  editing={editing?.index === statement.index ? editing.kind : null}
                  onEdit={onEdit} onDecide={onDecide} onUndo={onUndo}
                />
              ))}
            </section>
          );
        })}
        {draft.warnings.length > 0 && (
          <details className="fold"><summary>{t("warnings")} ({draft.warnings.length})</summary><ul>{draft.warnings.map((w) => <li key={w}>{w}</li>)}</ul></details>
        )}
        <details className="fold"><summary>{t("versions")}</summary>
          <dl className="rows">{Object.entries(draft.settings).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
        </details>
        {!signed && <Sign view={view} left={total - done} onNext={() => nextOpen(-1, decisions)} onChanged={onChanged} />}
      </div>
      {!signed && <p className="keys">{t("keys_short")}</p>}
    </div>
  );
});

function Sign({ view, left, onNext, onChanged }: { view: RunView; left: number; onNext: () => void; onChanged: () => void }) {
  const t = useText();
  const actor = useContext(ActorContext);
  const by = actor?.signs_by ?? "name";
  const [given, setGiven] = useState("");
  const [password, setPassword] = useState("");
  const name = by === "name" ? given : actor?.name ?? "";
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const sign = async () => {
    if (!view.draft || !view.detail) return;
    setBusy(true);
    setError(null);
    try {
      view.setDraft(await api.sign(view.detail.run.id, view.draft.draft_hash, [...view.decisions.values()], name.trim(), by === "password" ? password : null));
      await view.reload();
      onChanged();
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem.status === 0 ? t("offline") : problem.message);
    } finally {
      setPassword("");
      setBusy(false);
    }
  };
  if (by === "nothing") return null;
  return (
    <form className="sign" onSubmit={(e) => { e.preventDefault(); void sign(); }}>
      <h2>{t("sign_title")}</h2>
      {left > 0 ? (
        <p>{t("sign_missing", { n: left })} <button type="button" onClick={onNext}>{t("next_open")}</button></p>
      ) : (
        <>
          <p>{t("sign_text")}</p>
          {error && <p className="banner bad" role="alert">{error}</p>}
          <div className="row">
            {by === "name" ? (
              <input value={given} onChange={(e) => setGiven(e.target.value)} placeholder={t("sign_name")} aria-label={t("sign_name")} autoComplete="name" maxLength={200} />
            ) : (
              <b>{name}</b>
            )}
            {by === "password" && (
              <input type="password" value={password} onChange={(e) => setPassword(e.target.value)} placeholder={t("sign_password")} aria-label={t("sign_password")} autoComplete="current-password" maxLength={256} />
            )}
            <button className="primary" disabled={!name.trim() || (by === "password" && !password) || busy || view.busy}>{t("sign")}</button>
            {by === "login" && <a className="button" href="/oidc/start?again=true">{t("sign_login")}</a>}
          </div>
        </>
      )}
    </form>
  );
}
