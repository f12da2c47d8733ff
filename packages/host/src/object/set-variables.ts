import { type Btf } from "../btf/btf.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { ObjectError } from "./object-error.js";
import { type DataMap, type ObjectFile, type ObjectVariable } from "./object-file.js";

/** What a variable is set to: "targ_pid", "filter.ports[2]"; the value as a person writes it. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/**
 * What the object's sections of variables hold once some are set, by the section; others are not in it. Values are numbers, names
 * of enumerators, true and false, text for arrays of characters, and JSON for other arrays and for structs. Throws ObjectError.
 */
export function setVariables(
  file: ObjectFile,
  settings: readonly Setting[],
): ReadonlyMap<string, Uint8Array> {
  const sections = new Map<string, Uint8Array>();
  for (const setting of settings) {
    const { map, variable, path } = findVariable(file, setting.name);
    const bytes = sections.get(map.name) ?? map.contents?.slice() ?? new Uint8Array(map.sizeBytes);
    sections.set(map.name, bytes);
    if (file.types === undefined) throw fault(setting, "the object has no types");
    const writer = new VariableWriter(file.types, file.byteOrder, bytes, setting);
    writer.write(path, variable);
  }
  return sections;
}

interface FoundVariable {
  readonly map: DataMap;
  readonly variable: ObjectVariable;
  /** What of it is meant: members and indexes. */
  readonly path: string;
}

