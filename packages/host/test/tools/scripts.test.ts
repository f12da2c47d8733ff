import { describe, expect, test } from "@jest/globals";
import { formatPowerHistogram } from "../../src/tools/power-histogram.js";
import { tools } from "../../src/tools/registry.js";
import { defaultOptions } from "../../src/tools/default-options.js";
import { hasScript, inRhythm, namedOptions, readScript } from "../../src/tools/script-file.js";
import { linux618x64 } from "../targets/linux-6.18-x64.js";

const scripts = tools.filter(({ name }) => hasScript(name));

describe("tools that are files in the language", () => {
  test("are the twelve that can be read and copied", () => {
    expect(scripts.map(({ name }) => name)).toEqual([
      ...["biolatency", "biosnoop", "exitsnoop", "hardirqs", "killsnoop", "runqlat", "softirqs"],
      ...["statsnoop", "syscount", "tcpconnect", "tcplife", "vfsstat"],
    ]);
  });

  test("say in their first lines what they show, and each option that they are given", () => {
    for (const tool of scripts) {
      const text = readScript(tool.name);
      expect(text.startsWith(`// ${tool.name}: `)).toBe(true);
      const run = tool.create(defaultOptions(tool), linux618x64);
      for (const name of Object.keys(run.named ?? {})) expect(text).toContain(`--${name}`);
      expect(run.program.startsWith(text)).toBe(true);
    }
  });

  test("have the columns of BCC's", () => {
    const headers = scripts.map((tool) => {
      const run = tool.create(defaultOptions(tool), linux618x64);
      return [tool.name, run.header(1)];
    });
    expect(Object.fromEntries(headers)).toMatchObject({
      biosnoop: "TIME(s)     COMM           PID    DISK    T SECTOR     BYTES   LAT(ms)",
      exitsnoop: "PCOMM            PID    PPID   TID    AGE(s)  EXIT_CODE",
      killsnoop: "TIME      PID    COMM             SIG  TPID   RESULT",
      statsnoop: "PID    COMM               FD ERR PATH",
      tcpconnect: "PID    COMM         IP SADDR            DADDR            DPORT",
      tcplife: "PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS",
      vfsstat: "TIME         READ/s  WRITE/s  FSYNC/s   OPEN/s CREATE/s UNLINK/s  MKDIR/s  RMDIR/s",
    });
  });
});

describe("options of scripts", () => {
  test("are given by name, absent ones not at all", () => {
    expect(namedOptions({ pid: 7, failed: true, by: undefined })).toEqual({
      pid: "7",
      failed: "true",
    });
  });

  test("a rhythm prints and clears a map, so many times", () => {
    expect(inRhythm("a", "@x", { seconds: undefined })).toBe("a");
    expect(inRhythm("a\n", "@x", { seconds: 1.5, count: 2 })).toBe(
      "a\ninterval:ms:1500 { print(@x); clear(@x); @printed++; if (@printed >= 2) { exit(); } }\n",
    );
  });
});

describe("a histogram with BCC's rows", () => {
  test("begins at zero and ends at the largest", () => {
    const bucket = (
      low: bigint,
      high: bigint,
      count: bigint,
    ): { low: bigint; high: bigint; count: bigint } => ({
      low,
      high,
      count,
    });
    const buckets = [bucket(1n, 1n, 1n), bucket(2n, 3n, 0n), bucket(4n, 7n, 4n)];
    expect(formatPowerHistogram({ kind: "histogram", isLinear: false, buckets }, "usecs")).toBe(
      [
        "     usecs               : count     distribution",
        `         0 -> 1          : 1        |${"*".repeat(10).padEnd(40)}|`,
        `         2 -> 3          : 0        |${" ".repeat(40)}|`,
        `         4 -> 7          : 4        |${"*".repeat(40)}|`,
      ].join("\n"),
    );
  });
});
