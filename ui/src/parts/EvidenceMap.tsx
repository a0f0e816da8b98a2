import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { around, graphOf } from "../graph";
import { useText } from "../text";
import type { DraftView } from "../types";
import type { Opened } from "./EvidencePane";
import { KindIcon } from "./KindIcon";

interface Props { draft: DraftView; start: string | null; onOpen: (opened: Opened) => void; onClose: () => void }
interface Line { key: string; path: string; strong: boolean }

/** Which evidence carries which conclusion: two columns with lines between them; what is chosen stands out. */
export function EvidenceMap({ draft, start, onOpen, onClose }: Props) {
  const t = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLDivElement>(null);
  const graph = useMemo(() => graphOf(draft.statements, draft.sources), [draft]);
  const [chosen, setChosen] = useState<string | number | null>(start);
  const [lines, setLines] = useState<Line[]>([]);
  const near = useMemo(() => (chosen === null ? null : around(graph, chosen)), [graph, chosen]);
  const evidence = near ? graph.evidence.filter((item) => near.evidence.has(item.id)) : graph.evidence;
  const statements = near ? graph.statements.filter((s) => near.statements.has(s.index)) : graph.statements;
  useEffect(() => dialog.current?.showModal(), []);
  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    const place = (key: string) => box.querySelector<HTMLElement>(`[data-node="${key}"]`);
    const middle = (node: HTMLElement) => node.offsetTop + node.offsetHeight / 2;
    const draw = (): Line[] => [
      ...graph.links.flatMap(({ evidence: id, statement }) => {
        const a = place(id), b = place(String(statement));
        if (!a || !b) return [];
        const x0 = a.offsetLeft + a.offsetWidth, x1 = b.offsetLeft, half = (x0 + x1) / 2;
        return [{ key: `${id}-${statement}`, strong: chosen === id || chosen === statement, path: `M${x0} ${middle(a)} C${half} ${middle(a)} ${half} ${middle(b)} ${x1} ${middle(b)}` }];
      }),
      ...graph.inputs.flatMap(({ from, to }) => {
        const a = place(from), b = place(to);
        if (!a || !b) return [];
        return [{ key: `${from}>${to}`, strong: chosen === from || chosen === to, path: `M${a.offsetLeft} ${middle(a)} C${a.offsetLeft - 34} ${middle(a)} ${b.offsetLeft - 34} ${middle(b)} ${b.offsetLeft} ${middle(b)}` }];
      }),
    ];
    const redraw = () => setLines(draw());
    redraw();
    const watch = new ResizeObserver(redraw);
    watch.observe(box);
    return () => watch.disconnect();
  }, [graph, chosen]);
  const number = new Map(draft.sources.map((source) => [source.evidence.id, source.number]));
  return (
    <dialog ref={dialog} className="map" aria-label={t("map")} onCancel={onClose} onClose={onClose}>
      <div className="dialog-head">
        <h2>{t("map")}</h2>
        {chosen !== null && <button onClick={() => setChosen(null)}>{t("map_all")}</button>}
        <button className="icon" aria-label={t("close")} onClick={() => dialog.current?.close()}>×</button>
      </div>
      <p className="quiet pad-x">{t("map_hint")}</p>
      <div className="scroll">
        <div className="field" ref={field}>
          <svg aria-hidden="true">{lines.map((line) => <path key={line.key} d={line.path} className={line.strong ? "strong" : ""} />)}</svg>
          <ul aria-label={t("evidence")}>
            {evidence.map((item) => (
              <li key={item.id} data-node={item.id}>
                <button aria-pressed={chosen === item.id} onClick={() => (chosen === item.id ? (onOpen({ id: item.id, among: [item.id], statement: null }), dialog.current?.close()) : setChosen(item.id))}>
                  <span className="chip"><KindIcon kind={item.kind} />{number.get(item.id)}</span><span><span className="kind">{t(`evidence.${item.kind}`)}</span> {item.claim}</span>
                </button>
              </li>
            ))}
          </ul>
          <ul aria-label={t("conclusions")}>
            {statements.map((s) => (
              <li key={s.index} data-node={s.index} className={s.status}>
                <button aria-pressed={chosen === s.index} onClick={() => setChosen(s.index)}><span><span className="kind">{t(`section.${s.section}`)}</span> {s.text}</span></button>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </dialog>
  );
}
