import { ProtocolError } from "./errors.js";

/**
 * The sender's account of one stream: how many bytes it may still send before the host acknowledges some. A stream of
 * several channels has one credit and a position for each channel.
 */
export class CreditWindow {
  readonly #creditBytes: number;
  readonly #channels = new Map<number, { sent: bigint; acknowledged: bigint }>();
  #unacknowledgedBytes = 0;

  constructor(creditBytes: number) {
    this.#creditBytes = creditBytes;
  }

  /** Bytes that may be sent now, never negative. */
  available(): number {
    return Math.max(0, this.#creditBytes - this.#unacknowledgedBytes);
  }

  /** Bytes sent and not acknowledged; while it is 0 one record larger than the whole credit may be sent. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  /** The channels of which something was sent, each with the position up to which it has been acknowledged. */
  get channels(): readonly { readonly channel: number; readonly acknowledged: bigint }[] {
    return [...this.#channels].map(([channel, { acknowledged }]) => ({ channel, acknowledged }));
  }

  /** Where the channel's next byte stands. */
  position(channel = 0): bigint {
    return this.#channels.get(channel)?.sent ?? 0n;
  }

  /** So many bytes of the channel will never be sent. Only while nothing of it is unacknowledged. */
  skip(lengthBytes: number, channel = 0): void {
    const position = this.position(channel) + BigInt(lengthBytes);
    this.#channels.set(channel, { sent: position, acknowledged: position });
  }

  /** Counts bytes that are on their way. */
  sent(lengthBytes: number, channel = 0): void {
    const account = this.#channels.get(channel);
    if (account === undefined) {
      this.#channels.set(channel, { sent: BigInt(lengthBytes), acknowledged: 0n });
    } else {
      account.sent += BigInt(lengthBytes);
    }
    this.#unacknowledgedBytes += lengthBytes;
  }

  /** Throws ProtocolError when the host cannot have received a channel's bytes up to there and consumed up to here. */
  requireProgress(received: bigint, consumed: bigint, channel = 0): void {
    const { sent, acknowledged } = this.#channels.get(channel) ?? { sent: 0n, acknowledged: 0n };
    if (acknowledged <= consumed && consumed <= received && received <= sent) return;
    throw new ProtocolError(
      `channel ${channel}: ${received} received and ${consumed} consumed, of ${acknowledged} to ${sent}`,
    );
  }

  /** What was sent from the position on did not arrive, and is to be sent again. */
  rewind(position: bigint, channel = 0): void {
    const account = this.#channels.get(channel);
    if (account === undefined) return;
    this.#unacknowledgedBytes -= Number(account.sent - position);
    account.sent = position;
  }

  /** Returns credit. Throws ProtocolError for a position that was never sent or goes back. */
  acknowledged(position: bigint, channel = 0): void {
    const account = this.#channels.get(channel);
    const sent = account?.sent ?? 0n;
    if (position > sent) {
      throw new ProtocolError(
        `acknowledged position ${position} of channel ${channel}, of which ${sent} were sent`,
      );
    }
    if (account === undefined) return;
    if (position < account.acknowledged) {
      throw new ProtocolError(
        `acknowledged position ${position} of channel ${channel} after ${account.acknowledged}`,
      );
    }
    // At most #unacknowledgedBytes, which is a number.
    this.#unacknowledgedBytes -= Number(position - account.acknowledged);
    account.acknowledged = position;
  }
}
