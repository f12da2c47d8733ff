import { isControlRecord, type ControlRecord } from "../output/decoded-record.js";
import { createRecordDecoder, type RecordDecoder } from "../output/record-decoder.js";
import { type MessageCall } from "../output/value.js";
import { type DecodeContext } from "../output/decode-context.js";
import { cutUtf8 } from "../text/utf8.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type MapAccess } from "./map-access.js";
import { type ControlHandler, type RecordSink } from "./record-pump.js";
import { type TargetAction, type TraceSource } from "./trace-source.js";

/** Does what control records ask for: prints, clears and zeroes maps, and tells of exit. */
export class ControlReader implements ControlHandler {
  readonly #layout: TraceLayout;
  readonly #maps: MapAccess;
  readonly #isLittleEndian: boolean;
  readonly #decoder: RecordDecoder;
  readonly #source: Pick<TraceSource, "perform">;
  readonly #sink: RecordSink;
  readonly #onExit: (code: number) => void;

  constructor(
    layout: TraceLayout,
    maps: MapAccess,
    context: DecodeContext,
    source: Pick<TraceSource, "perform">,
    sink: RecordSink,
    onExit: (code: number) => void,
  ) {
    this.#layout = layout;
    this.#maps = maps;
    this.#isLittleEndian = context.byteOrder === "little";
    this.#decoder = createRecordDecoder(layout, context);
    this.#source = source;
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
      case "message":
      case "warning":
      case "system":
      case "cat": {
        const decoded = this.#decoder.decode(bytes, offset, length);
        return isControlRecord(decoded) ? decoded : undefined;
      }
      default:
        return undefined;
    }
  }

  message(text: string, call?: MessageCall): void {
    this.#sink.event({ kind: "message", text, ...(call === undefined ? {} : { call }) });
  }

  async perform(action: TargetAction): Promise<void> {
    const { output, messages } = await this.#source.perform(action);
    const shown = action.kind === "cat" ? this.#firstOf(output) : output;
    if (output !== "") this.#sink.event({ kind: "output", from: action.kind, text: shown });
    for (const text of messages) this.message(text);
  }

  /** As much of a file as cat() shows. */
  #firstOf(text: string): string {
    const most = this.#layout.maximumCatBytes;
    return most === undefined ? text : cutUtf8(text, most);
  }

  async printMap(control: ControlRecord & { kind: "printMap" }): Promise<void> {
    const { map, top, divisor, clears = false } = control;
    this.#sink.event(await this.#maps.read(map, { clears, top, divisor, showsNothing: true }));
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
