import { type UnwindRule } from "../spec/unwind-table.js";
import { type ByteCursor } from "./byte-cursor.js";

/** Numbers that DWARF gives a processor's registers (its psABI). */
export interface FrameRegisters {
  readonly stack: number;
  readonly frame: number;
  readonly returnAddress: number;
}

/** Instructions (DWARF 5, section 7.24); the first three have an operand in their low six bits. */
const codes = {
  advance: 0x40,
  offset: 0x80,
  restore: 0xc0,
  setPlace: 0x01,
  advance1: 0x02,
  advance2: 0x03,
  advance4: 0x04,
  offsetExtended: 0x05,
  restoreExtended: 0x06,
  undefinedRegister: 0x07,
  sameValue: 0x08,
  register: 0x09,
  rememberState: 0x0a,
  restoreState: 0x0b,
  defineCfa: 0x0c,
  defineCfaRegister: 0x0d,
  defineCfaOffset: 0x0e,
  defineCfaExpression: 0x0f,
  expression: 0x10,
  offsetExtendedSigned: 0x11,
  defineCfaSigned: 0x12,
  defineCfaOffsetSigned: 0x13,
  valueOffset: 0x14,
  valueOffsetSigned: 0x15,
  valueExpression: 0x16,
  /** Of AArch64: the address to return to is signed from here on, or no longer. */
  negateReturnAddressState: 0x2d,
  argumentsSize: 0x2e,
  negativeOffsetExtended: 0x2f,
} as const;

/** Where a register of the caller's is: unchanged, so far from the CFA, or nowhere that we can say. */
type Saved = "same" | "unknown" | number;

type Cfa =
  | { readonly kind: "register"; readonly register: number; readonly offset: number }
  | { readonly kind: "behindFrame"; readonly offset: number }
  | { readonly kind: "plt" }
  | { readonly kind: "unknown" };

interface State {
  readonly cfa: Cfa;
  readonly frame: Saved;
  readonly returnAddress: Saved;
}

const nothing: State = {
  cfa: { kind: "unknown" },
  frame: "same",
  returnAddress: "same",
};

/** Runs what a file says of a function's frame, from instruction to instruction. Throws DwarfError. */
export class FrameProgram {
  readonly #codeAlignment: number;
  readonly #dataAlignment: number;
  readonly #registers: FrameRegisters;
  #state = nothing;
  /** What holds at the function's start. */
  #first = nothing;
  readonly #kept: State[] = [];

  constructor(
    entry: { readonly codeAlignment: number; readonly dataAlignment: number },
    registers: FrameRegisters,
  ) {
    this.#codeAlignment = entry.codeAlignment;
    this.#dataAlignment = entry.dataAlignment;
    this.#registers = registers;
  }

  /** What holds now is what the function begins with. */
  remember(): void {
    this.#first = this.#state;
  }

