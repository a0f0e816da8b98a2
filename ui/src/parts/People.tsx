import { useCallback, useEffect, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { Account, AccountChange, PersonRole } from "../types";

const ROLES: PersonRole[] = ["physician", "reviewer", "researcher", "admin"];

/** All accounts: their roles, lock-outs, passwords, and new ones. The own one is changed by another administrator. */
export function People({ me }: { me: string }) {
  const t = useText();
  const [people, setPeople] = useState<Account[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const failed = useCallback((problem: unknown) => { if (problem instanceof ApiError) setError(problem.message || t("offline")); }, [t]);
  const load = useCallback(() => api.accounts().then(setPeople, failed), [failed]);
  useEffect(() => void load(), [load]);
  const act = async (what: () => Promise<Account>): Promise<boolean> => {
    setError(null);
    setSaid("");
    try {
      const made = await what();
      setSaid(t("person_done", { name: made.name }));
      await load();
      return true;
    } catch (problem) {
      failed(problem);
      return false;
    }
  };
  return (
    <>
      {error && <p className="banner bad" role="alert">{error}</p>}
      <p className="sr" role="status">{said}</p>
      {people === null && error === null && <p className="quiet" aria-busy="true">{t("loading")}</p>}
      {people !== null && (
        <div className="table" role="region" aria-label={t("office_people")} tabIndex={0}>
          <table className="list">
            <thead><tr>{["name", "role", "state", "change"].map((name) => <th key={name} scope="col">{t(`person_${name}`)}</th>)}</tr></thead>
            <tbody>
              {people.map((one) => <Person key={one.name} one={one} own={one.name === me} onChange={(change) => act(() => api.changeAccount(one.name, change))} />)}
            </tbody>
          </table>
        </div>
      )}
      <NewPerson onAdd={(given) => act(() => api.addAccount(given))} />
    </>
  );
}

interface PersonProps { one: Account; own: boolean; onChange: (change: AccountChange) => Promise<boolean> }

function Person({ one, own, onChange }: PersonProps) {
  const t = useText();
  const [password, setPassword] = useState<string | null>(null);
  const program = one.role === "service";
  const state = one.disabled ? "closed" : one.locked_until ? "locked" : "open";
  return (
    <tr>
      <td><b>{one.name}</b>{one.shown_name !== one.name && <span className="quiet block">{one.shown_name}</span>}</td>
      <td>
        {program || own ? t(`role.${one.role}`) : (
          <select value={one.role} aria-label={t("person_role_of", { name: one.name })} onChange={(e) => void onChange({ role: e.target.value as PersonRole })}>
            {ROLES.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}
          </select>
        )}
        {program && <span className="quiet block mono">{one.scopes.join(" ")}</span>}
      </td>
      <td><span className={`state ${state}`}>{t(`person_${state}`)}</span></td>
      <td>
        <div className="row">
          {one.locked_until && <button className="primary" onClick={() => void onChange({ unlock: true })}>{t("person_unlock")}</button>}
          {!own && <button onClick={() => void onChange({ disabled: !one.disabled })}>{t(one.disabled ? "person_reopen" : "person_close")}</button>}
          {!program && password === null && <button onClick={() => setPassword("")}>{t("person_password")}</button>}
          {password !== null && (
            <form className="row" onSubmit={(e) => { e.preventDefault(); void onChange({ password }).then((done) => { if (done) setPassword(null); }); }}>
              <input type="password" autoFocus value={password} onChange={(e) => setPassword(e.target.value)} placeholder={t("person_password_new")} aria-label={t("person_password_of", { name: one.name })} autoComplete="new-password" maxLength={256} />
              <button className="primary" disabled={password.length < 12}>{t("person_set")}</button>
              <button type="button" className="plain" onClick={() => setPassword(null)}>{t("cancel")}</button>
            </form>
          )}
        </div>
      </td>
    </tr>
  );
}

interface Given { name: string; shown_name: string; role: PersonRole; password: string }
const NOBODY: Given = { name: "", shown_name: "", role: "physician", password: "" };

function NewPerson({ onAdd }: { onAdd: (given: Given) => Promise<boolean> }) {
  const t = useText();
  const [given, setGiven] = useState(NOBODY);
  const field = (key: "name" | "shown_name", most: number) => (
    <label>{t(`person_new_${key}`)}<input value={given[key]} onChange={(e) => setGiven({ ...given, [key]: e.target.value })} maxLength={most} autoComplete="off" /></label>
  );
  return (
    <form className="card new-person" onSubmit={(e) => { e.preventDefault(); void onAdd(given).then((done) => { if (done) setGiven(NOBODY); }); }}>
      <h2>{t("person_new")}</h2>
      <div className="fields">
        {field("name", 64)}
        {field("shown_name", 200)}
        <label>{t("person_role")}<select value={given.role} onChange={(e) => setGiven({ ...given, role: e.target.value as PersonRole })}>{ROLES.map((role) => <option key={role} value={role}>{t(`role.${role}`)}</option>)}</select></label>
        <label>{t("person_password_new")}<input type="password" value={given.password} onChange={(e) => setGiven({ ...given, password: e.target.value })} autoComplete="new-password" maxLength={256} /></label>
      </div>
      <p className="quiet">{t("person_new_hint")}</p>
      <div className="row"><button className="primary" disabled={!given.name.trim() || given.password.length < 12}>{t("person_add")}</button></div>
    </form>
  );
}
