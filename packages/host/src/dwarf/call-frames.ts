import { noRule, type UnwindRule, type UnwindTable } from "../spec/unwind-table.js";
import { ByteCursor } from "./byte-cursor.js";
import { FrameProgram, type FrameRegisters } from "./frame-program.js";

/** The section .eh_frame of a file, as its processor has it. */
export interface FrameSection {
  readonly bytes: Uint8Array;
  /** Of its first byte, in the file's own address space. */
  readonly address: bigint;
  readonly byteOrder: "little" | "big";
  readonly wordBits: 32 | 64;
  readonly registers: FrameRegisters;
}

/** A common information entry: what several functions share. */
interface CommonEntry {
  readonly codeAlignment: number;
  readonly dataAlignment: number;
  readonly pointerEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly isSignalFrame: boolean;
  /** The instructions that every function begins with. */
  readonly start: Uint8Array;
}

/** How pointers are written (DW_EH_PE_*, Linux Standard Base, section 10.5): form in the low half, base above. */
const encodings = {
  absolute: 0x00,
  uleb128: 0x01,
  udata2: 0x02,
  udata4: 0x03,
  udata8: 0x04,
  sleb128: 0x09,
  sdata2: 0x0a,
  sdata4: 0x0b,
  sdata8: 0x0c,
  fromHere: 0x10,
  indirect: 0x80,
  omitted: 0xff,
} as const;

/** Reads how to unwind each function of a file (Linux Standard Base, section 10.6.1). Throws DwarfError. */
export function readCallFrames(section: FrameSection): UnwindTable {
  const rows = new Rows();
  const entries = new Map<number, CommonEntry>();
  const cursor = cursorOf(section, section.bytes);
  while (!cursor.isAtEnd) {
    const start = cursor.offset;
    const entry = readEntry(cursor);
    // A length of 0 ends what one object file brought: more may follow.
    if (entry === undefined) continue;
    const { end, idAt, id } = entry;
    if (id === 0) {
      entries.set(start, readCommonEntry(section, cursor, end));
    } else {
      const common = entries.get(idAt - id);
      if (common === undefined) throw cursor.error("a function of no known entry");
      readFunction(section, cursor, { end, common, rows });
    }
    cursor.offset = end;
  }
  return rows.finish();
}

/** Which entry it is, and where it ends. */
function readEntry(
  cursor: ByteCursor,
): { readonly end: number; readonly idAt: number; readonly id: number } | undefined {
  const short = cursor.u32();
  if (short === 0) return undefined;
  const length = short === 0xffff_ffff ? cursor.size(8) : short;
  const idAt = cursor.offset;
  return { end: idAt + length, idAt, id: cursor.u32() };
}

function cursorOf({ byteOrder }: FrameSection, bytes: Uint8Array, offset = 0): ByteCursor {
  return new ByteCursor(".eh_frame", bytes, byteOrder, offset);
}

function readCommonEntry(section: FrameSection, cursor: ByteCursor, end: number): CommonEntry {
  const version = cursor.u8();
  if (version !== 1 && version !== 3) throw cursor.error(`version ${version}`);
  const augmentation = cursor.text();
  const codeAlignment = cursor.count();
  const dataAlignment = Number(cursor.signedLeb());
  // The column of the return address, which is where the processor has it.
  if (version === 1) cursor.u8();
  else cursor.count();
  let pointerEncoding: number = encodings.absolute;
  const hasAugmentationData = augmentation.startsWith("z");
  if (hasAugmentationData) {
    const dataEnd = cursor.count() + cursor.offset;
    for (const letter of augmentation.slice(1)) {
      if (letter === "R") pointerEncoding = cursor.u8();
      else if (letter === "L") cursor.u8();
      else if (letter === "P") readPointer(section, cursor, cursor.u8());
    }
    cursor.offset = dataEnd;
  }
  return {
    ...{ codeAlignment, dataAlignment, pointerEncoding, hasAugmentationData },
    isSignalFrame: augmentation.includes("S"),
    start: cursor.bytes(Math.max(0, end - cursor.offset)),
  };
}

function readFunction(
  section: FrameSection,
  cursor: ByteCursor,
  {
    end,
    common,
    rows,
  }: { readonly end: number; readonly common: CommonEntry; readonly rows: Rows },
): void {
  const first = readPointer(section, cursor, common.pointerEncoding);
  // Its length is written as its start is, from nowhere.
  const sizeBytes = readPointer(section, cursor, common.pointerEncoding & 0x0f);
  if (common.hasAugmentationData) cursor.skip(cursor.count());
  const last = first + sizeBytes;
  const code = cursor.bytes(Math.max(0, end - cursor.offset));
  // What the linker has thrown away.
  if (first === 0 || sizeBytes === 0) return;
  if (common.isSignalFrame) {
    rows.add(first, {
      cfa: "signal",
      offset: 0,
      framePointer: undefined,
      returnAddress: undefined,
    });
    rows.end(last);
    return;
  }
  const program = new FrameProgram(common, section.registers);
  program.run(cursorOf(section, common.start));
  program.remember();
  program.run(cursorOf(section, code), (distance) => {
    rows.add(first + distance, program.rule);
  });
  rows.end(last);
}

