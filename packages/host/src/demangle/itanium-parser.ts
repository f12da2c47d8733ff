import { parseExpression, type ExpressionParser } from "./itanium-expressions.js";
import { type FunctionType, type ItaniumNode, textNode } from "./itanium-node.js";
import { parseSpecialName } from "./itanium-special-names.js";
import { operators, standardNames } from "./itanium-tables.js";
import { ItaniumTypeParser } from "./itanium-types.js";
import { MangledCursor } from "./mangled-cursor.js";

/** A name, and what of it decides how the function that it is of is written. */
interface ParsedName {
  readonly node: ItaniumNode;
  /** " const", " &": of a member function. */
  readonly suffix: string;
  /** It ends in template arguments. */
  readonly isTemplate: boolean;
  /** A constructor, a destructor or a conversion: the type that it returns is not mangled. */
  readonly returnsNothing: boolean;
}

/** What a function returns is mangled for templates, but not for constructors and the like. */
function mayReturn({ isTemplate, returnsNothing }: ParsedName): boolean {
  return isTemplate && !returnsNothing;
}

/** Parses "_Z…" by the grammar of the Itanium C++ ABI, section 5.1. Throws MangledNameError. */
export function parseItaniumName(mangled: string, start: number): ItaniumNode {
  const parser = new ItaniumParser(new MangledCursor(mangled, start));
  return parser.whole();
}

class ItaniumParser implements ExpressionParser {
  readonly cursor: MangledCursor;
  readonly #types: ItaniumTypeParser;
  readonly #substitutions: ItaniumNode[] = [];

  constructor(cursor: MangledCursor) {
    this.cursor = cursor;
    this.#types = new ItaniumTypeParser(this);
  }

  whole(): ItaniumNode {
    let node = this.encoding();
    while (!this.cursor.isAtEnd) {
      const suffix = this.cursor.match(/\.(?:[a-z_]+|[0-9]+)(?:\.[0-9]+)*/y);
      if (suffix === undefined) this.cursor.fail();
      node = { kind: "wrapped", before: "", inner: node, after: ` [clone ${suffix}]` };
    }
    return node;
  }

  /** <encoding>: a function with its parameters, data, or something special. What a scope returns is not shown. */
  encoding(isScope = false): ItaniumNode {
    const { cursor } = this;
    if (/^[TG]/.test(cursor.peek())) return parseSpecialName(this);
    const name = this.#name();
    if (cursor.isAtEnd || /^[E.]/.test(cursor.peek())) return name.node;
    const returns = mayReturn(name) ? this.type() : undefined;
    const type = this.#functionType(isScope ? undefined : returns, name.suffix);
    return { kind: "function", name: name.node, type };
  }

