import { connect, type Socket } from "node:net";

/** RFC 6455, section 5.2, of a client's final binary frame: FIN and opcode 2, then MASK. */
const finalBinary = 0x82;
const masked = 0x80;

export const upgradeRequest =
  "GET / HTTP/1.1\r\nhost: agent\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
  "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** A WebSocket frame around a message; masked with zeros, which change nothing. */
export function frameMessage(message: Uint8Array): Buffer {
  const length = message.length;
  const header =
    length < 126
      ? Buffer.from([finalBinary, masked | length, 0, 0, 0, 0])
      : Buffer.from([finalBinary, masked | 126, length >> 8, length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([header, message]);
}

/**
 * Connects, upgrades to WebSocket when asked to, sends everything at once, reads and drops what is answered; resolves
 * when the other side has closed the connection. Fails when it has not within a minute.
 */
export async function attack(
  port: number,
  bytes: readonly Uint8Array[],
  options: { readonly upgrades: boolean },
): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const closed = new Promise<void>((resolve, reject) => {
    socket.once("close", () => {
      resolve();
    });
    // A reset is what a refused connection may end with.
    socket.on("error", () => undefined);
    socket.setTimeout(60_000, () => {
      reject(new Error("the agent neither answers nor closes"));
      socket.destroy();
    });
  });
  if (options.upgrades) await upgrade(socket);
  socket.resume();
  socket.end(Buffer.concat(bytes));
  await closed;
}

function upgrade(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
    socket.once("data", () => {
      resolve();
    });
    socket.write(upgradeRequest);
  });
}
