import { MangledCursor, MangledNameError } from "./mangled-cursor.js";
import { decodePunycode } from "./punycode.js";

const basicTypes: ReadonlyMap<string, string> = new Map([
  ["a", "i8"],
  ["b", "bool"],
  ["c", "char"],
  ["d", "f64"],
  ["e", "str"],
  ["f", "f32"],
  ["h", "u8"],
  ["i", "isize"],
  ["j", "usize"],
  ["l", "i32"],
  ["m", "u32"],
  ["n", "i128"],
  ["o", "u128"],
  ["p", "_"],
  ["s", "i16"],
  ["t", "u16"],
  ["u", "()"],
  ["v", "..."],
  ["x", "i64"],
  ["y", "u64"],
  ["z", "!"],
]);

/** References back can make a short mangled name a very long one. */
const longestName = 65_536;
const mostSteps = 20_000;

/** A name of Rust's mangling "v0" (RFC 2603), without hashes of crates. Throws MangledNameError. */
export function demangleRustV0(mangled: string): string {
  const [, body = "", suffix = ""] = /^_R([^.]*)(\..*)?$/.exec(mangled) ?? [];
  const parser = new RustV0Parser(body);
  return parser.whole() + (suffix.startsWith(".llvm.") ? "" : suffix);
}

class RustV0Parser {
  readonly #cursor: MangledCursor;
  #steps = 0;
  /** Lifetimes that "for<…>" has named so far. */
  #lifetimes = 0;

  constructor(body: string) {
    this.#cursor = new MangledCursor(body, 0);
  }

  whole(): string {
    const path = this.#path(true);
    // Which crate it was made for, is not shown.
    if (!this.#cursor.isAtEnd) this.#path(false);
    if (!this.#cursor.isAtEnd) this.#cursor.fail();
    return path;
  }

  #step<T extends string>(parse: () => T): T {
    if (++this.#steps > mostSteps) throw new MangledNameError("the name is too long");
    const result = this.#cursor.nested(parse);
    if (result.length > longestName) throw new MangledNameError("the name is too long");
    return result;
  }

  /** `isValue`: generic arguments stand behind "::". */
  #path(isValue: boolean): string {
    return this.#step(() => {
      const cursor = this.#cursor;
      switch (cursor.next()) {
        case "C":
          this.#disambiguator();
          return this.#identifier();
        case "M":
          this.#implPath();
          return `<${this.#type()}>`;
        case "X":
          this.#implPath();
          return this.#asTrait();
        case "Y":
          return this.#asTrait();
        case "N":
          return this.#nestedPath(isValue);
        case "I": {
          const path = this.#path(isValue);
          const args: string[] = [];
          while (!cursor.take("E")) args.push(this.#genericArgument());
          return `${path}${isValue ? "::" : ""}<${args.join(", ")}>`;
        }
        case "B":
          return this.#backReference(() => this.#path(isValue));
        default:
          return cursor.fail();
      }
    });
  }

