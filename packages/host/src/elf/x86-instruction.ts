/** Prefixes that may stand before an opcode in any number: segments, sizes of operand and address, lock, repeat. */
const prefixes = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/**
 * Bytes of the constant behind an instruction. "full": 4, or 2 with the operand size prefix; "near": the same, but always 4 in
 * 64-bit code; "wide": 8 with REX.W, else full; "address": as large as one; "far": full and a segment.
 */
type Immediate = 0 | 1 | 2 | 3 | "full" | "near" | "wide" | "address" | "far";

interface Form {
  readonly hasModrm: boolean;
  readonly immediate: Immediate;
}

const plain: Form = { hasModrm: false, immediate: 0 };
const modrm: Form = { hasModrm: true, immediate: 0 };
const modrmByte: Form = { hasModrm: true, immediate: 1 };
const modrmFull: Form = { hasModrm: true, immediate: "full" };

function constant(immediate: Immediate): Form {
  return { hasModrm: false, immediate };
}

/** Volume 2, section 2.3.11. */
const longestBytes = 15;

/**
 * How many bytes the x86 instruction at an offset has; `undefined` when it is none, or is cut off. By the opcode maps of
 * Intel's manual (volume 2, appendix A).
 */
export function x86InstructionBytes(
  code: Uint8Array,
  start: number,
  wordBits: 32 | 64,
): number | undefined {
  const decoder = new Decoder(code, start, wordBits === 64);
  const length = decoder.decode();
  return length === undefined || length > longestBytes || start + length > code.length
    ? undefined
    : length;
}

class Decoder {
  readonly #code: Uint8Array;
  readonly #start: number;
  readonly #is64Bit: boolean;
  #at: number;
  #hasOperandSize = false;
  #hasAddressSize = false;
  #isWide = false;

  constructor(code: Uint8Array, start: number, is64Bit: boolean) {
    this.#code = code;
    this.#start = start;
    this.#at = start;
    this.#is64Bit = is64Bit;
  }

  decode(): number | undefined {
    let opcode = this.#next();
    for (; prefixes.has(opcode) && this.#at - this.#start <= longestBytes; opcode = this.#next()) {
      if (opcode === 0x66) this.#hasOperandSize = true;
      if (opcode === 0x67) this.#hasAddressSize = true;
    }
    if (this.#is64Bit && (opcode & 0xf0) === 0x40) {
      this.#isWide = (opcode & 8) !== 0;
      opcode = this.#next();
    }
    const form = this.#form(opcode);
    if (form === undefined) return undefined;
    if (form.hasModrm) this.#skipOperand();
    this.#at += this.#immediateBytes(form.immediate);
    return this.#at - this.#start;
  }

  #peek(): number {
    return this.#code[this.#at] ?? 0;
  }

  #next(): number {
    return this.#code[this.#at++] ?? 0;
  }

  #form(opcode: number): Form | undefined {
    if (opcode === 0x0f) return this.#escapedForm();
    // What were LES, LDS and BOUND of registers became prefixes of vector instructions.
    const isVector = this.#is64Bit || this.#peek() >= 0xc0;
    if (opcode === 0xc5 && isVector) return this.#vectorForm(1, 1);
    if (opcode === 0xc4 && isVector) return this.#vectorForm(this.#peek() & 0x1f, 2);
    if (opcode === 0x62 && isVector) return this.#vectorForm(this.#peek() & 7, 3);
    // TEST alone of its group has a constant.
    const isTest = ((this.#peek() >> 3) & 7) <= 1;
    if (opcode === 0xf6) return isTest ? modrmByte : modrm;
    if (opcode === 0xf7) return isTest ? modrmFull : modrm;
    return oneByteForm(opcode, this.#is64Bit);
  }

  #escapedForm(): Form | undefined {
    const opcode = this.#next();
    if (opcode === 0x38 || opcode === 0x3a) {
      this.#at += 1;
      return opcode === 0x38 ? modrm : modrmByte;
    }
    return twoByteForm(opcode);
  }

  /** Behind VEX or EVEX, whose payload has so many bytes: all have an operand but VZEROUPPER. */
  #vectorForm(map: number, payloadBytes: number): Form | undefined {
    this.#at += payloadBytes;
    const opcode = this.#next();
    if (map === 1) return opcode === 0x77 ? plain : hasShuffleByte(opcode) ? modrmByte : modrm;
    if (map === 3) return modrmByte;
    return map === 0 ? undefined : modrm;
  }

  /** ModRM, and the SIB byte and displacement that it asks for. */
  #skipOperand(): void {
    const field = this.#next();
    const [mode, register] = [field >> 6, field & 7];
    if (mode === 3) return;
    if (this.#hasAddressSize && !this.#is64Bit) {
      this.#at += mode === 0 ? (register === 6 ? 2 : 0) : mode;
      return;
    }
    const base = register === 4 ? this.#next() & 7 : register;
    if (mode === 1) this.#at += 1;
    else if (mode === 2 || base === 5) this.#at += 4;
  }

  #immediateBytes(immediate: Immediate): number {
    const fullBytes = this.#hasOperandSize && !this.#isWide ? 2 : 4;
    switch (immediate) {
      case "full":
        return fullBytes;
      case "near":
        return this.#is64Bit ? 4 : fullBytes;
      case "wide":
        return this.#isWide ? 8 : fullBytes;
      case "address":
        return this.#is64Bit ? (this.#hasAddressSize ? 4 : 8) : this.#hasAddressSize ? 2 : 4;
      case "far":
        return fullBytes + 2;
      default:
        return immediate;
    }
  }
}

