import { useCallback, useContext, useEffect, useRef, useState } from "react";
import { api, ApiError, upload } from "../api";
import { pickFrom, withoutTop, type Picked } from "../files";
import { LanguageContext, megabytes, useText } from "../text";
import type { Language, Trouble, Understood } from "../types";
import { patientText } from "./CaseList";

interface Props {
  start: { transfer: DataTransferItem[] | null; example?: boolean };
  onClose: () => void;
  onStarted: (runId: string) => void;
}

export function NewCase({ start, onClose, onStarted }: Props) {
  const t = useText();
  const page = useContext(LanguageContext);
  const dialog = useRef<HTMLDialogElement>(null);
  const caseId = useRef<string | null>(null);
  const [sending, setSending] = useState<{ name: string; share: number } | null>(null);
  const [looking, setLooking] = useState(false);
  const [found, setFound] = useState<Understood | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [question, setQuestion] = useState("");
  const [language, setLanguage] = useState<Language>(page);
  const [starting, setStarting] = useState(false);

  const look = useCallback(async (id: string) => {
    setLooking(true);
    try {
      const understood = await api.understood(id);
      setFound(understood);
      setQuestion((before) => before || understood.question || "");
    } finally {
      setLooking(false);
    }
  }, []);
  const guarded = useCallback(async (what: () => Promise<void>) => {
    setTrouble(null);
    try {
      await what();
    } catch (problem) {
      setTrouble(problem instanceof ApiError ? problem.trouble : { kind: "failed", message: String(problem) });
    } finally {
      setSending(null);
    }
  }, []);
  const take = useCallback((files: Picked[]) => guarded(async () => {
    if (files.length === 0) return;
    caseId.current ??= (await api.newCase()).id;
    const all = files.reduce((sum, f) => sum + f.file.size, 0) || 1;
    let before = 0;
    for (const { path, file } of withoutTop(files)) {
      setSending({ name: path, share: before / all });
      await upload(caseId.current, path, file, (sent) => setSending({ name: path, share: (before + sent) / all }));
      before += file.size;
    }
    await look(caseId.current);
  }), [guarded, look]);

  const begun = useRef(false);
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.focus();
    if (begun.current) return;
    begun.current = true;
    if (start.transfer) void pickFrom(start.transfer).then(take);
    if (start.example) {
      void guarded(async () => {
        caseId.current = (await api.example()).id;
        await look(caseId.current);
      });
    }
  }, [start, take, guarded, look]);

  const discard = () => {
    if (caseId.current) void api.removeCase(caseId.current).catch(() => undefined);
    onClose();
  };
  const begin = () => guarded(async () => {
    if (!caseId.current) return;
    setStarting(true);
    try {
      onStarted((await api.start({ case: caseId.current, question: question.trim() || null, language })).id);
    } finally {
      setStarting(false);
    }
  });
  const message = trouble && (trouble.kind === "offline" ? t("offline") : trouble.kind === "busy" ? t("queue_full") : trouble.message);
  return (
    <dialog
      ref={dialog} className="new" tabIndex={-1} onCancel={(e) => { e.preventDefault(); discard(); }} aria-label={t("new_title")}
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => { e.preventDefault(); e.stopPropagation(); void pickFrom(Array.from(e.dataTransfer.items)).then(take); }}
    >
      <div className="dialog-head"><h2>{t("new_title")}</h2><button className="icon" aria-label={t("close")} onClick={discard}>×</button></div>
      <div className="scroll">
        {!found && !looking && !sending && <Drop onFiles={(files) => void take(files)} />}
        {sending && <div className="sending" role="status"><p>{t("uploading", { name: sending.name })}</p><progress value={sending.share} max={1} /></div>}
        {looking && <p className="now" role="status"><span className="spinner" />{t("understanding")}</p>}
        {message && <p className="banner bad" role="alert">{message}</p>}
        {found && !looking && <Shown found={found} onFiles={(files) => void take(files)} />}
      </div>
      {found && !found.problem && (
        <div className="dialog-foot">
          <label>{t("question")}
            <textarea rows={2} value={question} maxLength={4000} placeholder={t("question_hint")} onChange={(e) => setQuestion(e.target.value)} />
          </label>
          <div className="row">
            <label className="inline">{t("draft_language")}{" "}
              <select value={language} onChange={(e) => setLanguage(e.target.value as Language)}><option value="en">English</option><option value="zh">中文</option></select>
            </label>
            <span className="grow" />
            <button onClick={discard}>{t("discard")}</button>
            <button className="primary" disabled={starting || looking || sending !== null} onClick={() => void begin()}>{t(starting ? "starting" : "start")}</button>
          </div>
        </div>
      )}
    </dialog>
  );
}

