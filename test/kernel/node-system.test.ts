import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "@jest/globals";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";
import { requiresFeature } from "../support/requires.js";

const system = createNodeSystem();

/** Numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl) and of the generic table (include/uapi/asm-generic/unistd.h). */
const numbers = (
  {
    x64: {
      read: 0,
      close: 3,
      lseek: 8,
      mmap: 9,
      getpid: 39,
      sendto: 44,
      eventfd2: 290,
      getrandom: 318,
      bpf: 321,
    },
    arm64: {
      read: 63,
      close: 57,
      lseek: 62,
      mmap: 222,
      getpid: 172,
      sendto: 206,
      eventfd2: 19,
      getrandom: 278,
      bpf: 280,
    },
  } as const
)[process.arch as "x64" | "arm64"];

/** include/uapi/asm-generic/errno-base.h */
const EBADF = 9;
const EAGAIN = 11;
const EFAULT = 14;
const EINVAL = 22;

/** include/uapi/linux/bpf.h */
const BPF_MAP_CREATE = 0;
const BPF_MAP_LOOKUP_ELEM = 1;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_MAP_TYPE_ARRAY = 2;
const BPF_F_MMAPABLE = 1 << 10;
/** include/uapi/linux/eventfd.h: O_NONBLOCK */
const EFD_NONBLOCK = 0o4000;

const fds: number[] = [];
afterEach(() => {
  for (const fd of fds.splice(0)) system.syscall(numbers.close, fd);
});

function owned(fd: number): number {
  expect(fd).toBeGreaterThan(2);
  fds.push(fd);
  return fd;
}

function createMappableArray(): number {
  const attribute = Uint32Array.of(BPF_MAP_TYPE_ARRAY, 4, 8, 16, BPF_F_MMAPABLE);
  const bytes = new Uint8Array(attribute.buffer);
  return owned(system.syscall(numbers.bpf, BPF_MAP_CREATE, bytes, bytes.length));
}

/** The attribute of lookups and updates: fd, then pointers to key and value. */
function elementAttribute(fd: number, key: Uint8Array, value: Uint8Array): Uint8Array {
  const attribute = new BigUint64Array(4);
  attribute[0] = BigInt(fd);
  attribute[1] = system.addressOf(key);
  attribute[2] = system.addressOf(value);
  return new Uint8Array(attribute.buffer);
}

function createEvent(): { fd: number; signal: () => void; drain: () => void } {
  const fd = owned(system.syscall(numbers.eventfd2, 0, EFD_NONBLOCK));
  const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const write = process.arch === "x64" ? 1 : 64;
  return {
    fd,
    signal: () => {
      expect(system.syscall(write, fd, one, 8)).toBe(8);
    },
    drain: () => {
      expect(system.syscall(numbers.read, fd, new Uint8Array(8), 8)).toBe(8);
    },
  };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue() && performance.now() < deadline) await wait(1);
  expect(isTrue()).toBe(true);
}

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("system calls through koffi", () => {
  test("a call without arguments gives its result", () => {
    expect(system.syscall(numbers.getpid)).toBe(process.pid);
  });

  test("a refusal is the negated errno", () => {
    expect(system.syscall(numbers.close, -1)).toBe(-EBADF);
    expect(system.syscall(numbers.getrandom, 0, 8, 0)).toBe(-EFAULT);
    expect(system.syscall(numbers.getrandom, new Uint8Array(8), 8, -1)).toBe(-EINVAL);
    expect(system.syscall(numbers.getpid)).toBe(process.pid);
  });

  test("a buffer is written from its own first byte, not from that of its memory", () => {
    const memory = new Uint8Array(64);
    expect(system.syscall(numbers.getrandom, memory.subarray(16, 48), 32, 0)).toBe(32);
    expect(memory.subarray(0, 16).every((byte) => byte === 0)).toBe(true);
    expect(memory.subarray(48).every((byte) => byte === 0)).toBe(true);
    expect(memory.some((byte) => byte !== 0)).toBe(true);
  });

  test("words of 64 bits pass as bigints, and large results come back as numbers", () => {
    const bytes = new Uint8Array(8);
    const address = system.addressOf(bytes);
    expect(system.syscall(numbers.getrandom, address, 8n, 0)).toBe(8);
    expect(system.syscall(numbers.getrandom, 0xffff_ffff_ffff_fff0n, 8, 0)).toBe(-EFAULT);
    // An anonymous private mapping: its address is beyond 32 bits.
    expect(system.syscall(numbers.mmap, 0, 4096, 1, 0x22, -1, 0)).toBeGreaterThan(2 ** 32);
  });

  test("six arguments arrive in their places", () => {
    // A socket address where none is expected is looked at before the descriptor's kind: EBADF means all else was fine.
    expect(
      system.syscall(numbers.sendto, -1, new Uint8Array(4), 4, 0, new Uint8Array(16), 16),
    ).toBe(-EBADF);
  });

  test("addresses of buffers stay what they are while the garbage collector runs", () => {
    const buffers = Array.from({ length: 500 }, (_, index) => new Uint8Array(8 + index));
    const before = buffers.map((bytes) => system.addressOf(bytes));
    collectGarbage();
    expect(buffers.map((bytes) => system.addressOf(bytes))).toEqual(before);
  });

  test("the machine is this one", () => {
    expect(system.machine).toEqual({
      architecture: process.arch,
      isLittleEndian: true,
      pointerSize: 8,
    });
  });
});

