import { createServer, type IncomingMessage, type Server } from "node:http";
import { type Duplex } from "node:stream";
import { type MessageChannel } from "@sonde/protocol";
import { WebSocketServer } from "ws";
import { type AuthenticationThrottle } from "./authentication-throttle.js";
import { createWebSocketChannel, type WebSocketChannelOptions } from "./websocket-channel.js";

/** A plan with a few of the largest programs fits; a message that says it is longer ends the connection. */
const messageLimitBytes = 33_554_432;
/** Our hosts never split a message. */
const fragmentLimit = 1024;
const closeTimeoutMilliseconds = 2000;
const headersTimeoutMilliseconds = 10_000;
const connectionLimit = 256;

/** Not written in place: ws's types lack closeTimeout. */
const webSocketOptions = {
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  maxPayload: messageLimitBytes,
  maxFragments: fragmentLimit,
  closeTimeout: closeTimeoutMilliseconds,
};

export interface Peer {
  /** Who failures to authenticate are counted against. */
  readonly address: string;
}

/** Takes over a channel; sets its handlers before it returns. */
export type AcceptChannel = (channel: MessageChannel, peer: Peer) => void;

export interface UpgradeOptions extends WebSocketChannelOptions {
  readonly accept: AcceptChannel;
  readonly throttle?: AuthenticationThrottle;
}

/** An HTTP server, not yet listening, whose only service is to turn connections into channels. */
export function createUpgradeServer(options: UpgradeOptions): Server {
  const server = createServer({
    headersTimeout: headersTimeoutMilliseconds,
    requestTimeout: headersTimeoutMilliseconds,
  });
  server.maxConnections = connectionLimit;
  const sockets = new WebSocketServer(webSocketOptions);

  server.on("request", (_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" });
    response.end("sonde-agent speaks WebSocket only\n");
  });

  server.on("upgrade", (request, socket, head) => {
    // Browsers send Origin with every WebSocket, and no host of ours does: a web page must not reach an agent.
    if (request.headers.origin !== undefined) {
      refuse(socket, "403 Forbidden", "connections from web pages are refused");
      return;
    }
    const address = peerAddress(request);
    const upgrade = (): void => {
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        options.accept(createWebSocketChannel(webSocket, options), { address });
      });
    };
    const delay = options.throttle?.delayMilliseconds(address) ?? 0;
    if (delay === 0) upgrade();
    else upgradeLater(socket, delay, upgrade);
  });
  return server;
}

function peerAddress(request: IncomingMessage): string {
  // The type leaves out what is true of Duplexes that are no sockets.
  const socket: { readonly remoteAddress?: string | undefined } | null = request.socket;
  return socket?.remoteAddress ?? "";
}

function upgradeLater(socket: Duplex, delayMilliseconds: number, upgrade: () => void): void {
  const onError = (): void => {
    socket.destroy();
  };
  socket.on("error", onError);
  const timer = setTimeout(() => {
    socket.off("error", onError);
    if (!socket.destroyed) upgrade();
  }, delayMilliseconds);
  timer.unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
}

function refuse(socket: Duplex, status: string, reason: string): void {
  socket.on("error", () => {
    socket.destroy();
  });
  const body = `${reason}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => {
      socket.destroy();
    },
  );
}