function Drop({ onFiles }: { onFiles: (files: Picked[]) => void }) {
  const t = useText();
  return <div className="drop"><strong>{t("drop")}</strong><p className="quiet">{t("drop_hint")}</p><Choose onFiles={onFiles} /></div>;
}

function Choose({ onFiles }: { onFiles: (files: Picked[]) => void }) {
  const t = useText();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => folder.current?.setAttribute("webkitdirectory", ""), []);
  const pick = (list: FileList | null) => onFiles(Array.from(list ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file })));
  return (
    <div className="row">
      <input ref={files} type="file" multiple hidden data-role="files" onChange={(e) => pick(e.target.files)} />
      <input ref={folder} type="file" multiple hidden data-role="folder" onChange={(e) => pick(e.target.files)} />
      <button onClick={() => files.current?.click()}>{t("choose_files")}</button>
      <button onClick={() => folder.current?.click()}>{t("choose_folder")}</button>
    </div>
  );
}

function Shown({ found, onFiles }: { found: Understood; onFiles: (files: Picked[]) => void }) {
  const t = useText();
  const nameOf = (handle: string) => found.attachments.find((a) => a.handle === handle)?.name ?? (handle === "case" ? "case.yaml" : handle);
  const handles = [...new Set(found.facts.map((fact) => fact.handle))];
  return (
    <div className="understood">
      {found.synthetic && <p className="synthetic block">{t("synthetic")}</p>}
      {found.problem && (
        <div className="banner bad column" role="alert">
          <strong>{t("cannot_use")}: {found.problem.file ?? ""}{found.problem.place ? `, ${found.problem.place}` : ""}</strong>
          <span>{found.problem.problem ?? found.problem.message}</span>
          {found.problem.accepted && <span>{t("accepted_is", { text: found.problem.accepted })}</span>}
        </div>
      )}
      {found.patient && (
        <>
          <h3>{t("understood")}</h3>
          <p className="quiet">{t("understood_hint")}</p>
          <p className="patient-line"><b>{found.patient.id}</b> {patientText(found.patient, t)}</p>
        </>
      )}
      {found.warnings.length > 0 && <div className="banner warn column"><strong>{t("warnings")}</strong>{found.warnings.map((w) => <span key={w}>{w}</span>)}</div>}
      {handles.map((handle) => (
        <details key={handle} className="fold" open>
          <summary>{nameOf(handle)} <span className="quiet">{found.facts.filter((f) => f.handle === handle).length}</span></summary>
          {grouped(found.facts.filter((f) => f.handle === handle)).map(([group, facts]) => (
            <section key={group}>
              <h4>{t(`group.${group}`)}</h4>
              <ul className="facts">{facts.map((fact) => <li key={fact.claim + fact.place} title={fact.place}>{fact.claim}</li>)}</ul>
            </section>
          ))}
        </details>
      ))}
      <h3>{t("files")}</h3>
      <ul className="files">
        {found.notes.map((note) => (
          <li key={note.handle}><span>{note.title}</span><span className="quiet">{[t("evidence.note_span"), note.date, t("characters", { n: note.characters })].filter(Boolean).join(" · ")}</span></li>
        ))}
        {found.attachments.map((file) => {
          const parts = [file.kind, file.modality, file.body_part, file.assembly, file.origin, file.acquired];
          return <li key={file.handle}><span>{file.name}</span><span className="quiet">{parts.filter(Boolean).join(" · ")}</span></li>;
        })}
        {found.notes.length + found.attachments.length === 0 && found.files.map((file) => <li key={file.path}><span>{file.path}</span><span className="quiet">{megabytes(file.size_bytes)}</span></li>)}
      </ul>
      {found.notes.length > 0 && <p className="quiet">{t("notes_later")}</p>}
      <div className="again"><span className="quiet">{t("add_more")}</span><Choose onFiles={onFiles} /></div>
    </div>
  );
}

const GROUPS = ["allergies", "medications", "conditions", "tumour", "family", "observations", "patient", "other"] as const;
const GROUP_OF: Record<string, (typeof GROUPS)[number]> = {
  allergies: "allergies", AllergyIntolerance: "allergies", medications: "medications", MedicationStatement: "medications", MedicationRequest: "medications",
  conditions: "conditions", Condition: "conditions", tumour: "tumour", biomarkers: "tumour", family_history: "family", FamilyMemberHistory: "family",
  observations: "observations", Observation: "observations", patient: "patient", Patient: "patient",
};

/** What was read, in the order in which a physician checks it. */
export function grouped(facts: Understood["facts"]): [(typeof GROUPS)[number], Understood["facts"]][] {
  const of = (place: string) => GROUP_OF[/^[A-Za-z_]+/.exec(place)?.[0] ?? ""] ?? "other";
  return GROUPS.map((group) => [group, facts.filter((fact) => of(fact.place) === group)] as [(typeof GROUPS)[number], Understood["facts"]]).filter(([, found]) => found.length > 0);
}
