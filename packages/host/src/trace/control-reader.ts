import { type ControlRecord } from "../output/decoded-record.js";
import { type DecodeContext } from "../output/decode-context.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type MapAccess } from "./map-access.js";
import { type ControlHandler, type RecordSink } from "./record-pump.js";

/** Does what control records ask for: prints, clears and zeroes maps, and tells of exit. */
export class ControlReader implements ControlHandler {
  readonly #layout: TraceLayout;
  readonly #maps: MapAccess;
  readonly #isLittleEndian: boolean;
  readonly #sink: RecordSink;
  readonly #onExit: (code: number) => void;

  constructor(
    layout: TraceLayout,
    maps: MapAccess,
    context: DecodeContext,
    sink: RecordSink,
    onExit: (code: number) => void,
  ) {
    this.#layout = layout;
    this.#maps = maps;
    this.#isLittleEndian = context.byteOrder === "little";
    this.#sink = sink;
    this.#onExit = onExit;
  }

  controlOf(bytes: Uint8Array, offset: number, length: number): ControlRecord | undefined {
    if (length < 4) return undefined;
    const record = this.#layout.records[this.#u32(bytes, offset)];
    switch (record?.kind) {
      case "printMap":
      case "clearMap":
      case "zeroMap":
        return record;
      case "exit": {
        const code = record.fields[0];
        if (code === undefined || code.offset + 4 > length) return { kind: "exit", code: 0 };
        return { kind: "exit", code: this.#u32(bytes, offset + code.offset) };
      }
      default:
        return undefined;
    }
  }

  async printMap(
    control: ControlRecord & { kind: "printMap" },
    options: { readonly clears: boolean },
  ): Promise<void> {
    const { map, top, divisor } = control;
    this.#sink.event(await this.#maps.read(map, { ...options, top, divisor }));
  }

  async clearMap(map: number): Promise<void> {
    await this.#maps.clear(map);
  }

  async zeroMap(map: number): Promise<void> {
    await this.#maps.zero(map);
  }

  exit(code: number): void {
    this.#onExit(code);
  }

  /** Without a view of its own for each record: this is asked of every one. */
  #u32(bytes: Uint8Array, offset: number): number {
    const a = bytes[offset] ?? 0;
    const b = bytes[offset + 1] ?? 0;
    const c = bytes[offset + 2] ?? 0;
    const d = bytes[offset + 3] ?? 0;
    return (
      (this.#isLittleEndian
        ? (d << 24) | (c << 16) | (b << 8) | a
        : (a << 24) | (b << 16) | (c << 8) | d) >>> 0
    );
  }
}
