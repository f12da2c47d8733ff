import { type Kernel } from "../../kernel/kernel.js";
import { Epoll, EPOLLOUT } from "../../system/epoll.js";
import { type Watch } from "../../system/system.js";

/**
 * Tells when descriptors can take bytes again, of which there are few at any time. The system tells what can be read, and an
 * epoll(7) can be read when one of its descriptors is ready: so one inside the system's watches the other direction.
 */
export class WriteReadiness {
  readonly #epoll: Epoll;
  readonly #watch: Watch;
  readonly #waiting = new Map<number, () => void>();

  constructor(kernel: Kernel) {
    this.#epoll = new Epoll(kernel.call.bind(kernel), kernel.machine);
    this.#watch = kernel.system.watch(this.#epoll.fd, () => {
      for (const fd of this.#epoll.wait(0)) this.#ready(fd);
    });
  }

  /** Calls back once, when a descriptor takes bytes again. */
  await(fd: number, onWritable: () => void): void {
    this.#waiting.set(fd, onWritable);
    this.#epoll.add(fd, EPOLLOUT, fd);
  }

  /** Before a descriptor is closed. */
  forget(fd: number): void {
    if (this.#waiting.delete(fd)) this.#epoll.remove(fd);
  }

  close(): void {
    this.#watch.close();
    this.#epoll.close();
  }

  #ready(fd: number): void {
    const onWritable = this.#waiting.get(fd);
    this.forget(fd);
    onWritable?.();
  }
}
