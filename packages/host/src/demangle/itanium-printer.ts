import { type FunctionType, type ItaniumNode } from "./itanium-node.js";
import { isExpression, printExpression } from "./itanium-expression-printer.js";
import { findPack } from "./itanium-packs.js";
import { MangledNameError } from "./mangled-cursor.js";

/** Substitutions can make a short mangled name a very long one: nobody reads more. */
const longestName = 65_536;
const mostSteps = 100_000;

/** Writes a name as c++filt does. Throws MangledNameError for one that is too long. */
export function printItaniumName(node: ItaniumNode): string {
  const printer = new ItaniumPrinter();
  printer.print(node);
  return printer.text;
}

/** The arguments of a template, and those of the one around it, which they may mean. */
interface TemplateScope {
  readonly args: readonly ItaniumNode[];
  readonly outer: TemplateScope | undefined;
}

/** A type has a part before what it is the type of, and may have one behind: "void (*" and ")(int)". */
export class ItaniumPrinter {
  #out = "";
  #steps = 0;
  /** Which of a pack's elements an expansion is at. */
  #packIndex: number | undefined;
  /** What T_ stands for. */
  #scope: TemplateScope | undefined;
  #isInLambda = false;

  get text(): string {
    return this.#out;
  }

  /** What was written last, also when it was taken back. */
  #last = "";

  write(text: string): void {
    if (text === "") return;
    this.#out += text;
    this.#last = text.at(-1) ?? "";
    if (this.#out.length > longestName) throw new MangledNameError("the name is too long");
  }

  print(node: ItaniumNode): void {
    this.#left(node);
    this.#right(node);
  }

  /** What prints as nothing takes no separator. */
  printList(nodes: readonly ItaniumNode[], between = ", "): void {
    let isFirst = true;
    for (const node of nodes) {
      const before = this.#out;
      if (!isFirst) this.write(between);
      const start = this.#out.length;
      this.print(node);
      if (this.#out.length === start) this.#out = before;
      else isFirst = false;
    }
  }

  /** What a parameter stands for: in a pack that is being expanded, the element. */
  resolve(node: ItaniumNode): ItaniumNode {
    let resolved = node;
    let scope = this.#scope;
    while (resolved.kind === "parameter" && !this.#isInLambda) {
      if (scope === undefined) throw new MangledNameError("T_ stands for nothing");
      const argument = scope.args[resolved.index];
      if (argument === undefined) throw new MangledNameError("T_ stands for nothing");
      resolved = this.#elementOf(argument);
      scope = scope.outer;
    }
    return resolved;
  }

  #elementOf(argument: ItaniumNode): ItaniumNode {
    if (argument.kind !== "pack" || this.#packIndex === undefined) return argument;
    return argument.elements[this.#packIndex] ?? { kind: "text", text: "" };
  }

  #left(node: ItaniumNode): void {
    if (++this.#steps > mostSteps) throw new MangledNameError("the name is too long");
    switch (node.kind) {
      case "text":
      case "standard":
        this.write(node.text);
        return;
      case "member":
        if (node.scope.kind === "standard" && node.name.kind === "structor") {
          this.write(node.scope.full);
        } else {
          this.print(node.scope);
        }
        this.write("::");
        this.print(node.name);
        return;
      case "template":
        this.#template(node);
        return;
      case "pack":
        this.printList(node.elements);
        return;
      case "expansion":
        this.#expansion(node.inner);
        return;
      case "parameter":
        this.#parameter(node, (target) => {
          this.#left(target);
        });
        return;
      case "tagged":
        this.print(node.inner);
        this.write(`[abi:${node.tag}]`);
        return;
      case "structor":
        this.write(`${node.isDestructor ? "~" : ""}${lastName(node.scope)}`);
        return;
      case "conversion":
        this.write("operator ");
        this.print(node.type);
        return;
      case "lambda":
        this.#lambda(node);
        return;
      case "wrapped":
        this.write(node.before);
        this.print(node.inner);
        this.write(node.after);
        return;
      case "list":
        this.printList(node.elements, node.between);
        return;
      case "function":
        this.#function(node);
        return;
      default:
        this.#leftOfType(node);
    }
  }

  #leftOfType(node: ItaniumNode): void {
    if (isExpression(node)) {
      printExpression(this, node);
      return;
    }
    switch (node.kind) {
      case "qualified":
        this.#left(node.inner);
        this.write(this.#newQualifiers(node));
        return;
      case "pointer": {
        const { symbol, inner } = this.#collapse(node);
        this.#left(inner);
        this.#open(inner, false);
        this.write(symbol);
        return;
      }
      case "memberPointer":
        this.#left(node.inner);
        this.#open(node.inner, true);
        if (!this.#takesParentheses(node.inner)) this.write(" ");
        this.print(node.scope);
        this.write("::*");
        return;
      case "functionType":
        if (node.returns !== undefined) this.#leftOfResult(node.returns);
        return;
      case "array":
        this.#left(node.inner);
        return;
      default:
        throw new MangledNameError(`${node.kind} is not written here`);
    }
  }

  #right(node: ItaniumNode): void {
    if (++this.#steps > mostSteps) throw new MangledNameError("the name is too long");
    switch (node.kind) {
      case "parameter":
        this.#parameter(node, (target) => {
          this.#right(target);
        });
        return;
      case "qualified":
        this.#right(node.inner);
        return;
      case "pointer":
      case "memberPointer": {
        const inner = node.kind === "pointer" ? this.#collapse(node).inner : node.inner;
        if (this.#takesParentheses(inner)) this.write(")");
        this.#right(inner);
        return;
      }
      case "functionType":
        this.write("(");
        this.#parameters(node.parameters);
        this.write(`)${node.suffix}`);
        if (node.returns !== undefined) this.#right(node.returns);
        return;
      case "array":
        this.write(this.#last === "]" ? "[" : " [");
        if (node.size !== undefined) this.print(node.size);
        this.write("]");
        this.#right(node.inner);
        return;
      default:
      // All others are whole in their left part.
    }
  }

  /** What an argument means by T_ is of the template around. */
  #parameter(
    node: Extract<ItaniumNode, { kind: "parameter" }>,
    print: (target: ItaniumNode) => void,
  ): void {
    if (this.#isInLambda) {
      print({ kind: "text", text: `auto:${node.index + 1}` });
      return;
    }
    const scope = this.#scope;
    const index = this.#packIndex;
    const argument = scope?.args[node.index];
    if (scope === undefined || argument === undefined) {
      throw new MangledNameError("T_ stands for nothing");
    }
    const target = this.#elementOf(argument);
    this.#scope = scope.outer;
    this.#packIndex = undefined;
    print(target);
    this.#scope = scope;
    this.#packIndex = index;
  }

  #lambda({ parameters, number }: Extract<ItaniumNode, { kind: "lambda" }>): void {
    const before = this.#isInLambda;
    this.#isInLambda = true;
    this.write("{lambda(");
    this.#parameters(parameters);
    this.write(`)#${number}}`);
    this.#isInLambda = before;
  }

