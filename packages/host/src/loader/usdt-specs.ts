import { parseUsdtArguments, type UsdtArgument } from "../language/check/probes/usdt-arguments.js";
import { namedRegister } from "../language/register-names.js";
import { ObjectError } from "../object/object-error.js";
import { type ObjectFile } from "../object/object-file.js";
import { type MapSpec } from "../spec/map-spec.js";
import { type TargetDescription } from "../spec/target-description.js";

/** Maps that libbpf's usdt.bpf.h defines, which tell programs where a probe's arguments are. */
const specsMap = "__bpf_usdt_specs";

/**
 * struct __bpf_usdt_spec (tools/lib/bpf/usdt.bpf.h): twelve struct __bpf_usdt_arg_spec, u64 usdt_cookie, s16 arg_cnt. Each of the
 * twelve is u64 val_off, u32 arg_type, s16 reg_off, bool arg_signed, char arg_bitshift. Since 1.6 arg_type has 8 bits, and 12 of
 * idx_reg_off and 4 of scale_bitshift stand behind it.
 */
const argumentSizeBytes = 16;
const mostArguments = 12;
const countOffset = mostArguments * argumentSizeBytes + 8;
const specSizeBytes = countOffset + 8;
const argumentTypes = { constant: 0, register: 1, memory: 2, indexed: 3 } as const;

/** The places of arguments that USDT probes have: each kind of places has a number, which programs get as their cookie. */
export class UsdtSpecs {
  readonly #target: TargetDescription;
  readonly #knowsIndexes: boolean;
  readonly #ids = new Map<string, number>();
  readonly #specs: Uint8Array[] = [];

  constructor(target: TargetDescription, file: ObjectFile) {
    this.#target = target;
    const { types } = file;
    const id = types?.find("__bpf_usdt_arg_spec", "struct");
    this.#knowsIndexes = id !== undefined && types?.findMember(id, "idx_reg_off") !== undefined;
  }

  /** The number of a note's arguments. Throws ObjectError for places that cannot be told. */
  idOf(text: string, probe: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#specs.length;
    this.#specs.push(this.#encode(text, probe));
    this.#ids.set(text, id);
    return id;
  }

  /** The object's maps, with what its programs look up. Throws ObjectError for maps of another libbpf. */
  fill(maps: readonly MapSpec[]): readonly MapSpec[] {
    if (this.#specs.length === 0) return maps;
    return maps.map((map) => {
      if (map.name !== specsMap) return map;
      const isFit = map.valueSizeBytes === specSizeBytes && this.#specs.length <= map.maxEntries;
      if (!isFit) {
        throw new ObjectError(
          `map ${map.name}: ${this.#specs.length} of ${specSizeBytes} bytes are needed, and it has room for ${map.maxEntries} of ${map.valueSizeBytes}`,
        );
      }
      const contents = this.#specs.map((value, id) => ({ key: this.#key(id), value }));
      return { ...map, contents };
    });
  }

  #key(id: number): Uint8Array {
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, id, this.#isLittle);
    return key;
  }

  get #isLittle(): boolean {
    return this.#target.byteOrder === "little";
  }

  #encode(text: string, probe: string): Uint8Array {
    const bytes = new Uint8Array(specSizeBytes);
    const view = new DataView(bytes.buffer);
    const all = parseUsdtArguments(text, this.#target.architecture);
    if (all.length > mostArguments) {
      throw new ObjectError(
        `usdt ${probe}: ${all.length} arguments are more than ${mostArguments}`,
      );
    }
    for (const [at, argument] of all.entries()) {
      this.#put(view, at * argumentSizeBytes, argument, `argument ${at} of usdt ${probe}`);
    }
    view.setInt16(countOffset, all.length, this.#isLittle);
    return bytes;
  }

  #put(view: DataView, start: number, argument: UsdtArgument, what: string): void {
    const { operand, sizeBytes, isSigned } = argument;
    view.setUint8(start + 14, isSigned ? 1 : 0);
    view.setUint8(start + 15, 64 - 8 * sizeBytes);
    switch (operand.kind) {
      case "constant":
        this.#place(view, start, argumentTypes.constant, operand.value);
        return;
      case "register":
        this.#place(view, start, argumentTypes.register, 0n);
        view.setInt16(start + 12, this.#register(operand.name, what), this.#isLittle);
        return;
      case "memory":
        if (operand.base === undefined) throw new ObjectError(`${what}: it is at a fixed address`);
        this.#place(view, start, argumentTypes.memory, operand.offset);
        view.setInt16(start + 12, this.#register(operand.base, what), this.#isLittle);
        if (operand.index !== undefined) this.#putIndex(view, start, operand, what);
        return;
      case "unknown":
        throw new ObjectError(`${what}: it is at ${operand.text}, which is not known`);
    }
  }

  #putIndex(
    view: DataView,
    start: number,
    { index = "", scale }: Extract<UsdtArgument["operand"], { readonly kind: "memory" }>,
    what: string,
  ): void {
    if (!this.#knowsIndexes) {
      throw new ObjectError(
        `${what}: it is behind a register and an index, which the object's usdt.bpf.h does not know (libbpf 1.6 does)`,
      );
    }
    const offset = this.#register(index, what);
    const shift = Math.log2(scale);
    // Bit-fields begin at the lowest bit or at the highest one, as the byte order has it.
    const word = this.#isLittle
      ? argumentTypes.indexed | (offset << 8) | (shift << 20)
      : (argumentTypes.indexed << 24) | (offset << 12) | (shift << 8);
    view.setUint32(start + 8, word >>> 0, this.#isLittle);
  }

  #place(view: DataView, start: number, type: number, value: bigint): void {
    view.setBigUint64(start, BigInt.asUintN(64, value), this.#isLittle);
    const word = this.#knowsIndexes && !this.#isLittle ? type << 24 : type;
    view.setUint32(start + 8, word, this.#isLittle);
  }

  #register(name: string, what: string): number {
    const found = namedRegister(this.#target, name);
    if (found !== undefined) return found.offset;
    throw new ObjectError(`${what}: it is in register ${name}, which is not known`);
  }
}
