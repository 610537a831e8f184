/** Text with generated sections between marks; whatever stands outside of them is written by hand and stays. */

/** @param {string} name */
function marks(name) {
  return { from: `<!-- measured: ${name} -->`, to: `<!-- end of ${name} -->` };
}

/**
 * @param {string} text @param {string} name @param {string} section
 * @throws {Error} if the text has no place for it
 */
export function withSection(text, name, section) {
  const { from, to } = marks(name);
  const start = text.indexOf(from);
  const end = text.indexOf(to);
  if (start === -1 || end < start) throw new Error(`there are no marks for ${name}`);
  return `${text.slice(0, start + from.length)}\n${section}\n${text.slice(end)}`;
}

/** @param {readonly string[]} header @param {readonly (readonly string[])[]} rows */
export function markdownTable(header, rows) {
  return [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
