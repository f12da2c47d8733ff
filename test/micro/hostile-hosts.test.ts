import { readdirSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connect } from "../../packages/host/src/index.js";
import { attackUntil, seed } from "../support/hostile-host.js";
import { upgradeRequest } from "../support/hostile-link.js";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { buildMicroAgent, microAgentPath } from "../support/micro-agent.js";
import { visit } from "../support/open-peer.js";
import { residentBytesOf, RunningCommand, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";

/** With `npm run fuzz`, which has 50: a million frames, and 24 hours with a trace every five minutes. */
const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
const frameCount = 20_000 * scale;
const warmUpCount = 5000;
const traceCount = Math.ceil((288 / 50) * scale) + 4;
const buildMilliseconds = 400_000;
const timeoutMilliseconds = 1_800_000;
/** Sessions whose link was lost live on for a second here. */
const leaseMilliseconds = 2000;
/** It goes up and down by what eight hosts at a time have sent: two bytes for each of a million frames would be a leak. */
const growthLimitBytes = 2_500_000;

const host = "host: agent\r\n";
const upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
const key = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
const versionLine = "sec-websocket-version: 13\r\n";
const get = `GET / HTTP/1.1\r\n${host}`;

/** What may come in place of a request for a WebSocket. */
const handshakes: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["an empty line", "\r\n\r\n"],
  ["no HTTP", "EHLO agent\r\n\r\n"],
  ["zeros", "\0".repeat(5000)],
  ["a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".padEnd(200, "x")],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["HTTP/1.0", `GET / HTTP/1.0\r\n${host}${upgrade}${key}${versionLine}\r\n`],
  ["another method", `POST / HTTP/1.1\r\n${host}${upgrade}${key}${versionLine}\r\n`],
  ["no key", `${get}${upgrade}${versionLine}\r\n`],
  ["a key that is too short", `${get}${upgrade}${versionLine}sec-websocket-key: AAAA\r\n\r\n`],
  [
    "a key that is no base64",
    `${get}${upgrade}${versionLine}sec-websocket-key: ${"!".repeat(24)}\r\n\r\n`,
  ],
  ["no version", `${get}${upgrade}${key}\r\n`],
  ["an old version", `${get}${upgrade}${key}sec-websocket-version: 8\r\n\r\n`],
  ["no upgrade", `${get}${key}${versionLine}\r\n`],
  ["another upgrade", `${get}connection: upgrade\r\nupgrade: h2c\r\n${key}${versionLine}\r\n`],
  [
    "a web page's origin",
    `${get}${upgrade}${key}${versionLine}origin: http://evil.example\r\n\r\n`,
  ],
  ["a line without a colon", `${get}${upgrade}${key}${versionLine}nonsense\r\n\r\n`],
  ["a name with a blank", `${get}${upgrade}${key}${versionLine}a b: c\r\n\r\n`],
  ["a line that never ends", `${get}x: ${"y".repeat(100_000)}`],
  ["more lines than there may be", `${get}${"a: b\r\n".repeat(20_000)}\r\n`],
  ["half a request", get],
  ["a key twice", `${get}${upgrade}${key}${key}${versionLine}\r\n`],
  ["two versions", `${get}${upgrade}${key}${versionLine}sec-websocket-version: 8\r\n\r\n`],
  ["a body", `${get}${upgrade}${key}${versionLine}content-length: 4294967296\r\n\r\n`],
  ["a chunked body", `${get}${upgrade}${key}${versionLine}transfer-encoding: chunked\r\n\r\n0\r\n`],
  [
    "lines without carriage returns",
    `${get}${upgrade}${key}${versionLine}\r\n`.replaceAll("\r", ""),
  ],
  ["a line that goes on in the next", `${get}a: b\r\n c\r\n${upgrade}${key}${versionLine}\r\n`],
  ["NULs", `${get}a: \0\0\r\n\0: b\r\n${upgrade}${key}${versionLine}\r\n`],
  ["no path", `GET HTTP/1.1\r\n${host}${upgrade}${key}${versionLine}\r\n`],
  ["a path without end", `GET /${"../".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`],
  ["requests after each other", `${get}${upgrade}${key}${versionLine}\r\n`.repeat(50)],
  [
    "extensions and protocols",
    `${get}${upgrade}${key}${versionLine}sec-websocket-protocol: ${"a,".repeat(500)}\r\nsec-websocket-extensions: permessage-deflate; server_max_window_bits=99\r\n\r\n\xc1\x80\0\0\0\0`,
  ],
  ["bytes above 127", `${get}\xff\xfe: \x80\r\n\r\n`],
  ["__proto__ as a name", `${get}__proto__: x\r\nconstructor: y\r\n\r\n`],
];

