import { inWords, withNames } from "../names";
import { toolTitle, useText, type Say } from "../text";
import type { Evidence } from "../types";

interface Props {
  tool: string;
  running: boolean;
  progress: string;
  seconds: number | null;
  claims: Evidence[];
  count: number;
  failed: string | null;
  message: string;
  args: Record<string, unknown>;
  /** Files by their handles. */
  names: Map<string, string>;
  onOpen: (id: string) => void;
}

const SHOWN = 5;

/** One tool: what it does, how far it is, what it found, in plain words. */
export function ToolCard({ tool, running, progress, seconds, claims, count, failed, message, args, names, onOpen }: Props) {
  const t = useText();
  const files = [...new Set(Object.values(args).flat().flatMap((value) => (typeof value === "string" ? names.get(value) ?? [] : [])))];
  const given = Object.entries(args).filter(([, value]) => value !== null && value !== undefined);
  const outcome = failed ? t("tool_failed") : count > 0 ? t("findings_found", { n: count }) : t("nothing_found");
  return (
    <details className={`tool${running ? " running" : ""}${failed ? " failed" : ""}`}>
      <summary>
        <span className="mark" aria-hidden="true">{running ? "" : failed ? "–" : "✓"}</span>
        <span className="title">{toolTitle(t, tool)}{files.length > 0 && <span className="quiet"> {files.slice(0, 2).join(", ")}{files.length > 2 ? " …" : ""}</span>}</span>
        <span className="quiet" role={running ? "status" : undefined}>
          {running ? withNames(progress, names) || "…" : `${outcome}${seconds !== null ? ` · ${seconds.toFixed(1)} s` : ""}`}
        </span>
      </summary>
      <div className="inside">
        {given.length > 0 && (
          <p className="quiet">{t("arguments")}: {given.map(([name, value]) => `${argument(t, name)} ${inWords(value, names)}`).join(", ")}</p>
        )}
        {failed && <p>{withNames(message, names) || t("tool_failed")}</p>}
        <ul>
          {claims.slice(0, SHOWN).map((item) => (
            <li key={item.id}><button className="link" onClick={() => onOpen(item.id)}>{item.claim}</button></li>
          ))}
        </ul>
        {claims.length > SHOWN && <p className="quiet">{t("more", { n: claims.length - SHOWN })}</p>}
      </div>
    </details>
  );
}

function argument(t: Say, name: string): string {
  const text = t(`arg.${name}`);
  return text === `arg.${name}` ? name.replaceAll("_", " ") : text;
}
