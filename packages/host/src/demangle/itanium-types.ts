import { type FunctionType, type ItaniumNode, textNode } from "./itanium-node.js";
import { builtinTypes, builtinTypesOfD } from "./itanium-tables.js";
import { type MangledCursor } from "./mangled-cursor.js";

/** What types are made of beside types. */
export interface TypePartsParser {
  readonly cursor: MangledCursor;
  type(): ItaniumNode;
  name(): ItaniumNode;
  expression(): ItaniumNode;
  qualifiers(): string;
  sourceName(): ItaniumNode;
  templateParameter(): ItaniumNode;
  templateArguments(): readonly ItaniumNode[];
  substitution(): ItaniumNode;
  addSubstitution(node: ItaniumNode): void;
}

/** <type> of the Itanium C++ ABI, 5.1.5. Throws MangledNameError. */
export class ItaniumTypeParser {
  readonly #parts: TypePartsParser;
  #takesArguments = true;

  constructor(parts: TypePartsParser) {
    this.#parts = parts;
  }

  /** Not: arguments behind a T_ are not that parameter's, but of the conversion whose type it is. */
  takingArguments<T>(takes: boolean, parse: () => T): T {
    const before = this.#takesArguments;
    this.#takesArguments = takes;
    const result = parse();
    this.#takesArguments = before;
    return result;
  }

  /** What was not built in or substituted can be meant again. */
  parse(): ItaniumNode {
    const { cursor } = this.#parts;
    const builtin = builtinTypes.get(cursor.peek());
    if (builtin !== undefined) {
      cursor.next();
      return textNode(builtin);
    }
    if (cursor.peek() === "S" && cursor.peek(1) !== "t") return this.#substituted();
    const builtinOfD = cursor.peek() === "D" ? builtinTypesOfD.get(cursor.peek(1)) : undefined;
    if (builtinOfD !== undefined) {
      cursor.next(2);
      return textNode(builtinOfD);
    }
    const node = this.#parseOther();
    this.#parts.addSubstitution(node);
    return node;
  }

  #substituted(): ItaniumNode {
    const parts = this.#parts;
    const { cursor } = parts;
    const name = parts.substitution();
    if (cursor.peek() !== "I" || !this.#takesArguments) return name;
    const node: ItaniumNode = { kind: "template", name, args: parts.templateArguments() };
    parts.addSubstitution(node);
    return node;
  }

