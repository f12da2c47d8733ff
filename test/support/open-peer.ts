import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type OpenedSession, openSession } from "@sonde/protocol";
import { WebSocket } from "ws";
import { createWebSocketChannel } from "../../packages/agent/src/listeners/node/websocket-channel.js";

/** The host's end of a session over a WebSocket that is being opened. */
export async function openOver(client: WebSocket, key?: Uint8Array): Promise<OpenedSession> {
  const channel = createWebSocketChannel(client);
  await once(client, "open");
  return await openSession(channel, {
    client: "sonde test",
    randomBytes: (length) => randomBytes(length),
    ...(key === undefined ? {} : { key }),
  });
}

/** A session with an agent on a TCP port of this machine. */
export async function visit(port: number): Promise<OpenedSession> {
  return await openOver(new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false }));
}
