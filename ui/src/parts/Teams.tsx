import { useCallback, useEffect, useState } from "react";
import { api, ApiError } from "../api";
import { useText } from "../text";
import type { Account, TeamInfo } from "../types";
import { Moment } from "./CaseList";

/** Care teams by case number: who belongs to which, and who took emergency access. */
export function Teams({ onRecord }: { onRecord: (scope: string) => void }) {
  const t = useText();
  const [teams, setTeams] = useState<TeamInfo[] | null>(null);
  const [people, setPeople] = useState<Account[]>([]);
  const [error, setError] = useState<string | null>(null);
  const failed = useCallback((problem: unknown) => { if (problem instanceof ApiError) setError(problem.message || t("offline")); }, [t]);
  useEffect(() => {
    api.teams().then(setTeams, failed);
    api.accounts().then((all) => setPeople(all.filter((one) => one.role !== "admin" && !one.disabled)), failed);
  }, [failed]);
  const change = async (scope: string, add: string[], remove: string[]): Promise<boolean> => {
    setError(null);
    try {
      const made = await api.changeTeam(scope, add, remove);
      setTeams((known) => (known ?? []).map((one) => (one.case === scope ? made : one)));
      return true;
    } catch (problem) {
      failed(problem);
      return false;
    }
  };
  return (
    <>
      <p className="quiet about">{t("teams_hint")}</p>
      {error && <p className="banner bad" role="alert">{error}</p>}
      {teams === null && error === null && <p className="quiet" aria-busy="true">{t("loading")}</p>}
      {teams?.length === 0 && <p className="quiet">{t("no_cases")}</p>}
      <datalist id="people">{people.map((one) => <option key={one.name} value={one.name}>{one.shown_name}</option>)}</datalist>
      <ul className="teams">
        {teams?.map((team) => <Team key={team.case} team={team} onChange={change} onRecord={onRecord} />)}
      </ul>
    </>
  );
}

interface TeamProps {
  team: TeamInfo;
  onChange: (scope: string, add: string[], remove: string[]) => Promise<boolean>;
  onRecord: (scope: string) => void;
}

function Team({ team, onChange, onRecord }: TeamProps) {
  const t = useText();
  const [name, setName] = useState("");
  const enter = async () => {
    if (await onChange(team.case, [name.trim()], [])) setName("");
  };
  return (
    <li className="card">
      <div className="row">
        <h2 className="mono grow">{team.case}</h2>
        <button onClick={() => onRecord(team.case)}>{t("record_open")}</button>
      </div>
      <p className="quiet mono">{team.runs.join(", ")}</p>
      <ul className="members" aria-label={t("team_of", { case: team.case })}>
        {team.members.length === 0 && <li className="quiet">{t("team_nobody")}</li>}
        {team.members.map((user) => (
          <li key={user}>
            <span>{user}</span>
            <button className="icon" aria-label={t("team_remove", { name: user })} title={t("team_remove", { name: user })} onClick={() => void onChange(team.case, [], [user])}>×</button>
          </li>
        ))}
      </ul>
      {team.emergency.map((one) => <p key={one.started} className="emergency">⚠ {t("emergency_by", { name: one.name })} <Moment iso={one.started} /></p>)}
      <form className="row" onSubmit={(e) => { e.preventDefault(); void enter(); }}>
        <input list="people" value={name} onChange={(e) => setName(e.target.value)} placeholder={t("team_name")} aria-label={t("team_add_to", { case: team.case })} maxLength={300} />
        <button disabled={!name.trim()}>{t("team_add")}</button>
      </form>
    </li>
  );
}
