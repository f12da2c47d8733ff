import { type HostPeer } from "@sonde/protocol";
import { type BtfQuestion } from "../btf/btf-question.js";
import { KnownTypes, UnknownTypesError } from "../btf/known-types.js";
import { type TypeReader } from "../btf/type-reader.js";
import { TargetError } from "./errors.js";
import { type KeptAnswers } from "./kept-answers.js";

/** As many questions as one request may have. */
const questionLimit = 64;
/** No program follows more pointers one after the other: then the answers make no sense. */
const mostRounds = 64;

/** Where answers stay. */
export type AnswerStore = Pick<KeptAnswers, "tell" | "keep">;

/** The target's types, of which the agent is asked for those that are needed and that no earlier answer told of. */
export class AskedTypes {
  readonly #peer: HostPeer;
  readonly #kept: AnswerStore;
  readonly #known: KnownTypes;
  /** What all that is going on at the moment waits for, and the request that brings it. */
  #waiting = new Map<string, BtfQuestion>();
  #request: Promise<void> | undefined;

  constructor(peer: HostPeer, pointerSizeBytes: 4 | 8, kept: AnswerStore) {
    this.#peer = peer;
    this.#kept = kept;
    this.#known = new KnownTypes(pointerSizeBytes);
    kept.tell(this.#known);
  }

  /** What `question` gives; it is asked again each time that something it lacked has come. Throws RemoteError. */
  async ask<T>(question: (types: TypeReader) => T): Promise<T> {
    for (let round = 0; round < mostRounds; round++) {
      try {
        return question(this.#known);
      } catch (error) {
        if (!(error instanceof UnknownTypesError)) throw error;
        await this.#fetch(error.questions);
      }
    }
    throw new TargetError("the agent's answers about types lead nowhere");
  }

  /** All who ask in the same turn share one request. */
  async #fetch(questions: readonly BtfQuestion[]): Promise<void> {
    for (const question of questions) this.#waiting.set(JSON.stringify(question), question);
    this.#request ??= new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      const waiting = [...this.#waiting.values()];
      this.#waiting = new Map();
      this.#request = undefined;
      await this.#send(waiting);
    });
    await this.#request;
  }

  async #send(waiting: readonly BtfQuestion[]): Promise<void> {
    for (let at = 0; at < waiting.length; at += questionLimit) {
      const questions = waiting.slice(at, at + questionLimit);
      const answers = await this.#peer.call("btf.types", { questions: [...questions] });
      this.#known.add(questions, answers);
      this.#kept.keep(questions, answers);
    }
  }
}
