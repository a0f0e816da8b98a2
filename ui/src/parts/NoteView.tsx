import { useEffect, useRef, useState } from "react";
import { api } from "../api";
import { spanOf, useText } from "../text";
import type { Locator } from "../types";

/** The whole note with the cited words marked and scrolled to. */
export function NoteView({ runId, at }: { runId: string; at: Extract<Locator, { type: "note" }> }) {
  const t = useText();
  const [note, setNote] = useState<{ title: string; date: string | null; text: string } | null>(null);
  const [failed, setFailed] = useState(false);
  const mark = useRef<HTMLElement>(null);
  useEffect(() => {
    api.note(runId, at.handle).then(setNote, () => setFailed(true));
  }, [runId, at.handle]);
  useEffect(() => {
    const box = mark.current?.closest(".note");
    if (mark.current && box) box.scrollTop = mark.current.offsetTop - box.clientHeight / 3;
  }, [note]);
  if (failed) return <blockquote>{at.quote}<p className="quiet">{t("note_missing")}</p></blockquote>;
  if (!note) return <p className="quiet" aria-busy="true">{t("loading")}</p>;
  const [before, quoted, after] = spanOf(note.text, at.start, at.end);
  return (
    <figure className="note-figure">
      <figcaption>{note.title}{note.date ? ` · ${note.date}` : ""}</figcaption>
      <div className="note" tabIndex={0}>{before}<mark ref={mark}>{quoted}</mark>{after}</div>
    </figure>
  );
}
