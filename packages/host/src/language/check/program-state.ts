import { queryKey, type Answer, type Answers, type Query } from "../answers.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type TimestampType } from "./type.js";
import { type ProgramOption } from "./program-option.js";
import { type ProgramConfig } from "./config.js";
import { Diagnostics } from "./diagnostics.js";
import { type Unwinding, type UnwindTargets } from "./checked-program.js";
import { MapTable } from "./map-table.js";
import { RecordTable } from "./record-table.js";
import { defineTypes } from "./types/define-types.js";
import { type DefinedTypes, TypeSource } from "./types/type-source.js";
import { type TypeDefinition } from "../syntax/ast.js";

const noTypes: DefinedTypes = { types: new Map(), members: new Map(), enumerators: new Map() };

/** What all probes of a program share while it is checked. */
export class ProgramState {
  readonly source: string;
  readonly target: TargetDescription;
  readonly answers: Answers;
  readonly positional: readonly string[];
  /** Options that the program is given, by name: "" of one without a value. */
  readonly named: Readonly<Record<string, string>>;
  /** Those that it takes. */
  readonly options = new Map<string, ProgramOption>();
  readonly config: ProgramConfig;
  /** The process that was started to be traced. */
  readonly childPid: number | undefined;
  /** Whether the program may change the target. */
  readonly isUnsafe: boolean;
  /** What messages call the program's text. */
  readonly sourceName: string;
  #types: TypeSource;
  readonly maps = new MapTable();
  /** What has no answer yet. What is reported while there is something here means nothing. */
  readonly missing: Query[] = [];
  /** Of this pass. */
  diagnostics = new Diagnostics();
  records = new RecordTable();
  usesElapsed = false;
  readonly stackLimits = new Set<number>();
  /** Whose stacks dw_ustack unwinds. */
  readonly unwindTargets: UnwindTargets | undefined;
  /** Programs that are probed. */
  probedPaths: readonly string[] = [];
  /** What some stack is unwound by. */
  unwinding: Unwinding | undefined;
  readonly #names: string[] = [];

  constructor(init: {
    readonly source: string;
    readonly target: TargetDescription;
    readonly answers: Answers;
    readonly positional: readonly string[];
    readonly named?: Readonly<Record<string, string>> | undefined;
    readonly config: ProgramConfig;
    readonly childPid?: number | undefined;
    readonly unwindTargets?: UnwindTargets | undefined;
    readonly isUnsafe?: boolean;
    readonly sourceName?: string | undefined;
  }) {
    this.source = init.source;
    this.target = init.target;
    this.answers = init.answers;
    this.positional = init.positional;
    this.named = init.named ?? {};
    this.config = init.config;
    this.childPid = init.childPid;
    this.unwindTargets = init.unwindTargets;
    this.isUnsafe = init.isUnsafe === true;
    this.sourceName = init.sourceName ?? "stdin";
    this.#types = this.#typesWith(noTypes);
  }

  get types(): TypeSource {
    return this.#types;
  }

  /** Takes the types that the program defines; what is wrong with them is reported. */
  defineTypes(definitions: readonly TypeDefinition[], diagnostics: Diagnostics): void {
    if (definitions.length === 0) return;
    const kernel = this.#types;
    const defined = defineTypes(definitions, {
      target: this.target,
      diagnostics,
      describe: (name) => kernel.describe(name),
      sizeOf: (type) => kernel.sizeOf(type),
    });
    this.#types = this.#typesWith(defined);
  }

  #typesWith(defined: DefinedTypes): TypeSource {
    return new TypeSource(this.target, defined, (query) => this.ask(query));
  }

  /** The answer, or `undefined` when it is still to be asked for. */
  ask<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
  ): Extract<Answer, { readonly kind: Kind }> | undefined {
    const answer = this.answers.get(queryKey(query));
    if (answer?.kind === query.kind) {
      // Query and Answer have the same kinds, which were just compared.
      return answer as Extract<Answer, { readonly kind: Kind }>;
    }
    this.missing.push(query);
    return undefined;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** Forgets what the last pass reported and wrote, not what it learnt. */
  beginPass(): void {
    this.diagnostics = new Diagnostics();
    this.records = new RecordTable();
    this.usesElapsed = false;
    this.maps.changed = false;
  }

  /** Index of a name that `probe` or `func` stands for. */
  nameIndex(name: string): number {
    const index = this.#names.indexOf(name);
    return index === -1 ? this.#names.push(name) - 1 : index;
  }

  /** The clock that nsecs reads. */
  get clock(): TimestampType["clock"] {
    return this.target.features.includes("ktime_get_boot_ns") ? "boottime" : "monotonic";
  }
}
