import { clockText } from "./clock-line.js";
import { eventTool, type EventColumn } from "./event-script.js";
import { numberField, textField } from "./fields.js";
import { parseId } from "./parse-option.js";
import { numberColumn, textColumn } from "./process-tools.js";
import { type Tool, ToolOptionError } from "./tool.js";

/** "8:16" as the kernel has it in dev_t: 20 bits of minor number (include/linux/kdev_t.h). */
export function parseDisk(text: string): number {
  const found = /^(\d+)[:,](\d+)$/.exec(text);
  if (found === null) throw new ToolOptionError(`${text} is no MAJOR:MINOR, as lsblk shows them`);
  return Number(found[1]) * 0x10_0000 + Number(found[2]);
}

export function diskText(dev: number): string {
  return `${Math.floor(dev / 0x10_0000)}:${dev % 0x10_0000}`;
}

interface BioOptions {
  readonly queue?: boolean;
  readonly disk?: number;
}

function milliseconds(title: string, field: string): EventColumn<unknown> {
  return { title, width: -7, text: ({ fields }) => (numberField(fields, field) / 1e6).toFixed(2) };
}

export const biosnoop: Tool = eventTool<BioOptions>({
  name: "biosnoop",
  summary: "requests to disks as they end: who asked, what, and how long it took",
  description:
    "Traces the block tracepoints, so it needs no kprobes. DISK is the disk's number as lsblk shows it, T R for a read, W for a " +
    "write. LAT is from when a request went to the disk to its end. The program is a file in the language: sonde tools --show biosnoop.",
  examples: [
    ["sonde biosnoop", "all requests to disks"],
    ["sonde biosnoop -Q", "also for how long they waited in the kernel"],
    ["sonde biosnoop -d 179:0 -t ssh://root@board", "one disk of a board"],
  ],
  options: [
    { flags: "-Q, --queue", description: "a column with the time before the disk was asked" },
    { flags: "-d, --disk <disk>", description: "only this disk, as 8:0", parse: parseDisk },
  ],
  named: ({ disk }) => ({ dev: disk }),
  columns: [
    { title: "TIME(s)", width: 11, text: ({ seconds }) => seconds.toFixed(6) },
    textColumn("COMM", 14, "comm"),
    numberColumn("PID", 6, "pid"),
    { title: "DISK", width: 7, text: ({ fields }) => diskText(numberField(fields, "dev")) },
    {
      title: "T",
      width: 1,
      text: ({ fields }) => /[RW]/.exec(textField(fields, "rwbs").text)?.[0] ?? "-",
    },
    numberColumn("SECTOR", 10, "sector"),
    numberColumn("BYTES", 7, "bytes"),
    { ...milliseconds("QUE(ms)", "queued"), isShown: ({ queue }) => queue === true },
    milliseconds("LAT(ms)", "duration"),
  ],
});

