import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { WebSocket } from "ws";
import { selfSign } from "../support/certificates.js";
import { heldBy } from "../support/kernel-objects.js";
import {
  RunningAgent,
  type RunningCommand,
  startAgent,
  startNodeAgent,
  until,
} from "../support/processes.js";
import { type RecordedConnection, RecordingProxy } from "../support/recording-proxy.js";
import { requiresCommand, requiresFeature } from "../support/requires.js";
import { interrupt, runSonde, startAttached } from "../support/sonde.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");
const withCertificates = requiresCommand("openssl", "openssl");

const folder = mkdtempSync(join(tmpdir(), "sonde-security-"));
const agents: RunningCommand[] = [];
const proxies: { close(): void }[] = [];
afterEach(() => {
  for (const agent of agents.splice(0)) agent.kill("SIGKILL");
  for (const proxy of proxies.splice(0)) proxy.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function writeKey(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const keyFile = writeKey("key", randomBytes(32).toString("hex"));

async function listen(...args: readonly string[]): ReturnType<typeof startNodeAgent> {
  const start = args.includes("--tls-cert") ? startNodeAgent : startAgent;
  const started = await start(...args, "--lease", "1");
  agents.push(started.agent);
  return started;
}

const portOf = (target: string): number => Number(new URL(target).port);

describe("keys of less than 128 random bits", () => {
  const weak = [
    { name: "of 15 bytes, in hexadecimal", content: randomBytes(15).toString("hex") },
    { name: "of 15 bytes, in base64", content: randomBytes(15).toString("base64") },
    { name: "of 15 bytes, as they are", content: Uint8Array.from([0, ...randomBytes(14)]) },
    { name: "that are a sentence", content: "the quick brown fox jumps over the lazy dog.\n" },
    { name: "that are one byte over and over", content: "11".repeat(32) },
    { name: "that are empty", content: "" },
  ];
  for (const { name, content } of weak) {
    test(`${name} are refused on both sides, and named`, async () => {
      const path = writeKey("weak", content);
      const agent = new RunningAgent([...["--listen", "ws://127.0.0.1:0", "--key-file", path]]);
      agents.push(agent);
      const host = await runSonde(["info", "-t", "ws://127.0.0.1:1", "--key-file", path]);
      await agent.closed;
      expect([await agent.ended, host.code]).toEqual([1, 1]);
      for (const errors of [agent.errors, host.errors]) {
        expect(errors).toMatch(new RegExp(`key file ${path}:? (it )?(has a key of|is )`));
      }
    });
  }
});

describe("a web page", () => {
  async function openFromPage(target: string): Promise<string> {
    const client = new WebSocket(target, {
      headers: { origin: "http://localhost" },
      rejectUnauthorized: false,
    });
    const [error] = (await once(client, "error")) as [Error];
    return error.message;
  }

  test("is refused", async () => {
    const { target } = await listen("--listen", "ws://127.0.0.1:0");
    expect(await openFromPage(target)).toBe("Unexpected server response: 403");
  });

  withCertificates("is refused over TLS", async () => {
    const { certificate, key } = selfSign(folder, "board");
    const tls = ["--tls-cert", certificate, "--tls-key", key];
    const { target } = await listen("--listen", "wss://127.0.0.1:0", ...tls);
    expect(await openFromPage(target)).toBe("Unexpected server response: 403");
  });
});

/** What is said for a trace, through a proxy, until it runs. */
async function recordTrace(target: string, way: readonly string[]): Promise<RecordedConnection> {
  const proxy = await RecordingProxy.start(portOf(target));
  proxies.push(proxy);
  const program =
    'tracepoint:sched:sched_switch { @ = count(); } BEGIN { printf("in\\n"); } interval:ms:50 { printf("on\\n"); }';
  const url = target.replace(/:\d+$/, `:${proxy.port}`);
  const sonde = await startAttached(["-t", url, ...way, "-e", program]);
  await sonde.prints(/in\n(on\n)+/);
  const [recorded] = proxy.connections;
  const { fromHost = [], fromAgent = [] } = recorded ?? {};
  const soFar = { fromHost: [...fromHost], fromAgent: [...fromAgent] };
  expect(await interrupt(sonde)).toMatchObject({ code: 130 });
  return soFar;
}

/** Says all of it once more; gives what was answered until the other side hung up. */
async function replay(port: number, recorded: RecordedConnection): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const answered: Buffer[] = [];
  socket.on("data", (data) => answered.push(data));
  socket.on("error", () => undefined);
  for (const said of recorded.fromHost) socket.write(said);
  await once(socket, "close");
  return Buffer.concat(answered);
}

const headersEnd = "\r\n\r\n";

/** RFC 6455, section 4.2.2. */
function acceptUpgrade(key: string): string {
  const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const headers = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: upgrade",
    `sec-websocket-accept: ${hash.digest("base64")}`,
  ];
  return headers.join("\r\n") + headersEnd;
}

describe("a conversation that was recorded", () => {
  tracing("and is said to the agent once more does not get in", async () => {
    const { agent, target } = await listen("--listen", "ws://127.0.0.1:0", "--key-file", keyFile);
    const recorded = await recordTrace(target, ["--key-file", keyFile]);
    const answered = await replay(portOf(target), recorded);
    expect(answered.toString("latin1")).toContain("the host does not have the same key");
    expect(answered.length).toBeLessThan(Buffer.concat(recorded.fromAgent).length);
    expect(await until(() => heldBy(agent.pid).size === 0, 3000)).toBe(true);
    // Who has the key is let in, after the pause that a wrong proof costs its address.
    await recordTrace(target, ["--key-file", keyFile]);
  });

  tracing("and is said to a host once more is not believed", async () => {
    const { target } = await listen("--listen", "ws://127.0.0.1:0", "--key-file", keyFile);
    const recorded = await recordTrace(target, ["--key-file", keyFile]);
    const server = createServer();
    server.on("upgrade", (request, socket) => {
      socket.on("error", () => undefined);
      // The answer to the upgrade hangs on a nonce of the host's; what follows is as it was.
      socket.write(acceptUpgrade(request.headers["sec-websocket-key"] ?? ""));
      socket.once("data", () => {
        const said = Buffer.concat(recorded.fromAgent);
        socket.write(said.subarray(said.indexOf(headersEnd) + headersEnd.length));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxies.push(server);
    const { port } = server.address() as AddressInfo;
    const host = await runSonde([
      ...["info", "-t", `ws://127.0.0.1:${port}`, "--key-file", keyFile],
    ]);
    expect(host.code).toBe(2);
    expect(host.errors).toContain("the agent does not have the same key");
  });

  withCertificates("over TLS means nothing at all", async () => {
    const { certificate, key } = selfSign(folder, "replayed");
    const tls = ["--tls-cert", certificate, "--tls-key", key, "--key-file", keyFile];
    const { target } = await listen("--listen", "wss://127.0.0.1:0", ...tls);
    const proxy = await RecordingProxy.start(portOf(target));
    proxies.push(proxy);
    const outcome = await runSonde([
      ...["info", "-t", `wss://127.0.0.1:${proxy.port}`, "--key-file", keyFile],
    ]);
    expect(outcome.code).toBe(0);
    const [recorded] = proxy.connections;
    const answered = await replay(portOf(target), recorded ?? { fromHost: [], fromAgent: [] });
    // A server's first flight, and an alert: nothing of what the WebSocket carried.
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.length).toBeLessThan(3000);
    expect(await runSonde(["info", "-t", target, "--key-file", keyFile])).toMatchObject({
      code: 0,
    });
  });
});
