import { useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useText } from "../text";
import type { Evidence, Source } from "../types";
import { KindIcon } from "./KindIcon";

interface Props { id: string; source: Source | undefined; evidence?: Evidence | undefined; pressed: boolean; drawn: boolean; onOpen: () => void }

const SHOWN_AFTER_MS = 250;
const HIDDEN_AFTER_MS = 120;
const WIDTH = 340;

/** A citation: its number and kind; before it is opened, a look at where it leads. */
function Chip({ id, source, evidence, pressed, drawn, onOpen }: Props) {
  const t = useText();
  const name = useId();
  const button = useRef<HTMLButtonElement>(null);
  const timer = useRef(0);
  const [spot, setSpot] = useState<DOMRect | null>(null);
  const item = source?.evidence ?? evidence;
  const soon = (open: boolean, after: number) => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setSpot(open ? button.current?.getBoundingClientRect() ?? null : null), after);
  };
  const hide = () => { clearTimeout(timer.current); setSpot(null); };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!spot) return;
    const escape = (event: KeyboardEvent) => { if (event.key === "Escape") { event.stopPropagation(); hide(); } };
    addEventListener("keydown", escape, true);
    addEventListener("scroll", hide, true);
    return () => { removeEventListener("keydown", escape, true); removeEventListener("scroll", hide, true); };
  }, [spot]);
  const kind = item ? t(`evidence.${item.kind}`) : t("evidence_unknown");
  const number = source?.number ?? "";
  return (
    <>
      <button
        ref={button} type="button" className={`chip ${item?.kind ?? ""}`} aria-pressed={pressed} data-evidence={id}
        aria-label={t("cites_kind", { n: number || "–", kind })} aria-describedby={spot ? name : undefined}
        onClick={() => { hide(); onOpen(); }}
        onPointerEnter={(e) => e.pointerType === "mouse" && soon(true, SHOWN_AFTER_MS)} onPointerLeave={() => soon(false, HIDDEN_AFTER_MS)}
        onFocus={(e) => e.target.matches(":focus-visible") && soon(true, SHOWN_AFTER_MS)} onBlur={hide}
      >
        {item && (drawn || number === "") && <KindIcon kind={item.kind} />}{number}
      </button>
      {spot && item && createPortal(
        <div className="peek" id={name} role="tooltip" style={placed(spot)} onPointerEnter={() => clearTimeout(timer.current)} onPointerLeave={() => soon(false, HIDDEN_AFTER_MS)}>
          <p className="kind"><KindIcon kind={item.kind} /> {kind}</p>
          <p>{item.claim}</p>
          {source && <p className="quiet">{source.place}</p>}
        </div>,
        document.body,
      )}
    </>
  );
}

/** Under the chip, or above it in the lower half of the window, and never out of the window. */
function placed(spot: DOMRect): React.CSSProperties {
  const left = Math.max(8, Math.min(spot.left, innerWidth - WIDTH - 8));
  return spot.bottom < innerHeight * 0.65 ? { left, top: spot.bottom + 6 } : { left, bottom: innerHeight - spot.top + 6 };
}

interface RowProps { ids: string[]; sources: Map<string, Source>; evidence?: Map<string, Evidence>; pressed: string | null; onOpen: (id: string) => void }

/** Citations side by side; the kind is drawn where it changes. */
export function ChipRow({ ids, sources, evidence, pressed, onOpen }: RowProps) {
  const kind = (id: string | undefined) => id === undefined ? null : (sources.get(id)?.evidence ?? evidence?.get(id))?.kind ?? null;
  return ids.map((id, i) => (
    <Chip key={id} id={id} source={sources.get(id)} evidence={evidence?.get(id)} pressed={id === pressed} drawn={i === 0 || kind(id) !== kind(ids[i - 1])} onOpen={() => onOpen(id)} />
  ));
}
