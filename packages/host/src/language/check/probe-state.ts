import { type Diagnostic, type DiagnosticCode, type RelatedPlace } from "../diagnostic.js";
import { type Expression, type Statement } from "../syntax/ast.js";
import { shownName } from "../syntax/expand-macros.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { wrapInteger } from "./constant.js";
import { type ConcreteProbe } from "./probes/concrete-probe.js";
import { type ProgramState } from "./program-state.js";
import { mergeSlots, type Slot } from "./slot.js";
import { describeType, isSameType, type StringType, type Type } from "./type.js";

/** A `$variable` of one probe. */
export interface Scratch {
  readonly id: number;
  readonly name: string;
  /** What the program calls it by: the place of its declaration or first assignment. */
  readonly span: Span;
  /** `undefined` until something is known of what goes in. */
  slot: Slot | undefined;
  /** Its declaration names the type. */
  readonly isFixed: boolean;
  /** It is an entry of the map that a loop goes through. */
  isEntry: boolean;
  /** Where it is declared without a value. */
  bareDeclaration: Span | undefined;
  /** An assignment was come by in this pass. */
  isAssigned: boolean;
}

/** How long a string may be in the place that it goes to, in bytes with NUL. */
export interface StringRoom {
  /** When the program says nothing. */
  readonly capacityBytes: number;
}

/** Checks an expression of a probe; see `ProbeState.check`. */
export type ExpressionCheck = (
  probe: ProbeState,
  expression: Expression,
  room: StringRoom,
) => CheckedExpression | undefined;

/** Checks statements in a scope of their own; see `ProbeState.checkStatements`. */
export type StatementsCheck = (
  probe: ProbeState,
  statements: readonly Statement[],
) => CheckedStatement[];

/** What is known while one concrete probe is checked: its variables, and which of them can be seen here. */
export class ProbeState {
  readonly program: ProgramState;
  readonly probe: ConcreteProbe;
  readonly #check: ExpressionCheck;
  readonly #checkStatements: StatementsCheck;
  readonly #scratches: Scratch[] = [];
  /** Innermost last. */
  #scopes: Map<string, Scratch>[] = [];
  #loopDepth = 0;
  readonly #assignedEntries = new Set<Span>();
  /** It asks which of the probes it is that it stands for. */
  asksName = false;
  /** The same of the functions that these are on. */
  asksFunction = false;

  /** The checks are handed in, since they and what they are made of need a ProbeState themselves. */
  constructor(
    program: ProgramState,
    probe: ConcreteProbe,
    check: { readonly expression: ExpressionCheck; readonly statements: StatementsCheck },
  ) {
    this.program = program;
    this.probe = probe;
    this.#check = check.expression;
    this.#checkStatements = check.statements;
  }

  /**
   * Checks an expression; `undefined` when something is wrong with it, which is then reported. Strings that have no length
   * of their own are as long as `room` says, which is as stored ones are unless something else is said.
   */
  check(
    expression: Expression,
    room: StringRoom = this.storedRoom(),
  ): CheckedExpression | undefined {
    return this.#check(this, expression, room);
  }

  /** Checks statements in the scope at hand; those with faults, which are reported, are left out. */
  checkStatements(statements: readonly Statement[]): CheckedStatement[] {
    return this.#checkStatements(this, statements);
  }

  /** In a map, a variable, a comparison; `capacityBytes` when the place needs no more. */
  storedRoom(capacityBytes: number = this.program.config.storedStringBytes): StringRoom {
    return { capacityBytes };
  }

  /** In a record. */
  recordRoom(): StringRoom {
    return { capacityBytes: this.program.config.recordStringBytes };
  }

  /** Checks all, so that all faults are reported; `undefined` when there was one. */
  checkAll(expressions: readonly Expression[], room?: StringRoom): CheckedExpression[] | undefined {
    const checked = expressions.map((expression) => this.check(expression, room));
    const good = checked.filter((expression) => expression !== undefined);
    return good.length === checked.length ? good : undefined;
  }

  get scratches(): readonly Scratch[] {
    return this.#scratches;
  }

