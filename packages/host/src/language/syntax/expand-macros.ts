import { type Diagnostic, type RelatedPlace } from "../diagnostic.js";
import {
  type Expression,
  type MacroDefinition,
  type MacroParameter,
  type ParsedProgram,
  type TypeName,
} from "./ast.js";
import { type Span } from "./span.js";

/** What a macro's own names stand for in one of its uses. */
interface Use {
  readonly macro: MacroDefinition;
  readonly arguments: readonly Expression[];
  /** Tells the variables of this use from those of all others. */
  readonly number: number;
  readonly outer: Use | undefined;
  /** Where it is. */
  readonly span: Span;
}

/**
 * Puts what macros stand for in the places where they are used. A macro's variables are its own, so that they cannot meet those of
 * the place; variables and maps that it is given are those of the place. Faults are added to `diagnostics`.
 */
export function expandMacros(program: ParsedProgram, diagnostics: Diagnostic[]): ParsedProgram {
  if (program.macros.length === 0) return program;
  const expander = new Expander(program.macros, diagnostics);
  return { ...program, blocks: expander.copy(program.blocks, undefined) };
}

const ownNameMark = ":";

/** How messages call a variable, which may be one of a macro's. */
export function shownName(name: string): string {
  return name.slice(name.indexOf(ownNameMark) + 1);
}

class Expander {
  readonly #macros = new Map<string, MacroDefinition[]>();
  readonly #diagnostics: Diagnostic[];
  #uses = 0;

  constructor(macros: readonly MacroDefinition[], diagnostics: Diagnostic[]) {
    this.#diagnostics = diagnostics;
    for (const macro of macros) this.#define(macro);
  }

