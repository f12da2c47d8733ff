import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { demangle } from "../packages/host/dist/demangle/demangle.js";
import { Session } from "../packages/host/dist/session/session.js";
import { UserSymbols } from "../packages/host/dist/symbols/user-symbols.js";
import { sampleByBpftrace, sampleByPerf } from "./sampled-frames.js";
import { formatTable } from "./table.js";

const stackCount = 10_000;
const shownDifferences = 12;
/** Programs in several languages that spend their time in themselves, in libraries and in the kernel. */
const programs = [
  ["sh", "-c", "while :; do :; done"],
  [
    "node",
    "-e",
    "for (;;) JSON.parse(JSON.stringify([...Array(99)].map((_, at) => ({ at, b: `${at}` }))))",
  ],
  [
    "python3",
    "-c",
    "import re, zlib\nwhile True: re.sub('a+', 'b', 'caat' * 99); zlib.compress(b'x' * 9999)",
  ],
  ["sha256sum", "/dev/zero"],
  ["dd", "if=/dev/zero", "of=/dev/null", "bs=512", "status=none"],
  ["gzip", "-c", "/dev/urandom"],
  ["perl", "-e", "while (1) { my %h = map { $_ => $_ x 9 } 1 .. 999; join ',', sort values %h }"],
];

/**
 * Whether frames are named here as bpftrace and perf name them: each samples programs and prints the place and the name of each frame,
 * and the same addresses get their names here while the processes still run. Of several names for one function bpftrace takes
 * any (__GI___write, __GI___libc_write): such a frame is told by that it lies as far behind its name.
 */
export async function measureAgreement() {
  const running = programs.map(([command = "", ...args]) =>
    spawn(command, args, { stdio: ["ignore", "ignore", "ignore"] }),
  );
  try {
    await Promise.all(running.map((one) => once(one, "spawn")));
    const pids = running.map(({ pid }) => pid ?? 0);
    const peers = [
      { name: "bpftrace", sample: sampleByBpftrace },
      { name: "perf", sample: sampleByPerf },
    ].filter(({ name }) => spawnSync(name, ["--version"]).status === 0);
    const tables = [];
    for (const { name, sample } of peers) {
      const frames = await sample(pids, stackCount);
      tables.push(`Beside ${name}:\n\n${describe(frames, await nameHere(frames))}`);
    }
    return tables.join("\n");
  } finally {
    for (const one of running) one.kill("SIGKILL");
  }
}

/** What the same addresses are called here. */
async function nameHere(/** @type {readonly import("./sampled-frames.js").Frame[]} */ frames) {
  const session = await Session.open("local:");
  try {
    const kernel = await session.kernelSymbols();
    const users = new UserSymbols(session.processes, { keepsMangledNames: true });
    await kernel.prepare?.(frames.filter(({ isKernel }) => isKernel).map(({ address }) => address));
    await users.prepare(frames.filter(({ isKernel }) => !isKernel));
    return frames.map(({ address, pid, isKernel }) =>
      isKernel ? kernel.resolve(address) : users.resolve(address, pid),
    );
  } finally {
    await session.close();
  }
}

function describe(
  /** @type {readonly import("./sampled-frames.js").Frame[]} */ frames,
  /** @type {Awaited<ReturnType<typeof nameHere>>} */ named,
) {
  /** @type {Map<string, number>} */
  const differing = new Map();
  const kinds = ["kernel", "user"].map((kind) => {
    const count = { frames: 0, name: 0, place: 0 };
    for (const [at, { name, offset, address, isKernel }] of frames.entries()) {
      if (isKernel !== (kind === "kernel")) continue;
      const own = named[at];
      const isSame = own !== undefined && (own.name === name || demangle(own.name) === name);
      count.frames++;
      if (isSame) count.name++;
      else if (own?.offset === offset) count.place++;
      else {
        const what = `${name}+${offset} is here ${own === undefined ? `0x${address.toString(16)}` : `${own.name}+${own.offset}`}`;
        differing.set(what, (differing.get(what) ?? 0) + 1);
      }
    }
    return [kind, count.frames, count.name, count.place];
  });
  const sum = (/** @type {number} */ column) =>
    kinds.reduce((total, row) => total + Number(row[column]), 0);
  const rows = [...kinds, ["all", sum(1), sum(2), sum(3)]].map(([kind, all, name, place]) => [
    String(kind),
    ...[all, name, place].map(String),
    `${((100 * (Number(name) + Number(place))) / Number(all)).toFixed(2)} %`,
  ]);
  const header = ["", "frames", "same name", "another name of the same", "together"];
  const most = [...differing].sort(([, left], [, right]) => right - left);
  const shown = most
    .slice(0, shownDifferences)
    .map(([what, count]) => `${String(count).padStart(8)}  ${what}\n`);
  return `${formatTable([header, ...rows])}\n${shown.length === 0 ? "" : `\n${shown.join("")}`}`;
}
