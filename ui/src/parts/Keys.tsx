import { useEffect, useRef } from "react";
import { useText } from "../text";

const ROWS = [
  ["/", "key.ask"], ["1", "key.conversation"], ["2", "key.draft"], ["n", "key.new"], ["j k", "key.move"], ["a", "accept"], ["e", "edit"],
  ["r", "reject"], ["u", "undo"], ["o", "key.evidence"], ["Esc", "key.close"], ["?", "key.help"],
] as const;

interface Props { onTab: (tab: "conversation" | "draft") => void; onNew: () => void; onClose: () => void }

/** Keys that work everywhere, and the list of all keys on "?". Nothing is taken while somebody types. */
export function Keys({ onTab, onNew, onClose }: Props) {
  const t = useText();
  const help = useRef<HTMLDialogElement>(null);
  const act = useRef<(event: KeyboardEvent) => void>(() => undefined);
  act.current = (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || target.closest("input:not([type=range]), textarea, select")) return;
    const actions: Record<string, () => void> = {
      "?": () => help.current?.showModal(),
      "1": () => onTab("conversation"),
      "2": () => onTab("draft"),
      n: onNew,
      Escape: onClose,
      "/": () => {
        onTab("conversation");
        setTimeout(() => document.getElementById("ask")?.focus());
      },
    };
    const action = actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  };
  useEffect(() => {
    const listen = (event: KeyboardEvent) => act.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  return (
    <dialog ref={help} className="help" aria-label={t("keys_title")} onClick={(e) => e.target === help.current && help.current?.close()}>
      <div className="dialog-head"><h2>{t("keys_title")}</h2><button className="icon" aria-label={t("close")} onClick={() => help.current?.close()}>×</button></div>
      <dl className="rows">{ROWS.map(([key, text]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(text)}</dd></div>)}</dl>
    </dialog>
  );
}
