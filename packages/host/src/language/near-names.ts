/**
 * Names a person may have meant by `name`: those at a small edit distance, nearest first, then those that contain it.
 * At most `limit`.
 */
export function nearNames(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.toLowerCase();
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  const found: { candidate: string; distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    const distance = editDistance(wanted, candidate.toLowerCase(), allowed);
    if (distance !== undefined) found.push({ candidate, distance });
    else if (wanted.length >= 3 && candidate.toLowerCase().includes(wanted)) {
      found.push({ candidate, distance: allowed + candidate.length });
    }
  }
  return found
    .sort((a, b) =>
      a.distance === b.distance ? (a.candidate < b.candidate ? -1 : 1) : a.distance - b.distance,
    )
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** "did you mean a, b or c?", or nothing when there are no names: what a hint says. */
export function meantHints(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const last = names.at(-1) ?? "";
  const list = names.length === 1 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
  return [`Did you mean ${list}?`];
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one text into the other; `undefined` when they
 * are more than `limit`.
 */
function editDistance(from: string, to: string, limit: number): number | undefined {
  if (Math.abs(from.length - to.length) > limit) return undefined;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const above = last[column] ?? 0;
      const diagonal = last[column - 1] ?? 0;
      let distance = Math.min(
        above + 1,
        (current[column - 1] ?? 0) + 1,
        diagonal + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (isSwap) distance = Math.min(distance, (beforeLast[column - 2] ?? 0) + 1);
      current.push(distance);
    }
    if (Math.min(...current) > limit) return undefined;
    beforeLast = last;
    last = current;
  }
  const distance = last[to.length] ?? 0;
  return distance <= limit ? distance : undefined;
}
