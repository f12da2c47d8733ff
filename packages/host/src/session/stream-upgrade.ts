import { type Duplex } from "node:stream";
import { ConnectError } from "./errors.js";

/** What a server's answer may hold before it ends, and what is read of the text after one that refuses. */
const headerLimitBytes = 16_384;
const refusalLimitBytes = 4096;

/**
 * RFC 6455's own example. A key has to be unpredictable where something between could take the answer for another's; on
 * a stream of ours there is nothing between.
 */
const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const request = [
  "GET / HTTP/1.1",
  "Host: agent",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${key}`,
  "\r\n",
].join("\r\n");

/**
 * Asks the server on a byte stream for a WebSocket: RFC 6455, section 4.1. The stream is left paused, with what came after
 * the answer. Throws ConnectError when the server refuses, answers nothing like HTTP, or nothing in time.
 */
export async function upgradeStream(stream: Duplex, timeoutMilliseconds: number): Promise<void> {
  // What ended before we listen would never be heard of.
  if (stream.destroyed) throw new ConnectError("the stream has ended");
  stream.write(request);
  let received = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    const settle = (error: Error | undefined): void => {
      clearTimeout(timer);
      stream.off("data", take).off("error", settle).off("end", end).off("close", end);
      stream.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const read = (isWhole: boolean): void => {
      try {
        const rest = readAnswer(received, isWhole);
        if (rest === undefined) return;
        settle(undefined);
        if (rest.length > 0) stream.unshift(rest);
      } catch (error) {
        settle(error as Error); // readAnswer throws errors alone
      }
    };
    const take = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      read(false);
    };
    const end = (): void => {
      read(true);
    };
    const timer = setTimeout(() => {
      settle(new ConnectError("no answer in time"));
    }, timeoutMilliseconds);
    stream.on("data", take).once("error", settle).once("end", end).once("close", end);
  });
}

/** What came after an answer that opens a WebSocket; undefined while more of it is to come. */
function readAnswer(received: Buffer, isWhole: boolean): Buffer | undefined {
  const length = received.indexOf("\r\n\r\n");
  if (length === -1) {
    if (isWhole) throw new ConnectError("the stream has ended");
    const begin = received.subarray(0, 5).toString("latin1");
    if (!"HTTP/".startsWith(begin) || received.length > headerLimitBytes) {
      throw new ConnectError("the answer is not HTTP");
    }
    return undefined;
  }
  const [line = "", ...fields] = received.subarray(0, length).toString("latin1").split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})/.exec(line)?.[1];
  if (status === undefined) throw new ConnectError("the answer is not HTTP");
  const rest = received.subarray(length + 4);
  if (status === "101") {
    if (field(fields, "sec-websocket-accept") === accept) return rest;
    throw new ConnectError("the answer is to no question of ours");
  }
  const announced = Number(field(fields, "content-length") ?? refusalLimitBytes);
  if (!isWhole && rest.length < Math.min(announced, refusalLimitBytes)) return undefined;
  throw new ConnectError(`the agent refuses us: ${describeRefusal(rest.toString(), status)}`);
}

function field(fields: readonly string[], name: string): string | undefined {
  const found = fields.find((one) => one.toLowerCase().startsWith(`${name}:`));
  return found?.slice(name.length + 1).trim();
}

/** The first line of what came in place of a WebSocket, printable; its status when there is none. */
export function describeRefusal(text: string, status: string): string {
  const line = (text.split("\n", 1)[0] ?? "").replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 300);
  return line === "" ? `HTTP ${status}` : line;
}
