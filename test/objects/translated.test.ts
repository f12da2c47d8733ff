import { readdirSync, readFileSync } from "node:fs";
import { RemoteError } from "@sonde/protocol";
import { afterAll, expect } from "@jest/globals";
import { prepareObject } from "../../packages/host/src/loader/prepare-object.js";
import { ObjectError } from "../../packages/host/src/object/object-error.js";
import { parseObject } from "../../packages/host/src/object/parse-object.js";
import { type ObjectFile } from "../../packages/host/src/object/object-file.js";
import { TargetError } from "../../packages/host/src/session/errors.js";
import { Session } from "../../packages/host/src/session/session.js";
import { heldBy } from "../support/kernel-objects.js";
import { requiresCommand } from "../support/requires.js";
import { objectsToTry } from "./embedded-objects.js";
import { LibbpfLoader, normalize, openSizes, type Translated } from "./translated.js";

const session = await Session.open("local:");
const agent = childOfThis();
const objects = objectsToTry();

afterAll(async () => {
  await session.close();
});

function childOfThis(): number {
  const children = readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return Number(parent) === process.pid && command.includes("sonde-agent");
    } catch {
      // It has ended since.
      return false;
    }
  });
  return Number(children[0] ?? 0);
}

/** Loads programs of an object together, and gives what the kernel made of each; they are gone again when this resolves. */
async function loadHere(
  file: ObjectFile,
  only: readonly string[],
  libbpf: LibbpfLoader,
): Promise<ReadonlyMap<string, Translated>> {
  try {
    const { spec } = await prepareObject(session, file, {
      only,
      isUnattached: true,
      mapSizes: openSizes(file),
    });
    await session.load({ ...spec, streams: [] });
    // The kernel counts ids up.
    const ids = [...heldBy(agent)]
      .filter((one) => one.startsWith("prog "))
      .map((one) => Number(one.slice(5)))
      .sort((left, right) => left - right);
    expect(ids).toHaveLength(spec.programs.length);
    const shown = libbpf.show(ids);
    return new Map(spec.programs.map(({ name }, at) => [name, shown[at] ?? lost]));
  } finally {
    await session.clear();
  }
}

const noneLoaded: ReadonlyMap<string, Translated> = new Map();
const lost: Translated = { kind: "refused", errno: 0 };

/** Why we do not load a program that libbpf does not load; undefined when we do. */
async function refusalOf(file: ObjectFile, name: string): Promise<string | undefined> {
  try {
    const { spec } = await prepareObject(session, file, {
      only: [name],
      isUnattached: true,
      mapSizes: openSizes(file),
    });
    await session.load({ ...spec, streams: [] });
    await session.clear();
    return undefined;
  } catch (error) {
    const isNamed =
      error instanceof ObjectError || error instanceof RemoteError || error instanceof TargetError;
    if (!isNamed) throw error;
    return error.message;
  }
}

requiresCommand(
  "bpftool",
  "libbpf-tools libbpf-dev bpftool",
  "tracepoint",
  "raw_tracepoint",
)(
  "the kernel makes of every program of libbpf-tools what it makes of it when libbpf loads it",
  async () => {
    expect(objects.length).toBeGreaterThan(0);
    using libbpf = new LibbpfLoader();
    const differing: string[] = [];
    const refusals: string[] = [];
    let same = 0;
    for (const object of objects) {
      const file = await parseObject(object.bytes, `${object.name}.bpf.o`);
      const peers = libbpf.load(object);
      const loaded = [...peers].filter(([, peer]) => peer.kind === "loaded");
      const names = loaded.map(([name]) => name);
      const ours = names.length === 0 ? noneLoaded : await loadHere(file, names, libbpf);
      for (const [name, peer] of loaded) {
        if (isSame(ours.get(name), peer)) same++;
        else differing.push(`${object.name} ${name}`);
      }
      for (const [name, { kind }] of peers) {
        if (kind === "loaded") continue;
        const refusal = await refusalOf(file, name);
        if (refusal === undefined) differing.push(`${object.name} ${name}: libbpf refuses it`);
        else refusals.push(`${object.name} ${name}: ${refusal}`);
      }
    }
    // What neither loads here, and why.
    if (process.env["SONDE_OBJECTS_REPORT"] !== undefined) {
      const report = [
        `${same} the same, of ${objects.length} objects`,
        ...differing,
        "",
        ...refusals,
      ];
      process.stdout.write(`${report.join("\n")}\n`);
    }
    expect(differing).toEqual([]);
    expect(same).toBeGreaterThan(objects.length);
  },
  600_000,
);

function isSame(ours: Translated | undefined, peer: Translated): boolean {
  if (ours?.kind !== "loaded" || peer.kind !== "loaded") return false;
  return normalize(ours.code).join() === normalize(peer.code).join();
}
