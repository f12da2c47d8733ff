import { once } from "node:events";
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { type Listener } from "../../src/listeners/listener.js";
import { implementations, type TcpOptions } from "./listening.js";
import { EchoServer, nextClose, nextMessage, openClient, openRawClient } from "./test-links.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-listen-"));
const listeners: Listener[] = [];
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe.each(implementations)("$name", ({ onTcp, onUnix, unknownName }) => {
  async function listenTcp(server: EchoServer, options: Partial<TcpOptions> = {}): Promise<string> {
    const listener = await onTcp({
      ...server.options,
      host: "127.0.0.1",
      port: 0,
      hasKey: false,
      ...options,
    });
    listeners.push(listener);
    return listener.address;
  }

  async function listenUnix(server: EchoServer, path: string): Promise<string> {
    const listener = await onUnix({ ...server.options, path });
    listeners.push(listener);
    return listener.address;
  }

  const portOf = (url: string): number => Number(new URL(url).port);
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  describe("a channel over TCP", () => {
    test("messages go both ways, whole and in order", async () => {
      const server = new EchoServer();
      const client = await openClient(await listenTcp(server));
      const sizes = [0, 1, 125, 126, 65_535, 65_536, 5_000_000];
      server.only.handshake.onReady();
      for (const size of sizes) {
        const message = Buffer.alloc(size, size % 251);
        client.send(message);
        expect(message.equals(await nextMessage(client))).toBe(true);
      }
      expect(server.only.messages.map((message) => message.length)).toEqual(sizes);
      // A Buffer's slice would share the memory.
      expect(server.only.messages.every((message) => !Buffer.isBuffer(message))).toBe(true);
      client.close();
      expect(await server.only.closed).toBe("closed by the other side");
    });

    test("onSent is called when the bytes are gone, and what waits is counted", async () => {
      const server = new EchoServer();
      const client = await openClient(await listenTcp(server));
      const { channel } = server.only;
      const sizeBytes = 8_000_000;
      client.pause();
      let sent = 0;
      for (let index = 0; index < 4; index++) {
        channel.send(new Uint8Array(sizeBytes), () => {
          sent++;
        });
      }
      await wait(50);
      expect(channel.queuedBytes).toBeGreaterThan(2 * sizeBytes);
      expect(sent).toBeLessThan(2);
      client.resume();
      while (sent < 4) await wait(5);
      expect(channel.queuedBytes).toBe(0);
      client.terminate();
    });

    test("closing sends what is queued, then the reason", async () => {
      const server = new EchoServer();
      const client = await openClient(await listenTcp(server));
      const closing = nextClose(client);
      const received = nextMessage(client);
      server.only.channel.send(Uint8Array.of(1, 2, 3));
      server.only.channel.close(`${"é".repeat(100)} is too long`);
      server.only.channel.close("again");
      expect([...(await received)]).toEqual([1, 2, 3]);
      expect(await closing).toEqual({ code: 1000, reason: "é".repeat(61) });
      expect(await server.only.closed).toBe(`${"é".repeat(100)} is too long`);
    });

    test("a text frame ends the connection, and nothing after it is delivered", async () => {
      const server = new EchoServer();
      const client = await openClient(await listenTcp(server));
      const closing = nextClose(client);
      client.send("text");
      client.send(Uint8Array.of(1));
      expect(await closing).toEqual({ code: 1003, reason: "binary messages only" });
      expect(await server.only.closed).toBe("the other side sent a text frame");
      expect(server.only.messages).toEqual([]);
    });

    const brokenFrames = [
      { name: "an unmasked frame", bytes: [0x82, 0x01, 0x00] },
      { name: "a reserved opcode", bytes: [0x83, 0x80, 0, 0, 0, 0] },
      { name: "a frame of 2^40 bytes", bytes: [0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
      { name: "a continuation of nothing", bytes: [0x80, 0x80, 0, 0, 0, 0] },
    ];
    test.each(brokenFrames)("$name ends the connection", async ({ bytes }) => {
      const server = new EchoServer();
      const socket = await openRawClient(portOf(await listenTcp(server)));
      socket.end(Uint8Array.from(bytes));
      await server.only.closed;
      expect(server.only.messages).toEqual([]);
      socket.destroy();
    });

    test("the bytes of a host that has not been let in are bounded", async () => {
      const server = new EchoServer();
      const client = await openClient(await listenTcp(server));
      client.on("error", () => undefined);
      client.send(new Uint8Array(1_000_000));
      expect(await server.only.closed).toBe("connection lost");
      expect(server.only.messages).toEqual([]);
    });

    test("a host that stops answering pings is given up", async () => {
      const server = new EchoServer({ silenceMilliseconds: 60 });
      const socket = await openRawClient(portOf(await listenTcp(server)));
      expect(await server.only.closed).toBe("the other side has stopped answering");
      socket.destroy();
    });

    test("a host that answers pings is kept", async () => {
      const server = new EchoServer({ silenceMilliseconds: 60 });
      const client = await openClient(await listenTcp(server));
      await wait(200);
      client.send(Uint8Array.of(7));
      expect([...(await nextMessage(client))]).toEqual([7]);
      client.terminate();
    });
  });

  describe("a TCP listener", () => {
    test.each(["0.0.0.0", "[::]", "192.0.2.1"])("without a key %s is refused", async (host) => {
      const listening = listenTcp(new EchoServer(), { host });
      await expect(listening).rejects.toMatchObject({
        name: "ListenError",
        message: `listen on ws://${host}:0: without a key, other machines must not reach an agent`,
      });
    });

    const hasIpv6 = Object.values(networkInterfaces())
      .flat()
      .some((own) => own?.address === "::1");
    test.each(["127.0.0.1", "127.1.2.3", "localhost", ...(hasIpv6 ? ["[::1]"] : [])])(
      "without a key %s is allowed",
      async (host) => {
        const client = await openClient(await listenTcp(new EchoServer(), { host }));
        client.terminate();
      },
    );

    test("with a key every address is allowed", async () => {
      const address = await listenTcp(new EchoServer(), { host: "0.0.0.0", hasKey: true });
      expect(address).toMatch(/^ws:\/\/0\.0\.0\.0:\d+$/);
      (await openClient(`ws://127.0.0.1:${portOf(address)}`)).terminate();
    });

    test("a port in use and a name that does not exist are refused with what the system said", async () => {
      const address = await listenTcp(new EchoServer());
      await expect(listenTcp(new EchoServer(), { port: portOf(address) })).rejects.toThrow(
        /EADDRINUSE$/,
      );
      await expect(listenTcp(new EchoServer(), { host: "no such host" })).rejects.toThrow(
        unknownName,
      );
    });

    test("a web page is refused", async () => {
      const server = new EchoServer();
      const opening = openClient(await listenTcp(server), { origin: "http://localhost" });
      await expect(opening).rejects.toMatchObject({ message: "Unexpected server response: 403" });
      expect(server.accepted).toEqual([]);
    });

    test("a plain HTTP request is told that WebSocket is spoken", async () => {
      const response = await fetch((await listenTcp(new EchoServer())).replace("ws:", "http:"));
      expect(response.status).toBe(426);
    });

    test("an address that gave a wrong key waits longer for its next connection", async () => {
      const server = new EchoServer();
      const url = await listenTcp(server);
      const client = await openClient(url);
      const start = performance.now();
      await server.only.handshake.onWrongKey();
      expect(performance.now() - start).toBeGreaterThan(490);
      client.terminate();
      const again = performance.now();
      (await openClient(url)).terminate();
      expect(performance.now() - again).toBeGreaterThan(490);
    });
  });

  describe("a Unix socket listener", () => {
    test("the socket is its owner's alone, carries messages and is removed at the end", async () => {
      const path = join(folder, "a.sock");
      const server = new EchoServer();
      expect(await listenUnix(server, path)).toBe(`unix:${path}`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const client = await openClient(`ws+unix:${path}`);
      client.send(Uint8Array.of(1, 2));
      expect([...(await nextMessage(client))]).toEqual([1, 2]);
      client.terminate();
      expect(await server.only.closed).toBe("connection lost");
      for (const listener of listeners.splice(0)) listener.close();
      expect(existsSync(path)).toBe(false);
    });

    test("a socket that nobody answers is replaced, one that is answered is left alone", async () => {
      const path = join(folder, "b.sock");
      await leaveDeadSocket(path);
      await listenUnix(new EchoServer(), path);
      await expect(listenUnix(new EchoServer(), path)).rejects.toThrow(
        `listen on ${path}: another agent listens there`,
      );
      (await openClient(`ws+unix:${path}`)).terminate();
    });

    test("a file that is no socket is left alone", async () => {
      const path = join(folder, "file");
      writeFileSync(path, "precious");
      await expect(listenUnix(new EchoServer(), path)).rejects.toThrow("it is no socket");
      expect(existsSync(path)).toBe(true);
    });

    test("a folder that does not exist is named", async () => {
      const path = join(folder, "none", "a.sock");
      await expect(listenUnix(new EchoServer(), path)).rejects.toThrow(
        `there is no folder ${join(folder, "none")}`,
      );
    });
  });
});

/** What an agent leaves that was killed: a socket file on which nobody listens. */
async function leaveDeadSocket(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.alive`);
  await once(server, "listening");
  // Node removes the name that it bound.
  linkSync(`${path}.alive`, path);
  server.close();
  await once(server, "close");
}
