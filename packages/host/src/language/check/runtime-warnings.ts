import { type RuntimeWarningLayout } from "../../spec/trace-layout.js";
import { excerptOf } from "../render-diagnostic.js";
import { expansionsOf, formatPlace, type Span } from "../syntax/span.js";
import { layOutRecord, type RecordTable } from "./record-table.js";
import { int32 } from "./type.js";

/** What can go wrong where a program runs, as people and their scripts know it from bpftrace. */
const texts = {
  division:
    "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.",
  bounds: "Array access out of bounds. This can lead to unexpected results.",
  update:
    "Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries " +
    "in a map declaration e.g. `let @a = hash(5000)`",
  lookup: "Can't lookup map element because it does not exist.",
  read: "Bad address",
};

export type RuntimeWarning =
  | { readonly kind: "division" | "bounds" | "lookup" | "update" }
  | { readonly kind: "read"; readonly helper: string };

/** The records that tell of what goes wrong while a program runs. */
export class RuntimeWarnings {
  readonly #source: string;
  readonly #sourceName: string;
  readonly #records: RecordTable;
  /** Also of memory that cannot be read, and of what is not in a map: -k. */
  readonly tellsOfReads: boolean;

  constructor(
    program: {
      readonly source: string;
      readonly sourceName: string;
      readonly records: RecordTable;
    },
    tellsOfReads: boolean,
  ) {
    this.#source = program.source;
    this.#sourceName = program.sourceName;
    this.#records = program.records;
    this.tellsOfReads = tellsOfReads;
  }

  /** The record of a warning about a piece of the program: its id, and how it is laid out. */
  recordOf(
    span: Span,
    warning: RuntimeWarning,
  ): { readonly id: number; readonly layout: RuntimeWarningLayout } {
    const helper = helperOf(warning);
    const layout: RuntimeWarningLayout = {
      kind: "warning",
      place: this.#place(span),
      text: texts[warning.kind],
      excerpt: this.#excerpt(span),
      ...(helper === undefined ? {} : { helper }),
      // What the helper has given.
      ...layOutRecord(helper === undefined ? [] : [int32]),
    };
    return { id: this.#records.add(layout), layout };
  }

  #place(span: Span): string {
    return `${this.#sourceName}:${formatPlace(this.#source, span)}`;
  }

  /** With the uses of macros that it comes from. */
  #excerpt(span: Span): string {
    const expansions = expansionsOf(span).flatMap((one) => [
      `${this.#place(one)}: WARNING: expanded from`,
      excerptOf(this.#source, one),
    ]);
    return [excerptOf(this.#source, span), ...expansions].join("\n");
  }
}

function helperOf(warning: RuntimeWarning): string | undefined {
  switch (warning.kind) {
    case "division":
    case "bounds":
      return undefined;
    case "lookup":
      return "map_lookup_elem";
    case "update":
      return "map_update_elem";
    case "read":
      return warning.helper;
  }
}
