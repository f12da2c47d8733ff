import { escapeText } from "./escape-text.js";
import { integerField, numberField, textField } from "./fields.js";
import { openFlag, openFlagNames } from "./open-flags.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { fullPath } from "./full-path.js";
import { type Tool, type ToolEvent, type ToolFields, type ToolRow, type ToolRun } from "./tool.js";
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
  readonly perfetto?: string;
  readonly printUid?: boolean;
  readonly extendedFields?: boolean;
  readonly failed?: boolean;
  readonly fullPath?: boolean;
  readonly bufferPages?: number;
  readonly json?: boolean;
}

/** What of an open is to be shown, and has to cross the line. */
type Field = "pid" | "tid" | "uid" | "nsecs" | "ret" | "flags" | "mode" | "dfd" | "comm" | "path";

export const opensnoop: Tool = {
  name: "opensnoop",
  summary: "files as they are opened: who, which, and how it ended",
  hasTimes: true,
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
      architecture === "mips" || architecture === "mipsel" ? returnsOfMips : returns,
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

  async row({ fields }: ToolEvent, session: Session): Promise<ToolRow> {
    const given = textField(fields, "path").text;
    const path =
      this.#options.fullPath === true ? await fullPath(session, atDirectory(fields, given)) : given;
    return { text: () => this.#text(fields, path), json: () => this.#json(fields, path) };
  }

  #text(fields: ToolFields, path: string): string {
    const { timestamp, printUid, tid, extendedFields } = this.#options;
    const { fd, errno } = resultOf(fields);
    const comm = escapeText(textField(fields, "comm").text);
    const columns = [
      timestamp === true ? this.#seconds(fields).toFixed(9).padEnd(14) : "",
      printUid === true ? `${String(numberField(fields, "uid")).padEnd(6)} ` : "",
      `${String(numberField(fields, tid === undefined ? "pid" : "tid")).padEnd(6)} `,
      `${comm.padEnd(16)} ${String(fd).padStart(4)} ${String(errno).padStart(3)} `,
      extendedFields === true ? formatHow(fields) : "",
      escapeText(path),
    ];
    return columns.join("");
  }

  #json(fields: ToolFields, path: string): ReturnType<ToolRow["json"]> {
    const flags = numberField(fields, "flags");
    return {
      time: this.#seconds(fields),
      uid: numberField(fields, "uid"),
      pid: numberField(fields, "pid"),
      tid: numberField(fields, "tid"),
      comm: textField(fields, "comm").text,
      ...resultOf(fields),
      flags,
      flagNames: openFlagNames(flags, this.#architecture),
      mode: numberField(fields, "mode"),
      path,
    };
  }

  #seconds(fields: ToolFields): number {
    const now = integerField(fields, "nsecs");
    this.#firstNanoseconds ??= now;
    return Number(now - this.#firstNanoseconds) / 1e9;
  }
}

function atDirectory(fields: ToolFields, path: string): Parameters<typeof fullPath>[1] {
  return { path, pid: numberField(fields, "pid"), directoryFd: numberField(fields, "dfd") };
}

function resultOf(fields: ToolFields): { readonly fd: number; readonly errno: number } {
  const result = numberField(fields, "ret");
  return result >= 0 ? { fd: result, errno: 0 } : { fd: -1, errno: -result };
}

/** Flags and mode, in octal. */
function formatHow(fields: ToolFields): string {
  const flags = numberField(fields, "flags").toString(8).padStart(8, "0");
  const mode = numberField(fields, "mode").toString(8).padStart(4, "0");
  return `${flags} ${mode.padEnd(8)} `;
}

function fieldsFor(options: Options): readonly Field[] {
  if (options.json === true || options.perfetto !== undefined) {
    return ["pid", "tid", "uid", "nsecs", "ret", "flags", "mode", "dfd", "comm", "path"];
  }
  const fields: readonly (readonly [Field, boolean | undefined])[] = [
    ["pid", options.tid === undefined || options.fullPath],
    ["tid", options.tid !== undefined],
    ["uid", options.printUid],
    ["nsecs", options.timestamp],
    ["ret", true],
    ["flags", options.extendedFields],
    ["mode", options.extendedFields],
    ["dfd", options.fullPath],
    ["comm", true],
    ["path", true],
  ];
  return fields.filter(([, isShown]) => isShown === true).map(([field]) => field);
}