  /** What holds now; `undefined`: the outermost frame, or one that cannot be unwound. */
  get rule(): UnwindRule | undefined {
    const { cfa, frame, returnAddress } = this.#state;
    if (returnAddress === "unknown" || frame === "unknown") return undefined;
    const saved = {
      framePointer: frame === "same" ? undefined : frame,
      returnAddress: returnAddress === "same" ? undefined : returnAddress,
    };
    switch (cfa.kind) {
      case "register": {
        const { register, offset } = cfa;
        if (register === this.#registers.stack) return { cfa: "stack", offset, ...saved };
        if (register === this.#registers.frame) return { cfa: "frame", offset, ...saved };
        return undefined;
      }
      case "behindFrame":
        return { cfa: "behindFrame", offset: cfa.offset, ...saved };
      case "plt":
        return { cfa: "plt", offset: 0, ...saved };
      case "unknown":
        return undefined;
    }
  }

  /** Calls `row` with how far into the function what then holds begins. */
  run(cursor: ByteCursor, row: (distanceBytes: number) => void = () => undefined): void {
    let distance = 0;
    while (!cursor.isAtEnd) {
      const code = cursor.u8();
      const moved = this.#distance(code, cursor);
      if (moved === undefined) {
        this.#step(code, cursor);
      } else {
        row(distance);
        distance += moved * this.#codeAlignment;
      }
    }
    row(distance);
  }

  /** How far an instruction goes on; undefined for those that change what holds. */
  #distance(code: number, cursor: ByteCursor): number | undefined {
    if ((code & 0xc0) === codes.advance) return code & 0x3f;
    switch (code) {
      case codes.advance1:
        return cursor.u8();
      case codes.advance2:
        return cursor.u16();
      case codes.advance4:
        return cursor.u32();
      default:
        return undefined;
    }
  }

  #step(code: number, cursor: ByteCursor): void {
    const operand = code & 0x3f;
    if ((code & 0xc0) === codes.offset) {
      this.#save(operand, cursor.count() * this.#dataAlignment);
      return;
    }
    if ((code & 0xc0) === codes.restore) {
      this.#restore(operand);
      return;
    }
    switch (code) {
      case 0:
      case codes.negateReturnAddressState:
        return;
      case codes.argumentsSize:
        cursor.count();
        return;
      case codes.offsetExtended:
        this.#save(cursor.count(), cursor.count() * this.#dataAlignment);
        return;
      case codes.offsetExtendedSigned:
        this.#save(cursor.count(), Number(cursor.signedLeb()) * this.#dataAlignment);
        return;
      case codes.negativeOffsetExtended:
        this.#save(cursor.count(), -cursor.count() * this.#dataAlignment);
        return;
      case codes.restoreExtended:
        this.#restore(cursor.count());
        return;
      case codes.sameValue:
        this.#save(cursor.count(), "same");
        return;
      case codes.undefinedRegister:
        this.#save(cursor.count(), "unknown");
        return;
      case codes.register:
      case codes.valueOffset:
      case codes.valueOffsetSigned:
        this.#save(cursor.count(), "unknown");
        cursor.signedLeb();
        return;
      case codes.expression:
      case codes.valueExpression:
        this.#save(cursor.count(), "unknown");
        cursor.skip(cursor.count());
        return;
      case codes.rememberState:
        this.#kept.push(this.#state);
        return;
      case codes.restoreState:
        this.#state = this.#kept.pop() ?? this.#first;
        return;
      default:
        this.#defineCfa(code, cursor);
    }
  }

  #defineCfa(code: number, cursor: ByteCursor): void {
    const { cfa } = this.#state;
    const known = cfa.kind === "register" ? cfa : { register: -1, offset: 0 };
    const kind = "register";
    switch (code) {
      case codes.defineCfa:
        this.#setCfa({ kind, register: cursor.count(), offset: cursor.count() });
        return;
      case codes.defineCfaSigned:
        this.#setCfa({
          ...{ kind, register: cursor.count() },
          offset: Number(cursor.signedLeb()) * this.#dataAlignment,
        });
        return;
      case codes.defineCfaRegister:
        this.#setCfa({ kind, register: cursor.count(), offset: known.offset });
        return;
      case codes.defineCfaOffset:
        this.#setCfa({ kind, register: known.register, offset: cursor.count() });
        return;
      case codes.defineCfaOffsetSigned:
        this.#setCfa({
          ...{ kind, register: known.register },
          offset: Number(cursor.signedLeb()) * this.#dataAlignment,
        });
        return;
      case codes.defineCfaExpression:
        this.#setCfa(this.#expression(cursor.bytes(cursor.count())));
        return;
      default:
        throw cursor.error(`a frame's instruction ${code}`);
    }
  }

  /** The two that compilers and linkers write: what the frame pointer points to, and x86's table of linked procedures. */
  #expression(bytes: Uint8Array): Cfa {
    const [operation = 0, low = 0, last] = bytes;
    const dereference = 0x06;
    const isFrame = operation === 0x70 + this.#registers.frame;
    if (bytes.length === 3 && isFrame && low < 0x80 && last === dereference) {
      return { kind: "behindFrame", offset: low < 0x40 ? low : low - 0x80 };
    }
    return plt.every((byte, at) => bytes[at] === byte) && bytes.length === plt.length
      ? { kind: "plt" }
      : { kind: "unknown" };
  }

  #setCfa(cfa: Cfa): void {
    this.#state = { ...this.#state, cfa };
  }

  #save(register: number, saved: Saved): void {
    const { frame, returnAddress } = this.#registers;
    if (register === frame) this.#state = { ...this.#state, frame: saved };
    if (register === returnAddress) this.#state = { ...this.#state, returnAddress: saved };
  }

  #restore(register: number): void {
    const { frame, returnAddress } = this.#registers;
    if (register === frame) this.#save(register, this.#first.frame);
    if (register === returnAddress) this.#save(register, this.#first.returnAddress);
  }
}

/** breg7 8, breg16 0, lit15, and, lit11, ge, lit3, shl, plus: as GNU ld writes it for .plt. */
const plt = [0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22];