/** What was measured, for whoever runs it at length. */
function report(text: string): void {
  if (scale > 1) process.stderr.write(`${text}\n`);
}

/** Sends it in pieces, reads what is answered until the end, or leaves after a moment. */
async function knock(port: number, text: string, chopBytes: number): Promise<void> {
  const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined);
  socket.resume();
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += chopBytes)
    socket.write(bytes.subarray(at, at + chopBytes));
  await Promise.race([closed, delay(50)]);
  socket.destroy();
  await closed;
}

describe(`the micro agent among hostile hosts (SONDE_FUZZ_SEED=${seed})`, () => {
  let agent: RunningCommand;
  let port = 0;
  const residentBytes = (): number => residentBytesOf(agent.pid);
  const descriptors = (): number => readdirSync(`/proc/${agent.pid}/fd`).length;

  beforeAll(async () => {
    await buildMicroAgent();
    agent = new RunningCommand(microAgentPath, ["--listen", "ws://127.0.0.1:0", "--lease", "1"]);
    port = Number((await agent.says(/^listening on ws:\/\/127\.0\.0\.1:(\d+)$/m))[1]);
  }, buildMilliseconds);
  afterAll(() => {
    agent.kill("SIGKILL");
  });

  async function isServing(): Promise<void> {
    const { peer } = await visit(port);
    expect((await peer.call("target.describe", {})).release).not.toBe("");
    peer.close("done");
    expect(agent.errors).not.toMatch(/internal|Error/);
  }

  test("serves on after each handshake that is none, and holds nothing of it", async () => {
    await isServing();
    const before = descriptors();
    for (const [name, text] of handshakes) {
      for (const chopBytes of [Infinity, 4096]) {
        await knock(port, text, chopBytes);
        expect({ name, hasEnded: agent.hasEnded }).toEqual({ name, hasEnded: false });
      }
    }
    // And many at a time, of which each goes away at another byte of a request that is right.
    const cuts = Array.from({ length: upgradeRequest.length }, (_, cut) => cut);
    await Promise.all(cuts.map((cut) => knock(port, upgradeRequest.slice(0, cut), Infinity)));
    await isServing();
    expect(await until(() => descriptors() <= before, 10_000)).toBe(true);
  });

  test(
    `serves on after ${frameCount} hostile frames, and its memory has not grown`,
    async () => {
      await attackUntil(port, warmUpCount);
      await delay(leaseMilliseconds);
      const before = residentBytes();
      const { frames, connections } = await attackUntil(port, frameCount);
      await delay(leaseMilliseconds);
      await isServing();
      const after = residentBytes();
      report(
        `${frames} frames, ${connections} connections: ${before} bytes before, ${after} after`,
      );
      expect(after - before).toBeLessThan(growthLimitBytes);
    },
    timeoutMilliseconds,
  );

  requiresFeature("tracepoint", "ringbuf")(
    `holds no memory, descriptor or object of the kernel of ${traceCount} traces`,
    async () => {
      const program =
        'tracepoint:syscalls:sys_enter_getppid { @ = count(); printf("%d\\n", pid); }';
      let held = new Set<string>();
      const traceOnce = async (leaves: boolean): Promise<void> => {
        const target = await connect(`ws://127.0.0.1:${port}`);
        const trace = await target.start(await target.compile(program));
        held = new Set([...held, ...heldBy(agent.pid)]);
        if (!leaves) await trace.stop();
        await target.close();
      };
      for (let count = 0; count < 4; count++) await traceOnce(count % 2 === 0);
      await delay(leaseMilliseconds);
      const before = { memory: residentBytes(), descriptors: descriptors() };
      for (let count = 4; count < traceCount; count++) await traceOnce(count % 2 === 0);
      await until(() => descriptors() <= before.descriptors, 10_000);
      const after = { memory: residentBytes(), descriptors: descriptors() };
      report(
        `${traceCount} traces, ${held.size} objects: ${JSON.stringify(before)}, then ${JSON.stringify(after)}`,
      );
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
      expect(after.memory - before.memory).toBeLessThan(growthLimitBytes);
      expect(held.size).toBeGreaterThan(0);
      expect(await leftInKernel(held)).toEqual([]);
    },
    timeoutMilliseconds,
  );
});
