import { beforeEach, describe, expect, test } from "@jest/globals";
import { SyscallError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { answerKernelSymbols } from "../../../src/questions/kernel-symbols.js";
import { FakeKernel } from "../fake-kernel.js";

const table = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000100 T vfs_read
ffffffff81000100 t alias_of_vfs_read
ffffffff81000200 D some_data
ffffffff81000300 W weak_one
ffffffffc0000000 t nf_init	[nf_tables]
ffffffffc0000010 d nf_data	[nf_tables]
ffffffff81000280 t unsorted
`;

let fake: FakeKernel;
beforeEach(() => {
  fake = new FakeKernel();
  fake.files.set("/proc/kallsyms", table);
});

async function ask(
  addresses: readonly bigint[],
  names: readonly string[] = [],
): ReturnType<typeof answerKernelSymbols> {
  return await answerKernelSymbols(
    new Kernel(fake),
    { addresses: [...addresses], names: [...names] },
    () => Promise.resolve(),
  );
}

describe("addresses", () => {
  test("lie in the nearest symbol below that is no data, the first of several", async () => {
    const { symbols, isHidden } = await ask([
      0xffffffff81000105n,
      0xffffffff81000100n,
      0xffffffff81000210n,
      0xffffffff81000290n,
      0xffffffff81000000n,
      0xffffffff81000105n,
    ]);
    expect(isHidden).toBe(false);
    expect(symbols).toEqual([
      { name: "vfs_read", offset: 5n, module: "" },
      { name: "vfs_read", offset: 0n, module: "" },
      { name: "vfs_read", offset: 0x110n, module: "" },
      { name: "unsorted", offset: 0x10n, module: "" },
      { name: "_text", offset: 0n, module: "" },
      { name: "vfs_read", offset: 5n, module: "" },
    ]);
    expect(fake.openFds.size).toBe(0);
  });

  test("lie in modules, too", async () => {
    const { symbols } = await ask([0xffffffffc0000011n]);
    expect(symbols).toEqual([{ name: "nf_init", offset: 0x11n, module: "nf_tables" }]);
  });

  test("that are far from every symbol lie in none", async () => {
    const { symbols } = await ask([
      0n,
      0xffffffff80ffffffn,
      0xffffffff81000300n + (1n << 20n) - 1n,
      0xffffffff81000300n + (1n << 20n),
      0xffffffffffffffffn,
    ]);
    expect(symbols).toEqual([
      null,
      null,
      { name: "weak_one", offset: 0xfffffn, module: "" },
      null,
      null,
    ]);
  });

  test("are told of however long the table is", async () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => {
      return `${(0xffffffff81000000n + BigInt(at * 16)).toString(16)} T function_${at}\n`;
    });
    fake.files.set("/proc/kallsyms", lines.join(""));
    const asked = [0, 1, 9_999, 15_000, 19_999];
    const { symbols } = await ask(asked.map((at) => 0xffffffff81000003n + BigInt(at * 16)));
    expect(symbols.map((symbol) => symbol?.name)).toEqual(asked.map((at) => `function_${at}`));
  });

  test("lie in the nearest symbol wherever what is read at a time ends", async () => {
    // Runs of data and of several names at one address, longer than a piece; every other address is asked for far away.
    const symbols = Array.from({ length: 12_000 }, (_, at) => {
      const isData = at % 5000 < 2600 && at > 2600;
      return { address: 0xffffffff81000000n + BigInt((at >> 1) * 32), isData, name: `s${at}` };
    });
    const lines = symbols.map(({ address, isData, name }) => {
      return `${address.toString(16)} ${isData ? "d" : "t"} ${name}\n`;
    });
    fake.files.set("/proc/kallsyms", lines.join(""));
    const last = symbols.at(-1)?.address ?? 0n;
    for (const step of [37, 1700, 50_000]) {
      const asked = Array.from({ length: 4 }, (_, at) => last + 7n - BigInt(at * step * 32));
      const expected = asked.map((address) => {
        const below = symbols.filter((one) => !one.isData && one.address <= address).at(-1);
        const first = symbols.find((one) => !one.isData && one.address === below?.address);
        if (first === undefined) return null;
        return { name: first.name, offset: address - first.address, module: "" };
      });
      expect((await ask(asked)).symbols).toEqual(expected);
    }
  });

  test("are in nothing where the agent may not see where symbols are", async () => {
    fake.files.set("/proc/kallsyms", table.replaceAll(/^[0-9a-f]+/gm, "0".repeat(16)));
    const hidden = await ask([0xffffffff81000105n], ["vfs_read"]);
    expect(hidden).toEqual({ isHidden: true, symbols: [null], addresses: [0n] });
  });

  test("of 32-bit kernels are as long as they are", async () => {
    fake.files.set("/proc/kallsyms", "c0008000 T stext\nc0008100 T vfs_read\n");
    expect((await ask([0xc0008104n])).symbols).toEqual([
      { name: "vfs_read", offset: 4n, module: "" },
    ]);
  });
});

describe("names", () => {
  test("have addresses, data too, and of several the first", async () => {
    const { addresses } = await ask(
      [],
      ["vfs_read", "some_data", "nf_data", "vfs", "vfs_read_", "nf_init"],
    );
    expect(addresses).toEqual([
      0xffffffff81000100n,
      0xffffffff81000200n,
      0xffffffffc0000010n,
      0n,
      0n,
      0xffffffffc0000000n,
    ]);
  });
});

test("the table is not read further than is needed", async () => {
  const line = "ffffffff81000000 T of_many\n";
  fake.files.set("/proc/kallsyms", `${table}${line.repeat(20_000)}ffffffff81000010 T last\n`);
  let pauses = 0;
  const answer = async (addresses: bigint[], names: string[]): Promise<number> => {
    pauses = 0;
    await answerKernelSymbols(new Kernel(fake), { addresses, names }, () => {
      pauses++;
      return Promise.resolve();
    });
    return pauses;
  };
  expect(await answer([], ["vfs_read", "nf_data"])).toBe(0);
  const all = await answer([], ["vfs_read", "last"]);
  expect(all).toBeGreaterThan(5);
  expect(await answer([], ["nowhere"])).toBe(all);
  expect(await answer([0xffffffff81000100n], ["vfs_read"])).toBe(all);
});

test("lines that are no symbols are passed over", async () => {
  fake.files.set(
    "/proc/kallsyms",
    "\nwhat\nffffffff81000000\nffffffff81000000 T \nffffffff81000010 T x\n",
  );
  expect((await ask([0xffffffff81000011n])).symbols).toEqual([
    { name: "x", offset: 1n, module: "" },
  ]);
});

test("a kernel without the table says so", async () => {
  fake.files.remove("/proc/kallsyms");
  await expect(ask([1n])).rejects.toThrow(SyscallError);
});
