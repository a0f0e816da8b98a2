import { createContext, useContext, useEffect, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { SessionState, SignedIn } from "../types";

/** Who is logged in; null on a page that is not. */
export const ActorContext = createContext<SignedIn | null>(null);

export function useMay(): (permission: string) => boolean {
  const actor = useContext(ActorContext);
  return (permission) => actor?.permissions.includes(permission) ?? false;
}

const ASK_AGAIN_MS = 3000;

/** What is shown to somebody who is not logged in: the way that this service knows. `again`: the session has ended. */
export function Login({ ways, again, onDone }: { ways: SessionState["ways"]; again: boolean; onDone: () => void }) {
  const t = useText();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const link = ways.includes("link");
  useEffect(() => {
    if (!link) return;
    // The link opens in a tab of its own; this one then goes on where it was.
    const timer = setInterval(onDone, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [link, onDone]);
  const logIn = async () => {
    setBusy(true);
    setError(null);
    try {
      await api.logIn(name.trim(), password);
      onDone();
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem.status === 0 ? t("offline") : problem.message);
    } finally {
      setPassword("");
      setBusy(false);
    }
  };
  if (link) {
    const parts = t(again ? "login_again_text" : "login_text").split("`");
    return (
      <main className="login">
        <h1>{t(again ? "login_again" : "login_title")}</h1>
        <p role="status">{parts.map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part))}</p>
      </main>
    );
  }
  return (
    <main className="login">
      <h1>{t(again ? "login_again" : "login_account")}</h1>
      {error && <p className="banner bad" role="alert">{error}</p>}
      {ways.includes("password") && (
        <form onSubmit={(e) => { e.preventDefault(); void logIn(); }}>
          <input value={name} onChange={(e) => setName(e.target.value)} placeholder={t("login_name")} aria-label={t("login_name")} autoComplete="username" maxLength={64} />
          <input type="password" value={password} onChange={(e) => setPassword(e.target.value)} placeholder={t("login_password")} aria-label={t("login_password")} autoComplete="current-password" maxLength={256} />
          <button className="primary" disabled={!name.trim() || !password || busy}>{t("log_in")}</button>
        </form>
      )}
      {ways.includes("oidc") && <a className="button provider" href="/oidc/start">{t("login_provider")}</a>}
    </main>
  );
}

/** The way to a patient outside of the own care teams. It leaves a mark that the care team sees. */
export function EmergencyForm({ onDone }: { onDone: () => void }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const [patient, setPatient] = useState("");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<string | null>(null);
  const take = async () => {
    setError(null);
    try {
      await api.emergency(patient.trim(), reason);
      setOpen(false);
      setReason("");
      onDone();
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem.message);
    }
  };
  if (!open) return <button className="plain wide" onClick={() => setOpen(true)}>{t("emergency_open")}</button>;
  return (
    <form className="emergency-form" onSubmit={(e) => { e.preventDefault(); void take(); }}>
      <p>{t("emergency_text")}</p>
      {error && <p className="banner bad" role="alert">{error}</p>}
      <input value={patient} onChange={(e) => setPatient(e.target.value)} placeholder={t("emergency_patient")} aria-label={t("emergency_patient")} maxLength={200} />
      <input value={reason} onChange={(e) => setReason(e.target.value)} placeholder={t("emergency_reason")} aria-label={t("emergency_reason")} maxLength={500} />
      <div className="row">
        <button disabled={!patient.trim() || reason.trim().length < 10}>{t("emergency_take")}</button>
        <button type="button" className="plain" onClick={() => setOpen(false)}>{t("cancel")}</button>
      </div>
    </form>
  );
}
