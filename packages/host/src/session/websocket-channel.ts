import { type MessageChannel } from "@sonde/protocol";
import { type IncomingMessage } from "node:http";
import { type Duplex } from "node:stream";
import { type WebSocket } from "ws";
import { ConnectError } from "./errors.js";

/** The largest message taken from an agent: a whole map. */
const maxMessageBytes = 512 * 1024 * 1024;
/** Characters taken of what a server says in place of opening a WebSocket. */
const refusalLimit = 300;

/** How to reach the server: a URL, or a byte stream on which it already listens. */
export type WebSocketLink =
  | { readonly url: string }
  | {
      readonly duplex: Duplex;
      /** The channel's, over TLS. */
      readonly binding?: Uint8Array;
    };

/** A message channel over a WebSocket. */
export interface WatchedChannel extends MessageChannel {
  /** From now on the link is given up when nothing has come for so long; a sign of life is asked for before. */
  watch(silenceMilliseconds: number): void;
}

/** Opens a WebSocket and gives it as a message channel. Throws ConnectError when it does not open. */
export async function openWebSocket(
  link: WebSocketLink,
  options: {
    readonly what: string;
    readonly timeoutMilliseconds: number;
  },
): Promise<WatchedChannel> {
  // What it needs of Node is loaded while the agent starts, and not by commands that reach for none.
  const ws = await import("ws");
  // What ended before ws listens would never be heard of.
  if ("duplex" in link && link.duplex.destroyed) {
    throw describeFailure(options.what, new Error("the stream has ended"));
  }
  const socket = createSocket(ws.WebSocket, link, options.timeoutMilliseconds);
  const channel = new WebSocketChannel(socket, "binding" in link ? link.binding : undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", (cause) => {
      reject(describeFailure(options.what, cause));
    });
    socket.once("unexpected-response", (request, response) => {
      void readRefusal(response).then((said) => {
        reject(new ConnectError(`${options.what}: the agent refuses us: ${said}`));
        request.destroy();
      });
    });
  });
  return channel;
}

function createSocket(
  Socket: typeof WebSocket,
  link: WebSocketLink,
  timeoutMilliseconds: number,
): WebSocket {
  const common = {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: timeoutMilliseconds,
  };
  if ("url" in link) return new Socket(link.url, common);
  // A private byte stream needs no masking against caches between: a mask of zeros costs nothing to apply.
  return new Socket("ws://agent/", {
    ...common,
    createConnection: () => link.duplex as never, // ws asks for net.Socket but uses only what every Duplex has
    generateMask: (mask) => mask.fill(0),
  });
}

class WebSocketChannel implements WatchedChannel {
  readonly #socket: WebSocket;
  readonly binding?: Uint8Array;
  #closeReason = "";
  #lastHeard = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, binding: Uint8Array | undefined) {
    this.#socket = socket;
    if (binding !== undefined) this.binding = binding;
    // Bytes, and not messages: a large one may be minutes on its way.
    socket.once("upgrade", ({ socket: stream }) => {
      stream.on("data", () => {
        this.#lastHeard = performance.now();
      });
    });
    // "close" always follows and tells the rest; without a listener the process would end.
    socket.on("error", (error) => {
      this.#closeReason = error.message;
    });
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message, { binary: true }, () => onSent?.());
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#socket.on("message", (data, isBinary) => {
      if (isBinary)
        handler(data as Buffer); // binaryType is "nodebuffer"
      else this.close("the agent sent a text message");
    });
  }

  onClose(handler: (reason: string) => void): void {
    this.#socket.once("close", (code, reason) => {
      clearInterval(this.#watch);
      const said = reason.toString();
      handler(
        said !== "" ? said : this.#closeReason !== "" ? this.#closeReason : describeCode(code),
      );
    });
  }

  watch(silenceMilliseconds: number): void {
    this.#lastHeard = performance.now();
    this.#watch = setInterval(() => {
      const silence = performance.now() - this.#lastHeard;
      if (silence >= silenceMilliseconds) {
        this.#closeReason = `nothing came from the agent for ${Math.round(silence / 1000)} s`;
        this.#socket.terminate();
      } else if (this.#socket.readyState === this.#socket.OPEN) {
        this.#socket.ping();
      }
    }, silenceMilliseconds / 5);
    this.#watch.unref();
  }

  close(reason: string): void {
    clearInterval(this.#watch);
    if (this.#closeReason === "") this.#closeReason = reason;
    // RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code.
    const fitting = Buffer.from(reason).subarray(0, 120).toString();
    this.#socket.close(1000, fitting);
    setTimeout(() => {
      this.#socket.terminate();
    }, 1000).unref();
  }
}

function describeFailure(what: string, cause: Error): ConnectError {
  const code = "code" in cause ? String(cause.code) : cause.name;
  // An error that stands for those of several addresses has a code alone.
  const message = `${what}: ${cause.message === "" ? code : cause.message}`;
  if (code !== "ECONNRESET" || !what.startsWith("ws://"))
    return new ConnectError(message, { cause });
  const hint =
    "it hung up at once: so does a port forwarder that finds no agent behind it, and an agent that listens with TLS (then write wss://)";
  return new ConnectError(message, { cause, hint });
}

/** The first line of what came in place of a WebSocket, printable; its status when there is none. */
async function readRefusal(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > refusalLimit) break;
    }
  } catch {
    // What came before the connection broke will do.
  }
  const line = (text.split("\n", 1)[0] ?? "")
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .slice(0, refusalLimit);
  return line === "" ? `HTTP ${response.statusCode ?? "?"}` : line;
}

function describeCode(code: number): string {
  return code === 1006 ? "the link broke" : `the agent closed the link (code ${code})`;
}