/** Of what is not decided by what comes after it. */
function oneByteForm(opcode: number, is64Bit: boolean): Form {
  const old = is64Bit ? undefined : oldForms[opcode];
  return old ?? otherForms[opcode] ?? wideForm(opcode) ?? plain;
}

/** Of opcodes that are many for one instruction. */
function wideForm(opcode: number): Form | undefined {
  // Arithmetic: to and from memory, and of the accumulator.
  if (opcode < 0x40) return arithmeticForms[opcode & 7];
  return wideForms.find(([from, to]) => opcode >= from && opcode <= to)?.[2];
}

const arithmeticForms = [modrm, modrm, modrm, modrm, constant(1), constant("full"), plain, plain];

const wideForms: readonly (readonly [from: number, to: number, Form])[] = [
  [0x70, 0x7f, constant(1)],
  [0x84, 0x8f, modrm],
  [0xa0, 0xa3, constant("address")],
  [0xb0, 0xb7, constant(1)],
  [0xb8, 0xbf, constant("wide")],
  [0xd8, 0xdf, modrm],
  [0xe0, 0xe7, constant(1)],
];

/** In 32-bit code only. */
const oldForms: Readonly<Record<number, Form>> = {
  0x62: modrm,
  0x9a: constant("far"),
  0xc4: modrm,
  0xc5: modrm,
  0xd4: constant(1),
  0xd5: constant(1),
  0xea: constant("far"),
};

const otherForms: Readonly<Record<number, Form>> = {
  0x63: modrm,
  0x68: constant("full"),
  0x69: modrmFull,
  0x6a: constant(1),
  0x6b: modrmByte,
  0x80: modrmByte,
  0x81: modrmFull,
  0x82: modrmByte,
  0x83: modrmByte,
  0xa8: constant(1),
  0xa9: constant("full"),
  0xc0: modrmByte,
  0xc1: modrmByte,
  0xc2: constant(2),
  0xc6: modrmByte,
  0xc7: modrmFull,
  0xc8: constant(3),
  0xca: constant(2),
  0xcd: constant(1),
  0xd0: modrm,
  0xd1: modrm,
  0xd2: modrm,
  0xd3: modrm,
  0xe8: constant("near"),
  0xe9: constant("near"),
  0xeb: constant(1),
  0xfe: modrm,
  0xff: modrm,
};

/** Behind 0x0f. */
function twoByteForm(opcode: number): Form {
  if (opcode >= 0x80 && opcode < 0x90) return constant("near");
  const hasNoOperand =
    (opcode >= 0x05 && opcode <= 0x0c) ||
    opcode === 0x0e ||
    (opcode >= 0x30 && opcode < 0x38) ||
    opcode === 0x77 ||
    (opcode >= 0xa0 && opcode <= 0xa2) ||
    (opcode >= 0xa8 && opcode <= 0xaa) ||
    (opcode >= 0xc8 && opcode < 0xd0);
  if (hasNoOperand) return plain;
  return hasShuffleByte(opcode) || shiftsWithByte.has(opcode) ? modrmByte : modrm;
}

/** PSHUF, shifts of vectors by a constant, CMP, PINSR, PEXTR, SHUF: with VEX and EVEX, too. */
function hasShuffleByte(opcode: number): boolean {
  return (opcode >= 0x70 && opcode < 0x74) || opcode === 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
}

/** 3DNow!, SHLD, SHRD, BT and its like by a constant. */
const shiftsWithByte = new Set([0x0f, 0xa4, 0xac, 0xba]);
