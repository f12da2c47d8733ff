import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { type FlameNode } from "../../packages/host/src/picture/flame-tree.js";
import { compile } from "../support/c-program.js";
import { knownMixSource } from "../support/known-mix.js";
import { RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const sampling = requiresFeature("perf_event", "get_stack", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-profile-"));
let mix: RunningCommand | undefined;

beforeAll(async () => {
  mix = new RunningCommand(compile("known-mix", knownMixSource), []);
  await mix.prints(/^ready$/m);
});

afterAll(() => {
  mix?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const pid = (): string => String(mix?.pid);

/** The share of the stacks that this is in some frame of. */
function shareOf(root: FlameNode, is: (node: FlameNode) => boolean): number {
  const valueOf = (node: FlameNode): number =>
    is(node) ? node.value : node.children.reduce((sum, child) => sum + valueOf(child), 0);
  return valueOf(root) / root.value;
}

function find(root: FlameNode, ...path: readonly string[]): FlameNode | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return root;
  const next = root.children.find((child) => child.name === name);
  return next === undefined ? undefined : find(next, ...rest);
}

describe("sonde profile", () => {
  sampling("shows a known mix in its shares, the kernel's frames above the process's", async () => {
    const files = ["flame.html", "scope.json", "pprof.gz"].map((name) => join(folder, name));
    const [flame = "", scope = "", pprof = ""] = files;
    const sonde = await runSonde(
      [
        ...["profile", "-p", pid(), "-F", "199"],
        ...["--flamegraph", flame, "--speedscope", scope, "--pprof", pprof, "6"],
      ],
      { limitMilliseconds: 50_000 },
    );
    expect(sonde).toMatchObject({ code: 0 });
    const page = readFileSync(flame, "utf8");
    const data = /type="application\/json">(.*)<\/script>/.exec(page)?.[1] ?? "";
    const { title, unit, root } = JSON.parse(data) as {
      readonly title: string;
      readonly unit: string;
      readonly root: FlameNode;
    };
    expect({ title, unit }).toEqual({ title: "CPU profile", unit: "samples" });
    // Wide margins: another program may have the CPU for long, and samples are few then.
    expect(root.value).toBeGreaterThan(50);
    expect(find(root, "known-mix")?.kind).toBe("label");
    const inF = shareOf(root, ({ name }) => name === "f");
    const inG = shareOf(root, ({ name, children }) => name === "h" && children[0]?.name === "g");
    const inKernel = shareOf(root, ({ name }) => name === "ksys_read" || name === "inKernel");
    expect(Math.abs(inF - 0.6)).toBeLessThan(0.25);
    expect(Math.abs(inG - 0.3)).toBeLessThan(0.25);
    expect(inKernel).toBeGreaterThan(0);
    expect(inKernel).toBeLessThan(0.35);
    // Joined: the kernel's frames are above read(), which main() has led to.
    const isRead = ({ name, kind, children }: FlameNode): boolean =>
      name === "read" && kind === "user" && children.some((child) => child.kind === "kernel");
    expect(shareOf(root, isRead)).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(scope, "utf8"))).toMatchObject({
      profiles: [{ type: "sampled", endValue: root.value }],
    });
    expect(gunzipSync(readFileSync(pprof)).length).toBeGreaterThan(200);
    expect(sonde.errors).toContain(`Wrote ${flame}: `);
  });

  sampling("prints stacks with who ran and how often, as text, folded and as JSON", async () => {
    const run = async (...args: readonly string[]): Promise<string> => {
      const sonde = await runSonde(["profile", "-p", pid(), "-F", "99", ...args, "1.5"], {
        limitMilliseconds: 50_000,
      });
      expect(sonde).toMatchObject({ code: 0 });
      return sonde.output;
    };
    const text = await run("-a");
    expect(text).toMatch(
      /^Sampling at 99 Hertz of PID \d+ by user \+ kernel stack for 1\.5 secs\.\n\n/,
    );
    expect(text).toMatch(
      new RegExp(
        ` {4}f\\n {4}main\\n( {4}\\S+\\n)* {4}- {16}known-mix \\(${pid()}\\)\\n {8}\\d+\\n\\n`,
      ),
    );
    const folded = await run("-f", "-U");
    expect(folded).toMatch(/^known-mix;([^; ]+;)*main;f \d+$/m);
    expect(folded).not.toContain("syscall");
    const json = (await run("--json")).trimEnd().split("\n");
    const rows = json.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.at(-1)).toMatchObject({
      comm: "known-mix",
      pid: mix?.pid,
      user: expect.arrayContaining(["main"]),
      count: expect.any(Number),
    });
  });

  sampling("leaves no file behind when it cannot be made", async () => {
    const sonde = await runSonde(["profile", "--flamegraph", join(folder, "none", "f.html"), "1"]);
    expect(sonde).toMatchObject({ code: 1, output: "" });
    expect(sonde.errors).toMatch(/^sonde: output file .*f\.html: ENOENT/);
    const both = await runSonde(["profile", "-U", "-K", "1"]);
    expect(both.errors).toContain("--user-stacks-only or --kernel-stacks-only, not both");
    expect(both.code).toBe(1);
  });
});
