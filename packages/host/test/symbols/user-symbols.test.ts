import { describe, expect, test } from "@jest/globals";
import { type Mapping, parseProcessMaps } from "../../src/symbols/process-maps.js";
import { type TaskRecord } from "../../src/symbols/task-records.js";
import { type CodeImage, type ProcessReader, UserSymbols } from "../../src/symbols/user-symbols.js";

const program = "10000-20000 r-xp 00001000 08:01 11 /bin/program";
const library = "50000-60000 r-xp 00000000 08:01 12 /lib/library.so";
const other = "10000-20000 r-xp 00000000 08:01 13 /bin/other";

/** Images in which every byte is a symbol of its own. */
class FakeTarget implements ProcessReader {
  readonly asked: string[] = [];
  readonly maps = new Map<number, string>();

  readMaps(pid: number): Promise<string | undefined> {
    this.asked.push(`maps ${pid}`);
    return Promise.resolve(this.maps.get(pid));
  }

  openImage(pid: number, { path }: Mapping): Promise<CodeImage | undefined> {
    this.asked.push(`${path} of ${pid}`);
    if (path === "/dev/without") return Promise.resolve(undefined);
    return Promise.resolve({
      resolve: (fileOffset) => ({ name: `at_${fileOffset.toString(16)}`, offset: 0 }),
    });
  }

  /** What has been asked since the last time. */
  news(): string[] {
    return this.asked.splice(0);
  }
}

function targetWith(maps: Record<number, readonly string[]>): {
  readonly target: FakeTarget;
  readonly symbols: UserSymbols;
} {
  const target = new FakeTarget();
  for (const [pid, lines] of Object.entries(maps)) target.maps.set(Number(pid), lines.join("\n"));
  return { target, symbols: new UserSymbols(target) };
}

describe("addresses of a process", () => {
  test("have the names of the files that it has mapped there", async () => {
    const { symbols } = targetWith({ 7: [program, library] });
    await symbols.prepare([
      { pid: 7, address: 0x1_0010n },
      { pid: 7, address: 0x5_0020n },
    ]);
    expect(symbols.resolve(0x1_0010n, 7)).toEqual({
      name: "at_1010",
      offset: 0n,
      file: "/bin/program",
    });
    expect(symbols.resolve(0x5_0020n, 7)).toMatchObject({ name: "at_20", file: "/lib/library.so" });
    expect(symbols.resolve(0x4_ffffn, 7)).toBeUndefined();
    expect(symbols.resolve(0x6_0000n, 7)).toBeUndefined();
    expect(symbols.resolve(0x1_0010n, 8)).toBeUndefined();
  });

  test("are asked for once, and a file once for all processes", async () => {
    const { target, symbols } = targetWith({ 7: [program], 8: [program] });
    const seven = [{ pid: 7, address: 0x1_0010n }];
    await symbols.prepare([...seven, ...seven, { pid: 7, address: 0x1_0020n }]);
    expect(target.news()).toEqual(["maps 7", "/bin/program of 7"]);
    expect(symbols.prepare(seven)).toBeUndefined();
    await symbols.prepare([{ pid: 8, address: 0x1_0010n }]);
    expect(target.news()).toEqual(["maps 8"]);
    expect(symbols.resolve(0x1_0010n, 8)).toMatchObject({ name: "at_1010" });
  });

  test("in what has no symbols have no names, and are not asked for again", async () => {
    const without = "50000-60000 r-xp 00000000 08:01 12 /dev/without";
    const { target, symbols } = targetWith({ 7: [without] });
    await symbols.prepare([{ pid: 7, address: 0x5_0000n }]);
    target.news();
    expect(symbols.prepare([{ pid: 7, address: 0x5_0001n }])).toBeUndefined();
    expect(symbols.resolve(0x5_0001n, 7)).toBeUndefined();
  });

  test("that no process can have are not asked for", () => {
    const { symbols } = targetWith({ 7: [program] });
    expect(symbols.prepare([{ pid: 7, address: 1n }])).toBeUndefined();
    expect(symbols.prepare([{ pid: 0, address: 0x1_0000n }])).toBeUndefined();
  });
});