/** "NAME", or "NAME" and a path that begins with "." or "["; a static variable of a function is "FUNCTION.NAME". */
function findVariable(file: ObjectFile, name: string): FoundVariable {
  const data = file.maps.filter((map): map is DataMap => map.kind === "data");
  let best: FoundVariable | undefined;
  for (const map of data) {
    for (const variable of map.variables) {
      const path = name.slice(variable.name.length);
      const isIt = name.startsWith(variable.name) && /^([.[]|$)/.test(path);
      const isLonger = variable.name.length > (best?.variable.name.length ?? -1);
      if (isIt && isLonger) best = { map, variable, path };
    }
  }
  if (best !== undefined) return best;
  const names = data.flatMap((map) => map.variables.map((one) => one.name));
  throw new ObjectError(`there is no variable ${name}`, {
    hint: names.length === 0 ? "the object has none" : `its variables are: ${names.join(", ")}`,
  });
}

function fault({ name, value }: Setting, why: string): ObjectError {
  return new ObjectError(`variable ${name} cannot be ${value}: ${why}`);
}

class VariableWriter {
  readonly #types: Btf;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  readonly #setting: Setting;

  constructor(types: Btf, byteOrder: "little" | "big", bytes: Uint8Array, setting: Setting) {
    this.#types = types;
    this.#isLittle = byteOrder === "little";
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#setting = setting;
  }

  write(path: string, { type, offset }: ObjectVariable): void {
    const place = this.#walk(path, type, offset);
    const { value } = this.#setting;
    this.#put(place.type, place.offset, this.#read(place.type, value));
  }

  /** Goes to the part of a variable that a path means. */
  #walk(
    path: string,
    start: BtfTypeId,
    startOffset: number,
  ): { readonly type: BtfTypeId; readonly offset: number } {
    let [type, offset] = [start, startOffset];
    const steps = path.match(/\.[A-Za-z_]\w*|\[\d+\]/g) ?? [];
    if (steps.join("") !== path) throw this.#fault(`"${path}" is no path to a part of it`);
    for (const step of steps) {
      if (step.startsWith(".")) {
        const member = this.#types.findMember(type, step.slice(1));
        if (member === undefined) throw this.#fault(`it has no member ${step.slice(1)}`);
        if (member.bitFieldSize !== 0) throw this.#fault("bit-fields cannot be set");
        [type, offset] = [member.type, offset + member.bitOffset / 8];
        continue;
      }
      const array = this.#resolved(type);
      const index = Number(step.slice(1, -1));
      if (array.kind !== "array" || index >= array.length) {
        throw this.#fault(`it has no element ${step}`);
      }
      offset += index * this.#types.sizeOf(array.element);
      type = array.element;
    }
    return { type, offset };
  }

  /** The text as JSON where it stands for many values, else as it is. */
  #read(id: BtfTypeId, text: string): unknown {
    const { kind } = this.#resolved(id);
    const isText = kind === "array" && this.#isText(id);
    const isWhole = kind === "array" || kind === "struct" || kind === "union";
    if (!isWhole || isText) return text;
    try {
      // Numbers stay text: JSON's have no 64 bits.
      return JSON.parse(
        text.replaceAll(/(?<=[[,:{\s])-?(?:0x[\da-fA-F]+|\d+)(?=[\s,\]}])/g, '"$&"'),
      );
    } catch (cause) {
      throw new ObjectError(
        `variable ${this.#setting.name} cannot be ${text}: it is ${this.#types.formatTypeName(id)}`,
        { cause, hint: `give it as [1, 2, 3] or {"member": 1}` },
      );
    }
  }

  #put(id: BtfTypeId, offset: number, value: unknown): void {
    const type = this.#resolved(id);
    switch (type.kind) {
      case "array":
        if (this.#isText(id) && typeof value === "string")
          this.#putText(type.length, offset, value);
        else this.#putElements(type, offset, value);
        return;
      case "struct":
      case "union":
        this.#putMembers(id, offset, value);
        return;
      case "int":
      case "enum":
      case "enum64":
      case "ptr":
        this.#putNumber(id, offset, this.#number(type, value));
        return;
      default:
        throw this.#fault(`a ${this.#types.formatTypeName(id)} cannot be set`);
    }
  }

  #putText(length: number, offset: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length >= length) {
      throw this.#fault(`it has room for ${length - 1} bytes of text, not ${bytes.length}`);
    }
    for (let at = 0; at < length; at++) this.#view.setUint8(offset + at, bytes[at] ?? 0);
  }

  #putElements(
    type: Extract<BtfType, { readonly kind: "array" }>,
    offset: number,
    value: unknown,
  ): void {
    if (!Array.isArray(value)) throw this.#fault(`it is an array of ${type.length}`);
    if (value.length > type.length) {
      throw this.#fault(`it has ${type.length} elements, not ${value.length}`);
    }
    const size = this.#types.sizeOf(type.element);
    for (const [at, element] of value.entries())
      this.#put(type.element, offset + at * size, element);
  }

  #putMembers(id: BtfTypeId, offset: number, value: unknown): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#fault(`it is ${this.#types.formatTypeName(id)}`);
    }
    for (const [name, inner] of Object.entries(value)) {
      const place = this.#walk(`.${name}`, id, offset);
      this.#put(place.type, place.offset, inner);
    }
  }

  #number(type: BtfType, value: unknown): bigint {
    if (typeof value === "boolean") return value ? 1n : 0n;
    const text = typeof value === "string" ? value.trim() : String(value);
    if (type.kind === "int" && type.isBoolean && /^(true|false)$/.test(text)) {
      return text === "true" ? 1n : 0n;
    }
    if (type.kind === "enum" || type.kind === "enum64") {
      const named = type.values.find(({ name }) => name === text);
      if (named !== undefined) return named.value;
    }
    const number = /^(-)?(0[xX][\da-fA-F]+|\d+)$/.exec(text);
    if (number === null) throw this.#fault("that is no number");
    const magnitude = BigInt(number[2] ?? "0");
    return number[1] === undefined ? magnitude : -magnitude;
  }

  #putNumber(id: BtfTypeId, offset: number, value: bigint): void {
    const sizeBytes = this.#types.sizeOf(id);
    const bits = sizeBytes * 8;
    const type = this.#resolved(id);
    const isBoolean = type.kind === "int" && type.isBoolean;
    const most = isBoolean ? 2n : 1n << BigInt(bits);
    const least = isBoolean ? 0n : -(1n << BigInt(bits - 1));
    if (value >= most || value < least) throw this.#fault(`it has ${bits} bits`);
    for (let at = 0; at < sizeBytes; at++) {
      const place = this.#isLittle ? at : sizeBytes - 1 - at;
      this.#view.setUint8(offset + place, Number((value >> BigInt(8 * at)) & 0xffn));
    }
  }

  #isText(id: BtfTypeId): boolean {
    const type = this.#resolved(id);
    if (type.kind !== "array") return false;
    const element = this.#resolved(type.element);
    return element.kind === "int" && element.sizeBytes === 1 && element.name.includes("char");
  }

  #resolved(id: BtfTypeId): BtfType {
    return this.#types.type(this.#types.resolve(id));
  }

  #fault(why: string): ObjectError {
    return fault(this.#setting, why);
  }
}
