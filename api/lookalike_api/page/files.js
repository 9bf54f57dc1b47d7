// What the page gives away: files, and texts for the clipboard.

//: A spreadsheet takes a cell that begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u;

/** CSV (RFC 4180) of lines of cells. A text that a spreadsheet would compute gets an apostrophe. */
export function csv(lines) {
  return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  const text = Array.isArray(value) ? JSON.stringify(value) : String(value ?? "");
  const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Give a person a file. */
export function save(name, type, text) {
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  // The browser reads it after this event.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Copy a text; `within` is the open dialog, or the page. Whether it was copied. */
export async function copied(text, within) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers have no clipboard for a page over HTTP, unless it is of this machine.
    const area = within.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    area.className = "unseen";
    const focused = document.activeElement;
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    focused.focus();
    return isCopied;
  }
}
