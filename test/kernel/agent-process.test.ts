import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { HostPeer } from "@sonde/protocol";
import { WebSocket } from "ws";
import { version } from "../../packages/agent/src/program/version.js";
import { createStdioDuplex } from "../../packages/agent/src/listeners/node/stdio-duplex.js";
import { createWebSocketChannel } from "../../packages/agent/src/listeners/node/websocket-channel.js";
import { heldBy, stillInKernel } from "../support/kernel-objects.js";
import { openOver } from "../support/open-peer.js";
import {
  agentArgv,
  nodeAgentCommand,
  RunningAgent,
  type RunningCommand,
  RunningProgram,
  startAgent,
  until,
} from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-agent-"));
const running: RunningCommand[] = [];
const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const agent of children.splice(0)) agent.kill("SIGKILL");
  for (const agent of running.splice(0)) agent.kill("SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(...args: readonly string[]): RunningCommand {
  const agent = new RunningAgent(args);
  running.push(agent);
  return agent;
}

async function listen(...args: readonly string[]): ReturnType<typeof startAgent> {
  const started = await startAgent(...args);
  running.push(started.agent);
  return started;
}

function newKeyFile(name: string): { readonly path: string; readonly key: Uint8Array } {
  const key = randomBytes(32);
  const path = join(folder, name);
  writeFileSync(path, key.toString("hex"), { mode: 0o600 });
  return { path, key };
}

async function openPeer(client: WebSocket, key?: Uint8Array): Promise<HostPeer> {
  return (await openOver(client, key)).peer;
}

/** An agent on its stdio, and a session with it. */
async function startOverStdio(): Promise<{
  agent: ChildProcessWithoutNullStreams;
  ended: Promise<unknown[]>;
  peer: HostPeer;
}> {
  const [file, ...args] = agentArgv;
  const agent = spawn(file, [...args, "--stdio"]);
  children.push(agent);
  const ended = once(agent, "exit");
  const duplex = createStdioDuplex(agent.stdout, agent.stdin);
  // Types ask for a socket; ws uses what every Duplex has.
  const client = new WebSocket("ws://agent/", { createConnection: () => duplex as never });
  return { agent, ended, peer: await openPeer(client) };
}

async function createMap(peer: HostPeer): Promise<void> {
  const map = { keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 1, flags: 0 };
  const steps = [{ kind: "createMap", name: "sonde_test", type: 2, ...map }] as const;
  await peer.call("plan.run", { steps: [...steps] });
}

test("an agent that was asked for a file that is not there serves on", async () => {
  const { agent, peer } = await startOverStdio();
  const asked = { path: "/proc/sys/none", offset: 0n, limitBytes: 1 };
  await expect(peer.call("file.read", asked)).rejects.toMatchObject({ code: "missing" });
  expect(await peer.call("file.stat", { path: asked.path })).toEqual({ file: null });
  expect(agent.exitCode).toBeNull();
  peer.close("done");
});

describe("the agent's exit code", () => {
  test("is 0 for what it is asked to print", async () => {
    const agent = run("--version");
    expect(await agent.ended).toBe(0);
    await agent.closed;
    expect(agent.output).toBe(`sonde-agent ${version}\n`);
  });

  test("is 1 when the command line is wrong, and the message says where", async () => {
    const agent = run("--lisen", "ws://127.0.0.1:0");
    expect(await agent.ended).toBe(1);
    await agent.closed;
    expect(agent.errors).toMatch(/^sonde-agent: unknown option '--lisen'\n/);
  });

  test("is 1 when the key file is open to all", async () => {
    const path = join(folder, "open");
    writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o644 });
    const agent = run("--listen", "ws://127.0.0.1:0", "--key-file", path);
    expect(await agent.ended).toBe(1);
    await agent.closed;
    expect(agent.errors).toContain(`key file ${path} is open to every user`);
  });

  test("is 2 when it cannot listen, or must not", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const taken = run("--listen", `ws://127.0.0.1:${port}`);
    expect(await taken.ended).toBe(2);
    await taken.closed;
    expect(taken.errors).toMatch(/EADDRINUSE/);
    server.close();

    const open = run("--listen", "ws://0.0.0.0:0");
    expect(await open.ended).toBe(2);
    await open.closed;
    expect(open.errors).toContain("without a key, other machines must not reach an agent");
  });

  test("is 3 where it cannot run", async () => {
    const preload = new URL("../support/darwin.cjs", import.meta.url).pathname;
    const agent = new RunningProgram(nodeAgentCommand, ["--listen", "ws://127.0.0.1:0"], {
      nodeOptions: ["-r", preload],
    });
    running.push(agent);
    expect(await agent.ended).toBe(3);
    await agent.closed;
    expect(agent.errors).toBe("sonde-agent: the agent runs on Linux only, and this is darwin\n");
  });
});

