import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, ApiError, SESSION_OVER } from "./api";
import { LanguageContext, say } from "./text";
import type { Language, RunHead, SessionState } from "./types";
import { useRun } from "./useRun";
import { CaseList } from "./parts/CaseList";
import { Conversation } from "./parts/Conversation";
import { DraftPane } from "./parts/DraftPane";
import { Export } from "./parts/Export";
import { Keys } from "./parts/Keys";
import { EvidencePane, type Opened } from "./parts/EvidencePane";
import { NewCase } from "./parts/NewCase";
import { Header } from "./parts/Header";
import { ActorContext, Login } from "./parts/Login";
import { Office } from "./parts/Office";
import { RecordDialog } from "./parts/Record";

type Tab = "conversation" | "draft";

function remembered<T extends string>(key: string, fallback: T): T {
  try {
    return (localStorage.getItem(key) as T | null) ?? fallback;
  } catch {
    return fallback;
  }
}

function runInAddress(): string | null {
  return /^#\/run\/([\w-]+)$/.exec(location.hash)?.[1] ?? null;
}

export function App() {
  const [language, setLanguage] = useState<Language>(() => remembered("language", navigator.language.startsWith("zh") ? "zh" : "en"));
  const [theme, setTheme] = useState(() => remembered<"auto" | "light" | "dark">("theme", "auto"));
  const [runs, setRuns] = useState<RunHead[] | null>(null);
  const [chosen, setChosen] = useState<string | null>(runInAddress);
  const [tab, setTab] = useState<Tab>("conversation");
  const [opened, setOpened] = useState<Opened | null>(null);
  const [adding, setAdding] = useState<{ transfer: DataTransferItem[] | null; example?: boolean } | null>(null);
  const [example, setExample] = useState(false);
  const [wide, setWide] = useState(false);
  const [dragged, setDragged] = useState(false);
  const [menu, setMenu] = useState(false);
  const [record, setRecord] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [session, setSession] = useState<SessionState | null>(null);

  const loadRuns = useCallback(async () => {
    try {
      setRuns(await api.runs());
      setProblem(null);
    } catch (error) {
      if (error instanceof ApiError) setProblem(error);
    }
  }, []);
  const refresh = useCallback(() => void loadRuns(), [loadRuns]);
  const actor = session?.actor ?? null;
  const clinical = actor?.permissions.includes("case.list") ?? false;
  // A link to a case may be opened before one logs in.
  const view = useRun(clinical ? chosen : null, refresh);

  useEffect(() => {
    const move = () => setChosen(runInAddress());
    addEventListener("hashchange", move);
    return () => removeEventListener("hashchange", move);
  }, []);

  // Anew when the service says that the session is over.
  const askWho = useCallback(() => {
    api.session().then((found) => {
      setSession(found);
      setProblem(null);
    }, (error: unknown) => { if (error instanceof ApiError) setProblem(error); });
  }, []);
  useEffect(() => {
    askWho();
    addEventListener(SESSION_OVER, askWho);
    return () => removeEventListener(SESSION_OVER, askWho);
  }, [askWho]);
  const wasIn = useRef(false);
  if (actor !== null) wasIn.current = true;
  useEffect(() => {
    if (!clinical) return;
    void loadRuns();
    api.hello().then((hello) => setExample(hello.example), () => undefined);
  }, [clinical, loadRuns]);

  const waiting = runs?.some((run) => run.place !== null) ?? false;
  useEffect(() => {
    if (!waiting && problem?.status !== 0) return;
    const timer = setInterval(refresh, 4000);
    return () => clearInterval(timer);
  }, [waiting, problem, refresh]);

  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset["theme"] = theme;
    try {
      localStorage.setItem("language", language);
      localStorage.setItem("theme", theme);
    } catch {
      // Private windows may refuse; the choice then lasts as long as the page.
    }
  }, [language, theme]);

  const choose = useCallback((id: string) => {
    location.hash = `#/run/${id}`;
    setChosen(id);
    setOpened(null);
    setMenu(false);
    setTab("conversation");
  }, []);

  const t = useMemo(() => (key: string, values?: Record<string, string | number>) => say(language, key, values), [language]);

  const over = (event: React.DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setDragged(true);
  };
  const drop = (event: React.DragEvent) => {
    setDragged(false);
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setAdding({ transfer: Array.from(event.dataTransfer.items) });
  };

  const toDraft = useCallback(() => setTab("draft"), []);
  const leave = () => void api.logOut().then((ended) => location.assign(ended.go_to ?? "/"), () => undefined);
  if (session !== null && actor === null) {
    return <LanguageContext.Provider value={language}><Login ways={session.ways} again={wasIn.current} onDone={askWho} /></LanguageContext.Provider>;
  }
  if (actor !== null && actor.permissions.includes("accounts")) {
    return (
      <LanguageContext.Provider value={language}><ActorContext.Provider value={actor}>
        <Office actor={actor} language={language} onLanguage={setLanguage} onTheme={() => setTheme(nextTheme(theme))} onLeave={leave} />
      </ActorContext.Provider></LanguageContext.Provider>
    );
  }
  if (actor !== null && !clinical) {
    return (
      <main className="login">
        <h1>{actor.name}</h1>
        <p>{t("no_clinical")}</p>
        <button onClick={leave}>{t("log_out")}</button>
      </main>
    );
  }
  const head = view.detail?.run ?? null;
  return (
    <LanguageContext.Provider value={language}><ActorContext.Provider value={actor}>
      <div className={`app${chosen === null ? " no-case" : ""}${opened ? " with-evidence" : ""}${wide && opened ? " wide" : ""}${menu ? " with-menu" : ""}`} onDragOver={over} onDragLeave={(e) => { if (e.relatedTarget === null) setDragged(false); }} onDrop={drop}>
        {dragged && !adding && <div className="dropping" aria-hidden="true"><strong>{t("drop_new")}</strong></div>}
        <a className="skip" href="#middle">{t("skip")}</a>
        <Header
          head={head} language={language} onLanguage={setLanguage} onMenu={() => setMenu(!menu)}
          onTheme={() => setTheme(nextTheme(theme))} onLeave={session?.ways.includes("link") ? null : leave}
          onRecord={actor?.permissions.includes("case.record") ? () => setRecord(true) : null}
        />
        {problem?.status === 0 && <div className="banner warn" role="alert">{t("offline")}</div>}
        {menu && <div className="scrim" onClick={() => setMenu(false)} />}
        <nav className="left" aria-label={t("cases")}>
          <CaseList
            runs={runs} chosen={chosen} onChoose={choose} onNew={() => setAdding({ transfer: null })}
            onExample={example ? () => setAdding({ transfer: null, example: true }) : null} onChanged={refresh}
          />
        </nav>
        <main className="middle" id="middle" tabIndex={-1}>
          {chosen === null ? (
            <div className="empty big home">
              <img src="/assets/icon.svg" alt="" width="56" height="56" />
              <strong>{t("drop")}</strong>
              <p>{t("drop_hint")}</p>
              <div className="row">
                <button className="primary" onClick={() => setAdding({ transfer: null })}>{t("new_case")}</button>
                {example && <button onClick={() => setAdding({ transfer: null, example: true })}>{t("open_example")}</button>}
              </div>
              {runs !== null && runs.length > 0 && <p>{t("pick_case")}</p>}
            </div>
          ) : (
            <>
              <div className="tabs">
                <div role="tablist" onKeyDown={(e) => { if (e.key === "ArrowLeft" || e.key === "ArrowRight") setTab(tab === "draft" ? "conversation" : "draft"); }}>
                  {(["conversation", "draft"] as const).map((name) => (
                    <button key={name} role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
                      {t(name)}
                      {name === "draft" && view.draft && <span className="count">{view.draft.statements.length}</span>}
                    </button>
                  ))}
                </div>
                {view.draft && <Export view={view} draft={view.draft} />}
              </div>
              {view.error && view.error.status !== 0 && <div className="banner bad" role="alert">{view.error.message}</div>}
              {/* Both stay, so that no unsent word and no place in the draft is lost; none of it goes to another case. */}
              <div className="view" role="tabpanel" aria-label={t("conversation")} key={`${chosen} conversation`} hidden={tab !== "conversation"}>
                <Conversation view={view} opened={opened} onOpen={setOpened} onDraft={toDraft} onChanged={refresh} />
              </div>
              <div className="view" role="tabpanel" aria-label={t("draft")} key={`${chosen} draft`} hidden={tab !== "draft"}>
                <DraftPane view={view} active={tab === "draft"} opened={opened} onOpen={setOpened} onChanged={refresh} />
              </div>
            </>
          )}
        </main>
        <aside className="right" aria-label={t("evidence")}>
          {chosen !== null && <EvidencePane key={chosen} runId={chosen} view={view} opened={opened} onOpen={setOpened} wide={wide} onWide={() => setWide(!wide)} />}
        </aside>
        <Keys onTab={setTab} onNew={() => setAdding({ transfer: null })} onClose={() => (menu ? setMenu(false) : setOpened(null))} />
        {record && chosen !== null && <RecordDialog run={chosen} onClose={() => setRecord(false)} />}
        {adding && (
          <NewCase
            start={adding}
            onClose={() => setAdding(null)}
            onStarted={(id) => { setAdding(null); void loadRuns(); choose(id); }}
          />
        )}
      </div>
    </ActorContext.Provider></LanguageContext.Provider>
  );
}

function nextTheme(theme: "auto" | "light" | "dark"): "light" | "dark" {
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  return dark ? "light" : "dark";
}
