import { constants } from "node:os";
import { clockText } from "./clock-line.js";
import { escapeText } from "./escape-text.js";
import { eventTool, type EventColumn, type ScriptEvent } from "./event-script.js";
import { numberField, textField } from "./fields.js";
import { parseId } from "./parse-option.js";
import { given } from "./script-file.js";
import { parsePositive } from "./stack-options.js";
import { type Tool } from "./tool.js";

interface ExitOptions {
  readonly pid?: number;
  readonly failed?: boolean;
  readonly perThread?: boolean;
  readonly label?: string;
  readonly timestamp?: boolean;
}

/** A column with a field that is a number. */
export function numberColumn(title: string, width: number, field: string): EventColumn<unknown> {
  return { title, width, text: ({ fields }) => String(numberField(fields, field)) };
}

/** A column with a field that is text. */
export function textColumn(title: string, width: number, field: string): EventColumn<unknown> {
  return { title, width, text: ({ fields }) => escapeText(textField(fields, field).text) };
}

export const exitsnoop: Tool = eventTool<ExitOptions>({
  name: "exitsnoop",
  summary: "processes as they end: how long they ran, and with what they ended",
  description:
    "Traces sched_process_exit. EXIT_CODE is 0, the code that the process gave, or the signal that ended it. The program is a " +
    "file in the language: sonde tools --show exitsnoop. Needs BTF.",
  examples: [
    ["sonde exitsnoop", "all processes that end"],
    ["sonde exitsnoop -x -t ssh://root@board", "only those that fail, on a board"],
    ["sonde exitsnoop --per-thread -p 181", "the threads of one process"],
  ],
  options: [
    { flags: "--timestamp", description: "a column with the time of day" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    { flags: "-x, --failed", description: "only those that did not end with 0" },
    { flags: "--per-thread", description: "each thread by itself" },
    { flags: "--label <text>", description: "a column with this text" },
  ],
  named: ({ pid, perThread }) => ({ pid, threads: given(perThread) }),
  isWanted: ({ fields, options }) => options.failed !== true || numberField(fields, "code") !== 0,
  columns: [
    {
      title: "TIME",
      width: 12,
      isShown: ({ timestamp }) => timestamp === true,
      text: ({ now }) => clockText(now),
    },
    {
      title: "LABEL",
      width: 6,
      isShown: ({ label }) => label !== undefined,
      text: ({ options }) => options.label ?? "",
    },
    textColumn("PCOMM", 16, "comm"),
    numberColumn("PID", 6, "pid"),
    numberColumn("PPID", 6, "ppid"),
    numberColumn("TID", 6, "tid"),
    {
      title: "AGE(s)",
      width: 7,
      text: ({ fields }) => (numberField(fields, "age") / 1e9).toFixed(2),
    },
    { title: "EXIT_CODE", width: 0, text: ({ fields }) => exitText(numberField(fields, "code")) },
  ],
});

/** wait(2): a signal in the low bits, whether there was a core dump, and the code above. */
function exitText(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return status === 0 ? "0" : `code ${status >> 8}`;
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return `signal ${signal}${name === undefined ? "" : ` (${name.slice(3)})`}${(status & 0x80) === 0 ? "" : ", core dumped"}`;
}

interface KillOptions {
  readonly pid?: number;
  readonly tpid?: number;
  readonly signal?: number;
  readonly failed?: boolean;
}

export const killsnoop: Tool = eventTool<KillOptions>({
  name: "killsnoop",
  summary: "signals that processes send, to whom, and whether they could",
  description:
    "Traces kill(2), tkill(2) and tgkill(2). RESULT is 0, or the negative errno. The program is a file in the language: sonde " +
    "tools --show killsnoop.",
  examples: [
    ["sonde killsnoop", "all signals"],
    ["sonde killsnoop -s 9 -x", "kills that failed"],
    ["sonde killsnoop -T 181 -t ssh://root@board", "who signals this process of a board"],
  ],
  options: [
    { flags: "-x, --failed", description: "only those that failed" },
    { flags: "-p, --pid <pid>", description: "only of this sender", parse: parseId },
    { flags: "-T, --tpid <pid>", description: "only to this process", parse: parseId },
    { flags: "-s, --signal <number>", description: "only this signal", parse: parsePositive },
  ],
  named: ({ pid, tpid, signal, failed }) => ({ pid, tpid, sig: signal, failed: given(failed) }),
  columns: [
    { title: "TIME", width: 9, text: ({ now }) => clockText(now) },
    numberColumn("PID", 6, "pid"),
    textColumn("COMM", 16, "comm"),
    numberColumn("SIG", 4, "sig"),
    numberColumn("TPID", 6, "tpid"),
    numberColumn("RESULT", 0, "result"),
  ],
});

interface StatOptions {
  readonly pid?: number;
  readonly failed?: boolean;
  readonly timestamp?: boolean;
}

const resultOf = ({ fields }: ScriptEvent<unknown>): number => numberField(fields, "ret");

export const statsnoop: Tool = eventTool<StatOptions>({
  name: "statsnoop",
  summary: "files whose attributes are asked for, and whether they were there",
  description:
    "Traces stat(2), lstat(2), newfstatat(2), statx(2) and statfs(2). FD is 0, or -1 when it failed; ERR the errno. The program is " +
    "a file in the language: sonde tools --show statsnoop.",
  examples: [
    ["sonde statsnoop", "all of them"],
    ["sonde statsnoop -x -p 181", "what one process looks for and does not find"],
    ["sonde statsnoop --timestamp -t ssh://root@board", "with times, on a board"],
  ],
  options: [
    { flags: "--timestamp", description: "time since the first event, in seconds" },
    { flags: "-x, --failed", description: "only those that failed" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
  ],
  named: ({ pid, failed }) => ({ pid, failed: given(failed) }),
  columns: [
    {
      title: "TIME(s)",
      width: 14,
      isShown: ({ timestamp }) => timestamp === true,
      text: ({ seconds }) => seconds.toFixed(9),
    },
    numberColumn("PID", 6, "pid"),
    textColumn("COMM", 16, "comm"),
    { title: "FD", width: -4, text: (event) => String(Math.max(resultOf(event), -1)) },
    { title: "ERR", width: -3, text: (event) => String(Math.max(-resultOf(event), 0)) },
    textColumn("PATH", 0, "path"),
  ],
});
