import { useEffect, useState } from "react";
import { api, ApiError } from "../api";
import { unitText, useText, type Say } from "../text";
import type { Estimate, FactInfo, Override, ResolvedInput, WhatIf } from "../types";

/** A risk with its inputs: change one, and the result is computed again by the same model. */
export function RiskView({ runId, model }: { runId: string; model: string; signed: boolean }) {
  const t = useText();
  const [base, setBase] = useState<WhatIf | null>(null);
  const [changed, setChanged] = useState<WhatIf | null>(null);
  const [overrides, setOverrides] = useState<Record<string, Override>>({});
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    api.whatIf(runId, [model], [], true).then(setBase, (problem: unknown) => setError(problem instanceof ApiError ? problem.message : ""));
  }, [runId, model]);
  useEffect(() => {
    const given = Object.values(overrides);
    if (given.length === 0) {
      setChanged(null);
      setError(null);
      return;
    }
    let late = false;
    const timer = setTimeout(() => {
      api.whatIf(runId, [model], given, false).then(
        (found) => { if (!late) { setChanged(found); setError(null); } },
        (problem: unknown) => { if (!late && problem instanceof ApiError) setError(problem.message || t("offline")); },
      );
    }, 120);
    return () => { late = true; clearTimeout(timer); };
  }, [runId, model, overrides, t]);

  const now = base?.payload.estimates[0];
  if (!base || !now) return error ? <p className="why">{error}</p> : <p className="quiet" aria-busy="true">{t("loading")}</p>;
  const then = changed?.payload.what_if[0];
  const why = base.payload.explanations[0]?.explanation;
  const set = (input: ResolvedInput, value: number | string | boolean) => {
    setOverrides((before) => ({ ...before, [input.fact]: { name: input.fact, value, unit: input.unit } }));
  };
  return (
    <div className="risk">
      <div className="results">
        <Result title={t("risk_now")} estimate={now} t={t} />
        {then && <Result title={t("risk_then")} estimate={then} t={t} changed />}
      </div>
      {error && <p className="why" role="alert">{error}</p>}
      <section>
        <div className="head"><h3>{t("what_if")}</h3>
          {Object.keys(overrides).length > 0 && <button className="plain" onClick={() => setOverrides({})}>{t("reset")}</button>}
        </div>
        <p className="quiet">{t("what_if_hint")}</p>
        {now.inputs.map((input) => (
          <Input key={input.key} input={input} info={base.facts[input.fact]} value={overrides[input.fact]?.value ?? input.value} onSet={(v) => set(input, v)} t={t} />
        ))}
      </section>
      {why && why.contributions.length > 0 && (
        <section><h3>{t("contributions")}</h3>
          <Bars rows={why.contributions.map((c) => ({ label: c.label, value: c.on_result_scale }))} />
          <p className="quiet">{t("against", { text: why.reference_patient })}</p>
        </section>
      )}
      {now.assumptions.length > 0 && <section><h3>{t("assumptions")}</h3><ul>{now.assumptions.map((a) => <li key={a}>{a}</li>)}</ul></section>}
      {now.limits && <section><h3>{t("limits")}</h3><p>{now.limits}</p></section>}
    </div>
  );
}

function Result({ title, estimate, t, changed }: { title: string; estimate: Estimate; t: Say; changed?: boolean }) {
  return (
    <div className={`result${changed ? " changed" : ""}`} role={changed ? "status" : undefined}>
      <p className="kind">{title}</p>
      {estimate.status !== "computed" && <p>{t("risk_not")}: {estimate.problems.map((p) => p.text).join(" ")}</p>}
      {estimate.outputs.slice(0, 3).map((output) => (
        <p key={output.key}>
          <b>{output.text ?? output.shown ?? "–"}</b> {unitText(output.unit, t)}
          <span className="quiet"> {output.title}{output.band ? ` · ${output.band}` : ""}{output.meaning ? `, ${output.meaning}` : ""}</span>
        </p>
      ))}
    </div>
  );
}

interface InputProps {
  input: ResolvedInput;
  info: FactInfo | undefined;
  value: number | string | boolean | null;
  onSet: (value: number | string | boolean) => void;
  t: Say;
}

function Input({ input, info, value, onSet, t }: InputProps) {
  const name = `${input.label}`;
  const unit = unitText(input.unit, t);
  const origin = <span className={`origin ${input.how}`}>{t(input.how)}</span>;
  if (info?.kind === "boolean") {
    return <label className="input"><span>{name} {origin}</span><input type="checkbox" checked={value === true} onChange={(e) => onSet(e.target.checked)} /></label>;
  }
  if (info?.kind === "code") {
    return (
      <label className="input"><span>{name} {origin}</span>
        <select value={String(value ?? "")} onChange={(e) => onSet(e.target.value)}>
          {value === null && <option value="">{t("not_recorded")}</option>}
          {Object.entries(info.choices).map(([key, label]) => <option key={key} value={key}>{label}</option>)}
        </select>
      </label>
    );
  }
  if (typeof input.value !== "number") return <p className="input"><span>{name} {origin}</span><span>{String(value ?? t("not_recorded"))}</span></p>;
  const [low, high, step] = rangeOf(input.value, info);
  return (
    <label className="input"><span>{name} {origin}</span>
      <span className="slide">
        <input type="range" min={low} max={high} step={step} value={Number(value)} onChange={(e) => onSet(Number(e.target.value))} />
        <output>{Number(value)} {unit}</output>
      </span>
    </label>
  );
}

/** From a third to three times the value, within what is plausible. */
export function rangeOf(value: number, info: FactInfo | undefined): [number, number, number] {
  const step = info?.kind === "integer" || Math.abs(value) >= 20 ? 1 : Math.abs(value) >= 3 ? 0.1 : 0.01;
  const reach = Math.max(Math.abs(value), step * 5);
  const round = (n: number) => Math.round(n / step) * step;
  const low = Math.max(info?.low ?? 0, round(value - reach * 0.67));
  const high = Math.min(info?.high ?? Infinity, round(value + reach * 2));
  return [Number(low.toFixed(2)), Number(high.toFixed(2)), step];
}

function Bars({ rows }: { rows: { label: string; value: number }[] }) {
  const most = Math.max(...rows.map((row) => Math.abs(row.value)), 1e-9);
  return (
    <table className="bars">
      <tbody>
        {[...rows].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).map((row) => (
          <tr key={row.label}>
            <th scope="row">{row.label}</th>
            <td className="bar"><span className={row.value < 0 ? "down" : "up"} style={{ width: `${(Math.abs(row.value) / most) * 100}%` }} /></td>
            <td className="number">{row.value > 0 ? "+" : ""}{row.value.toPrecision(2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