  #functionType(returns: ItaniumNode | undefined, suffix: string): FunctionType {
    const { cursor } = this;
    const parameters: ItaniumNode[] = [];
    while (!cursor.isAtEnd && !/^[E.]/.test(cursor.peek())) parameters.push(this.type());
    return { kind: "functionType", returns, parameters, suffix };
  }

  name(): ItaniumNode {
    return this.#name().node;
  }

  type(): ItaniumNode {
    return this.cursor.nested(() => this.#types.parse());
  }

  expression(): ItaniumNode {
    return this.cursor.nested(() => parseExpression(this));
  }

  /** <name> */
  #name(): ParsedName {
    return this.#nested(() => {
      const { cursor } = this;
      if (cursor.take("N")) return this.#nestedName();
      if (cursor.take("Z")) return this.#localName();
      if (cursor.peek() === "S" && cursor.peek(1) !== "t") return this.#substitutedName();
      const isStandard = cursor.take("St");
      const { node, returnsNothing } = this.#unqualifiedName(undefined);
      const name: ItaniumNode = isStandard
        ? { kind: "member", scope: textNode("std"), name: node }
        : node;
      return this.#withArguments(name, returnsNothing, true);
    });
  }

  #nested<T>(parse: () => T): T {
    return this.cursor.nested(() => this.#types.takingArguments(true, parse));
  }

  #withArguments(name: ItaniumNode, returnsNothing: boolean, isNew: boolean): ParsedName {
    const isTemplate = this.cursor.peek() === "I";
    if (isTemplate && isNew) this.addSubstitution(name);
    const node = isTemplate ? this.#template(name) : name;
    return { node, suffix: "", isTemplate, returnsNothing };
  }

  #template(name: ItaniumNode): ItaniumNode {
    return { kind: "template", name, args: this.templateArguments() };
  }

  #substitutedName(): ParsedName {
    return this.#withArguments(this.substitution(), false, false);
  }

  /** N [qualifiers] prefix name E */
  #nestedName(): ParsedName {
    const { cursor } = this;
    let suffix = this.qualifiers();
    if (cursor.take("R")) suffix += " &";
    else if (cursor.take("O")) suffix += " &&";
    let scope: ItaniumNode | undefined;
    let isTemplate = false;
    let returnsNothing = false;
    while (!cursor.take("E")) {
      cursor.take("L");
      // What stands at the end is a name, which cannot be meant again by a substitution.
      if (cursor.take("M")) continue;
      const isOfStandard = cursor.startsWith("St");
      const isSubstituted = cursor.peek() === "S" && !isOfStandard;
      if (cursor.peek() === "I") {
        scope = this.#template(scope ?? cursor.fail());
        isTemplate = true;
      } else if (isOfStandard && scope === undefined) {
        cursor.next(2);
        scope = textNode("std");
        continue;
      } else if (isSubstituted && scope === undefined) {
        scope = this.substitution();
        continue;
      } else if (scope === undefined && cursor.peek() === "T") {
        scope = this.templateParameter();
      } else if (
        scope === undefined &&
        /^D[tT]/.test(cursor.text.slice(cursor.at, cursor.at + 2))
      ) {
        scope = this.type();
        continue;
      } else {
        const unqualified = this.#unqualifiedName(scope);
        returnsNothing = unqualified.returnsNothing;
        isTemplate = false;
        scope =
          scope === undefined
            ? unqualified.node
            : { kind: "member", scope, name: unqualified.node };
      }
      if (cursor.peek() !== "E") this.addSubstitution(scope);
    }
    return { node: scope ?? cursor.fail(), suffix, isTemplate, returnsNothing };
  }

  /** Z encoding E name, or "s" for a string's; "d" and a number: of a default argument. */
  #localName(): ParsedName {
    const { cursor } = this;
    const scope = this.encoding(true);
    cursor.expect("E");
    if (cursor.take("s")) {
      this.#discriminator();
      const node: ItaniumNode = { kind: "member", scope, name: textNode("string literal") };
      return { node, suffix: "", isTemplate: false, returnsNothing: false };
    }
    let inner = "";
    if (cursor.take("d")) {
      inner = `{default arg#${this.#sequenceNumber() + 1}}::`;
    }
    const entity = this.#name();
    this.#discriminator();
    const name: ItaniumNode =
      inner === ""
        ? entity.node
        : { kind: "wrapped", before: inner, inner: entity.node, after: "" };
    return { ...entity, node: { kind: "member", scope, name } };
  }

  /** Which of several of one name: not shown. */
  #discriminator(): void {
    this.cursor.match(/_(?:[0-9]|_[0-9]+_)/y);
  }

  #unqualifiedName(scope: ItaniumNode | undefined): {
    readonly node: ItaniumNode;
    readonly returnsNothing: boolean;
  } {
    const { cursor } = this;
    cursor.take("L");
    let returnsNothing = false;
    let node: ItaniumNode;
    const first = cursor.peek();
    if (/^[0-9]/.test(first)) {
      node = this.sourceName();
    } else if (/^[CD][0-9I]/.test(cursor.text.slice(cursor.at, cursor.at + 2))) {
      node = this.#structor(scope);
      returnsNothing = true;
    } else if (cursor.startsWith("DC")) {
      node = this.#structuredBinding();
    } else if (cursor.startsWith("Ut")) {
      cursor.next(2);
      node = textNode(`{unnamed type#${this.#sequenceNumber() + 1}}`);
      if (scope === undefined) this.addSubstitution(node);
    } else if (cursor.startsWith("Ul")) {
      node = this.#lambda();
    } else {
      returnsNothing = cursor.startsWith("cv");
      node = this.operatorName();
    }
    while (cursor.take("B")) {
      node = { kind: "tagged", inner: node, tag: this.#identifier() };
    }
    return { node, returnsNothing };
  }

  #structor(scope: ItaniumNode | undefined): ItaniumNode {
    const { cursor } = this;
    const isDestructor = cursor.next() === "D";
    const isInherited = cursor.take("I");
    if (!/^[0-9]/.test(cursor.next())) cursor.fail();
    if (isInherited) this.type();
    return { kind: "structor", scope: scope ?? cursor.fail(), isDestructor };
  }

  #structuredBinding(): ItaniumNode {
    const { cursor } = this;
    cursor.expect("DC");
    const names: ItaniumNode[] = [];
    while (!cursor.take("E")) names.push(this.sourceName());
    return {
      kind: "wrapped",
      before: "[",
      inner: { kind: "list", elements: names, between: ", " },
      after: "]",
    };
  }

  /** Ul, the types of its parameters, E, a number. */
  #lambda(): ItaniumNode {
    const { cursor } = this;
    cursor.expect("Ul");
    while (/^T[ynptk]$/.test(cursor.text.slice(cursor.at, cursor.at + 2)))
      this.#declaredParameter();
    const parameters: ItaniumNode[] = [];
    while (!cursor.take("E")) {
      if (cursor.isAtEnd) cursor.fail();
      parameters.push(this.type());
    }
    return { kind: "lambda", parameters, number: this.#sequenceNumber() + 1 };
  }

  /** <template-param-decl>: not shown. */
  #declaredParameter(): void {
    const kind = this.cursor.next(2);
    if (kind === "Tn") this.type();
    else if (kind === "Tp") this.#declaredParameter();
    else if (kind === "Tk") this.name();
    else if (kind === "Tt") {
      while (!this.cursor.take("E")) this.#declaredParameter();
    }
  }

  /** "_" is 0, "0_" is 1. */
  #sequenceNumber(): number {
    if (this.cursor.take("_")) return 0;
    const number = this.cursor.number() + 1;
    this.cursor.expect("_");
    return number;
  }

  sourceName(): ItaniumNode {
    return textNode(this.#identifier());
  }

  #identifier(): string {
    const { cursor } = this;
    const name = cursor.next(cursor.number());
    return /^_GLOBAL_[._$]N/.test(name) ? "(anonymous namespace)" : name;
  }

  operatorName(): ItaniumNode {
    const { cursor } = this;
    if (cursor.take("cv")) return { kind: "conversion", type: this.#conversionType() };
    if (cursor.take("li")) return textNode(`operator"" ${this.#identifier()}`);
    if (/^v[0-9]/.test(cursor.text.slice(cursor.at, cursor.at + 2))) {
      cursor.next(2);
      return textNode(`operator ${this.#identifier()}`);
    }
    const operator = operators.get(cursor.next(2)) ?? cursor.fail();
    const blank = /^[a-z]/.test(operator.symbol) ? " " : "";
    return textNode(`operator${blank}${operator.symbol.trimEnd()}`);
  }

  #conversionType(): ItaniumNode {
    return this.#types.takingArguments(false, () => this.type());
  }

  /** T_, T0_, … */
  templateParameter(): ItaniumNode {
    const { cursor } = this;
    cursor.expect("T");
    // Tells of a template around this one: compilers for generic lambdas only.
    if (cursor.take("L")) {
      cursor.number();
      cursor.expect("_");
    }
    const index = this.#sequenceNumber();
    return { kind: "parameter", index };
  }

  /** I … E */
  templateArguments(): readonly ItaniumNode[] {
    return this.#nested(() => {
      const { cursor } = this;
      cursor.expect("I");
      const args: ItaniumNode[] = [];
      while (!cursor.take("E")) {
        if (cursor.take("Q")) this.expression();
        else args.push(this.templateArgument());
      }
      return args;
    });
  }

  templateArgument(): ItaniumNode {
    const { cursor } = this;
    if (cursor.take("X")) {
      const expression = this.expression();
      cursor.expect("E");
      return expression;
    }
    if (cursor.peek().startsWith("L")) return this.expression();
    if (/^T[ynptk]$/.test(cursor.text.slice(cursor.at, cursor.at + 2))) {
      this.#declaredParameter();
      return this.templateArgument();
    }
    if (!cursor.take("J")) return this.type();
    const elements: ItaniumNode[] = [];
    while (!cursor.take("E")) {
      if (cursor.isAtEnd) cursor.fail();
      elements.push(this.cursor.nested(() => this.templateArgument()));
    }
    return { kind: "pack", elements };
  }

  addSubstitution(node: ItaniumNode): void {
    this.#substitutions.push(node);
  }

  /** S_, S0_, …, or a letter for something of the standard library. */
  substitution(): ItaniumNode {
    const { cursor } = this;
    cursor.expect("S");
    const standard = standardNames.get(cursor.peek());
    if (standard !== undefined) {
      cursor.next();
      return this.#tagged(standard);
    }
    const digits = cursor.match(/[0-9A-Z]{0,6}/y) ?? "";
    cursor.expect("_");
    const index = digits === "" ? 0 : Number.parseInt(digits, 36) + 1;
    return this.#substitutions[index] ?? cursor.fail();
  }

  #tagged(name: ItaniumNode): ItaniumNode {
    let node = name;
    while (this.cursor.take("B")) {
      node = { kind: "tagged", inner: node, tag: this.#identifier() };
      this.addSubstitution(node);
    }
    return node;
  }

  /** "" for none. */
  qualifiers(): string {
    const { cursor } = this;
    const restrict = cursor.take("r") ? " restrict" : "";
    const volatile = cursor.take("V") ? " volatile" : "";
    const constant = cursor.take("K") ? " const" : "";
    return constant + volatile + restrict;
  }
}
