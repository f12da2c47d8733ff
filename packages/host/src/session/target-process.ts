import { type HostPeer, type Result } from "@sonde/protocol";

/** What has come of a process since the last time; `end` is `null` while it runs. */
export type ProcessNews = Result<"process.read">;

/** A program that runs on the target for us. */
export class TargetProcess {
  readonly pid: number;
  readonly #peer: HostPeer;

  private constructor(peer: HostPeer, pid: number) {
    this.#peer = peer;
    this.pid = pid;
  }

  /**
   * Starts a program on the target; one that `waits` does nothing before `go`, so that it can be traced from its start.
   * Throws RemoteError, "forbidden" where the agent runs no programs for hosts.
   */
  static async start(
    peer: HostPeer,
    argv: readonly string[],
    options: { readonly waits: boolean },
  ): Promise<TargetProcess> {
    const { pid } = await peer.call("process.start", { argv: [...argv], ...options });
    return new TargetProcess(peer, pid);
  }

  async go(): Promise<void> {
    await this.#peer.call("process.go", { pid: this.pid });
  }

  /** What it writes, as it comes; the last has its end. */
  async *news(): AsyncGenerator<ProcessNews> {
    for (;;) {
      const news = await this.#peer.call("process.read", { pid: this.pid });
      yield news;
      if (news.end !== null) return;
    }
  }
}
