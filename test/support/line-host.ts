import { randomBytes } from "node:crypto";
import { type Socket } from "node:net";
import { type LineChannel, LinkEndpoint } from "@sonde/protocol";

/** A host's end of a raw line, in this process: the channel once the agent has been found. */
export async function findAgent(socket: Socket, baud: number): Promise<LineChannel> {
  return await new Promise((resolve, reject) => {
    const endpoint = new LinkEndpoint({
      role: "host",
      baud,
      line: { write: (bytes) => socket.write(bytes), outsideBytes: () => socket.writableLength },
      clock: {
        now: () => performance.now(),
        after: (milliseconds, callback) => {
          const timer = setTimeout(callback, milliseconds);
          return {
            cancel: () => {
              clearTimeout(timer);
            },
          };
        },
      },
      randomU32: () => randomBytes(4).readUInt32LE(),
      silenceMilliseconds: 30_000,
      messageLimitBytes: 1 << 20,
      onChannel: resolve,
      onRefused: ({ reason }) => {
        reject(new Error(reason));
      },
    });
    socket.on("data", (bytes) => {
      endpoint.receive(bytes);
    });
    socket.on("close", () => {
      endpoint.lineLost("closed");
    });
    endpoint.start();
  });
}
