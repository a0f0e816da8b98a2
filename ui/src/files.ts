/** A chosen file with its path inside what was chosen. */
export interface Picked { path: string; file: File }

/** All files of what was dropped; folders are walked. */
export async function pickFrom(items: DataTransferItem[]): Promise<Picked[]> {
  // Entries must be taken before the first wait: the browser empties the list after the event.
  const entries = items.map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: Picked[] = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

async function walk(entry: FileSystemEntry, before: string, found: Picked[]): Promise<void> {
  if (entry.name.startsWith(".")) return;
  const path = before ? `${before}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (part.length === 0) return;
    for (const child of part) await walk(child, path, found);
  }
}

/** Paths without the folder that all of them share, unless that folder means something in a case. */
export function withoutTop(files: Picked[]): Picked[] {
  const visible = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  const tops = new Set(visible.map(({ path }) => path.split("/")[0] ?? ""));
  const [top] = tops;
  const shared = tops.size === 1 && top !== undefined && visible.every(({ path }) => path.includes("/"));
  if (!shared || ["notes", "imaging", "fhir"].includes(top)) return visible;
  return visible.map(({ path, file }) => ({ path: path.slice(top.length + 1), file }));
}
