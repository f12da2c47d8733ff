import { type LineRow } from "../dwarf/line-table.js";
import { addressOf, type LoadedPart } from "./loaded-parts.js";
import { lastThat } from "./last-that.js";

/** A line of a source file. */
export interface SourcePlace {
  /** As whoever compiled it called it. */
  readonly path: string;
  readonly line: number;
}

/** Code of which nobody says what line it is of. */
const noLine = 0;

/** Which lines the code of an ELF file was made of. */
export class SourceLines {
  readonly #parts: readonly LoadedPart[];
  /** In rising order: where code of a line begins. */
  readonly #starts: Float64Array;
  readonly #lines: Uint32Array;
  /** Indexes of #paths. */
  readonly #pathOf: Uint32Array;
  readonly #paths: readonly string[];

  /** `rows`: of all line programs; `parts`: the file's code. Throws DwarfError. */
  constructor(rows: Iterable<LineRow>, parts: readonly LoadedPart[]) {
    const read = readColumns(rows);
    const order = read.sequences.sort((one, other) => one.address - other.address);
    const count = order.reduce((sum, { from, to }) => sum + to - from, 0);
    this.#parts = parts;
    this.#paths = read.paths;
    this.#starts = new Float64Array(count);
    this.#lines = new Uint32Array(count);
    this.#pathOf = new Uint32Array(count);
    let at = 0;
    for (const { from, to } of order) {
      for (let row = from; row < to; row++, at++) {
        this.#starts[at] = read.starts[row] ?? 0;
        this.#lines[at] = read.lines[row] ?? noLine;
        this.#pathOf[at] = read.pathOf[row] ?? 0;
      }
    }
  }

  /** Of the code at an offset in the file. */
  find(fileOffset: bigint): SourcePlace | undefined {
    const address = addressOf(this.#parts, fileOffset);
    const row =
      address === undefined
        ? -1
        : lastThat(this.#starts.length, (index) => (this.#starts[index] ?? 0) <= address);
    const line = this.#lines[row] ?? noLine;
    const path = this.#paths[this.#pathOf[row] ?? -1] ?? "";
    return line === noLine || path === "" ? undefined : { path, line };
  }
}

/** Rows in which addresses rise. */
interface Sequence {
  readonly address: number;
  readonly from: number;
  readonly to: number;
}

interface Columns {
  readonly starts: readonly number[];
  readonly lines: readonly number[];
  readonly pathOf: readonly number[];
  readonly paths: readonly string[];
  readonly sequences: Sequence[];
}

/** There may be millions of rows. */
function readColumns(rows: Iterable<LineRow>): Columns {
  const [starts, lines, pathOf]: [number[], number[], number[]] = [[], [], []];
  const paths = new Map<string, number>();
  const sequences: Sequence[] = [];
  let from = 0;
  let [path, pathIndex] = ["", 0];
  for (const { address, file, line, endsSequence } of rows) {
    if (file !== path || paths.size === 0) {
      path = file;
      pathIndex = paths.get(file) ?? paths.size;
      paths.set(file, pathIndex);
    }
    starts.push(Number(address));
    lines.push(endsSequence ? noLine : line);
    pathOf.push(pathIndex);
    if (!endsSequence) continue;
    // The linker puts code that nobody calls at 0, and leaves it out.
    if (starts[from] !== 0) {
      sequences.push({ address: starts[from] ?? 0, from, to: starts.length });
    }
    from = starts.length;
  }
  return { starts, lines, pathOf, paths: [...paths.keys()], sequences };
}
