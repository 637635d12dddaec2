// A text cut into plain pieces and links, for both sides of a chat: nothing in it is ever read as HTML, and only http,
// https and mail addresses become links.

export interface Piece {
  text: string;
  /** Where the link leads; absent: plain text. */
  href?: string;
}

const FOUND = /https?:\/\/[^\s<>"'`\u0000-\u0020]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/g;
/** A sentence's own signs at the end of an address. */
const TRAILING = /[.,;:!?)\]}»”’]+$/;

export function pieces(text: string): Piece[] {
  const cut: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(FOUND)) {
    const found = withoutTrailing(match[0]);
    const href = safe(found);
    if (href === null) continue;
    if (match.index > at) cut.push({ text: text.slice(at, match.index) });
    cut.push({ text: found, href });
    at = match.index + found.length;
  }
  if (at < text.length) cut.push({ text: text.slice(at) });
  return cut;
}

function withoutTrailing(found: string): string {
  const end = TRAILING.exec(found)?.[0] ?? "";
  // A closing bracket that was opened within the address is a part of it.
  if (end.startsWith(")") && found.includes("(")) return found.slice(0, found.length - end.length + 1);
  return found.slice(0, found.length - end.length);
}

function safe(found: string): string | null {
  if (!/^https?:/i.test(found)) return found.includes("@") ? `mailto:${found}` : null;
  try {
    const url = new URL(found);
    // A name and password in an address make one site look like another.
    return url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}
