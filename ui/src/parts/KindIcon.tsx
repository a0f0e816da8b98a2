// One small drawing a kind of evidence, on a grid of 16; strokes take the colour of the text.
const PATHS: Record<string, string> = {
  note_span: "M3.5 2.5h9v11h-9zM5.5 6h5M5.5 8.5h5M5.5 11h3",
  observation: "M6 2.5h4M6.75 2.5v4L3.2 12.4a.8.8 0 0 0 .7 1.1h8.2a.8.8 0 0 0 .7-1.1L9.25 6.5v-4M5 10h6",
  image_finding: "M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M8 5.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 0 1 0-5.6z",
  variant: "M5 2c0 4 6 4 6 8 0 2-1 3-1 4M11 2c0 4-6 4-6 8 0 2 1 3 1 4M5.6 4h4.8M6 12h4",
  diplotype: "M5.5 2.5v11M10.5 2.5v11M4 5.5h3M9 5.5h3M4 10.5h3M9 10.5h3",
  structure_finding: "M8 2l5.2 3v6L8 14l-5.2-3V5zM8 8l5-3M8 8v6M8 8L3 5",
  risk_estimate: "M2.5 13.5h11M4.5 13.5V9M8 13.5V6M11.5 13.5V2.5",
  recommendation: "M8 4C6.5 2.8 4.5 2.5 2.5 2.5v9.8c2 0 4 .3 5.5 1.5 1.5-1.2 3.5-1.5 5.5-1.5V2.5C11.5 2.5 9.5 2.8 8 4zM8 4v9.8",
  database_record: "M3 4c0-1 2.2-1.7 5-1.7s5 .7 5 1.7-2.2 1.7-5 1.7-5-.7-5-1.7zM3 4v8c0 1 2.2 1.7 5 1.7s5-.7 5-1.7V4M3 8c0 1 2.2 1.7 5 1.7s5-.7 5-1.7",
};

/** What sort of evidence something is, at a glance. The words beside it say it to screen readers. */
export function KindIcon({ kind }: { kind: string }) {
  return (
    <svg className="kind-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" strokeLinecap="round">
      <path d={PATHS[kind] ?? PATHS["database_record"]} />
    </svg>
  );
}
