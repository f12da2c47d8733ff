import { type TargetDescription } from "../spec/target-description.js";
import { type Value } from "../output/value.js";
import { integerField } from "./fields.js";
import { namedOptions, readScript, type ScriptOptions } from "./script-file.js";
import {
  type JsonField,
  type Tool,
  type ToolEvent,
  type ToolFields,
  type ToolRun,
} from "./tool.js";

/** An event of a script, and when it was. */
export interface ScriptEvent<Options> {
  readonly fields: ToolFields;
  readonly options: Options;
  /** This machine's clock, in nanoseconds since 1970. */
  readonly now: bigint;
  /** Since the first event. */
  readonly seconds: number;
}

export interface EventColumn<Options> {
  readonly title: string;
  /** Negative: to the right. 0 for the last one. */
  readonly width: number;
  readonly isShown?: (options: Options) => boolean;
  readonly text: (event: ScriptEvent<Options>) => string;
}

/** A tool whose program is a file of the language that emits events, of which each is a row. */
export interface EventScript<Options> extends Omit<Tool, "create" | "hasTimes"> {
  readonly named: (options: Options, target: TargetDescription) => ScriptOptions;
  readonly columns: readonly EventColumn<Options>[];
  readonly separator?: (options: Options) => string | undefined;
  readonly isWanted?: (event: ScriptEvent<Options>) => boolean;
}

export function eventTool<Options>(script: EventScript<Options>): Tool {
  return {
    ...script,
    hasTimes: true,
    create: (given, target) => {
      // They were parsed as the script's options say.
      const options = given as Options;
      return new EventRun(script, options, namedOptions(script.named(options, target)));
    },
  };
}

class EventRun<Options> implements ToolRun {
  readonly program: string;
  readonly named: Readonly<Record<string, string>>;
  readonly durationSeconds = undefined;
  readonly #script: EventScript<Options>;
  readonly #options: Options;
  #firstNanoseconds: bigint | undefined;

  constructor(
    script: EventScript<Options>,
    options: Options,
    named: Readonly<Record<string, string>>,
  ) {
    this.#script = script;
    this.#options = options;
    this.program = readScript(script.name);
    this.named = named;
  }

  header(): string {
    return this.#line(({ title }) => title);
  }

  row({ fields, now }: ToolEvent): ReturnType<NonNullable<ToolRun["row"]>> {
    const nsecs = integerField(fields, "nsecs");
    this.#firstNanoseconds ??= nsecs;
    const seconds = Number(nsecs - this.#firstNanoseconds) / 1e9;
    const event = { fields, options: this.#options, now, seconds };
    if (this.#script.isWanted?.(event) === false) return undefined;
    return {
      text: () => this.#line(({ text }) => text(event)),
      json: () => ({
        time: seconds,
        ...Object.fromEntries(
          Object.entries(fields)
            .filter(([name]) => name !== "nsecs")
            .map(([name, value]) => [name, jsonField(value)]),
        ),
      }),
    };
  }

  #line(textOf: (column: EventColumn<Options>) => string): string {
    const separator = this.#script.separator?.(this.#options);
    const shown = this.#script.columns.filter((one) => one.isShown?.(this.#options) !== false);
    return shown
      .map((column) => {
        const text = textOf(column);
        if (separator !== undefined) return text;
        return column.width < 0 ? text.padStart(-column.width) : text.padEnd(column.width);
      })
      .join(separator ?? " ");
  }
}

function jsonField(value: Value): JsonField {
  switch (value.kind) {
    case "integer":
      return value.value;
    case "boolean":
    case "string":
    case "text":
      return value.value;
    default:
      return null;
  }
}
