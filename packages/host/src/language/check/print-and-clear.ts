import { type CheckedStatement } from "./checked-program.js";
import { type RecordTable } from "./record-table.js";

/**
 * Makes one step of a `print(@m)` that a `clear(@m)` follows, with nothing but prints and clears of other maps in between: then
 * no count is lost that is added between the two.
 */
export function printAndClear(
  statements: readonly CheckedStatement[],
  records: RecordTable,
): CheckedStatement[] {
  const joined: CheckedStatement[] = [];
  for (const statement of statements) {
    const layout = controlOf(statement, records);
    const at = layout?.kind === "clearMap" ? lastPrint(joined, layout.map, records) : undefined;
    const print = at === undefined ? undefined : joined[at];
    const printed = controlOf(print, records);
    if (at === undefined || print === undefined || printed?.kind !== "printMap") {
      joined.push(statement);
      continue;
    }
    const record = records.add({ ...printed, clears: true });
    joined[at] = { kind: "control", record, span: print.span };
  }
  return joined;
}

/** The place of the last print of a map at the end of a list, before which only other maps are printed or cleared. */
function lastPrint(
  statements: readonly CheckedStatement[],
  map: number,
  records: RecordTable,
): number | undefined {
  for (let at = statements.length - 1; at >= 0; at--) {
    const layout = controlOf(statements[at], records);
    if (layout?.kind !== "printMap" && layout?.kind !== "clearMap") return undefined;
    if (layout.map !== map) continue;
    return layout.kind === "printMap" ? at : undefined;
  }
  return undefined;
}

function controlOf(
  statement: CheckedStatement | undefined,
  records: RecordTable,
): RecordTable["layouts"][number] | undefined {
  return statement?.kind === "control" ? records.layouts[statement.record] : undefined;
}
