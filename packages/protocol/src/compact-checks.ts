import { type Checked } from "./checks.js";
import { formatFault } from "./fault-text.js";

/**
 * What a schema accepts, as data: what scripts/micro/shapes.js makes of the zod schemas when the programs are built. Of an
 * object all keys are known, and those in the list may be absent; of a loose one other keys are nobody's business. Patterns are
 * indices into a list of their own, because regular expressions are compiled at build time, too. An integer's bounds are pairs
 * of the smallest and the largest, all of which it must be within; a bigint's are decimal.
 */
export type Shape =
  | readonly ["any"]
  | readonly ["boolean"]
  | readonly ["integer", ...bounds: readonly (number | null)[]]
  | readonly ["bigint", min: string, max: string]
  | readonly ["bytes", min: number, max: number]
  | readonly ["text", min: number, max: number | null, pattern: number | null]
  | readonly ["values", values: readonly unknown[]]
  | readonly ["nullable", inner: Shape]
  | readonly ["array", element: Shape, min: number, max: number | null]
  | readonly ["record", key: Shape, value: Shape]
  | readonly ["object", keys: Readonly<Record<string, Shape>>, optional: readonly string[]]
  | readonly ["loose", keys: Readonly<Record<string, Shape>>, optional: readonly string[]]
  | readonly ["union", options: readonly Shape[]]
  | readonly ["kinds", key: string, options: Readonly<Record<string, Shape>>];

type Of<K extends Shape[0]> = Extract<Shape, readonly [K, ...unknown[]]>;

const anyOf = "not one of the kinds known here";

/**
 * Checks values by shapes, with the same answers as zod's: the same faults, in the same words. What is right is given as it
 * is, where zod leaves out of it what is nobody's business.
 */
export class CompactChecks {
  readonly #texts: Readonly<Record<string, string>>;
  readonly #patterns: readonly RegExp[];
  readonly #shapes = new Map<string, Shape>();

  /** Shapes in JSON by name, each read when it is first needed. */
  constructor(texts: Readonly<Record<string, string>>, patterns: readonly RegExp[]) {
    this.#texts = texts;
    this.#patterns = patterns;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#texts, name);
  }

  /** The value itself, when it has the shape of that name. */
  check(name: string, value: unknown): Checked<unknown> {
    const inspection = new Inspection(this.#patterns);
    inspection.inspect(this.#shape(name), value);
    const { fault } = inspection;
    return fault === undefined ? { isRight: true, value } : { isRight: false, fault };
  }

  #shape(name: string): Shape {
    const known = this.#shapes.get(name);
    if (known !== undefined) return known;
    // The build has written it.
    const shape = JSON.parse(this.#texts[name] ?? '["any"]') as Shape;
    this.#shapes.set(name, shape);
    return shape;
  }
}

/** One value, or one try of an alternative, being looked at. */
class Inspection {
  readonly #patterns: readonly RegExp[];
  readonly #path: PropertyKey[];
  /** The first that was found. */
  fault: string | undefined;
  /** Something was not even of the right type: of a union's options, one without such a fault was more likely meant. */
  isFarOff = false;

  constructor(patterns: readonly RegExp[], path: readonly PropertyKey[] = []) {
    this.#patterns = patterns;
    this.#path = [...path];
  }

  inspect(shape: Shape, value: unknown): void {
    switch (shape[0]) {
      case "any":
        return;
      case "boolean":
        if (typeof value !== "boolean") this.#wrongType("boolean");
        return;
      case "integer":
        this.#inspectInteger(shape, value);
        return;
      case "bigint":
        if (typeof value !== "bigint") this.#wrongType("bigint");
        else if (value < BigInt(shape[1])) this.#found(`less than ${shape[1]}`);
        else if (value > BigInt(shape[2])) this.#found(`more than ${shape[2]}`);
        return;
      case "bytes":
        this.#inspectBytes(shape[1], shape[2], value);
        return;
      case "text":
        this.#inspectText(shape, value);
        return;
      case "values":
        if (!shape[1].includes(value)) {
          this.#found(`expected one of ${shape[1].map(String).join(", ")}`, true);
        }
        return;
      case "nullable":
        if (value !== null) this.inspect(shape[1], value);
        return;
      case "array":
        this.#inspectArray(shape, value);
        return;
      case "record":
        this.#inspectRecord(shape, value);
        return;
      case "object":
      case "loose":
        this.#inspectObject(shape, value);
        return;
      case "union":
        this.#inspectUnion(shape[1], value);
        return;
      case "kinds":
        this.#inspectKinds(shape[1], shape[2], value);
    }
  }

  #inspectInteger([, ...bounds]: Of<"integer">, value: unknown): void {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      this.#wrongType("number");
    } else if (Number.isInteger(value)) {
      this.#inspectBounds(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, value);
      for (let index = 0; index < bounds.length; index += 2) {
        this.#inspectBounds(bounds[index] ?? value, bounds[index + 1] ?? value, value);
      }
    } else {
      this.#wrongType("int");
    }
  }