  #define(macro: MacroDefinition): void {
    const others = this.#macros.get(macro.name) ?? [];
    const same = others.find((other) => isAlike(other, macro));
    if (same !== undefined) {
      this.#fault(macro.headSpan, `Redefinition of macro: ${macro.name}`, [
        { span: same.headSpan, message: "it is defined here" },
      ]);
    }
    this.#macros.set(macro.name, [...others, macro]);
    visit(macro.statements, (node) => {
      if (node["kind"] !== "return") return;
      // Statements have spans.
      this.#fault(node["span"] as Span, "'return' statement is not allowed in a macro");
    });
  }

  /**
   * A copy of a piece of the program in which macros are expanded, with spans of its own: they tell variables apart, and that
   * they come from `place`.
   */
  copy<Node>(node: Node, use: Use | undefined, place = use?.span): Node {
    if (Array.isArray(node)) {
      // What is in an array keeps its type, as this function says.
      return node.map((part: unknown) => this.copy(part, use, place)) as Node;
    }
    if (typeof node !== "object" || node === null) return node;
    if (isSpan(node)) return placeIn(node, place) as unknown as Node;
    const replaced = this.#replace(node as unknown as Expression, use, place);
    // An expression takes the place of an expression.
    if (replaced !== undefined) return replaced as unknown as Node;
    if (use !== undefined && isTypeName(node)) {
      return this.#replaceType(node, use) as unknown as Node;
    }
    const copied = Object.fromEntries(
      Object.entries(node).map(([key, part]) => [key, this.copy(part as unknown, use, place)]),
    );
    // Field by field the same type.
    return this.#rename(copied, use) as Node;
  }

  /** What stands for a use of a macro, or of one of its parameters. */
  #replace(
    node: Expression,
    use: Use | undefined,
    place: Span | undefined,
  ): Expression | undefined {
    if (node.kind !== "identifier" && node.kind !== "call") return undefined;
    const span = placeIn(node.span, place);
    if (node.kind === "identifier" && use !== undefined) {
      const argument = argumentOf(use, "value", node.name);
      if (argument !== undefined) return this.copy(argument, use.outer, span);
    }
    if (!this.#macros.has(node.name)) return undefined;
    return this.#expand(span, node.name, node.kind === "call" ? node.args : [], use);
  }

  /** A type whose name is a parameter's. */
  #replaceType(type: TypeName, use: Use): TypeName {
    const [, tag = "", name = ""] = /^((?:struct |union |enum )?)(\w*)$/.exec(type.name) ?? [];
    const given = name === "" ? undefined : passedOn(use, name);
    if (given === undefined) {
      const { typeOf } = type;
      return typeOf === undefined ? { ...type } : { ...type, typeOf: this.copy(typeOf, use) };
    }
    if (given.kind === "identifier") return { ...type, name: `${tag}${given.name}` };
    const [typeOf] = given.kind === "call" && given.name === "typeof" ? given.args : [];
    if (typeOf !== undefined) return { ...type, name: "", typeOf: this.copy(typeOf, use.outer) };
    const shown = `${type.name}${"*".repeat(type.pointerDepth)}`;
    const message = `Invalid replacement for macro '${use.macro.name}' type parameter '${name}' which makes up the type '${shown}'`;
    this.#fault(given.span, message);
    return { ...type };
  }

  #expand(
    span: Span,
    name: string,
    args: readonly Expression[],
    outer: Use | undefined,
  ): Expression | undefined {
    const macro = this.#choose(name, args, span, outer);
    if (macro === undefined) return undefined;
    const chain = [macro.name];
    for (let one = outer; one !== undefined; one = one.outer) {
      chain.unshift(one.macro.name);
      if (one.macro !== macro) continue;
      this.#fault(span, `Recursive macro call detected. Call chain: ${chain.join(" > ")}`);
      return undefined;
    }
    this.#uses += 1;
    const use = { macro, arguments: args, number: this.#uses, outer, span };
    const statements = this.copy(macro.statements, use);
    const value = this.copy(macro.value, use);
    if (statements.length === 0 && value !== undefined) return value;
    return { kind: "block", statements, value, span: { ...span } };
  }

  #choose(
    name: string,
    args: readonly Expression[],
    span: Span,
    outer: Use | undefined,
  ): MacroDefinition | undefined {
    const macros = this.#macros.get(name) ?? [];
    const sameLength = macros.filter(({ parameters }) => parameters.length === args.length);
    const [closest = macros[0]] = sameLength;
    const found = sameLength.find(({ parameters }) =>
      parameters.every((parameter, index) => accepts(parameter, args[index], outer)),
    );
    if (found !== undefined || closest === undefined) return found;
    const { parameters } = closest;
    if (parameters.length !== args.length) {
      const counts = `Expected: ${parameters.length} but got ${args.length}`;
      const message = `The closest definition of ${name}() has a different number of arguments. ${counts}`;
      this.#fault(span, noDefinition(name), [{ span: closest.headSpan, message, isPart: true }]);
      return undefined;
    }
    const index = parameters.findIndex((one, place) => !accepts(one, args[place], outer));
    const [parameter, given] = [parameters[index], args[index]];
    if (parameter === undefined || given === undefined) return undefined;
    const wanted = parameter.kind === "map" ? "a map" : "a variable";
    const got =
      given.kind === "map" ? "a map" : given.kind === "scratch" ? "a variable" : "an expression";
    const message = `Mismatched arg. ${name}() expects ${wanted} for arg ${shownParameter(parameter)} but got ${got}.`;
    this.#fault(span, noDefinition(name), [
      { span: given.span, message, isPart: true },
      {
        span: parameter.span,
        message: "This is the argument in the closest definition.",
        isPart: true,
      },
    ]);
    return undefined;
  }

  /** Variables of a macro's own get another name, those that it is given the names that they have outside. */
  #rename(node: Record<string, unknown>, use: Use | undefined): Record<string, unknown> {
    if (use === undefined) return node;
    switch (node["kind"]) {
      case "scratch":
      case "declaration":
        return { ...node, name: outerName(use, String(node["name"])) };
      case "for":
        return { ...node, variable: outerName(use, String(node["variable"])) };
      case "map":
        return { ...node, name: this.#mapName(use, String(node["name"]), node["span"] as Span) };
      default:
        return node;
    }
  }

  #mapName(use: Use, name: string, span: Span): string {
    const given = argumentOf(use, "map", name);
    if (given?.kind !== "map") {
      const message = `Unhygienic access to map: ${name}. Maps must be passed into the macro as arguments.`;
      this.#fault(span, message);
      return name;
    }
    return use.outer === undefined ? given.name : this.#mapName(use.outer, given.name, given.span);
  }

  #fault(span: Span, message: string, related: readonly RelatedPlace[] = []): void {
    const isKnown = this.#diagnostics.some((one) => one.span.start === span.start);
    if (isKnown) return;
    this.#diagnostics.push({
      severity: "error",
      code: "syntax",
      span,
      message,
      hints: [],
      related,
    });
  }
}

