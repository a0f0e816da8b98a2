export interface Piece { text: string; kind: "same" | "added" | "removed" }

// Words with the space after them; each Chinese character by itself.
const WORDS = /[\u3400-\u9fff]|[^\s\u3400-\u9fff]+\s*|\s+/g;

/** What became of a sentence, word by word: the longest common run of words stays, the rest was removed or added. */
export function difference(before: string, after: string): Piece[] {
  const a = before.match(WORDS) ?? [], b = after.match(WORDS) ?? [];
  const same = (i: number, j: number) => a[i]?.trim() === b[j]?.trim();
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) (longest[i] as Uint16Array)[j] = same(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const pieces: Piece[] = [];
  const add = (kind: Piece["kind"], text: string) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && same(i, j)) {
      add("same", b[j] ?? "");
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) add("removed", a[i++] ?? "");
    else add("added", b[j++] ?? "");
  }
  return pieces;
}
