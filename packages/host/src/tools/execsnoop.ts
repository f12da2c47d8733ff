import { type Session } from "../session/session.js";
import { escapeText } from "./escape-text.js";
import { integerField, listField, numberField, textField } from "./fields.js";
import { parseCount, parseId, parsePattern } from "./parse-option.js";
import { type Tool, type ToolEvent, type ToolOptions, type ToolRow, type ToolRun } from "./tool.js";

interface Options {
  readonly time?: boolean;
  readonly timestamp?: boolean;
  readonly fails?: boolean;
  readonly uid?: number;
  readonly quote?: boolean;
  readonly name?: RegExp;
  readonly line?: RegExp;
  readonly printUid?: boolean;
  readonly ppid?: number;
  readonly maxArgs: number;
}

/** One more than can be shown tells whether there are more. */
const mostArguments = 60;

export const execsnoop: Tool = {
  name: "execsnoop",
  summary: "programs as they are started, with all arguments",
  hasTimes: true,
  description:
    "Traces execve(2) and execveat(2) from entry to exit. RET is what the call returned: 0, or the negative errno of a start " +
    "that failed (shown with -x). Each argument is shown up to 1,024 bytes. PPID is the parent at that moment.",
  examples: [
    ["sonde execsnoop", "all programs that are started on this machine"],
    ["sonde execsnoop -x -t ssh://root@board", "those that failed too, on a board"],
    ["sonde execsnoop -T -U", "with the time of day and the user id"],
    ["sonde execsnoop -n '^mount'", "programs whose name matches"],
    ["sonde execsnoop -l eth0", "command lines that contain eth0"],
  ],
  options: [
    { flags: "-T, --time", description: "a column with the time of day" },
    { flags: "--timestamp", description: "time since the first event, in seconds" },
    { flags: "-x, --fails", description: "also starts that failed" },
    { flags: "-u, --uid <uid>", description: "only this user", parse: parseId },
    { flags: "-q, --quote", description: "arguments in quotation marks" },
    {
      flags: "-n, --name <pattern>",
      description: "only programs whose name matches",
      parse: parsePattern,
    },
    {
      flags: "-l, --line <pattern>",
      description: "only command lines that match",
      parse: parsePattern,
    },
    { flags: "-U, --print-uid", description: "a column with the user id" },
    { flags: "-P, --ppid <ppid>", description: "only children of this process", parse: parseId },
    {
      flags: "--max-args <count>",
      description: `arguments that are shown, at most ${mostArguments}`,
      parse: (text) => parseCount(text, mostArguments),
      default: 20,
    },
  ],
  create: (options, target) =>
    // They were parsed as `options` above says.
    new Execsnoop(options as ToolOptions & Options, target.hasBtf),
};

class Execsnoop implements ToolRun {
  readonly program: string;
  readonly durationSeconds = undefined;
  readonly #options: Options;
  /** What processes are starting now, until the call returns. */
  readonly #starting = new Map<number, readonly string[]>();
  #firstNanoseconds: bigint | undefined;

  constructor(options: Options, hasBtf: boolean) {
    this.#options = options;
    this.program = programFor(options, hasBtf ? "ppid" : "0");
  }

  header(): string {
    const { time, timestamp, printUid } = this.#options;
    return [
      time === true ? "TIME     " : "",
      timestamp === true ? "TIME(s)  " : "",
      printUid === true ? "UID    " : "",
      "PCOMM            PID    PPID   RET ARGS",
    ].join("");
  }

  async row(event: ToolEvent, session: Session): Promise<ToolRow | undefined> {
    const { fields } = event;
    const pid = numberField(fields, "pid");
    if (event.name === "arguments") {
      this.#starting.set(pid, listField(fields, "arguments"));
      return undefined;
    }
    const all = this.#starting.get(pid) ?? [];
    this.#starting.delete(pid);
    const result = numberField(fields, "ret");
    if (result < 0 && this.#options.fails !== true) return undefined;
    const ppid = numberField(fields, "ppid");
    const row = { all, pid, result, ppid: ppid === 0 ? await parentOf(session, pid) : ppid };
    return this.#format(event, row);
  }

  #format(
    { fields, now }: ToolEvent,
    row: {
      readonly all: readonly string[];
      readonly pid: number;
      readonly result: number;
      readonly ppid: number;
    },
  ): ToolRow | undefined {
    const options = this.#options;
    const comm = textField(fields, "comm").text;
    const uid = numberField(fields, "uid");
    const args = row.all.slice(0, options.maxArgs);
    const shown = args.map((one) =>
      options.quote === true ? `"${one.replaceAll('"', '\\"')}"` : one,
    );
    const line = `${escapeText(shown.join(" "))}${row.all.length > args.length ? " ..." : ""}`;
    if (options.name?.test(comm) === false || options.line?.test(line) === false) return undefined;
    if (options.ppid !== undefined && options.ppid !== row.ppid) return undefined;
    const nanoseconds = integerField(fields, "nsecs");
    this.#firstNanoseconds ??= nanoseconds;
    const seconds = Number(nanoseconds - this.#firstNanoseconds) / 1e9;
    const clock = new Date(Number(now / 1_000_000n)).toTimeString().slice(0, 8);
    const columns = [
      options.time === true ? clock.padEnd(9) : "",
      options.timestamp === true ? `${seconds.toFixed(3).padEnd(8)} ` : "",
      options.printUid === true ? `${String(uid).padEnd(6)} ` : "",
      `${escapeText(comm).padEnd(16)} ${String(row.pid).padEnd(6)} ${String(row.ppid).padEnd(6)} `,
      `${String(row.result).padStart(3)} ${line}`,
    ];
    return {
      text: () => columns.join(""),
      json: () => ({
        time: seconds,
        uid,
        comm,
        pid: row.pid,
        ppid: row.ppid,
        ret: row.result,
        args: row.all,
      }),
    };
  }
}

/** The parent as /proc of the target has it; 0 when the process has ended already. */
async function parentOf(session: Session, pid: number): Promise<number> {
  const status = await session.files.textNow(`/proc/${pid}/stat`);
  // proc(5): pid, (comm), state, ppid; comm may itself contain spaces and parentheses.
  const ppid = /^\d+ \(.*\) \S+ (\d+)/s.exec(status ?? "")?.[1];
  return ppid === undefined ? 0 : Number(ppid);
}

/** Entries carry the arguments: when the call returns the caller's memory is gone. */
function programFor(options: Options, parent: string): string {
  const filter = options.uid === undefined ? "" : ` /uid == ${options.uid}/`;
  return `config = { missing_probes = "ignore"; print_maps_on_exit = 0 }
tracepoint:syscalls:sys_enter_execve,
tracepoint:syscalls:sys_enter_execveat${filter} {
  emit("arguments", "pid", pid, "arguments", join(args.argv, ${Math.min(options.maxArgs + 1, mostArguments)}));
}
tracepoint:syscalls:sys_exit_execve,
tracepoint:syscalls:sys_exit_execveat${filter} {
  emit("exec", "pid", pid, "ppid", ${parent}, "uid", uid, "nsecs", nsecs, "ret", args.ret, "comm", comm);
}
`;
}
