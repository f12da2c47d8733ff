import { type Handle, type HostPeer, RemoteError } from "@sonde/protocol";
import { decodeTaskRecords, type TaskRecord } from "../symbols/task-records.js";

/** Of records of one program's start there are some thousand bytes. */
const creditBytes = 1024 * 1024;
/** Pages of each CPU's buffer: the starts of some hundred programs. */
const bufferPages = 16;
const gatherMilliseconds = 20;

export interface TaskStreamOptions {
  readonly byteOrder: "little" | "big";
  /** Of this process and those that it starts; undefined for all. */
  readonly pid: number | undefined;
  readonly onRecords: (records: readonly TaskRecord[]) => void;
  readonly onBytes: (count: number) => void;
}

/** What a target's kernel records of processes, as it comes. */
export class TaskStream {
  readonly #peer: HostPeer;
  readonly #stream: Handle;
  /** Up to where each channel has come. */
  readonly #reached = new Map<number, bigint>();
  #waiting: (() => void)[] = [];
  #isOver = false;

  private constructor(peer: HostPeer, stream: Handle, options: TaskStreamOptions) {
    const { byteOrder, onRecords, onBytes } = options;
    this.#peer = peer;
    this.#stream = stream;
    peer.onStream(stream, {
      onSpan: ({ channel, position, span }) => {
        onBytes(span.length);
        onRecords(decodeTaskRecords(span, byteOrder));
        const end = position + BigInt(span.length);
        this.#reached.set(channel, end);
        peer.acknowledge(stream, channel, end);
        this.#wake();
      },
      onEnd: () => {
        this.#isOver = true;
        this.#wake();
      },
    });
  }

  /** Undefined where the kernel does not let the agent have them, as it may not let it see other users' processes. */
  static async open(peer: HostPeer, options: TaskStreamOptions): Promise<TaskStream | undefined> {
    const { pid } = options;
    try {
      const { results } = await peer.call("plan.run", {
        steps: [
          {
            kind: "openTaskStream",
            creditBytes,
            gatherMilliseconds,
            perfPages: bufferPages,
            ...(pid === undefined ? {} : { pid }),
          },
        ],
      });
      const stream = results[0]?.handle;
      return stream === undefined ? undefined : new TaskStream(peer, stream, options);
    } catch (error) {
      // What processes have mapped can be read while they run, too.
      if (error instanceof RemoteError && error.code === "syscall") return undefined;
      throw error;
    }
  }

  /** Resolves when all that was recorded until now has come, or the session has ended. Throws RemoteError. */
  async catchUp(): Promise<void> {
    if (this.#isOver) return;
    const { positions } = await this.#peer.call("stream.flush", { stream: this.#stream });
    const hasCome = (): boolean =>
      this.#isOver ||
      positions.every((position, channel) => (this.#reached.get(channel) ?? 0n) >= position);
    while (!hasCome()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
