import { type AddressInfo, createServer, connect, type Socket } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { afterEach, describe, expect, test } from "@jest/globals";
import { WebSocketServer, type WebSocket } from "ws";
import { openWebSocket } from "../../src/session/websocket-channel.js";
import { type WatchedChannel } from "../../src/session/watched-channel.js";

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function open(port: number, timeoutMilliseconds = 5000): Promise<WatchedChannel> {
  const duplex = connect(port, "127.0.0.1");
  closing.push(() => duplex.destroy());
  return openWebSocket({ duplex }, { what: "the agent", timeoutMilliseconds });
}

/** A channel to a server of the package `ws`, and the server's end. */
async function openPair(): Promise<{ channel: WatchedChannel; server: WebSocket }> {
  const listener = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  closing.push(() => {
    listener.close();
  });
  await new Promise((resolve) => listener.once("listening", resolve));
  const connected = new Promise<WebSocket>((resolve) => listener.once("connection", resolve));
  const channel = await open((listener.address() as AddressInfo).port);
  return { channel, server: await connected };
}

/** A port at which each connection is given to `serve`. */
async function serveRaw(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve);
  closing.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function nextClose(channel: WatchedChannel): Promise<string> {
  return new Promise((resolve) => {
    channel.onClose(resolve);
  });
}

describe("a WebSocket on a byte stream", () => {
  test("carries messages of every size both ways, in order", async () => {
    const { channel, server } = await openPair();
    const heard: number[] = [];
    const sizes = [0, 1, 125, 126, 20_000, 65_535, 65_536, 300_000];
    server.on("message", (data: Buffer) => {
      server.send(data);
    });
    const done = new Promise<void>((resolve) => {
      channel.onMessage((message) => {
        expect(message.every((byte) => byte === heard.length + 1)).toBe(true);
        if (heard.push(message.length) === sizes.length) resolve();
      });
    });
    let sent = 0;
    for (const [index, size] of sizes.entries()) {
      channel.send(new Uint8Array(size).fill(index + 1), () => {
        sent++;
      });
    }
    await done;
    expect(heard).toEqual(sizes);
    expect(sent).toBe(sizes.length);
  });

  test("takes what comes in one piece with the answer, answers pings, and hears fragments as one message", async () => {
    const { channel, server } = await openPair();
    const heard = new Promise<Uint8Array>((resolve) => {
      channel.onMessage(resolve);
    });
    const pong = new Promise<Buffer>((resolve) => server.once("pong", resolve));
    server.ping("x");
    server.send(Uint8Array.of(1, 2), { fin: false, binary: true });
    server.send(Uint8Array.of(3), { fin: true, binary: true });
    expect([...(await heard)]).toEqual([1, 2, 3]);
    expect((await pong).toString()).toBe("x");
  });

  test("tells why it ended, whoever ended it", async () => {
    const first = await openPair();
    const told = new Promise((resolve) => {
      first.server.once("close", (code, reason) => {
        resolve(`${code} ${reason.toString()}`);
      });
    });
    const ownEnd = nextClose(first.channel);
    first.channel.close("enough");
    first.channel.close("once more");
    expect(await told).toBe("1000 enough");
    expect(await ownEnd).toBe("enough");

    const second = await openPair();
    const theirEnd = nextClose(second.channel);
    second.server.close(1000, "the board restarts");
    expect(await theirEnd).toBe("the board restarts");

    const third = await openPair();
    const silentEnd = nextClose(third.channel);
    third.server.close(1011);
    expect(await silentEnd).toBe("the agent closed the link (code 1011)");

    const fourth = await openPair();
    const brokenEnd = nextClose(fourth.channel);
    fourth.server.terminate();
    expect(await brokenEnd).toBe("the link broke");

    const fifth = await openPair();
    const textEnd = nextClose(fifth.channel);
    fifth.server.send("text");
    expect(await textEnd).toBe("the other side sent a text frame");
  });

  test("gives a silent link up", async () => {
    const { channel, server } = await openPair();
    server.pause();
    const end = nextClose(channel);
    channel.watch(() => 50);
    expect(await end).toMatch(/^nothing came from the agent for/);
  });

  test("bears with a silent link as long as is tolerated then", async () => {
    const { channel, server } = await openPair();
    server.pause();
    const end = nextClose(channel);
    let tolerated = 50;
    channel.watch(() => tolerated);
    tolerated = 400;
    const begin = performance.now();
    await end;
    expect(performance.now() - begin).toBeGreaterThanOrEqual(400);
  });

  test.each([
    [
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\nnot from there\n",
      "refuses us: not from there",
    ],
    ["HTTP/1.1 503 Busy\r\n\r\n", "refuses us: HTTP 503"],
    [
      "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
      "the answer is to no question of ours",
    ],
    ["SSH-2.0-OpenSSH\r\n", "the answer is not HTTP"],
    ["", "the stream has ended"],
  ])("does not open on %j", async (answer, message) => {
    const port = await serveRaw((socket) => {
      socket.once("data", () => socket.end(answer));
    });
    await expect(open(port)).rejects.toThrow(
      `the agent: ${message.startsWith("refuses") ? `the agent ${message}` : message}`,
    );
  });

  test("does not wait for ever, and says so of what is no WebSocket server", async () => {
    const silent = await serveRaw(() => undefined);
    await expect(open(silent, 30)).rejects.toThrow("the agent: no answer in time");
    const http = createHttpServer((_request, response) => response.end("a web page\n"));
    closing.push(() => http.close());
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    await expect(open((http.address() as AddressInfo).port)).rejects.toThrow("refuses us");
  });
});