describe("an agent over stdio", () => {
  test("answers, and ends with its input", async () => {
    const { agent, ended, peer } = await startOverStdio();
    let said = "";
    agent.stderr.on("data", (text) => {
      said += String(text);
    });
    const { release } = await peer.call("target.describe", {});
    expect(release).not.toBe("");
    agent.stdin.end();
    expect(await ended).toEqual([0, null]);
    expect(said).toBe("");
  });

  test("leaves Ctrl-C, which reaches it with its host, to the host", async () => {
    const { agent, ended, peer } = await startOverStdio();
    agent.kill("SIGINT");
    await peer.call("target.describe", {});
    agent.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });
});

const kernelTest = requiresFeature("tracepoint");

describe("an agent with a place", () => {
  test("has all its threads on that processor, behind others", async () => {
    const { agent } = await listen("--listen", "ws://127.0.0.1:0", "--cpu", "0", "--nice", "7");
    const threads = readdirSync(`/proc/${agent.pid}/task`).map(
      (id) => `/proc/${agent.pid}/task/${id}`,
    );
    const places = threads.map((path) => ({
      nice: readFileSync(`${path}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[16],
      cpus: /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`${path}/status`, "utf8"))?.[1],
    }));
    expect(places).toEqual(threads.map(() => ({ nice: "7", cpus: "0" })));
  });

  test("ends with 1 for a processor that is not there", async () => {
    const agent = run("--listen", "ws://127.0.0.1:0", "--cpu", "8000");
    expect(await agent.ended).toBe(1);
    await agent.closed;
    expect(agent.errors).toContain("--cpu 8000: sched_setaffinity: EINVAL");
  });
});

describe("an agent that is asked to end", () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    kernelTest(`by ${signal} closes its sessions and removes its socket`, async () => {
      const path = join(folder, "agent.sock");
      const { agent } = await listen("--unix", path);
      const peer = await openPeer(new WebSocket(`ws+unix:${path}`));
      await createMap(peer);
      const held = heldBy(agent.pid);
      expect(held.size).toBeGreaterThan(0);
      agent.kill(signal);
      expect(await agent.ended).toBe(0);
      await until(() => stillInKernel(held).length === 0, 2000);
      expect(stillInKernel(held)).toEqual([]);
      expect(await peer.closed).toBe("the agent is ending");
      expect(existsSync(path)).toBe(false);
    });
  }
});

describe("an agent with a key", () => {
  test("lets in who has it, also beyond this machine", async () => {
    const { path, key } = newKeyFile("right");
    const { target } = await listen("--listen", "ws://0.0.0.0:0", "--key-file", path);
    const peer = await openPeer(new WebSocket(target.replace("0.0.0.0", "127.0.0.1")), key);
    await peer.call("target.describe", {});
    peer.close("done");
  });

  test("refuses who has another, late, and keeps them waiting the next time", async () => {
    const { path, key } = newKeyFile("wrong");
    const { target } = await listen("--listen", "ws://127.0.0.1:0", "--key-file", path);
    const wrong = openPeer(new WebSocket(target), randomBytes(32));
    await expect(wrong).rejects.toMatchObject({ name: "HandshakeError" });
    await expect(openPeer(new WebSocket(target))).rejects.toMatchObject({ name: "HandshakeError" });
    (await openPeer(new WebSocket(target), key)).close("done");

    // The host finds out first that the agent lacks its key; who guesses says nothing and offers a proof.
    const start = performance.now();
    await guess(target);
    expect(performance.now() - start).toBeGreaterThan(490);
    const again = performance.now();
    (await openPeer(new WebSocket(target), key)).close("done");
    expect(performance.now() - again).toBeGreaterThan(490);
  });
});

/** Offers a made-up proof; resolves when the agent has refused it. */
async function guess(target: string): Promise<void> {
  const client = new WebSocket(target);
  const peer = new HostPeer(createWebSocketChannel(client));
  await once(client, "open");
  await peer.call("hello", { major: 1, minor: 0, client: "thief", nonce: randomBytes(32) });
  const refused = peer.call("authenticate", { proof: randomBytes(32) });
  await expect(refused).rejects.toMatchObject({ code: "authentication" });
  await peer.closed;
}
