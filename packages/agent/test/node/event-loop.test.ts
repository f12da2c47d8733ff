import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Kernel } from "../../src/kernel/kernel.js";
import { Epoll } from "../../src/system/epoll.js";
import { EventLoop } from "../../src/system/micro/event-loop.js";
import { createNodeSystem } from "../../src/system/node/node-system.js";

// The micro agent's loop, here on the system calls that Node's agent makes.
const kernel = new Kernel(createNodeSystem());
const folder = mkdtempSync(join(tmpdir(), "sonde-loop-"));
const openFds: number[] = [];
afterAll(() => {
  for (const fd of openFds) closeSync(fd);
  rmSync(folder, { recursive: true });
});

let loop: EventLoop;
beforeEach(() => {
  const epoll = new Epoll(kernel.call.bind(kernel), kernel.machine);
  openFds.push(epoll.fd);
  loop = new EventLoop(epoll, () => performance.now());
});

let count = 0;

/** A pipe whose two ends are one descriptor. */
function openPipe(): number {
  const path = join(folder, `pipe-${count++}`);
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  openFds.push(fd);
  return fd;
}

describe("the micro agent's event loop", () => {
  test("calls back for each tick in which a descriptor is readable", () => {
    const fd = openPipe();
    let calls = 0;
    loop.watch(fd, () => calls++);
    writeSync(fd, "a");
    loop.tick();
    loop.tick();
    expect(calls).toBe(2);
    readSync(fd, new Uint8Array(1));
    loop.after(1, () => undefined);
    loop.tick();
    expect(calls).toBe(2);
  });

  test("calls back after 0 ms in the next tick: the engine has run its jobs by then", () => {
    const fd = openPipe();
    const calls: string[] = [];
    loop.watch(fd, () => {
      calls.push("readable");
      loop.after(0, () => calls.push("timer"));
    });
    writeSync(fd, "a");
    loop.tick();
    expect(calls).toEqual(["readable"]);
    loop.tick();
    expect(calls).toEqual(["readable", "timer", "readable"]);
  });

  test("does not call back while paused, nor after closing, whatever is ready already", () => {
    const [one, other] = [openPipe(), openPipe()];
    const calls: string[] = [];
    // Both are ready; whichever comes first closes the other.
    const watches = [one, other].map((fd, index) =>
      loop.watch(fd, () => {
        calls.push("call");
        watches[1 - index]?.close();
      }),
    );
    writeSync(one, "a");
    writeSync(other, "a");
    loop.tick();
    expect(calls).toEqual(["call"]);

    const third = openPipe();
    const watch = loop.watch(third, () => calls.push("third"));
    writeSync(third, "a");
    watch.pause();
    watch.pause();
    loop.tick();
    expect(calls).not.toContain("third");
    watch.resume();
    watch.resume();
    loop.tick();
    expect(calls.filter((call) => call === "third")).toHaveLength(1);
    watch.close();
    watch.resume();
    loop.tick();
    expect(calls.filter((call) => call === "third")).toHaveLength(1);
  });

  test("takes what cannot be waited for as always readable", () => {
    const fd = openSync("/dev/null", "r");
    openFds.push(fd);
    let calls = 0;
    const watch = loop.watch(fd, () => calls++);
    loop.tick();
    expect(calls).toBe(1);
    watch.close();
    loop.after(0, () => undefined);
    loop.tick();
    expect(calls).toBe(1);
  });

  test("refuses to wait for what is not open", () => {
    expect(() => loop.watch(-1, () => undefined)).toThrow("wait for descriptor -1: errno 9");
  });

  test("waits for its timers, and no longer than it must", () => {
    const start = performance.now();
    const due: string[] = [];
    loop.after(60_000, () => due.push("late"));
    loop.after(30, () => due.push("soon"));
    while (due.length === 0) loop.tick();
    expect(due).toEqual(["soon"]);
    const milliseconds = performance.now() - start;
    expect(milliseconds).toBeGreaterThanOrEqual(30);
    expect(milliseconds).toBeLessThan(10_000);
  });
});