interface TcpOptions {
  readonly pid?: number;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** AF_INET and AF_INET6 (include/linux/socket.h). */
function familyOf({ ipv4, ipv6 }: TcpOptions): number | undefined {
  return ipv4 === ipv6 ? undefined : ipv4 === true ? 2 : 10;
}

/** IPv4 addresses come as IPv6 ones. */
function addressColumn(title: string, width: number, field: string): EventColumn<unknown> {
  return {
    title,
    width,
    text: ({ fields }) => textField(fields, field).text.replace(/^::ffff:(?=\d+\.)/, ""),
  };
}

const families = [
  { flags: "-4, --ipv4", description: "IPv4 only" },
  { flags: "-6, --ipv6", description: "IPv6 only" },
];

interface ConnectOptions extends TcpOptions {
  readonly uid?: number;
  readonly port?: readonly number[];
  readonly lport?: boolean;
  readonly printUid?: boolean;
  readonly timestamp?: boolean;
}

export const tcpconnect: Tool = eventTool<ConnectOptions>({
  name: "tcpconnect",
  summary: "TCP connections that processes begin",
  description:
    "Traces inet_sock_set_state, so it needs no kprobes: a connect(2) that leads to a first packet. The program is a file in the " +
    "language: sonde tools --show tcpconnect.",
  examples: [
    ["sonde tcpconnect", "all connections that are begun"],
    ["sonde tcpconnect -P 80,443 -L", "to these ports, with ours"],
    [
      "sonde tcpconnect -p 181 --timestamp -t ssh://root@board",
      "one process of a board, with times",
    ],
  ],
  options: [
    { flags: "--timestamp", description: "time since the first event, in seconds" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    {
      flags: "-P, --port <ports>",
      description: "only to these ports",
      parse: (text) => text.split(",").map(parseId),
    },
    ...families,
    { flags: "-L, --lport", description: "a column with the port here" },
    { flags: "-U, --print-uid", description: "a column with the user id" },
    { flags: "-u, --uid <uid>", description: "only this user", parse: parseId },
  ],
  named: (options) => ({ pid: options.pid, uid: options.uid, family: familyOf(options) }),
  isWanted: ({ fields, options }) => options.port?.includes(numberField(fields, "dport")) !== false,
  columns: [
    {
      title: "TIME(s)",
      width: 9,
      isShown: ({ timestamp }) => timestamp === true,
      text: ({ seconds }) => seconds.toFixed(3),
    },
    { ...numberColumn("UID", 5, "uid"), isShown: ({ printUid }) => printUid === true },
    numberColumn("PID", 6, "pid"),
    textColumn("COMM", 12, "comm"),
    {
      title: "IP",
      width: 2,
      text: ({ fields }) => (numberField(fields, "family") === 2 ? "4" : "6"),
    },
    addressColumn("SADDR", 16, "saddr"),
    { ...numberColumn("LPORT", 6, "sport"), isShown: ({ lport }) => lport === true },
    addressColumn("DADDR", 16, "daddr"),
    numberColumn("DPORT", 0, "dport"),
  ],
});

interface LifeOptions extends TcpOptions {
  readonly time?: boolean;
  readonly wide?: boolean;
  readonly csv?: boolean;
  readonly localport?: number;
  readonly remoteport?: number;
}

function kilobytes(title: string, field: string): EventColumn<unknown> {
  return {
    title,
    width: -5,
    text: ({ fields }) => String(Math.round(numberField(fields, field) / 1024)),
  };
}

/** As wide as an IPv6 address is. */
function addressColumns(title: string, field: string): readonly EventColumn<LifeOptions>[] {
  return [
    { ...addressColumn(title, 15, field), isShown: ({ wide }) => wide !== true },
    { ...addressColumn(title, 26, field), isShown: ({ wide }) => wide === true },
  ];
}

export const tcplife: Tool = eventTool<LifeOptions>({
  name: "tcplife",
  summary: "TCP connections as they end: between whom, how long, how much",
  description:
    "Traces inet_sock_set_state from a connection's first state to its last, so it needs no kprobes. What was sent and received is " +
    "counted in the kernel's socket (needs BTF). The program is a file in the language: sonde tools --show tcplife.",
  examples: [
    ["sonde tcplife", "all connections that end"],
    ["sonde tcplife -D 443 -T", "to this port, with the time of day"],
    ["sonde tcplife -s > connections.csv", "with commas between the columns"],
  ],
  options: [
    { flags: "-T, --time", description: "a column with the time of day" },
    { flags: "-w, --wide", description: "columns as wide as IPv6 addresses" },
    { flags: "-s, --csv", description: "commas between the columns" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    { flags: "-L, --localport <port>", description: "only this port here", parse: parseId },
    { flags: "-D, --remoteport <port>", description: "only this port there", parse: parseId },
    ...families,
  ],
  named: (options) => ({
    pid: options.pid,
    lport: options.localport,
    rport: options.remoteport,
    family: familyOf(options),
  }),
  separator: ({ csv }) => (csv === true ? "," : undefined),
  columns: [
    {
      title: "TIME",
      width: 8,
      isShown: ({ time }) => time === true,
      text: ({ now }) => clockText(now),
    },
    numberColumn("PID", 5, "pid"),
    { title: "COMM", width: 10, text: ({ fields }) => textField(fields, "comm").text.slice(0, 10) },
    ...addressColumns("LADDR", "saddr"),
    numberColumn("LPORT", 5, "sport"),
    ...addressColumns("RADDR", "daddr"),
    numberColumn("RPORT", 5, "dport"),
    kilobytes("TX_KB", "sent"),
    kilobytes("RX_KB", "received"),
    {
      title: "MS",
      width: 0,
      text: ({ fields }) => (numberField(fields, "duration") / 1e6).toFixed(2),
    },
  ],
});
