import { useRef, useState } from "react";
import { useText } from "../text";

export interface Shown { source: string; alt: string; kind: "picture" | "page" }

/** What opens a picture over the page, and the dialog it opens in. */
export function useEnlarged(): [(shown: Shown) => void, React.ReactNode] {
  const t = useText();
  const [large, setLarge] = useState<Shown | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const open = (shown: Shown) => {
    setLarge(shown);
    dialog.current?.showModal();
  };
  return [open, (
    <dialog ref={dialog} className={`large ${large?.kind ?? ""}`} aria-label={t("enlarge")} onClick={() => dialog.current?.close()}>
      <button autoFocus>{t("close")}</button>
      {large && <img src={large.source} alt={large.alt} />}
    </dialog>
  )];
}
