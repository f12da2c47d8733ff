import { describe, expect, test } from "@jest/globals";
import { type KeptStack } from "../../src/output/decode-context.js";
import { type MapDump } from "../../src/output/map-dump.js";
import { type TraceSpec } from "../../src/spec/trace-spec.js";
import { type KernelSymbolSource } from "../../src/symbols/kernel-symbol-source.js";
import { type UserAddress, type UserSymbolSource } from "../../src/symbols/user-symbols.js";
import { ResolvingSource } from "../../src/trace/resolving-source.js";
import {
  type FinalCounts,
  type SourceSpan,
  type TraceSource,
} from "../../src/trace/trace-source.js";

/** Records of 24 bytes: u32 id, then u64s at 8 and 16. Record 0 has a symbol at 8, record 1 one in a tuple at 16. */
const spec = {
  object: { maps: [{ type: "ringbuf" }] },
  layout: {
    records: [
      { kind: "printf", fields: [{ type: { kind: "ksym" }, offset: 8 }] },
      {
        kind: "printValue",
        fields: [
          {
            offset: 8,
            type: {
              kind: "tuple",
              sizeBytes: 16,
              elements: [{ type: { kind: "ksym" }, offset: 8 }],
            },
          },
        ],
      },
      { kind: "clearMap", map: 0 },
      {
        kind: "printf",
        fields: [
          { type: { kind: "stack", space: "kernel", mode: "bpftrace", limit: 2 }, offset: 8 },
          { type: { kind: "stack", space: "user", mode: "bpftrace", limit: 3 }, offset: 16 },
        ],
      },
      {
        kind: "printf",
        fields: [
          { type: { kind: "usym" }, offset: 8 },
          { type: { kind: "stack", space: "user", mode: "raw", limit: 3 }, offset: 16 },
        ],
      },
    ],
    maps: [
      {
        map: "by_symbol",
        keys: [{ type: { kind: "ksym" }, offset: 0 }],
        keySizeBytes: 8,
        valueSizeBytes: 8,
        value: { kind: "plain", type: { kind: "ksym" } },
      },
      {
        map: "counts",
        keys: [{ type: { kind: "integer", sizeBytes: 8, isSigned: false }, offset: 0 }],
        keySizeBytes: 8,
        valueSizeBytes: 8,
        value: { kind: "count" },
      },
    ],
  },
  // What is not looked at is left out.
} as unknown as TraceSpec;

function spanOf(
  records: readonly (readonly [id: number, first: bigint, second: bigint])[],
): SourceSpan {
  const bytes = new Uint8Array(records.length * 32);
  const view = new DataView(bytes.buffer);
  for (const [at, [id, first, second]] of records.entries()) {
    view.setUint32(at * 32, 24, true);
    view.setUint32(at * 32 + 8, id, true);
    view.setBigUint64(at * 32 + 16, first, true);
    view.setBigUint64(at * 32 + 24, second, true);
  }
  return { channel: 0, position: 0n, lost: 0n, bytes };
}