  #inspectBounds(min: number, max: number, value: number): void {
    if (value < min) this.#found(`less than ${min}`);
    else if (value > max) this.#found(`more than ${max}`);
  }

  #inspectBytes(min: number, max: number, value: unknown): void {
    if (!(value instanceof Uint8Array)) this.#wrongType("bytes");
    else if (value.length >= min && value.length <= max) return;
    else this.#found(min === max ? `expected ${max} bytes` : `more than ${max} bytes`);
  }

  #inspectText([, min, max, pattern]: Of<"text">, value: unknown): void {
    if (typeof value !== "string") {
      this.#wrongType("string");
      return;
    }
    // Characters are counted, not UTF-16's units, of which no character has more than two.
    if (max !== null && value.length > max && [...value].length > max) {
      this.#found(`more than ${max} characters`);
    }
    if (value.length < min) this.#found(`less than ${min} characters`);
    if (pattern !== null && this.#patterns[pattern]?.test(value) !== true) this.#found("not valid");
  }

  #inspectArray([, element, min, max]: Of<"array">, value: unknown): void {
    if (!Array.isArray(value)) {
      this.#wrongType("array");
      return;
    }
    value.forEach((one: unknown, index) => {
      this.#inspectPart(index, element, one);
    });
    if (value.length < min) this.#found(`less than ${min} elements`);
    if (max !== null && value.length > max) this.#found(`more than ${max} elements`);
  }

  #inspectRecord([, keyShape, valueShape]: Of<"record">, value: unknown): void {
    if (!isObject(value) || value instanceof Uint8Array) {
      this.#wrongType("record");
      return;
    }
    for (const [key, part] of Object.entries(value)) {
      const attempt = new Inspection(this.#patterns);
      attempt.inspect(keyShape, key);
      if (attempt.fault === undefined) this.#inspectPart(key, valueShape, part);
      else this.#foundAt(key, "not valid");
    }
  }

  #inspectObject([kind, keys, optional]: Of<"object" | "loose">, value: unknown): void {
    if (!isObject(value)) {
      this.#wrongType("object");
      return;
    }
    for (const [key, shape] of Object.entries(keys)) {
      const part = value[key];
      if (part === undefined && optional.includes(key)) continue;
      this.#inspectPart(key, shape, part);
      if (shape[0] === "any" && !(key in value)) this.#foundAt(key, "missing");
    }
    if (kind === "loose") return;
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(keys, key));
    if (unknown.length > 0) this.#found(`unknown key ${unknown.slice(0, 3).join(", ")}`);
  }

  #inspectUnion(options: readonly Shape[], value: unknown): void {
    const near: Inspection[] = [];
    for (const option of options) {
      const attempt = new Inspection(this.#patterns, this.#path);
      attempt.inspect(option, value);
      if (attempt.fault === undefined) return;
      if (!attempt.isFarOff) near.push(attempt);
    }
    const [only, ...more] = near;
    if (only === undefined || more.length > 0) this.#found(anyOf, true);
    else this.fault ??= only.fault;
  }

  #inspectKinds(key: string, options: Readonly<Record<string, Shape>>, value: unknown): void {
    if (!isObject(value)) {
      this.#wrongType("object");
      return;
    }
    const kind = value[key];
    const option =
      typeof kind === "string" && Object.hasOwn(options, kind) ? options[kind] : undefined;
    if (option === undefined) this.#foundAt(key, anyOf);
    else this.inspect(option, value);
  }

  #inspectPart(key: PropertyKey, shape: Shape, value: unknown): void {
    this.#path.push(key);
    this.inspect(shape, value);
    this.#path.pop();
  }

  #wrongType(expected: string): void {
    this.#found(`expected ${expected}`, true);
  }

  #foundAt(key: PropertyKey, fault: string): void {
    this.#path.push(key);
    this.#found(fault, true);
    this.#path.pop();
  }

  #found(fault: string, isFarOff = false): void {
    this.fault ??= formatFault(this.#path, fault);
    if (isFarOff) this.isFarOff = true;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
