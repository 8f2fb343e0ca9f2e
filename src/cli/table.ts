// Tables as Go's text/tabwriter writes them with minimum width 5 and padding 2: left aligned, the last column not padded.

/** Lines of a table, each ended by a newline. All rows have as many cells as the first; a line break in a cell is shown as `\n`. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => row.map((cell) => cell.replaceAll('\n', '\\n')));
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(5, ...lines.map((row) => width(row[column] ?? '') + 2)),
  );
  return lines.map((row) => `${rowText(row, widths)}\n`).join('');
}

function rowText(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
    )
    .join('');
}

/** Code points, as tabwriter counts. */
function width(cell: string): number {
  return Array.from(cell).length;
}
