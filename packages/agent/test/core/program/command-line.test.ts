import { describe, expect, test } from "@jest/globals";
import { parseCommandLine } from "../../../src/program/command-line.js";
import { helpText } from "../../../src/program/help.js";
import { UsageError } from "../../../src/program/usage-error.js";

const parse = (line: string): unknown =>
  parseCommandLine(line === "" ? [] : line.split(" "), () => "/home/me");

const serving = {
  kind: "serve",
  keyFile: undefined,
  leaseSeconds: 30,
  without: [],
  allowsPrograms: false,
  placement: { niceness: undefined, processors: undefined },
  processorShare: undefined,
};
const connecting = {
  kind: "connect",
  socket: undefined,
  startsAgent: true,
  leaseSeconds: 30,
  idleSeconds: 60,
};
const tcp = { kind: "tcp", tls: undefined };
const tls = { certificateFile: "c", privateKeyFile: "k", clientCaFile: undefined };

describe("the agent's command line", () => {
  const accepted = [
    { line: "--stdio", expected: { ...serving, ways: [{ kind: "stdio" }] } },
    {
      line: "--serial /dev/ttyS1 --serial /dev/ttyUSB0 --baud 921600",
      expected: {
        ...serving,
        ways: [
          { kind: "serial", device: "/dev/ttyS1", baud: 921_600 },
          { kind: "serial", device: "/dev/ttyUSB0", baud: 921_600 },
        ],
      },
    },
    {
      line: "--stdio --max-cpu 12.5 --nice=-5 --cpu 0,2-4",
      expected: {
        ...serving,
        ways: [{ kind: "stdio" }],
        placement: { niceness: -5, processors: [0, 2, 3, 4] },
        processorShare: 0.125,
      },
    },
    {
      line: "--listen ws://127.0.0.1:4650",
      expected: { ...serving, ways: [{ ...tcp, host: "127.0.0.1", port: 4650 }] },
    },
    {
      line: "--listen ws://[::1]:0 --unix /run/a --unix /run/b",
      expected: {
        ...serving,
        ways: [
          { ...tcp, host: "[::1]", port: 0 },
          { kind: "unix", path: "/run/a" },
          { kind: "unix", path: "/run/b" },
        ],
      },
    },
    {
      line: "--listen ws://board",
      expected: { ...serving, ways: [{ ...tcp, host: "board", port: 4650 }] },
    },
    {
      line: "--listen ws://board:80",
      expected: { ...serving, ways: [{ ...tcp, host: "board", port: 80 }] },
    },
    {
      line: "--listen wss://board --listen wss://board:443 --listen ws://[::1]:1 --tls-cert c --tls-key k",
      expected: {
        ...serving,
        ways: [
          { ...tcp, host: "board", port: 4650, tls },
          { ...tcp, host: "board", port: 443, tls },
          { ...tcp, host: "[::1]", port: 1 },
        ],
      },
    },
    {
      line: "--listen wss://board:1 --tls-cert c --tls-key k --tls-client-ca a",
      expected: {
        ...serving,
        ways: [{ ...tcp, host: "board", port: 1, tls: { ...tls, clientCaFile: "a" } }],
      },
    },
    {
      line: "--stdio --key-file k --lease 5",
      expected: {
        ...serving,
        ways: [{ kind: "stdio" }],
        keyFile: "k",
        leaseSeconds: 5,
      },
    },
    {
      line: "--stdio --allow-programs",
      expected: { ...serving, ways: [{ kind: "stdio" }], allowsPrograms: true },
    },
    {
      line: "--stdio --without ringbuf,kprobe_pmu",
      expected: { ...serving, ways: [{ kind: "stdio" }], without: ["ringbuf", "kprobe_pmu"] },
    },
    {
      line: "--relay /run/a --idle 5",
      expected: { ...serving, ways: [{ kind: "relay", path: "/run/a" }], idleSeconds: 5 },
    },
    {
      line: "--relay /run/a",
      expected: { ...serving, ways: [{ kind: "relay", path: "/run/a" }], idleSeconds: 60 },
    },
    {
      line: "--relay a --idle=5 --lease 7 --lease=8",
      expected: {
        ...serving,
        ways: [{ kind: "relay", path: "/home/me/a" }],
        leaseSeconds: 8,
        idleSeconds: 5,
      },
    },
    { line: "--unix -", expected: { ...serving, ways: [{ kind: "unix", path: "-" }] } },
    { line: "connect", expected: connecting },
    {
      line: "connect --socket /run/a --lease 10 --idle 20 --no-start",
      expected: {
        ...connecting,
        socket: "/run/a",
        leaseSeconds: 10,
        idleSeconds: 20,
        startsAgent: false,
      },
    },
    { line: "key", expected: { kind: "key" } },
    { line: "pin c", expected: { kind: "pin", certificateFile: "c" } },
    { line: "--version", expected: { kind: "version" } },
    { line: "-h --stdio", expected: { kind: "help" } },
  ];
  test.each(accepted)("$line is understood", ({ line, expected }) => {
    expect(parse(line)).toEqual(expected);
  });

  const refused = [
    { line: "", message: "one of --listen, --unix, --serial and --stdio is needed" },
    { line: "--stdio --baud 9600", message: "--baud is for --serial" },
    { line: "--serial /dev/ttyS1 --baud 50", message: "--baud 50: expected bits a second" },
    { line: "--serial /dev/ttyS1 --baud 8N1", message: "--baud 8N1: expected bits a second" },
    { line: "--frobnicate", message: "unknown option '--frobnicate'" },
    { line: "lock", message: "unknown argument lock" },
    { line: "connect --stdio", message: "connect does not take --stdio" },
    { line: "--stdio --socket /run/a", message: "--socket is for sonde-agent connect" },
    { line: "key more", message: "unknown argument key" },
    { line: "--stdio --without kprobe,x", message: "--without kprobe: expected some of atomic_" },
    { line: "--unix", message: "option '--unix <value>' argument missing" },
    { line: "--unix --stdio", message: "option '--unix <value>' argument missing" },
    { line: "--stdio=yes", message: "option '--stdio' does not take an argument" },
    { line: "-x", message: "unknown option '-x'" },
    { line: "-- --stdio", message: "unknown argument --stdio" },
    { line: "--listen ws://me@a:1", message: "only a host and a port can be given" },
    { line: "--stdio --unix /a", message: "--stdio cannot be combined with another way in" },
    { line: "--listen 4650", message: "--listen 4650: expected ws://HOST:PORT or wss://HOST:PORT" },
    { line: "--listen http://a", message: "--listen http://a: expected ws://HOST:PORT" },
    {
      line: "--listen wss://a:1",
      message: "--listen wss://a:1: --tls-cert and --tls-key are needed",
    },
    { line: "--listen wss://a:1 --tls-cert c", message: "--tls-cert and --tls-key are needed" },
    {
      line: "--listen ws://a:1 --tls-cert c --tls-key k",
      message: "--tls-cert, --tls-key and --tls-client-ca are for --listen wss://HOST:PORT",
    },
    { line: "pin", message: "pin: one file with a certificate is needed" },
    { line: "pin c d", message: "pin: one file with a certificate is needed" },
    { line: "--listen ws://a:99999", message: "--listen ws://a:99999: expected ws://HOST:PORT" },
    {
      line: "--listen ws://a:1/path",
      message: "--listen ws://a:1/path: only a host and a port can be given",
    },
    {
      line: "--stdio --max-cpu 0",
      message: "--max-cpu 0: expected per cent of a processor, up to 100",
    },
    {
      line: "--stdio --nice 20",
      message: "--nice 20: expected -20 (before all others) to 19 (after them)",
    },
    { line: "--stdio --cpu 3-1", message: "--cpu 3-1: expected processors, as 0 or 0,2-3" },
    {
      line: "--stdio --lease 0",
      message: "--lease 0: expected whole seconds, 1 to 86400",
    },
    { line: "connect --idle 0", message: "--idle 0: expected whole seconds, 1 to 86400" },
    {
      line: "--stdio --lease 1.5",
      message: "--lease 1.5: expected whole seconds, 1 to 86400",
    },
  ];
  test.each(refused)("'$line' is refused: $message", ({ line, message }) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  test("the help names every option and its examples are understood", () => {
    const examples = helpText.split("\n").filter((line) => line.startsWith("  sonde-agent "));
    expect(examples.length).toBeGreaterThan(2);
    for (const example of examples) {
      const [command = ""] = example.trim().split(" > ");
      expect(() => parse(command.split(" ").slice(1).join(" "))).not.toThrow();
    }
    const options =
      "--listen --unix --relay --serial --baud --stdio --key-file --tls-cert --tls-key --tls-client-ca --lease --idle --socket --no-start --max-cpu --nice --cpu";
    for (const option of options.split(" ")) {
      expect(helpText).toContain(option);
    }
  });
});
