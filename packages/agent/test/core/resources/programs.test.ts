import { describe, expect, test } from "@jest/globals";
import { Target } from "../../../src/features/target.js";
import { VerifierError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { encodeCString } from "../../../src/kernel/text.js";
import { LoadedProgram } from "../../../src/resources/loaded-program.js";
import {
  type DescriptorPatches,
  type MapPatch,
  patchDescriptors,
} from "../../../src/resources/map-patches.js";
import { FakeKernel } from "../fake-kernel.js";

/** ld_imm64 of a register with a source; then exit. */
const wide = (destination: number, source: number, immediate = 0, second = 0): number[] => [
  0x18,
  destination | (source << 4),
  0,
  0,
  immediate,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  second,
  0,
  0,
  0,
];
const exit = [0x95, 0, 0, 0, 0, 0, 0, 0];

const request = {
  name: "count",
  type: 5,
  expectedAttachType: 0,
  attachBtfId: 0,
  instructions: Uint8Array.from(exit),
  license: "GPL",
  flags: 0,
  maps: [],
};

function target(fake: FakeKernel): Target {
  return new Target(new Kernel(fake));
}

function refusalOf(load: () => unknown): unknown {
  try {
    load();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

describe("a program", () => {
  test("is loaded without a log first", () => {
    const fake = new FakeKernel();
    expect(LoadedProgram.load(target(fake), request).fd).toBe(3);
    expect(fake.calls).toEqual(["bpf(PROG_LOAD) type=5 log=0 -> 3"]);
  });

  test("is loaded with a log when what the verifier says is wanted", () => {
    const fake = new FakeKernel();
    fake.verify = (log) => log?.set(encodeCString("func#0 @0\n"));
    const { fd, log } = LoadedProgram.load(target(fake), { ...request, wantsLog: true });
    expect({ fd, log }).toEqual({ fd: 3, log: "func#0 @0\n" });
    expect(fake.calls).toEqual(["bpf(PROG_LOAD) type=5 log=65536 -> 3"]);
  });

  test("is loaded without one when that is too long", () => {
    const fake = new FakeKernel();
    fake.refuse("bpf(PROG_LOAD)", "ENOSPC");
    fake.verify = (log) => {
      if (log?.length === 16_777_216) fake.allow("bpf(PROG_LOAD)");
    };
    expect(LoadedProgram.load(target(fake), { ...request, wantsLog: true }).fd).toBe(3);
    expect(fake.calls.map((call) => call.split(" ")[2])).toEqual([
      "log=65536",
      "log=16777216",
      "log=0",
    ]);
  });

  test("that is refused is loaded again for the log, which is given whole", () => {
    const fake = new FakeKernel();
    fake.refuse("bpf(PROG_LOAD)", "EACCES");
    fake.verify = (log) => log?.set(encodeCString("0: (95) exit\nR0 !read_ok\n"));
    const error = refusalOf(() => LoadedProgram.load(target(fake), request));
    expect(error).toBeInstanceOf(VerifierError);
    expect(error).toMatchObject({
      message: 'load program "count": the verifier refused it: EACCES',
      errno: 13,
      log: "0: (95) exit\nR0 !read_ok\n",
    });
  });

  test("gets 16 MiB of room for a log that does not fit", () => {
    const fake = new FakeKernel();
    fake.refuse("bpf(PROG_LOAD)", "EINVAL");
    fake.verify = (log) => {
      fake.refuse("bpf(PROG_LOAD)", "ENOSPC");
      log?.fill(0x2e, 0, 100);
    };
    // The first load says EINVAL; those with a log say that it does not fit.
    const error = refusalOf(() => LoadedProgram.load(target(fake), request));
    expect(error).toMatchObject({ log: ".".repeat(100) });
    expect(fake.calls.map((call) => call.split(" ")[2])).toEqual([
      "log=0",
      "log=65536",
      "log=16777216",
    ]);
  });

  test("is a refused system call when the verifier said nothing", () => {
    const fake = new FakeKernel();
    fake.refuse("bpf(PROG_LOAD)", "EPERM");
    const error = refusalOf(() => LoadedProgram.load(target(fake), request));
    expect(error).toMatchObject({
      name: "SyscallError",
      message: 'load program "count": bpf(BPF_PROG_LOAD): EPERM',
    });
  });

  test("runs, and gives what it returned", () => {
    const fake = new FakeKernel();
    expect(LoadedProgram.load(target(fake), request).run()).toBe(42);
  });
});

describe("maps in instructions", () => {
  const little = new Kernel(new FakeKernel());
  const big = new Kernel(
    new FakeKernel({ architecture: "s390x", isLittleEndian: false, pointerSize: 8 }),
  );
  const one = { instruction: 0, map: 9, valueOffset: undefined };
  const patch = (
    kernel: Kernel,
    code: Uint8Array,
    maps: readonly MapPatch[],
    more: Partial<DescriptorPatches> = {},
  ): Uint8Array => {
    return patchDescriptors(kernel, "load", code, {
      maps,
      modules: [],
      functionModuleCount: 0,
      ...more,
    });
  };

  test("become descriptors, in the register nibble of the byte order", () => {
    const code = Uint8Array.from([...wide(1, 0), ...exit]);
    expect([...patch(little, code, [one]).subarray(0, 8)]).toEqual([0x18, 0x11, 0, 0, 9, 0, 0, 0]);
    const bigCode = Uint8Array.from([0x18, 0x10, ...new Array<number>(14).fill(0), ...exit]);
    expect([...patch(big, bigCode, [one]).subarray(0, 8)]).toEqual([0x18, 0x11, 0, 0, 0, 0, 0, 9]);
  });

  test("become pointers into the value with an offset", () => {
    const code = Uint8Array.from([...wide(1, 0), ...exit]);
    const patched = patch(little, code, [{ ...one, valueOffset: 24 }]);
    expect(patched[1]).toBe(0x21);
    expect(patched[12]).toBe(24);
  });

  test("leave the host's own bytes as they were", () => {
    const code = Uint8Array.from([...wide(1, 0), ...exit]);
    patch(little, code, [one]);
    expect(code[1]).toBe(1);
  });

  const hostile: readonly {
    name: string;
    code: readonly number[];
    patches?: readonly MapPatch[];
    message: string;
  }[] = [
    {
      name: "a descriptor of the host's own",
      code: [...wide(1, 1, 5), ...exit],
      message: "instruction 0 names a file descriptor",
    },
    {
      name: "a value pointer by descriptor",
      code: [...wide(1, 2, 5), ...exit],
      message: "names a file descriptor",
    },
    { name: "a map by index", code: [...wide(1, 5), ...exit], message: "names a file descriptor" },
    {
      name: "a module's BTF by descriptor",
      code: [...wide(1, 3, 7, 4), ...exit],
      message: "names a file descriptor",
    },
    {
      name: "a patch on another instruction",
      code: exit,
      patches: [one],
      message: "instruction 0 takes no map",
    },
    {
      name: "a patch past the end",
      code: exit,
      patches: [{ ...one, instruction: 99 }],
      message: "instruction 99 takes no map",
    },
    {
      name: "a patch on an instruction's second half",
      code: [...wide(1, 0), ...exit],
      patches: [{ ...one, instruction: 1 }],
      message: "instruction 1 takes no map",
    },
    {
      name: "half an instruction",
      code: exit.slice(0, 5),
      message: "5 bytes are no whole instructions",
    },
    { name: "nothing at all", code: [], message: "0 bytes are no whole instructions" },
  ];
  for (const { name, code, patches = [], message } of hostile) {
    test(`are refused: ${name}`, () => {
      expect(() => patch(little, Uint8Array.from(code), patches)).toThrow(message);
    });
  }

  test("of the kernel's own BTF need no descriptor", () => {
    const code = Uint8Array.from([...wide(1, 3, 7), ...exit]);
    expect([...patch(little, code, [])]).toEqual([...code]);
  });

  // r1 = a variable of a module's; call of a kernel function, of the module in the second place.
  const ofModules = [...wide(1, 3, 7), 0x85, 0x20, 2, 0, 5, 0, 0, 0, ...exit];

  test("of modules' BTF become descriptors, and calls refer to them by place", () => {
    const patched = patch(little, Uint8Array.from(ofModules), [], {
      modules: [{ instruction: 0, btf: 6 }],
      functionModuleCount: 2,
    });
    expect([...patched.subarray(0, 16)]).toEqual([...wide(1, 3, 7, 6)]);
    expect([...patched.subarray(16)]).toEqual(ofModules.slice(16));
  });

  test("of modules' BTF are refused where there is no such place, and on another instruction", () => {
    const code = Uint8Array.from(ofModules);
    const fewer = { modules: [{ instruction: 0, btf: 6 }], functionModuleCount: 1 };
    expect(() => patch(little, code, [], fewer)).toThrow("instruction 2 calls into module 2 of 1");
    const other = { modules: [{ instruction: 2, btf: 6 }], functionModuleCount: 2 };
    expect(() => patch(little, code, [], other)).toThrow(
      "instruction 2 takes no module's variable",
    );
  });
});
