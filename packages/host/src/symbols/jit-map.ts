import { type FoundSymbol } from "./code-symbol-table.js";

/** START SIZE NAME, in hexadecimal, as perf's jit-interface.txt has it. */
const linePattern = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,8}) (.+)$/i;

interface JitFunction {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Functions that a process has compiled itself, as it lists them in /tmp/perf-PID.map. */
export class JitMap {
  /** By rising addresses; of those at one address the last that was listed. */
  readonly #functions: readonly JitFunction[];

  /** Lines that are none are passed over. */
  constructor(text: string) {
    const byStart = new Map<number, JitFunction>();
    for (const line of text.split("\n")) {
      const [, start, size, name] = linePattern.exec(line) ?? [];
      if (start === undefined || size === undefined || name === undefined) continue;
      const first = Number.parseInt(start, 16);
      if (!Number.isSafeInteger(first)) continue;
      byStart.set(first, { start: first, end: first + Number.parseInt(size, 16), name });
    }
    this.#functions = [...byStart.values()].sort((one, other) => one.start - other.start);
  }

  resolve(address: bigint): FoundSymbol | undefined {
    const wanted = Number(address);
    const functions = this.#functions;
    let low = 0;
    let high = functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((functions[middle]?.start ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    const found = functions[low - 1];
    if (found === undefined || wanted >= found.end) return undefined;
    return { name: found.name, offset: wanted - found.start };
  }
}