  #asTrait(): string {
    const type = this.#type();
    return `<${type} as ${this.#path(false)}>`;
  }

  /** Where the impl stands: not shown. */
  #implPath(): void {
    this.#disambiguator();
    this.#path(false);
  }

  #nestedPath(isValue: boolean): string {
    const namespace = this.#cursor.next();
    const path = this.#path(isValue);
    const number = this.#disambiguator();
    const name = this.#identifier();
    if (/^[a-z]$/.test(namespace)) return name === "" ? path : `${path}::${name}`;
    if (!/^[A-Z]$/.test(namespace)) return this.#cursor.fail();
    const kind = namespace === "C" ? "closure" : namespace === "S" ? "shim" : namespace;
    return `${path}::{${kind}${name === "" ? "" : `:${name}`}#${number}}`;
  }

  /** "s" and a number; 0 for none. */
  #disambiguator(): number {
    return this.#cursor.take("s") ? this.#base62() + 1 : 0;
  }

  #base62(): number {
    if (this.#cursor.take("_")) return 0;
    const digits = this.#cursor.match(/[0-9a-zA-Z]{1,11}(?=_)/y) ?? this.#cursor.fail();
    this.#cursor.next();
    let value = 0;
    for (const digit of digits) value = value * 62 + base62Digits.indexOf(digit);
    return value + 1;
  }

  #identifier(): string {
    const cursor = this.#cursor;
    const isPunycode = cursor.take("u");
    const length = cursor.number();
    cursor.take("_");
    const name = cursor.next(length);
    return isPunycode ? decodePunycode(name) : name;
  }

  #genericArgument(): string {
    if (this.#cursor.take("L")) return this.#lifetime();
    return this.#cursor.take("K") ? this.#constant() : this.#type();
  }

  #lifetime(): string {
    const index = this.#base62();
    if (index === 0) return "'_";
    const depth = this.#lifetimes - index;
    if (depth < 0) return this.#cursor.fail();
    return depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`;
  }

  #type(): string {
    return this.#step(() => {
      const cursor = this.#cursor;
      const basic = basicTypes.get(cursor.peek());
      if (basic !== undefined) {
        cursor.next();
        return basic;
      }
      switch (cursor.peek()) {
        case "R":
        case "Q":
          return this.#reference();
        case "P":
          cursor.next();
          return `*const ${this.#type()}`;
        case "O":
          cursor.next();
          return `*mut ${this.#type()}`;
        case "A": {
          cursor.next();
          const element = this.#type();
          return `[${element}; ${this.#constant()}]`;
        }
        case "S":
          cursor.next();
          return `[${this.#type()}]`;
        case "T":
          cursor.next();
          return this.#tuple();
        case "F":
          cursor.next();
          return this.#bound(() => this.#functionType());
        case "D":
          cursor.next();
          return this.#dynamicType();
        case "B":
          cursor.next();
          return this.#backReference(() => this.#type());
        default:
          return this.#path(false);
      }
    });
  }

  #reference(): string {
    const mutable = this.#cursor.next() === "Q" ? "mut " : "";
    const lifetime = this.#cursor.take("L") ? this.#lifetime() : "'_";
    const named = lifetime === "'_" ? "" : `${lifetime} `;
    return `&${named}${mutable}${this.#type()}`;
  }

  #tuple(): string {
    const elements: string[] = [];
    while (!this.#cursor.take("E")) elements.push(this.#type());
    return elements.length === 1 ? `(${elements.join()},)` : `(${elements.join(", ")})`;
  }

  /** "G" and a number: so many lifetimes are named here. */
  #bound(parse: () => string): string {
    const count = this.#cursor.take("G") ? this.#base62() + 1 : 0;
    if (count === 0) return parse();
    if (count > 1000) return this.#cursor.fail();
    const names = Array.from({ length: count }, (_, index) => {
      const depth = this.#lifetimes + index;
      return depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`;
    });
    this.#lifetimes += count;
    const inner = parse();
    this.#lifetimes -= count;
    return `for<${names.join(", ")}> ${inner}`;
  }

  #functionType(): string {
    const cursor = this.#cursor;
    const unsafe = cursor.take("U") ? "unsafe " : "";
    let abi = "";
    if (cursor.take("K")) {
      abi = `extern "${cursor.take("C") ? "C" : this.#identifier().replaceAll("_", "-")}" `;
    }
    const parameters: string[] = [];
    while (!cursor.take("E")) parameters.push(this.#type());
    const returns = cursor.take("u") ? "" : ` -> ${this.#type()}`;
    return `${unsafe}${abi}fn(${parameters.join(", ")})${returns}`;
  }

  #dynamicType(): string {
    const cursor = this.#cursor;
    const traits = this.#bound(() => {
      const parts: string[] = [];
      while (!cursor.take("E")) parts.push(this.#dynamicTrait());
      return parts.join(" + ");
    });
    cursor.expect("L");
    const lifetime = this.#lifetime();
    return `dyn ${traits}${lifetime === "'_" ? "" : ` + ${lifetime}`}`;
  }

  /** A trait, and what types of it are ("p"). */
  #dynamicTrait(): string {
    const path = this.#path(false);
    const bindings: string[] = [];
    while (this.#cursor.take("p")) {
      const name = this.#identifier();
      bindings.push(`${name} = ${this.#type()}`);
    }
    if (bindings.length === 0) return path;
    return path.endsWith(">")
      ? `${path.slice(0, -1)}, ${bindings.join(", ")}>`
      : `${path}<${bindings.join(", ")}>`;
  }

  #constant(): string {
    const cursor = this.#cursor;
    if (cursor.take("B")) return this.#backReference(() => this.#constant());
    if (cursor.take("p")) return "_";
    const type = basicTypes.get(cursor.next()) ?? cursor.fail();
    const sign = cursor.take("n") ? "-" : "";
    const digits = cursor.match(/[0-9a-f]*(?=_)/y) ?? cursor.fail();
    cursor.next();
    const value = BigInt(`0x0${digits}`);
    if (type === "bool") return value === 1n ? "true" : "false";
    if (type === "char") return formatCharacter(Number(value));
    return `${sign}${value}`;
  }

  #backReference(parse: () => string): string {
    const cursor = this.#cursor;
    const start = cursor.at - 1;
    const target = this.#base62();
    if (target >= start) return cursor.fail();
    const end = cursor.at;
    cursor.at = target;
    const result = this.#step(parse);
    cursor.at = end;
    return result;
  }
}

const base62Digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function formatCharacter(code: number): string {
  if (code > 0x10_ffff) throw new MangledNameError("no such character");
  const special = { 9: "\\t", 10: "\\n", 13: "\\r", 39: "\\'", 92: "\\\\" }[code];
  return `'${special ?? String.fromCodePoint(code)}'`;
}