const mappableTest = requiresFeature("map_mmapable");

describe("a mapping of a BPF array", () => {
  mappableTest("shows what the kernel writes and writes what the kernel shows", () => {
    const fd = createMappableArray();
    const mapping = system.map({ fd, offset: 0, lengthBytes: 4096, isWritable: true });
    if (typeof mapping === "number") throw new RangeError(`mmap: ${mapping}`);
    const values = new BigUint64Array(mapping.bytes.buffer, 0, 16);

    const key = Uint8Array.of(3, 0, 0, 0);
    const value = new Uint8Array(8).fill(0xab);
    const attribute = elementAttribute(fd, key, value);
    expect(system.syscall(numbers.bpf, BPF_MAP_UPDATE_ELEM, attribute, attribute.length)).toBe(0);
    expect(values[3]).toBe(0xabab_abab_abab_ababn);

    Atomics.store(values, 3, 0x0102_0304_0506_0708n);
    expect(system.syscall(numbers.bpf, BPF_MAP_LOOKUP_ELEM, attribute, attribute.length)).toBe(0);
    expect([...value]).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    mapping.close();
    mapping.close();
  });

  mappableTest("a kernel that refuses gives the negated errno", () => {
    expect(system.map({ fd: -1, offset: 0, lengthBytes: 4096, isWritable: false })).toBe(-EBADF);
    const fd = createMappableArray();
    expect(system.map({ fd, offset: 1, lengthBytes: 4096, isWritable: false })).toBe(-EINVAL);
  });
});

describe("a watch", () => {
  test("calls back while there is something to read, and not after", async () => {
    const event = createEvent();
    let calls = 0;
    const watch = system.watch(event.fd, () => {
      calls++;
      if (calls % 3 === 0) event.drain();
    });
    event.signal();
    await until(() => calls === 3);
    await wait(20);
    expect(calls).toBe(3);
    event.signal();
    await until(() => calls === 6);
    watch.close();
    watch.close();
    event.signal();
    await wait(20);
    expect(calls).toBe(6);
  });

  test("is silent while paused, and resumes, also after the garbage has been collected", async () => {
    const event = createEvent();
    let calls = 0;
    const watch = system.watch(event.fd, () => {
      calls++;
      event.drain();
    });
    watch.pause();
    watch.pause();
    event.signal();
    collectGarbage();
    await wait(20);
    expect(calls).toBe(0);
    watch.resume();
    watch.resume();
    await until(() => calls === 1);
    collectGarbage();
    event.signal();
    await until(() => calls === 2);
    watch.close();
    watch.resume();
    event.signal();
    await wait(20);
    expect(calls).toBe(2);
  });
});

describe("the rest of the system", () => {
  test("descriptors are closed in the background, while the main loop goes on", async () => {
    const events = [createEvent(), createEvent(), createEvent()];
    const closing = system.closeInBackground(events.map(({ fd }) => fd));
    fds.length = 0;
    await closing;
    for (const { fd } of events) {
      expect(system.syscall(numbers.read, fd, new Uint8Array(8), 8)).toBe(-EBADF);
    }
    await system.closeInBackground([]);
  });

  test("an empty eventfd that does not block says EAGAIN", () => {
    const { fd } = createEvent();
    expect(system.syscall(numbers.read, fd, new Uint8Array(8), 8)).toBe(-EAGAIN);
  });

  test("a timer calls back once, after its time, unless cancelled", async () => {
    const start = system.now();
    let calls = 0;
    system.after(20, () => {
      calls++;
    });
    const cancelled = system.after(5, () => {
      calls += 100;
    });
    cancelled.cancel();
    cancelled.cancel();
    await until(() => calls > 0);
    expect(system.now() - start).toBeGreaterThanOrEqual(19);
    await wait(30);
    expect(calls).toBe(1);
  });
});
