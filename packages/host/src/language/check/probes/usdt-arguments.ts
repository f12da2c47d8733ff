import { type TargetDescription } from "../../../spec/target-description.js";

/** Where an argument of a USDT probe is when the program comes there. */
export interface UsdtArgument {
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly isSigned: boolean;
  readonly operand: UsdtOperand;
}

export type UsdtOperand =
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "register"; readonly name: string }
  /** At base + index * scale + offset. */
  | {
      readonly kind: "memory";
      readonly base: string | undefined;
      readonly index: string | undefined;
      readonly scale: number;
      readonly offset: bigint;
    }
  /** Nowhere that the compiler knows: what it is in the notation of the assembler. */
  | { readonly kind: "unknown"; readonly text: string };

/**
 * The arguments of a note: "SIZE@OPERAND" each, with spaces between; a size below zero is a signed number's. Operands are in
 * the notation of each machine's assembler (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation).
 */
export function parseUsdtArguments(
  text: string,
  architecture: TargetDescription["architecture"],
): readonly UsdtArgument[] {
  return [...text.matchAll(/(-?\d+)(f?)@(\[[^\]]*\]|\S+)/g)].map(
    ([, size = "8", isFloat, operand = ""]) => {
      const sizeBytes = Math.abs(Number(size));
      const isKnownSize = sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 || sizeBytes === 8;
      return {
        sizeBytes: isKnownSize ? sizeBytes : 8,
        isSigned: Number(size) < 0,
        operand:
          isFloat === "" && isKnownSize
            ? parseOperand(operand, architecture)
            : { kind: "unknown", text: operand },
      };
    },
  );
}

function parseOperand(text: string, architecture: TargetDescription["architecture"]): UsdtOperand {
  const unknown: UsdtOperand = { kind: "unknown", text };
  switch (architecture) {
    case "x64":
    case "ia32":
    case "s390x":
      return parseWithPercent(text) ?? unknown;
    case "arm64":
    case "arm":
      return parseWithBrackets(text) ?? unknown;
    case "riscv64":
      return parsePlain(text) ?? unknown;
    default:
      return unknown;
  }
}

/** "%eax", "$-5", "-16(%rbp)", "(%rax,%rbx,8)"; on s390x constants have no "$". */
function parseWithPercent(text: string): UsdtOperand | undefined {
  const constant = /^\$?(-?(?:0x[0-9a-f]+|\d+))$/.exec(text)?.[1];
  if (constant !== undefined) return { kind: "constant", value: toBigint(constant) };
  const register = /^%(\w+)$/.exec(text)?.[1];
  if (register !== undefined) return { kind: "register", name: register };
  const memory = /^(-?(?:0x[0-9a-f]+|\d+))?\((?:%(\w+))?(?:,%(\w+)(?:,(\d))?)?\)$/.exec(text);
  if (memory === null) return undefined;
  const [, offset = "0", base, index, scale = "1"] = memory;
  return { kind: "memory", base, index, scale: Number(scale), offset: toBigint(offset) };
}

/** "x0", "5", "#5", "[sp, 16]", "[fp, #-8]", "[x1]", "[x1, x2]". */
function parseWithBrackets(text: string): UsdtOperand | undefined {
  const constant = /^#?(-?\d+)$/.exec(text)?.[1];
  if (constant !== undefined) return { kind: "constant", value: BigInt(constant) };
  if (/^[a-z]\w*$/.test(text)) return { kind: "register", name: text };
  const memory = /^\[\s*(\w+)\s*(?:,\s*(?:#?(-?\d+)|([a-z]\w*)))?\s*\]$/.exec(text);
  if (memory === null) return undefined;
  const [, base, offset = "0", index] = memory;
  return { kind: "memory", base, index, scale: 1, offset: BigInt(offset) };
}

/** "a0", "5", "-16(s0)". */
function parsePlain(text: string): UsdtOperand | undefined {
  if (/^-?\d+$/.test(text)) return { kind: "constant", value: BigInt(text) };
  if (/^[a-z]\w*$/.test(text)) return { kind: "register", name: text };
  const [, offset, base] = /^(-?\d+)\((\w+)\)$/.exec(text) ?? [];
  if (offset === undefined) return undefined;
  return { kind: "memory", base, index: undefined, scale: 1, offset: BigInt(offset) };
}

function toBigint(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}
