import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What one connection carried. */
export interface RecordedConnection {
  readonly fromHost: Buffer[];
  readonly fromAgent: Buffer[];
}

/** Someone between hosts and an agent who passes bytes on, and keeps them. */
export class RecordingProxy {
  readonly #server: Server;
  readonly connections: RecordedConnection[] = [];

  private constructor(agentPort: number) {
    this.#server = createServer((host) => {
      const recorded: RecordedConnection = { fromHost: [], fromAgent: [] };
      this.connections.push(recorded);
      const agent = connect(agentPort, "127.0.0.1");
      passOn(host, agent, recorded.fromHost);
      passOn(agent, host, recorded.fromAgent);
    });
  }

  static async start(agentPort: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(agentPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}

function passOn(from: Socket, to: Socket, kept: Buffer[]): void {
  from.on("data", (data) => kept.push(data));
  from.on("error", () => to.destroy());
  from.pipe(to);
}
