import { queryKey, type Answer, type Answers, type Query } from "../../answers.js";
import { type TargetDescription } from "../../../spec/target-description.js";
import { meantHints } from "../../near-names.js";
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

/** What expanding one probe needs: the answers so far, and where to say what is missing or wrong. */
export class AttachPointContext {
  readonly attachPoint: AttachPoint;
  /** Without the type. */
  readonly parts: readonly ProbePart[];
  readonly type: ProbeType;
  readonly readsArguments: boolean;
  readonly pid: number | undefined;
  readonly target: TargetDescription;
  readonly diagnostics: Diagnostics;
  readonly #answers: Answers;
  readonly #missing: Query[];
  readonly #missingProbes: "error" | "warn" | "ignore";

  constructor(init: {
    readonly attachPoint: AttachPoint;
    readonly parts: readonly ProbePart[];
    readonly type: ProbeType;
    /** The block reads `args`, or an argument by its number. */
    readonly readsArguments: boolean;
    readonly pid: number | undefined;
    readonly target: TargetDescription;
    readonly answers: Answers;
    /** Gets the queries that have no answer yet. */
    readonly missing: Query[];
    readonly diagnostics: Diagnostics;
    readonly missingProbes: "error" | "warn" | "ignore";
  }) {
    this.attachPoint = init.attachPoint;
    this.parts = init.parts;
    this.type = init.type;
    this.readsArguments = init.readsArguments;
    this.pid = init.pid;
    this.target = init.target;
    this.diagnostics = init.diagnostics;
    this.#answers = init.answers;
    this.#missing = init.missing;
    this.#missingProbes = init.missingProbes;
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

  /** Reports a probe that cannot be understood. */
  fault(message: string, span: Span = this.span, hints: readonly string[] = []): undefined {
    this.diagnostics.error("bad-probe", span, message, hints);
    return undefined;
  }

  /** Reports that there is nothing to attach to, as the program's `missing_probes` wants it. */
  noMatch(message: string, span: Span, near: readonly string[]): void {
    if (this.#missingProbes === "ignore") return;
    const report = { code: "no-match", span, message, hints: meantHints(near) } as const;
    const severity = this.#missingProbes === "warn" ? "warning" : "error";
    this.diagnostics.add({ severity, ...report });
  }

  /** The parts when there are as many as `form` names; else reports the form. */
  requireParts(form: string): readonly ProbePart[] | undefined {
    if (
      this.parts.length === form.split(":").length &&
      this.parts.every(({ text }) => text !== "")
    ) {
      return this.parts;
    }
    return this.fault(`${this.type} probes are written ${this.type}:${form}`);
  }
}

/** Whether a name has to be matched rather than looked up. */
export function isPattern(name: string): boolean {
  return /[*?[]/.test(name);
}
