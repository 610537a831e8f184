/** The tables of a Markdown text: for each, its rows of trimmed cells, header first. */
export function tablesOf(markdown: string): string[][][] {
  const tables: string[][][] = [];
  let table: string[][] = [];
  for (const line of [...markdown.split("\n"), ""]) {
    if (line.trim().startsWith("|")) {
      const cells = line
        .trim()
        .replaceAll(/^\||\|$/g, "")
        .split(/(?<!\\)\|/);
      if (!cells.every((cell) => /^\s*:?-+:?\s*$/.test(cell))) table.push(cells.map((cell) => cell.trim()));
    } else if (table.length > 0) {
      tables.push(table);
      table = [];
    }
  }
  return tables;
}