/** Where an open ends, and what it gives: a file descriptor, or the negative of an errno. */
interface Returns {
  readonly probes: readonly string[];
  readonly value: string;
}

const calls = ["open", "openat", "openat2"];
const returns: Returns = {
  probes: calls.map((call) => `tracepoint:syscalls:sys_exit_${call}`),
  value: "args.ret",
};

/**
 * On MIPS these tracepoints tell of errors without their sign: whether the call failed is in another register
 * (syscall_get_return_value in arch/mips/include/asm/syscall.h).
 */
const returnsOfMips: Returns = {
  probes: ["kretprobe:do_sys_openat2", "kretprobe:do_sys_open"],
  value: "(int32)retval",
};

/** Each as small as it can be. What the entry alone knows it leaves in a map. */
const expressions: Readonly<Record<Exclude<Field, "ret">, string>> = {
  pid: "pid",
  tid: "tid",
  uid: "uid",
  nsecs: "nsecs",
  flags: "(uint32)@flags[tid]",
  mode: "(uint32)@mode[tid]",
  dfd: "(int32)@dfd[tid]",
  comm: "comm",
  path: `str(@path[tid], ${pathBytes})`,
};

/** Filters run there, so that what is not shown costs the line nothing. The entries keep what the exits print: only at the exit is the path sure to be in memory. */
function programFor(
  options: Options,
  mask: number | undefined,
  { probes, value }: Returns,
): string {
  const pages = options.bufferPages === undefined ? "" : ` perf_rb_pages = ${options.bufferPages};`;
  const conditions = [
    options.pid === undefined ? "" : `pid == ${options.pid}`,
    options.tid === undefined ? "" : `tid == ${options.tid}`,
    options.uid === undefined ? "" : `uid == ${options.uid}`,
    options.name === undefined ? "" : `strcontains(comm, ${quote(options.name)})`,
  ].filter((one) => one !== "");
  const fields = fieldsFor(options);
  const kept = (["flags", "mode", "dfd"] as const).filter((field) => fields.includes(field));
  const entry = (
    probes: string,
    how: Readonly<Record<"flags" | "mode" | "dfd", string>>,
  ): string => {
    const all = mask === undefined ? conditions : [...conditions, `(${how.flags} & ${mask}) != 0`];
    return `${probes}${all.length === 0 ? "" : ` /${all.join(" && ")}/`} {
  @path[tid] = args.filename;
${kept.map((field) => `  @${field}[tid] = ${how[field]};\n`).join("")}}`;
  };
  const condition = options.failed === true ? `${value} < 0` : "1";
  const shown = fields.map((field) => {
    return `"${field}", ${field === "ret" ? `(int32)${value}` : expressions[field]}`;
  });
  return `config = { missing_probes = "ignore"; print_maps_on_exit = 0; max_strlen = ${pathBytes};${pages} }
${entry("tracepoint:syscalls:sys_enter_open", { flags: "args.flags", mode: "args.mode", dfd: "-100" })}
${entry("tracepoint:syscalls:sys_enter_openat", { flags: "args.flags", mode: "args.mode", dfd: "args.dfd" })}
${entry("tracepoint:syscalls:sys_enter_openat2", { flags: "*(uint64 *)args.how", mode: "*((uint64 *)args.how + 1)", dfd: "args.dfd" })}
${probes.join(",\n")} /has_key(@path, tid)/ {
  if (${condition}) {
    emit("open", ${shown.join(", ")});
  }
${["path", ...kept].map((field) => `  delete(@${field}, tid);\n`).join("")}}
`;
}

/** As a string of the language. */
function quote(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replace(/\p{Cc}/gu, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `"${escaped}"`;
}
