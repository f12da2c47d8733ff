import { type Answers } from "../answers.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type TimestampType } from "./type.js";
import { type ProgramConfig } from "./config.js";
import { Diagnostics } from "./diagnostics.js";
import { MapTable } from "./map-table.js";
import { RecordTable } from "./record-table.js";

/** What all probes of a program share while it is checked. */
export class ProgramState {
  readonly source: string;
  readonly target: TargetDescription;
  readonly answers: Answers;
  readonly positional: readonly string[];
  readonly config: ProgramConfig;
  /** The process that was started to be traced. */
  readonly childPid: number | undefined;
  /** Whether the program may change the target. */
  readonly isUnsafe: boolean;
  /** What messages call the program's text. */
  readonly sourceName: string;
  readonly maps = new MapTable();
  /** Of this pass. */
  diagnostics = new Diagnostics();
  records = new RecordTable();
  usesElapsed = false;
  readonly stackLimits = new Set<number>();
  readonly #names: string[] = [];

  constructor(init: {
    readonly source: string;
    readonly target: TargetDescription;
    readonly answers: Answers;
    readonly positional: readonly string[];
    readonly config: ProgramConfig;
    readonly childPid?: number | undefined;
    readonly isUnsafe?: boolean;
    readonly sourceName?: string | undefined;
  }) {
    this.source = init.source;
    this.target = init.target;
    this.answers = init.answers;
    this.positional = init.positional;
    this.config = init.config;
    this.childPid = init.childPid;
    this.isUnsafe = init.isUnsafe === true;
    this.sourceName = init.sourceName ?? "stdin";
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
