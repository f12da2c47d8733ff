import { Option, type Command } from "commander";
import { type DetachedSession } from "../../session/session.js";
import { formatAge } from "../format-age.js";
import { formatTable } from "../format-table.js";
import { printable } from "../printable.js";
import { type OutputFormat } from "../run-trace.js";
import { addTargetOptions, connectTarget, type TargetOptions } from "../target-options.js";

interface SessionsOptions extends TargetOptions {
  readonly format: OutputFormat;
}

/** Adds `sonde sessions`. */
export function addSessionsCommand(program: Command): void {
  const command = program
    .command("sessions")
    .description("the traces that were detached on a target")
    .addOption(
      new Option("-f, --format <format>", "json: one object a line")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  sonde sessions -t ssh://root@board\n  sonde sessions -t board --format json",
    )
    .action(sessionsCommand);
  addTargetOptions(command);
}

async function sessionsCommand(options: SessionsOptions): Promise<void> {
  await using target = await connectTarget(options);
  const sessions = await target.session.detached();
  if (options.format === "json") {
    // Counts of records and bytes stay below 2^53.
    const plain = (_key: string, value: unknown): unknown =>
      typeof value === "bigint" ? Number(value) : value;
    process.stdout.write(sessions.map((one) => `${JSON.stringify(one, plain)}\n`).join(""));
    return;
  }
  if (sessions.length === 0) process.stderr.write("sonde: there are no detached traces\n");
  else process.stdout.write(printable(formatTable([header, ...sessions.map(row)])));
}

const header = ["NAME", "AGE", "STATE", "PROBES", "KEEPS", "WAITING", "LOST", "DROPPED"];

function row(session: DetachedSession): readonly string[] {
  const { name, ageMilliseconds, attachments, keeps, waitingBytes, lost, dropped } = session;
  const counts = [`${waitingBytes} B`, String(lost), String(dropped)];
  return [
    name,
    formatAge(ageMilliseconds),
    stateOf(session),
    String(attachments),
    keeps,
    ...counts,
  ];
}

function stateOf({ isAttached, isOver }: DetachedSession): string {
  const state = isOver ? "over" : "at work";
  return isAttached ? `${state}, attached` : state;
}
