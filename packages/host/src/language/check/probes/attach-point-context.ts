import { queryKey, type Answer, type Answers, type Query } from "../../answers.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { meantHints } from "../../near-names.js";
import { parseIntegerLiteral } from "../../syntax/integer-literal.js";
import { type AttachPoint } from "../../syntax/ast.js";
import { type Span } from "../../syntax/span.js";
import { type Diagnostics } from "../diagnostics.js";
import { type ProbeType } from "./concrete-probe.js";

/** A part of a probe between colons, positional parameters replaced. */
export interface ProbePart {
  readonly text: string;
  readonly span: Span;
}

type AnswerTo<Kind extends Query["kind"]> = Extract<Answer, { readonly kind: Kind }>;

/** What is said of a block whose probes do not exist. */
export const noAttachPoints =
  "Probe has no valid attach points. If this is expected, set the 'missing_probes' config variable to 'warn'.";
/** The same, where it is a warning. */
export const removedProbe =
  "Probe has no valid attach points. It is being removed which may cause issues with program behavior.";

/** What expanding one probe needs: the answers so far, and where to say what is missing or wrong. */
export class AttachPointContext {
  readonly attachPoint: AttachPoint;
  /** Without the type. */
  readonly parts: readonly ProbePart[];
  readonly type: ProbeType;
  readonly readsArguments: boolean;
  /** It reads `args`. */
  readonly readsNamedArguments: boolean;
  /** It takes anything of `args` but these fields. */
  readonly readsOtherFields: (fields: readonly string[]) => boolean;
  readonly pid: number | undefined;
  readonly target: TargetDescription;
  readonly isUnsafe: boolean;
  readonly diagnostics: Diagnostics;
  readonly #answers: Answers;
  readonly #missing: Query[];
  readonly #missingProbes: "error" | "warn" | "ignore";
  readonly #isAlone: boolean;
  readonly #asksForProbe: boolean;

  constructor(init: {
    readonly attachPoint: AttachPoint;
    readonly parts: readonly ProbePart[];
    readonly type: ProbeType;
    /** How the block reads `args`, or an argument by its number. */
    readonly reads: "by name" | "by number" | undefined;
    readonly readsOtherFields: (fields: readonly string[]) => boolean;
    readonly pid: number | undefined;
    readonly target: TargetDescription;
    readonly answers: Answers;
    /** Gets the queries that have no answer yet. */
    readonly missing: Query[];
    readonly diagnostics: Diagnostics;
    readonly missingProbes: "error" | "warn" | "ignore";
    /** It is the only probe of its block, which is nothing without it. */
    readonly isAlone: boolean;
    /** The block asks for `probe`: then bpftrace takes each name for a pattern. */
    readonly asksForProbe: boolean;
    readonly isUnsafe: boolean;
  }) {
    this.attachPoint = init.attachPoint;
    this.parts = init.parts;
    this.type = init.type;
    this.readsArguments = init.reads !== undefined;
    this.readsNamedArguments = init.reads === "by name";
    this.readsOtherFields = init.readsOtherFields;
    this.pid = init.pid;
    this.target = init.target;
    this.diagnostics = init.diagnostics;
    this.#answers = init.answers;
    this.#missing = init.missing;
    this.#missingProbes = init.missingProbes;
    this.#isAlone = init.isAlone;
    this.#asksForProbe = init.asksForProbe;
    this.isUnsafe = init.isUnsafe;
  }

  get span(): Span {
    return this.attachPoint.span;
  }

  /** How many queries have no answer yet, whoever asked them. */
  get missingCount(): number {
    return this.#missing.length;
  }

  /** The answer, or `undefined` when it is still to be asked for. */
  ask<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
  ): AnswerTo<Kind> | undefined {
    const answer = this.#answers.get(queryKey(query));
    if (answer?.kind === query.kind) {
      // Query and Answer have the same kinds, which were just compared.
      return answer as AnswerTo<Kind>;
    }
    this.#missing.push(query);
    return undefined;
  }

  /** What becomes of probes that do not exist; undefined: they are errors. */
  get ifMissing(): "warn" | "ignore" | undefined {
    return this.#missingProbes === "error" ? undefined : this.#missingProbes;
  }

  /** Of an attachment that the program can do without. */
  get optional(): { readonly ifRefused?: "warn" | "ignore" } {
    return this.ifMissing === undefined ? {} : { ifRefused: this.ifMissing };
  }

  /** Reports a probe that cannot be understood. */
  fault(message: string, span: Span = this.span, hints: readonly string[] = []): undefined {
    this.diagnostics.error("bad-probe", span, message, hints);
    return undefined;
  }

  /** Reports that there is nothing to attach to, as the program's `missing_probes` wants it; `detail`: what is not there. */
  noMatch(detail: string, near: readonly string[]): void {
    if (this.#missingProbes === "ignore") return;
    // One of several may match nothing: what there is is traced.
    if (!this.#isAlone && this.#isPattern) return;
    const severity = this.#missingProbes === "warn" ? "warning" : "error";
    const hints = [`${detail}.`, ...meantHints(near)];
    const { span } = this;
    this.diagnostics.add({ severity, code: "no-match", span, message: this.#lack(), hints });
  }

  /** Whether it may match nothing beside others, without a word: a name that leaves something open does so, too. */
  get #isPattern(): boolean {
    const { length } = this.parts;
    const isOpen =
      (this.type === "rawtracepoint" && length < 2) || (this.type === "usdt" && length < 3);
    return isOpen || this.#asksForProbe || /[*?]/.test(this.attachPoint.text);
  }

  /** As bpftrace says it. */
  #lack(): string {
    const warns = this.#missingProbes === "warn";
    if (!this.#isPattern) {
      const parts = this.parts.map(({ text }) => text);
      // A mark's provider is not named.
      const named = this.type === "usdt" ? [parts[0], parts.at(-1)] : parts;
      const what = `No matches for ${this.type} ${named.join(":")}.`;
      return warns ? `${what} Skipping.` : what;
    }
    return warns ? removedProbe : noAttachPoints;
  }

  /**
   * Whether it has as many parts as its type takes, none of them empty; reports it when not. `ifEmpty`: what is said of an empty
   * one.
   */
  takes(
    counts: readonly number[],
    form: string,
    { ifEmpty, shown }: { readonly ifEmpty?: string; readonly shown?: string } = {},
  ): boolean {
    const { length } = this.parts;
    const isRightMany = counts.includes(length);
    if (isRightMany && this.parts.every(({ text }) => text !== "")) return true;
    const many = shown ?? counts.join(" or ");
    const message =
      isRightMany && ifEmpty !== undefined
        ? ifEmpty
        : `${this.type} probe type requires ${many} arguments, found ${length}`;
    const spelling = form === "" ? this.type : `${this.type}:${form}`;
    this.fault(message, this.span, [`It is written ${spelling}.`]);
    return false;
  }

  /** A number in it, as a constant of the language is written; reports what is none as a fault of `what`. */
  requireInteger(text: string, what: string): bigint | undefined {
    const parsed = parseIntegerLiteral(text);
    if (parsed.kind !== "invalid") return parsed.value;
    if (parsed.message.startsWith("overflow")) return this.fault(`${what}: ${parsed.message}`);
    const reason = /^\d/.test(text) ? "invalid trailing bytes" : "invalid integer";
    return this.fault(`${what}: ${reason}: ${text}`);
  }
}

/** Whether a name has to be matched rather than looked up. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}