function isSpan(node: object): node is Span {
  return "start" in node && "end" in node;
}

/** A place of a macro's in one of its uses: an object of its own, which tells variables apart. */
function placeIn(span: Span, use: Span | undefined): Span {
  return use === undefined ? { ...span } : { ...span, expandedFrom: use };
}

function argumentOf(
  { macro, arguments: args }: Use,
  kind: MacroParameter["kind"],
  name: string,
): Expression | undefined {
  const index = macro.parameters.findIndex((one) => one.kind === kind && one.name === name);
  return index === -1 ? undefined : args[index];
}

/** What stands for a parameter's name in the end. */
function passedOn(use: Use, name: string): Expression | undefined {
  const given = argumentOf(use, "value", name);
  if (given?.kind !== "identifier" || use.outer === undefined) return given;
  return passedOn(use.outer, given.name) ?? given;
}

function isTypeName(node: object): node is TypeName {
  return "pointerDepth" in node && "arrayLengths" in node;
}

/** The name of a macro's variable outside of it. */
function outerName(use: Use, name: string): string {
  const given = argumentOf(use, "variable", name);
  if (given?.kind !== "scratch") return `${use.number}${ownNameMark}${name}`;
  return use.outer === undefined ? given.name : outerName(use.outer, given.name);
}

/** What a name of a macro's parameter is in the end is told by whoever gave it. */
function accepts(
  { kind }: MacroParameter,
  given: Expression | undefined,
  outer: Use | undefined,
): boolean {
  if (given?.kind === "identifier" && outer !== undefined) {
    const passedOn = argumentOf(outer, "value", given.name);
    if (passedOn !== undefined)
      return accepts({ kind, name: "", span: given.span }, passedOn, outer.outer);
  }
  if (kind === "value") return given !== undefined;
  if (kind === "variable") return given?.kind === "scratch";
  return given?.kind === "map" && given.keys.length === 0;
}

/** Whether some use could be of either. */
function isAlike(left: MacroDefinition, right: MacroDefinition): boolean {
  return (
    left.parameters.length === right.parameters.length &&
    left.parameters.every(({ kind }, index) => {
      const other = right.parameters[index]?.kind ?? "value";
      return kind === other || kind === "value" || other === "value";
    })
  );
}

function shownParameter({ kind, name }: MacroParameter): string {
  return kind === "variable" ? `$${name}` : name;
}

function visit(node: unknown, see: (node: Record<string, unknown>) => void): void {
  if (typeof node !== "object" || node === null) return;
  // An object's own fields, by name.
  const fields = node as Record<string, unknown>;
  see(fields);
  for (const part of Object.values(fields)) visit(part, see);
}

/** What is said of a call whose arguments are others than those of the macro, or of bpftrace's function that is one. */
export function noDefinition(name: string): string {
  return `Call to ${name}() has arguments that do not match any definition.`;
}