  /** What stands for a parameter may have been constant already. */
  #newQualifiers({ inner, qualifiers }: Extract<ItaniumNode, { kind: "qualified" }>): string {
    const resolved = this.resolve(inner);
    if (resolved.kind !== "qualified") return qualifiers;
    const known = resolved.qualifiers.split(" ");
    return qualifiers
      .split(" ")
      .filter((one) => one !== "" && !known.includes(one))
      .map((one) => ` ${one}`)
      .join("");
  }

  #open(inner: ItaniumNode, isMember: boolean): void {
    if (!this.#takesParentheses(inner)) return;
    const isTight = !isMember && /[(*]/.test(this.#last);
    this.write(isTight || this.#last === " " ? "(" : " (");
  }

  #takesParentheses(node: ItaniumNode): boolean {
    const resolved = this.resolve(node);
    if (resolved.kind === "qualified") return this.#takesParentheses(resolved.inner);
    return resolved.kind === "functionType" || resolved.kind === "array";
  }

  /** Something of a type stands behind the name. */
  #hasRight(node: ItaniumNode): boolean {
    const resolved = this.resolve(node);
    switch (resolved.kind) {
      case "functionType":
      case "array":
        return true;
      case "qualified":
      case "pointer":
      case "memberPointer":
        return this.#hasRight(resolved.inner);
      default:
        return false;
    }
  }

  #leftOfResult(returns: ItaniumNode): void {
    this.#left(returns);
    if (!this.#hasRight(returns)) this.write(" ");
  }

  /** A reference to a reference is one. */
  #collapse(node: Extract<ItaniumNode, { kind: "pointer" }>): {
    readonly symbol: string;
    readonly inner: ItaniumNode;
  } {
    let { symbol, inner } = node;
    while (symbol !== "*") {
      const resolved = this.resolve(inner);
      if (resolved.kind !== "pointer" || resolved.symbol === "*") break;
      if (resolved.symbol === "&") symbol = "&";
      inner = resolved.inner;
    }
    return { symbol, inner };
  }

  #template({ name, args }: Extract<ItaniumNode, { kind: "template" }>): void {
    this.print(name);
    this.write(this.#last === "<" ? " <" : "<");
    this.printList(args);
    this.write(this.#last === ">" ? " >" : ">");
  }

  #expansion(inner: ItaniumNode): void {
    const pack =
      this.#packIndex === undefined ? findPack(inner, (one) => this.resolve(one)) : undefined;
    if (pack === undefined) {
      this.print(inner);
      if (this.#packIndex === undefined) this.write("...");
      return;
    }
    const before = this.#packIndex;
    for (let index = 0; index < pack.elements.length; index++) {
      if (index > 0) this.write(", ");
      this.#packIndex = index;
      this.print(inner);
    }
    this.#packIndex = before;
  }

  #function({ name, type }: { readonly name: ItaniumNode; readonly type: FunctionType }): void {
    const outer = this.#scope;
    const args = argumentsOf(name);
    if (args !== undefined) this.#scope = { args, outer };
    if (type.returns !== undefined) this.#leftOfResult(type.returns);
    this.print(name);
    this.#right({ ...type, returns: undefined });
    if (type.returns !== undefined) this.#right(type.returns);
    this.#scope = outer;
  }

  #parameters(parameters: readonly ItaniumNode[]): void {
    const [first] = parameters;
    const isVoid = parameters.length === 1 && first?.kind === "text" && first.text === "void";
    if (!isVoid) this.printList(parameters);
  }
}

/** Those that T_ means in the parameters of a function; undefined when it is of no template. */
function argumentsOf(name: ItaniumNode): readonly ItaniumNode[] | undefined {
  if (name.kind === "template") return name.args;
  return name.kind === "member" ? argumentsOf(name.name) : undefined;
}

/** Of a class, which its constructors are called by. */
function lastName(node: ItaniumNode): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "standard":
      return node.short;
    case "member":
    case "template":
      return lastName(node.name);
    case "tagged":
      return lastName(node.inner);
    default: {
      const printer = new ItaniumPrinter();
      printer.print(node);
      return printer.text;
    }
  }
}
