import { toolTitle, useText } from "../text";
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
  onOpen: (id: string) => void;
}

const SHOWN = 5;

/** One tool: what it does, how far it is, what it found, in plain words. */
export function ToolCard({ tool, running, progress, seconds, claims, count, failed, message, args, onOpen }: Props) {
  const t = useText();
  const given = Object.entries(args).filter(([, value]) => value !== null && value !== undefined);
  const outcome = failed ? t("tool_failed") : count > 0 ? t("findings_found", { n: count }) : t("nothing_found");
  return (
    <details className={`tool${running ? " running" : ""}${failed ? " failed" : ""}`}>
      <summary>
        <span className="mark" aria-hidden="true">{running ? "" : failed ? "–" : "✓"}</span>
        <span className="title">{toolTitle(t, tool)}</span>
        <span className="quiet" role={running ? "status" : undefined}>
          {running ? progress || "…" : `${outcome}${seconds !== null ? ` · ${seconds.toFixed(1)} s` : ""}`}
        </span>
      </summary>
      <div className="inside">
        {given.length > 0 && (
          <p className="quiet">{t("arguments")}: {given.map(([name, value]) => `${name.replaceAll("_", " ")} ${plain(value)}`).join(", ")}</p>
        )}
        {failed && <p>{message || t("tool_failed")}</p>}
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

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object" && value !== null) return Object.values(value).map(plain).join(" ");
  return String(value);
}
