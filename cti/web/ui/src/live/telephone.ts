// A telephone number as a link brings it. Pure.

/** The number of `tel:`, `web+tel:` or a plain one, percent-encoded or not; "" when it is none. */
export function telephone(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    return "";
  }
  plain = plain.replace(/^(web\+)?tel:/i, "").split(";")[0] ?? "";
  return /^[+0-9 ()./-]{2,40}$/.test(plain) ? plain.replace(/[./]/g, " ").trim() : "";
}
