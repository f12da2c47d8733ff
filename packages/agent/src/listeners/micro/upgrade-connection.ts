import { type System, type Timer } from "../../system/system.js";
import { bounds } from "../bounds.js";
import { type ListenerOptions } from "../listener.js";
import { type Strangers } from "../strangers.js";
import { type ByteStream } from "./byte-stream.js";
import { readUpgradeRequest, type UpgradeRequest } from "./upgrade-request.js";
import { WebSocketChannel } from "./websocket-channel.js";

export interface UpgradeConnectionOptions extends ListenerOptions {
  readonly system: System;
  readonly stream: ByteStream;
  /** Who is at the other end; there is nobody to name on a Unix socket, nor on stdio. */
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  readonly strangers: Strangers;
  readonly onClose: () => void;
}

type AcceptedRequest = Extract<UpgradeRequest, { kind: "upgrade" }>;

/** A connection that asks by HTTP for a WebSocket, and becomes one. Bounds what a stranger can make it keep. */
export class UpgradeConnection {
  readonly #options: UpgradeConnectionOptions;
  readonly #name: string;
  readonly #forgetStranger: () => void;
  #bounding: Timer | undefined;
  #receivedBytes = 0;
  #isLetIn = false;
  /** As much of the request as has come. */
  #request: Uint8Array = new Uint8Array(0);
  #channel: WebSocketChannel | undefined;

  /** Takes the stream over. */
  constructor(options: UpgradeConnectionOptions) {
    const { stream, peer, strangers } = options;
    this.#options = options;
    this.#name = peer === undefined ? "" : `${peer.address} ${peer.port}`;
    const drop = (): void => {
      stream.destroy();
    };
    this.#forgetStranger =
      peer === undefined
        ? (): void => undefined
        : strangers.add(this.#name, { address: peer.address, drop });
    this.#boundTime(bounds.headersMilliseconds);
    stream.onClose(() => {
      this.#finish();
    });
    stream.onBytes((bytes) => {
      this.#receive(bytes);
    });
  }

  #receive(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length;
    if (!this.#isLetIn && this.#receivedBytes > bounds.handshakeBytes)
      this.#options.stream.destroy();
    else if (this.#channel === undefined) this.#readRequest(bytes);
    else this.#channel.receive(bytes);
  }

  #readRequest(bytes: Uint8Array): void {
    const { stream, throttle, peer } = this.#options;
    this.#request = append(this.#request, bytes);
    const request = readUpgradeRequest(this.#request);
    switch (request.kind) {
      case "incomplete":
        return;
      case "refusal":
        stream.onBytes(() => undefined);
        stream.write([request.response]);
        stream.end();
        return;
      case "upgrade": {
        const delayMilliseconds = throttle.delayMilliseconds(peer?.address ?? "");
        if (delayMilliseconds === 0) this.#upgrade(request);
        else this.#upgradeLater(delayMilliseconds, request);
      }
    }
  }

  /** Who has had a wrong key waits. Until there is an answer no host sends more. */
  #upgradeLater(delayMilliseconds: number, request: AcceptedRequest): void {
    const { system, stream } = this.#options;
    stream.onBytes(() => {
      stream.destroy();
    });
    this.#bounding?.cancel();
    this.#bounding = system.after(delayMilliseconds, () => {
      stream.onBytes((bytes) => {
        this.#receive(bytes);
      });
      this.#upgrade(request);
    });
  }

  #upgrade({ response, rest }: AcceptedRequest): void {
    const { system, stream, silenceMilliseconds, accept } = this.#options;
    stream.write([response]);
    const channel = new WebSocketChannel({
      system,
      stream,
      ...(silenceMilliseconds === undefined ? {} : { silenceMilliseconds }),
    });
    this.#channel = channel;
    this.#request = new Uint8Array(0);
    this.#boundTime(bounds.handshakeMilliseconds);
    accept(channel, {
      onReady: () => {
        this.#letIn();
      },
      onWrongKey: () => this.#punish(),
    });
    if (rest.length > 0) channel.receive(rest);
  }

  #letIn(): void {
    this.#isLetIn = true;
    this.#bounding?.cancel();
    this.#options.strangers.letIn(this.#name);
  }

  #punish(): Promise<void> {
    const { throttle, system, peer } = this.#options;
    const address = peer?.address ?? "";
    throttle.recordFailure(address);
    return new Promise((resolve) => {
      system.after(throttle.delayMilliseconds(address), resolve);
    });
  }

  #boundTime(milliseconds: number): void {
    const { system, stream } = this.#options;
    this.#bounding?.cancel();
    this.#bounding = system.after(milliseconds, () => {
      stream.destroy();
    });
  }

  #finish(): void {
    this.#bounding?.cancel();
    this.#forgetStranger();
    this.#channel?.finish();
    this.#options.onClose();
  }
}

function append(bytes: Uint8Array, more: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + more.length);
  whole.set(bytes);
  whole.set(more, bytes.length);
  return whole;
}