  beginPass(): void {
    this.asksName = false;
    this.asksFunction = false;
    for (const scratch of this.#scratches) scratch.isAssigned = false;
    this.#scopes = [new Map<string, Scratch>()];
  }

  /** Says which variables are declared, and never assigned. */
  endPass(): void {
    for (const { name, bareDeclaration, isAssigned } of this.#scratches) {
      if (bareDeclaration === undefined || isAssigned) continue;
      const message = `Variable $${shownName(name)} was never assigned to.`;
      this.program.diagnostics.warn("unneeded", bareDeclaration, message);
    }
  }

  /** Runs `check` in a scope of its own. */
  inScope<T>(check: () => T): T {
    this.#scopes.push(new Map());
    const result = check();
    this.#scopes.pop();
    return result;
  }

  /** Runs `check` in the body of a loop. */
  inLoop<T>(check: () => T): T {
    this.#loopDepth += 1;
    const result = this.inScope(check);
    this.#loopDepth -= 1;
    return result;
  }

  get isInLoop(): boolean {
    return this.#loopDepth > 0;
  }

  findScratch(name: string): Scratch | undefined {
    for (const scope of [...this.#scopes].reverse()) {
      const scratch = scope.get(name);
      if (scratch !== undefined) return scratch;
    }
    return undefined;
  }

  /** Names of the variables that can be seen here. */
  get scratchNames(): string[] {
    return this.#scopes.flatMap((scope) => [...scope.keys()]);
  }

  /** `let $x`: declares a variable whose name no other has that can be seen here; reports it when not. */
  declareNew(name: string, span: Span, type?: Type, by?: "Loop" | Span): Scratch {
    const other = this.findScratch(name);
    if (other !== undefined && other.span !== span) {
      const message =
        by === "Loop"
          ? `Loop declaration shadows existing variable: $${shownName(name)}`
          : `Variable $${shownName(name)} was already declared. Variable shadowing is not allowed.`;
      // With the `let` before it.
      const start = typeof by === "object" ? by.start : span.start;
      const place = { ...span, start };
      const hints = ["Give it another name."];
      this.error("bad-value", place, message, hints, declarationOf(other));
    }
    return this.declareScratch(name, span, type);
  }

  /** Declares a variable in the innermost scope; in later passes it is the same one as in the first. */
  declareScratch(name: string, span: Span, type?: Type): Scratch {
    let scratch = this.#scratches.find((known) => known.name === name && known.span === span);
    if (scratch === undefined) {
      scratch = {
        id: this.#scratches.length,
        name,
        span,
        slot: type === undefined ? undefined : { type },
        // How long a string without brackets is its values say.
        isFixed: type !== undefined && !isAnyString(type, this.program.config.storedStringBytes),
        isEntry: false,
        bareDeclaration: undefined,
        isAssigned: false,
      };
      this.#scratches.push(scratch);
    }
    this.#scopes.at(-1)?.set(name, scratch);
    return scratch;
  }

  /** A variable that no program can name, for what stands at a place; it holds what is assigned first in each pass. */
  temporary(span: Span, type: Type, what = ""): Scratch {
    const scratch = this.declareScratch(` ${what}`, span);
    scratch.slot = { type };
    return scratch;
  }

  /** The entry of the map that a loop goes through. */
  declareEntry(name: string, span: Span, type: Type): Scratch {
    const scratch = this.declareNew(name, span);
    scratch.isEntry = true;
    scratch.slot = { type };
    return scratch;
  }

  /** Whether the variable of a loop through a map, which is declared here, is assigned to. */
  isEntryAssigned(span: Span): boolean {
    return this.#assignedEntries.has(span);
  }

  /** Learns from an assignment; false, and a report, when the value does not go with what is in it. */
  mergeScratch(scratch: Scratch, added: Slot, span: Span): boolean {
    if (scratch.isEntry) {
      // The next pass has a copy in its place.
      this.#assignedEntries.add(scratch.span);
      this.program.maps.changed = true;
    }
    const known = scratch.slot;
    const merged = known === undefined ? added : mergeSlots(known, added);
    if (merged === undefined || added.type.kind === "none") {
      const message =
        `Type mismatch for $${shownName(scratch.name)}: trying to assign value of type '${describeType(added.type)}'` +
        (known === undefined
          ? ""
          : ` when variable already has a type '${this.#describeKnown(known.type)}'`);
      this.error("type-mismatch", span, message, [], declarationOf(scratch));
      return false;
    }
    if (scratch.isFixed) {
      if (holds(scratch.slot?.type, added)) return true;
      if (scratch.slot?.type.kind === "string" && added.type.kind === "string") {
        return this.#tooLong(scratch, scratch.slot.type, added.type, span);
      }
      const declared = describeType(scratch.slot?.type ?? added.type);
      const message = `Type mismatch for $${shownName(scratch.name)}: trying to assign value of type '${describeType(added.type)}' when variable already has a type '${declared}'`;
      const hints = [`Cast the value: (${declared})…`];
      this.error("type-mismatch", span, message, hints, declarationOf(scratch));
      return false;
    }
    const isKnown =
      known !== undefined &&
      known.constantsUpTo === merged.constantsUpTo &&
      isSameType(known.type, merged.type);
    if (!isKnown) {
      scratch.slot = merged;
      this.program.maps.changed = true;
    }
    return true;
  }

  #describeKnown(type: Type): string {
    return isAnyString(type, this.program.config.storedStringBytes) ? "string" : describeType(type);
  }

  #tooLong(scratch: Scratch, declared: StringType, added: StringType, span: Span): false {
    const message = `Type mismatch for $${shownName(scratch.name)}: trying to assign value of type '${describeType(added)}' when variable already has a type '${describeType(declared)}'`;
    this.error("type-mismatch", span, message, [], declarationOf(scratch));
    return false;
  }

  /** Reports a fault; gives `undefined`, so that a check can end with it. */
  error(
    code: DiagnosticCode,
    span: Span,
    message: string,
    hints: readonly string[] = [],
    related?: Diagnostic["related"],
  ): undefined {
    this.program.diagnostics.error(code, span, message, hints, related);
    return undefined;
  }

  notSupported(span: Span, what: string, hints: readonly string[] = []): undefined {
    return this.error("not-supported", span, `${what} not supported yet`, hints);
  }
}

function declarationOf({ name, span }: Scratch): readonly RelatedPlace[] {
  return [{ span, message: `$${shownName(name)} is declared here` }];
}

/** Whether a declared place can hold a value: a number that is not known yet is cut to it. */
function holds(declared: Type | undefined, { type, constant }: Slot): boolean {
  if (declared?.kind === "string" && type.kind === "string") {
    return type.capacityBytes <= declared.capacityBytes;
  }
  if ((declared?.kind === "boolean") !== (type.kind === "boolean")) return false;
  if (declared?.kind !== "integer" || type.kind !== "integer") return true;
  return constant === undefined || wrapInteger(constant, declared) === constant;
}

function isAnyString(type: Type, storedStringBytes: number): boolean {
  return type.kind === "string" && type.capacityBytes === storedStringBytes;
}