/** A pointer in the way that its encoding says. */
function readPointer(section: FrameSection, cursor: ByteCursor, encoding: number): number {
  if (encoding === encodings.omitted) return 0;
  const here = Number(section.address) + cursor.offset;
  const value = readForm(section, cursor, encoding & 0x0f);
  if ((encoding & encodings.indirect) !== 0) return 0;
  return (encoding & 0x70) === encodings.fromHere ? here + value : value;
}

function readForm({ wordBits }: FrameSection, cursor: ByteCursor, form: number): number {
  switch (form) {
    case encodings.absolute:
      return cursor.size(wordBits === 64 ? 8 : 4);
    case encodings.uleb128:
      return cursor.count();
    case encodings.udata2:
      return cursor.u16();
    case encodings.udata4:
      return cursor.u32();
    case encodings.udata8:
      return cursor.size(8);
    case encodings.sleb128:
      return Number(cursor.signedLeb());
    case encodings.sdata2:
      return Number(BigInt.asIntN(16, cursor.unsigned(2)));
    case encodings.sdata4:
      return Number(BigInt.asIntN(32, cursor.unsigned(4)));
    case encodings.sdata8:
      return Number(BigInt.asIntN(64, cursor.u64()));
    default:
      throw cursor.error(`a pointer encoded as ${form}`);
  }
}

/** Where a function's rows are among all rows. */
interface FunctionRows {
  readonly from: number;
  readonly to: number;
  /** Where the function ends: no rule holds there unless another begins. */
  readonly end: number;
}

/** Rows as they are found, of functions in any order. */
class Rows {
  readonly #starts: number[] = [];
  readonly #ruleOf: number[] = [];
  readonly #functions: FunctionRows[] = [];
  readonly #rules: UnwindRule[] = [];
  readonly #ruleNumbers = new Map<number, number>();

  add(start: number, rule: UnwindRule | undefined): void {
    this.#starts.push(start);
    this.#ruleOf.push(rule === undefined ? noRule : this.#numberOf(rule));
  }

  /** Ends the function whose rows were added since the last. */
  end(end: number): void {
    const from = this.#functions.at(-1)?.to ?? 0;
    this.#functions.push({ from, to: this.#starts.length, end });
  }

  finish(): UnwindTable {
    const startOf = ({ from }: FunctionRows): number => this.#starts[from] ?? 0;
    const functions = [...this.#functions].sort((one, other) => startOf(one) - startOf(other));
    const starts: number[] = [];
    const ruleOf: number[] = [];
    const add = (start: number, rule: number): void => {
      // Of several at one place the last one holds.
      if (starts.at(-1) === start) {
        starts.pop();
        ruleOf.pop();
      }
      if (ruleOf.at(-1) === rule) return;
      starts.push(start);
      ruleOf.push(rule);
    };
    functions.forEach((one, at) => {
      for (let row = one.from; row < one.to; row++) {
        add(this.#starts[row] ?? 0, this.#ruleOf[row] ?? noRule);
      }
      const next = functions[at + 1];
      if (next === undefined || one.end < startOf(next)) add(one.end, noRule);
    });
    return {
      starts: Float64Array.from(starts),
      ruleOf: Uint16Array.from(ruleOf),
      rules: this.#rules,
    };
  }

  /** Equal rules have one number; one that no compiler writes is none. */
  #numberOf({ cfa, offset, framePointer = 0, returnAddress = 0 }: UnwindRule): number {
    const parts = [framePointer, returnAddress].map((part) => part + saveRange / 2);
    const areUsual =
      Math.abs(offset) < offsetRange / 2 && parts.every((part) => part >= 0 && part < saveRange);
    if (!areUsual) return noRule;
    const [frame = 0, returns = 0] = parts;
    const key =
      (((offset + offsetRange / 2) * saveRange + frame) * saveRange + returns) * cfaKinds.length +
      cfaKinds.indexOf(cfa);
    const known = this.#ruleNumbers.get(key);
    if (known !== undefined) return known;
    if (this.#rules.length === noRule) return noRule;
    const saved = (place: number): number | undefined => (place === 0 ? undefined : place);
    const rule = { cfa, offset, framePointer: saved(framePointer) };
    const number = this.#rules.push({ ...rule, returnAddress: saved(returnAddress) }) - 1;
    this.#ruleNumbers.set(key, number);
    return number;
  }
}

const cfaKinds = ["stack", "frame", "behindFrame", "plt", "signal"] as const;
/** Bytes that a frame is large, and within it. */
const offsetRange = 2 ** 26;
const saveRange = 2 ** 11;
