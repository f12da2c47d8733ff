import { type KconfigExtern } from "./externs.js";
import { LackingError, ObjectError } from "./object-error.js";

/** What settings are read from. */
export interface KernelSettings {
  /** The kernel's configuration, as /proc/config.gz has it; undefined when the target does not tell. */
  readonly configuration: string | undefined;
  /** LINUX_VERSION_CODE. */
  readonly versionCode: number;
  /** Whether programs can be told apart by a cookie (5.15). */
  readonly hasAttachCookie: boolean;
  /** Whether functions of system calls have names of the architecture's own, as "__x64_sys_openat". */
  readonly hasSyscallWrapper: boolean;
}

const encoder = new TextEncoder();
/** enum libbpf_tristate (tools/lib/bpf/bpf_helpers.h). */
const tristate: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

/** What libbpf calls settings that no configuration has. */
const computed: Readonly<Record<string, (settings: KernelSettings) => bigint>> = {
  LINUX_KERNEL_VERSION: ({ versionCode }) => BigInt(versionCode),
  LINUX_HAS_BPF_COOKIE: ({ hasAttachCookie }) => (hasAttachCookie ? 1n : 0n),
  LINUX_HAS_SYSCALL_WRAPPER: ({ hasSyscallWrapper }) => (hasSyscallWrapper ? 1n : 0n),
};

/**
 * The settings as the object reads them, each at its place; those that nothing reads are zero. Throws ObjectError for one that is
 * lacking or does not fit.
 */
export function encodeSettings(
  externs: readonly KconfigExtern[],
  used: ReadonlySet<string>,
  settings: KernelSettings,
  byteOrder: "little" | "big",
): Uint8Array {
  const sizeBytes = Math.max(0, ...externs.map(({ offset, sizeBytes: size }) => offset + size));
  const bytes = new Uint8Array(sizeBytes);
  const texts = parseConfiguration(settings.configuration ?? "");
  for (const extern of externs) {
    if (!used.has(extern.name)) continue;
    const value = encodeSetting(extern, texts.get(extern.name), settings, byteOrder);
    if (value === undefined && !extern.isWeak) throw missing(extern, settings);
    if (value !== undefined) bytes.set(value, extern.offset);
  }
  return bytes;
}

/** "CONFIG_X=value" lines; settings that are not set stand in comments. */
function parseConfiguration(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/^(CONFIG_\w+)=(.*)$/gm))
    found.set(name, value);
  return found;
}

function encodeSetting(
  extern: KconfigExtern,
  text: string | undefined,
  settings: KernelSettings,
  byteOrder: "little" | "big",
): Uint8Array | undefined {
  const compute = Object.hasOwn(computed, extern.name) ? computed[extern.name] : undefined;
  if (compute !== undefined) return encodeNumber(extern, compute(settings), byteOrder);
  if (text === undefined) return undefined;
  if (text.startsWith('"')) return encodeText(extern, text);
  if (text === "y" || text === "n" || text === "m") return encodeChoice(extern, text, byteOrder);
  if (!/^(0[xX][\da-fA-F]+|-?\d+)$/.test(text)) throw unfit(extern, text);
  if (extern.type.kind !== "integer" && extern.type.kind !== "character") throw unfit(extern, text);
  return encodeNumber(extern, BigInt(text), byteOrder);
}

function encodeChoice(
  extern: KconfigExtern,
  choice: "y" | "n" | "m",
  byteOrder: "little" | "big",
): Uint8Array {
  switch (extern.type.kind) {
    case "tristate":
      return encodeNumber(extern, tristate[choice] ?? 0n, byteOrder);
    case "boolean":
      if (choice === "m") throw unfit(extern, choice);
      return Uint8Array.of(choice === "y" ? 1 : 0);
    case "character":
      return encoder.encode(choice);
    default:
      throw unfit(extern, choice);
  }
}

/** Without its quotes and cut to the variable's size, with a NUL. */
function encodeText(extern: KconfigExtern, text: string): Uint8Array {
  if (extern.type.kind !== "text" || text.length < 2 || !text.endsWith('"')) {
    throw unfit(extern, text);
  }
  return encoder.encode(text.slice(1, -1)).subarray(0, extern.sizeBytes - 1);
}

function encodeNumber(
  extern: KconfigExtern,
  value: bigint,
  byteOrder: "little" | "big",
): Uint8Array {
  const { sizeBytes, type } = extern;
  if (type.kind === "text") throw unfit(extern, String(value));
  const bits = sizeBytes * 8;
  const isSigned = type.kind === "integer" && type.isSigned;
  const kept = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (kept !== value) throw unfit(extern, String(value));
  const bytes = new Uint8Array(8);
  const isLittle = byteOrder === "little";
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), isLittle);
  return isLittle ? bytes.subarray(0, sizeBytes) : bytes.subarray(8 - sizeBytes);
}

function missing({ name }: KconfigExtern, { configuration }: KernelSettings): ObjectError {
  if (configuration === undefined) {
    return new LackingError(`kernel setting ${name}: the target does not tell its configuration`, {
      hint: "give it with --kernel-config: the .config that its kernel was built with",
    });
  }
  return new LackingError(`kernel setting ${name}: the target's configuration has no such setting`);
}

function unfit({ name, type }: KconfigExtern, text: string): ObjectError {
  return new ObjectError(
    `kernel setting ${name}: it is ${text}, and the object reads it as ${type.kind}`,
  );
}