describe("a process's mappings", () => {
  test("are read again for an address that is in none: it may have loaded a library", async () => {
    const { target, symbols } = targetWith({ 7: [program] });
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    target.maps.set(7, [program, library].join("\n"));
    await symbols.prepare([{ pid: 7, address: 0x5_0000n }]);
    expect(symbols.resolve(0x5_0000n, 7)).toMatchObject({ file: "/lib/library.so" });
  });

  test("are read more and more seldom when that does not help", async () => {
    const { target, symbols } = targetWith({ 7: [program] });
    for (let address = 0x70_0000n; address < 0x70_1000n; address++) {
      await symbols.prepare([{ pid: 7, address }]);
      await symbols.prepare([{ pid: 7, address }]);
    }
    expect(target.news().length).toBeLessThan(15);
  });

  test("are remembered when others have taken their place, after an exec()", async () => {
    const { target, symbols } = targetWith({ 7: [program, library] });
    await symbols.prepare([{ pid: 7, address: 0x5_0000n }]);
    target.maps.set(7, other);
    await symbols.prepare([{ pid: 7, address: 0x9_0000n }]);
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    expect(symbols.resolve(0x1_0000n, 7)).toMatchObject({ file: "/bin/other" });
    expect(symbols.resolve(0x5_0000n, 7)).toMatchObject({ file: "/lib/library.so" });
  });

  test("stay as they were when the process has ended", async () => {
    const { target, symbols } = targetWith({ 7: [program] });
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    target.maps.delete(7);
    await symbols.prepare([{ pid: 7, address: 0x5_0000n }]);
    expect(symbols.resolve(0x1_0000n, 7)).toMatchObject({ file: "/bin/program" });
  });
});

/** As the kernel records it; in a file every byte of which is a symbol. */
function recorded(pid: number, line: string, time = 1n): TaskRecord {
  const [mapping] = parseProcessMaps(line);
  if (mapping === undefined) throw new Error(`no mapping: ${line}`);
  return { kind: "mapping", pid, time, mapping };
}

describe("processes of which there are records", () => {
  test("have names when they have ended, and are not read", async () => {
    const { target, symbols } = targetWith({});
    symbols.record([
      { kind: "fork", pid: 7, parent: 1, time: 1n },
      { kind: "exec", pid: 7, time: 2n },
      recorded(7, program, 3n),
      { kind: "exit", pid: 7, time: 4n },
    ]);
    await symbols.prepare([{ pid: 7, address: 0x1_0010n }]);
    expect(target.news()).toEqual(["/bin/program of 7"]);
    expect(symbols.resolve(0x1_0010n, 7)).toMatchObject({ name: "at_1010" });
  });

  test("have what their parents had, until they run another program", async () => {
    const { symbols } = targetWith({});
    symbols.record([
      recorded(6, library),
      { kind: "fork", pid: 7, parent: 6, time: 2n },
      { kind: "exit", pid: 7, time: 3n },
    ]);
    await symbols.prepare([{ pid: 7, address: 0x5_0000n }]);
    expect(symbols.resolve(0x5_0000n, 7)).toMatchObject({ file: "/lib/library.so" });
  });

  test("that were made by one that ran before have what that has mapped", async () => {
    const { target, symbols } = targetWith({ 6: [program] });
    symbols.record([
      { kind: "fork", pid: 7, parent: 6, time: 2n },
      { kind: "exit", pid: 7, time: 3n },
    ]);
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    expect(target.news()).toEqual(["maps 6", "/bin/program of 7"]);
    expect(symbols.resolve(0x1_0000n, 7)).toMatchObject({ file: "/bin/program" });
  });

  test("may be recorded by several processors, in another order", async () => {
    const { symbols } = targetWith({});
    symbols.record([recorded(7, other, 5n), recorded(7, library, 1n)]);
    symbols.record([
      { kind: "exec", pid: 7, time: 4n },
      { kind: "fork", pid: 7, parent: 1, time: 2n },
    ]);
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    expect(symbols.resolve(0x1_0000n, 7)).toMatchObject({ file: "/bin/other" });
  });

  test("are asked about when all that was recorded has come", async () => {
    const { target } = targetWith({});
    let hasCome = false;
    const symbols: UserSymbols = new UserSymbols({
      readMaps: (pid) => target.readMaps(pid),
      openImage: (pid, mapping) => target.openImage(pid, mapping),
      catchUp: () => {
        if (!hasCome) symbols.record([recorded(7, program)]);
        hasCome = true;
        return Promise.resolve();
      },
    });
    await symbols.prepare([{ pid: 7, address: 0x1_0000n }]);
    expect(symbols.resolve(0x1_0000n, 7)).toMatchObject({ file: "/bin/program" });
    expect(target.news()).toEqual(["/bin/program of 7"]);
  });
});