function u64s(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

class FakeSource implements TraceSource {
  receiver: Parameters<TraceSource["open"]>[0] | undefined;
  dumped: MapDump = { count: 0, keys: new Uint8Array(0), values: new Uint8Array(0) };
  open(receiver: Parameters<TraceSource["open"]>[0]): void {
    this.receiver = receiver;
  }
  acknowledge = (): void => undefined;
  dump = (): Promise<MapDump> => Promise.resolve(this.dumped);
  run = (): never => this.perform();
  iterate = (): never => this.perform();
  perform = (): never => {
    throw new TypeError("not asked for here");
  };
  fill = (): Promise<void> => Promise.resolve();
  catchUp = (): Promise<void> => Promise.resolve();
  finish = (): Promise<FinalCounts> =>
    Promise.resolve({ positions: [], lost: 0n, failedUpdates: 0n, missedRuns: 0n });
  now = (): bigint => 0n;
  resolveKernelSymbol = (): undefined => undefined;
  resolveUserSymbol = (): undefined => undefined;
  resolveStack = (): undefined => undefined;
  resolveControlGroup = (): readonly [] => [];
}

/** Symbols that a test lets come when it likes. */
class FakeSymbols implements KernelSymbolSource {
  readonly asked: (readonly bigint[])[] = [];
  readonly #known = new Set<bigint>();
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  prepare(addresses: readonly bigint[]): Promise<void> | undefined {
    const unknown = addresses.filter((address) => !this.#known.has(address));
    if (unknown.length === 0) return undefined;
    this.asked.push(unknown);
    return new Promise<void>((resolve, reject) => {
      const learn = (): void => {
        for (const address of unknown) this.#known.add(address);
        resolve();
      };
      this.#settle = { resolve: learn, reject };
    });
  }

  resolve = (): undefined => undefined;
  addressesOf = (): Promise<readonly undefined[]> => Promise.resolve([]);

  async come(): Promise<void> {
    this.#settle?.resolve();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    this.#settle?.reject(error);
    await settle();
  }
}

/** They are known at once. */
class FakeUserSymbols implements UserSymbolSource {
  readonly asked: (readonly UserAddress[])[] = [];
  prepare(addresses: readonly UserAddress[]): undefined {
    if (addresses.length > 0) this.asked.push(addresses);
    return undefined;
  }
  resolve = (): undefined => undefined;
}

/** Stack 9 leads through 0x10 and 0x11; it is not known before it was asked for. */
class FakeStacks {
  readonly asked: bigint[] = [];

  prepare(references: readonly { readonly stack: bigint }[]): Promise<void> | undefined {
    const unknown = references.map(({ stack }) => stack).filter((one) => !this.asked.includes(one));
    this.asked.push(...unknown);
    return unknown.length === 0 ? undefined : Promise.resolve();
  }

  resolve(stack: bigint, limit: number): KeptStack | undefined {
    const frames = [0x10n, 0x11n, 0x12n].slice(0, limit);
    return stack === 9n && this.asked.includes(9n) ? { frames, pid: 7 } : undefined;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function harness(): {
  readonly source: FakeSource;
  readonly symbols: FakeSymbols;
  readonly userSymbols: FakeUserSymbols;
  readonly stacks: FakeStacks;
  readonly resolving: ResolvingSource;
  readonly log: string[];
  readonly give: (...records: Parameters<typeof spanOf>[0]) => void;
} {
  const source = new FakeSource();
  const symbols = new FakeSymbols();
  const userSymbols = new FakeUserSymbols();
  const stacks = new FakeStacks();
  const names = { symbols, userSymbols, stacks, controlGroups: undefined };
  const resolving = new ResolvingSource(source, spec, names, "little");
  const log: string[] = [];
  resolving.open({
    onSpan: ({ bytes }) => log.push(`span ${bytes[8] ?? 0}`),
    onEnd: (error) => log.push(error === undefined ? "end" : `failed: ${error.message}`),
  });
  const give = (...records: Parameters<typeof spanOf>[0]): void => {
    source.receiver?.onSpan(spanOf(records));
  };
  return { source, symbols, userSymbols, stacks, resolving, log, give };
}

describe("spans", () => {
  test("wait for the symbols in their records, and those behind them wait, too", async () => {
    const { symbols, log, give, source } = harness();
    give([0, 0x10n, 0x99n], [1, 0x98n, 0x20n]);
    give([2, 0x97n, 0x96n]);
    source.receiver?.onEnd();
    expect(log).toEqual([]);
    await symbols.come();
    expect(log).toEqual(["span 0", "span 2", "end"]);
    expect(symbols.asked).toEqual([[0x10n, 0x20n]]);
  });

  test("pass at once when all is known, and nothing is asked for twice", async () => {
    const { symbols, log, give } = harness();
    give([0, 0x10n, 0n]);
    give([0, 0x10n, 0n]);
    give([0, 0x11n, 0n]);
    await symbols.come();
    expect(log).toEqual(["span 0", "span 0"]);
    await symbols.come();
    give([1, 0n, 0x11n]);
    expect(log).toEqual(["span 0", "span 0", "span 0", "span 1"]);
    expect(symbols.asked).toEqual([[0x10n], [0x11n]]);
  });

  test("wait for stacks, and then for the symbols that kernel stacks lead through", async () => {
    const { symbols, stacks, log, give } = harness();
    give([3, 9n, 0n]);
    await settle();
    expect(stacks.asked).toEqual([9n, 0n]);
    expect(symbols.asked).toEqual([[0x10n, 0x11n]]);
    expect(log).toEqual([]);
    await symbols.come();
    give([3, 9n, 0n]);
    expect(log).toEqual(["span 3", "span 3"]);
  });

  test("wait for the symbols that stacks of processes lead through, and for usyms; addresses alone need none", async () => {
    const { userSymbols, log, give } = harness();
    const pid = 7;
    // The second word of a usym is its process; stack 0 is empty.
    give([4, 0x40n, 12n], [3, 0n, 9n]);
    await settle();
    expect(log).toEqual(["span 4"]);
    expect(userSymbols.asked).toEqual([
      [
        { address: 0x40n, pid: 12 },
        { address: 0x10n, pid },
        { address: 0x11n, pid },
        { address: 0x12n, pid },
      ],
    ]);
  });

  test("end with the error when nothing can be found out", async () => {
    const { symbols, log, give, source } = harness();
    give([0, 0x10n, 0n]);
    give([2, 0n, 0n]);
    await symbols.fail(new Error("link lost"));
    source.receiver?.onEnd(new Error("later"));
    await settle();
    expect(log).toEqual(["failed: link lost"]);
  });

  test("that are damaged pass, for the decoder to say so", () => {
    const { log, source } = harness();
    const bytes = new Uint8Array(12).fill(1);
    source.receiver?.onSpan({ channel: 0, position: 0n, lost: 0n, bytes });
    expect(log).toEqual(["span 1"]);
  });
});

describe("dumps", () => {
  test("wait for the symbols in keys and values", async () => {
    const { source, symbols, resolving } = harness();
    source.dumped = { count: 2, keys: u64s(1n, 2n), values: u64s(3n, 4n) };
    const dumping = resolving.dump("by_symbol", { clear: false });
    await settle();
    expect(symbols.asked).toEqual([[1n, 2n, 3n, 4n]]);
    await symbols.come();
    expect(await dumping).toBe(source.dumped);
  });

  test("without symbols wait for nothing", async () => {
    const { source, symbols, resolving } = harness();
    source.dumped = { count: 1, keys: u64s(1n), values: u64s(3n) };
    expect(await resolving.dump("counts", { clear: false })).toBe(source.dumped);
    expect(symbols.asked).toEqual([]);
  });
});