  #parseOther(): ItaniumNode {
    const parts = this.#parts;
    const { cursor } = parts;
    switch (cursor.peek()) {
      case "r":
      case "V":
      case "K":
        return this.#qualified();
      case "P":
        return this.#pointer("*");
      case "R":
        return this.#pointer("&");
      case "O":
        return this.#pointer("&&");
      case "C":
        return this.#suffixed(" _Complex");
      case "G":
        return this.#suffixed(" _Imaginary");
      case "A":
        return this.#array();
      case "F":
        return this.#function("");
      case "M":
        return this.#memberPointer();
      case "T":
        return this.#templateType();
      case "U":
        return this.#vendorQualified();
      case "u":
        cursor.next();
        return this.#vendorType();
      case "D":
        return this.#typeOfD();
      default:
        return parts.name();
    }
  }

  #qualified(): ItaniumNode {
    const qualifiers = this.#parts.qualifiers();
    if (/^(F|D[oOw])/.test(this.#ahead)) return this.#function(qualifiers);
    return { kind: "qualified", inner: this.#parts.type(), qualifiers };
  }

  get #ahead(): string {
    const { text, at } = this.#parts.cursor;
    return text.slice(at, at + 2);
  }

  #pointer(symbol: "*" | "&" | "&&"): ItaniumNode {
    this.#parts.cursor.next();
    return { kind: "pointer", inner: this.#parts.type(), symbol };
  }

  #suffixed(qualifiers: string): ItaniumNode {
    this.#parts.cursor.next();
    return { kind: "qualified", inner: this.#parts.type(), qualifiers };
  }

  #array(): ItaniumNode {
    const { cursor } = this.#parts;
    cursor.expect("A");
    const digits = cursor.match(/[0-9]+/y);
    let size = digits === undefined ? undefined : textNode(digits);
    if (size === undefined && cursor.peek() !== "_") size = this.#parts.expression();
    cursor.expect("_");
    return { kind: "array", size, inner: this.#parts.type() };
  }

  /** [exception specification] F [Y] types [R or O] E */
  #function(qualifiers: string): FunctionType {
    const { cursor } = this.#parts;
    let suffix = qualifiers;
    if (cursor.take("Do")) {
      suffix += " noexcept";
    } else if (cursor.take("DO")) {
      this.#parts.expression();
      cursor.expect("E");
      suffix += " noexcept";
    } else if (cursor.take("Dw")) {
      while (!cursor.take("E")) this.#parts.type();
      suffix += " throw";
    }
    cursor.take("Dx");
    cursor.expect("F");
    cursor.take("Y");
    const returns = this.#parts.type();
    const parameters: ItaniumNode[] = [];
    for (;;) {
      if (cursor.take("E")) break;
      if (cursor.take("RE")) {
        suffix += " &";
        break;
      }
      if (cursor.take("OE")) {
        suffix += " &&";
        break;
      }
      if (cursor.isAtEnd) cursor.fail();
      parameters.push(this.#parts.type());
    }
    return { kind: "functionType", returns, parameters, suffix };
  }

  #memberPointer(): ItaniumNode {
    this.#parts.cursor.expect("M");
    const scope = this.#parts.type();
    return { kind: "memberPointer", scope, inner: this.#parts.type() };
  }

  /** T_, perhaps of a template itself; Ts, Tu, Te: of a struct, union or enum. */
  #templateType(): ItaniumNode {
    const parts = this.#parts;
    const { cursor } = parts;
    if (/^T[sue]/.test(this.#ahead)) {
      cursor.next(2);
      return parts.name();
    }
    const parameter = parts.templateParameter();
    if (cursor.peek() !== "I" || !this.#takesArguments) return parameter;
    parts.addSubstitution(parameter);
    return { kind: "template", name: parameter, args: parts.templateArguments() };
  }

  #vendorQualified(): ItaniumNode {
    const parts = this.#parts;
    parts.cursor.expect("U");
    const name = parts.sourceName();
    const args = parts.cursor.peek() === "I" ? parts.templateArguments() : undefined;
    const inner = parts.type();
    if (args !== undefined || name.kind !== "text") return inner;
    return { kind: "qualified", inner, qualifiers: ` ${name.text}` };
  }

  #vendorType(): ItaniumNode {
    const name = this.#parts.sourceName();
    if (this.#parts.cursor.peek() !== "I") return name;
    return { kind: "template", name, args: this.#parts.templateArguments() };
  }

  #typeOfD(): ItaniumNode {
    const parts = this.#parts;
    const { cursor } = parts;
    if (/^D[oOwx]/.test(this.#ahead)) return this.#function("");
    switch (cursor.next(2)) {
      case "Dp":
        return { kind: "expansion", inner: parts.type() };
      case "Dt":
      case "DT": {
        const inner = parts.expression();
        cursor.expect("E");
        return { kind: "wrapped", before: "decltype (", inner, after: ")" };
      }
      case "DF":
        return textNode(this.#floatingType());
      case "DB":
        return this.#bitInteger("");
      case "DU":
        return this.#bitInteger("unsigned ");
      case "Dv":
        return this.#vector();
      default:
        return cursor.fail();
    }
  }

  #floatingType(): string {
    const { cursor } = this.#parts;
    const bits = cursor.number();
    if (cursor.take("_")) return `_Float${bits}`;
    if (cursor.take("x")) return `_Float${bits}x`;
    return cursor.take("b") ? "std::bfloat16_t" : cursor.fail();
  }

  #bitInteger(sign: string): ItaniumNode {
    const { cursor } = this.#parts;
    const digits = cursor.match(/[0-9]+/y);
    const size = digits === undefined ? this.#parts.expression() : textNode(digits);
    cursor.expect("_");
    return { kind: "wrapped", before: `${sign}_BitInt(`, inner: size, after: ")" };
  }

  #vector(): ItaniumNode {
    const { cursor } = this.#parts;
    const digits = cursor.match(/[0-9]+/y);
    const size =
      digits === undefined && cursor.take("_") ? this.#parts.expression() : textNode(digits ?? "");
    cursor.expect("_");
    const inner = this.#parts.type();
    return {
      kind: "list",
      elements: [inner, { kind: "wrapped", before: "__vector(", inner: size, after: ")" }],
      between: " ",
    };
  }
}
