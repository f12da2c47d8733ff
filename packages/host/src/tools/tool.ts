import { type MapEvent } from "../output/trace-writer.js";
import { type Value } from "../output/value.js";
import { type HeatMapStyle } from "../picture/heat-map.js";
import { type StackPicture } from "../picture/stack-picture.js";
import { type Session } from "../session/session.js";
import { type TargetDescription } from "../spec/target-description.js";

/** An option of a tool as the command line takes it. */
export interface ToolOption {
  /** "-p, --pid <pid>". */
  readonly flags: string;
  readonly description: string;
  /** Makes the option's value of its text (and of the value so far, for options that may be repeated); throws ToolOptionError. */
  readonly parse?: (text: string, previous: unknown) => unknown;
  readonly default?: unknown;
}

/** A word of a tool's command line that is no option. */
export interface ToolArgument {
  readonly name: string;
  readonly description: string;
  /** False unless said: it need not be given. */
  readonly isRequired?: boolean;
  /** As an option's. */
  readonly parse?: (text: string) => unknown;
}

/** The options and arguments that were given, by their long names in camel case; `json` as every tool has it. */
export type ToolOptions = Readonly<Record<string, unknown>>;

/** An option's text makes no sense: what is wrong with it. */
export class ToolOptionError extends Error {
  override readonly name = "ToolOptionError";
}

/** The fields of an event by name, as the tool's program emitted it. */
export type ToolFields = Readonly<Record<string, Value>>;

/** A ready-made tracer: a program, and how its events are shown. */
export interface Tool {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What it shows and what is to be known about it. */
  readonly description: string;
  /** Command lines with what each is for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  readonly options: readonly ToolOption[];
  /** In their order; those after one that need not be given need not be given either. */
  readonly arguments?: readonly ToolArgument[];
  /** Shows stacks: pictures can be made of them. */
  readonly hasStacks?: boolean;
  /** Its events have their times in the field `nsecs`, at least when the option `perfetto` is given. */
  readonly hasTimes?: boolean;
  /** Shows histograms, perhaps by options only: over time, when the option `heatmap` is given. */
  readonly hasHistograms?: boolean;
  /** Sets the tool up for these options on a target. Throws ToolOptionError. */
  create(options: ToolOptions, target: TargetDescription): ToolRun;
}

/** A tool at work. */
export interface ToolRun {
  /** A program of the tracing language whose emit() records the tool shows. */
  readonly program: string;
  /** Only this process, in probes that can be limited to one. */
  readonly pid?: number | undefined;
  /** Options of the program's own, as getopt() has them. */
  readonly named?: Readonly<Record<string, string>>;
  /** Ends by itself after so long; `undefined`: when it is interrupted. */
  readonly durationSeconds: number | undefined;
  /** The first line, once so many probes are attached; `undefined` when there is none. */
  header(probeCount: number): string | undefined;
  /** One event's row; `undefined` when nothing is to be shown for it. Asynchronous when the target must be asked. */
  row?(event: ToolEvent, session: Session): ToolRow | undefined | Promise<ToolRow | undefined>;
  /** So many maps, which the program prints one after the other, make a table; 1 unless said. */
  readonly mapsPerTable?: number;
  /** The rows of maps: of those that the program has printed, or of all when it has ended. */
  table?(maps: readonly MapEvent[], context: TableContext): readonly ToolRow[];
  /** The stacks in the maps that the program ended with, for pictures. */
  picture?(maps: readonly MapEvent[]): StackPicture;
  /** How the histograms in its maps are shown over time; undefined when it has none with these options. */
  readonly heatMap?: HeatMapStyle;
  /** The last line. */
  footer?(): string;
}

export interface TableContext {
  /** Nanoseconds since 1970. */
  readonly now: bigint;
  /** The program has ended. */
  readonly isLast: boolean;
}

export interface ToolEvent {
  readonly name: string;
  readonly fields: ToolFields;
  /** Nanoseconds since 1970, as the host's clock had it. */
  readonly now: bigint;
}

/** A row in both forms. One is asked for, and what the other needs may not be there: a slow line carries only what is shown. */
export interface ToolRow {
  /** With columns, for people. */
  text(): string;
  /** With names, for programs; `undefined` for a row that is a heading. */
  json(): Readonly<Record<string, JsonField>> | undefined;
}

export type JsonField =
  | string
  | number
  | boolean
  | bigint
  | null
  | readonly JsonField[]
  | { readonly [name: string]: JsonField };
