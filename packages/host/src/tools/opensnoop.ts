import { escapeText } from "./escape-text.js";
import { integerField, numberField, textField } from "./fields.js";
import { openFlag, openFlagNames } from "./open-flags.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { fullPath } from "./full-path.js";
import { type Tool, type ToolEvent, type ToolRow, type ToolRun } from "./tool.js";
import { type Session } from "../session/session.js";
import { type TargetDescription } from "../spec/target-description.js";

/** The longest path that the kernel takes (PATH_MAX, include/uapi/linux/limits.h). */
const pathBytes = 4096;

interface Options {
  readonly pid?: number;
  readonly tid?: number;
  readonly uid?: number;
  readonly name?: string;
  readonly duration?: number;
  readonly flagFilter?: readonly string[];
  readonly timestamp?: boolean;
  readonly printUid?: boolean;
  readonly extendedFields?: boolean;
  readonly failed?: boolean;
  readonly fullPath?: boolean;
  readonly bufferPages?: number;
}

export const opensnoop: Tool = {
  name: "opensnoop",
  summary: "files as they are opened: who, which, and how it ended",
  description:
    "Traces open(2), openat(2) and openat2(2) from entry to exit. FD is the new file descriptor, or -1; ERR the errno of a " +
    "failed open. Paths are shown as the process gave them, up to 4,096 bytes; -F puts the directory before relative ones.",
  examples: [
    ["sonde opensnoop", "all opens on this machine"],
    ["sonde opensnoop -x -t ssh://root@board", "only failed ones, on a board"],
    ["sonde opensnoop -p 181 -d 10", "one process, for ten seconds"],
    ["sonde opensnoop -n main -T", "processes whose name contains main, with times"],
    ["sonde opensnoop -e -f O_WRONLY -f O_RDWR", "opens for writing, with flags and mode"],
  ],
  options: [
    { flags: "-T, --timestamp", description: "time since the first event, in seconds" },
    { flags: "-U, --print-uid", description: "a column with the user id" },
    { flags: "-x, --failed", description: "only opens that failed" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    { flags: "--tid <tid>", description: "only this thread", parse: parseId },
    { flags: "-u, --uid <uid>", description: "only this user", parse: parseId },
    { flags: "-d, --duration <seconds>", description: "end after so long", parse: parseSeconds },
    { flags: "-n, --name <name>", description: "only processes whose name contains this" },
    {
      flags: "-e, --extended-fields",
      description: "columns with the flags and the mode, in octal",
    },
    {
      flags: "-f, --flag-filter <flag>",
      description: "only opens with one of these flags (may be repeated), as O_WRONLY",
      parse: (text, previous) => [...((previous as readonly string[] | undefined) ?? []), text],
    },
    { flags: "-F, --full-path", description: "put the directory before relative paths" },
    {
      flags: "-b, --buffer-pages <pages>",
      description: "size of the event buffer",
      parse: parseId,
    },
  ],
  create: (options, target) =>
    // They were parsed as `options` above says.
    new Opensnoop(options, target.architecture),
};

class Opensnoop implements ToolRun {
  readonly program: string;
  readonly durationSeconds: number | undefined;
  readonly #options: Options;
  #firstNanoseconds: bigint | undefined;

  readonly #architecture: TargetDescription["architecture"];

  constructor(options: Options, architecture: TargetDescription["architecture"]) {
    this.#options = options;
    this.#architecture = architecture;
    this.durationSeconds = options.duration;
    const masks = options.flagFilter?.map((name) => openFlag(name, architecture));
    this.program = programFor(
      options,
      masks?.reduce((all, flag) => all | flag, 0),
    );
  }

  header(): string {
    const { timestamp, printUid, tid, extendedFields } = this.#options;
    return [
      timestamp === true ? "TIME(s)       " : "",
      printUid === true ? "UID    " : "",
      `${(tid === undefined ? "PID" : "TID").padEnd(6)} ${"COMM".padEnd(16)}   FD ERR `,
      extendedFields === true ? "FLAGS    MODE     " : "",
      "PATH",
    ].join("");
  }

  async row(event: ToolEvent, session: Session): Promise<ToolRow | undefined> {
    const { fields } = event;
    const { text: comm } = textField(fields, "comm");
    const { name } = this.#options;
    if (name !== undefined && !comm.includes(name)) return undefined;
    const result = numberField(fields, "ret");
    const pid = numberField(fields, "pid");
    const tid = numberField(fields, "tid");
    const uid = numberField(fields, "uid");
    const given = textField(fields, "path").text;
    const path =
      this.#options.fullPath === true
        ? await fullPath(session, { path: given, pid, directoryFd: numberField(fields, "dfd") })
        : given;
    const seconds = this.#seconds(integerField(fields, "nsecs"));
    const fd = result >= 0 ? result : -1;
    const errno = result >= 0 ? 0 : -result;
    const flags = numberField(fields, "flags");
    const mode = numberField(fields, "mode");
    const columns = [
      this.#options.timestamp === true ? seconds.toFixed(9).padEnd(14) : "",
      this.#options.printUid === true ? `${String(uid).padEnd(6)} ` : "",
      `${String(this.#options.tid === undefined ? pid : tid).padEnd(6)} ${escapeText(comm).padEnd(16)} `,
      `${String(fd).padStart(4)} ${String(errno).padStart(3)} `,
      this.#options.extendedFields === true
        ? `${flags.toString(8).padStart(8, "0")} ${mode.toString(8).padStart(4, "0").padEnd(8)} `
        : "",
      escapeText(path),
    ];
    return {
      text: columns.join(""),
      json: {
        time: seconds,
        uid,
        pid,
        tid,
        comm,
        fd,
        errno,
        flags,
        flagNames: openFlagNames(flags, this.#architecture),
        mode,
        path,
      },
    };
  }

  #seconds(now: bigint): number {
    this.#firstNanoseconds ??= now;
    return Number(now - this.#firstNanoseconds) / 1e9;
  }
}

/** The entries keep what the exits print: only at the exit is the path sure to be in memory. */
function programFor(options: Options, mask: number | undefined): string {
  const pages = options.bufferPages === undefined ? "" : ` perf_rb_pages = ${options.bufferPages};`;
  const conditions = [
    options.pid === undefined ? "" : `pid == ${options.pid}`,
    options.tid === undefined ? "" : `tid == ${options.tid}`,
    options.uid === undefined ? "" : `uid == ${options.uid}`,
  ].filter((one) => one !== "");
  const entry = (probes: string, fields: { flags: string; mode: string; dfd: string }): string => {
    const all =
      mask === undefined ? conditions : [...conditions, `(${fields.flags} & ${mask}) != 0`];
    return `${probes}${all.length === 0 ? "" : ` /${all.join(" && ")}/`} {
  @path[tid] = args.filename;
  @flags[tid] = ${fields.flags};
  @mode[tid] = ${fields.mode};
  @dfd[tid] = ${fields.dfd};
}`;
  };
  const calls = ["open", "openat", "openat2"];
  const exits = calls.map((call) => `tracepoint:syscalls:sys_exit_${call}`).join(",\n");
  const condition = options.failed === true ? "args.ret < 0" : "1";
  return `config = { missing_probes = "ignore"; print_maps_on_exit = 0;${pages} }
${entry("tracepoint:syscalls:sys_enter_open", { flags: "args.flags", mode: "args.mode", dfd: "-100" })}
${entry("tracepoint:syscalls:sys_enter_openat", { flags: "args.flags", mode: "args.mode", dfd: "args.dfd" })}
${entry("tracepoint:syscalls:sys_enter_openat2", { flags: "*(uint64 *)args.how", mode: "*((uint64 *)args.how + 1)", dfd: "args.dfd" })}
${exits} /has_key(@path, tid)/ {
  if (${condition}) {
    emit("open", "pid", pid, "tid", tid, "uid", uid, "nsecs", nsecs, "ret", args.ret, "flags", @flags[tid],
      "mode", @mode[tid], "dfd", @dfd[tid], "comm", comm, "path", str(@path[tid], ${pathBytes}));
  }
  delete(@path, tid);
  delete(@flags, tid);
  delete(@mode, tid);
  delete(@dfd, tid);
}
`;
}
