import { type Handle } from "@sonde/protocol";
import { HandleError } from "../kernel/errors.js";
import { type Attachment } from "../resources/attachment.js";
import { type EventStream } from "../resources/event-stream.js";
import { type LoadedBtf } from "../resources/loaded-btf.js";
import { type LoadedMap } from "../resources/loaded-map.js";
import { type LoadedProgram } from "../resources/loaded-program.js";

/** What a handle can name. */
export type HandledObject =
  | { readonly kind: "map"; readonly map: LoadedMap }
  | { readonly kind: "program"; readonly program: LoadedProgram }
  | { readonly kind: "btf"; readonly btf: LoadedBtf }
  | { readonly kind: "attachment"; readonly attachment: Attachment }
  | { readonly kind: "stream"; readonly stream: EventStream };

/** One session's names for what it has made: a handle of another session is simply unknown here. */
export class HandleTable {
  readonly #objects = new Map<Handle, HandledObject>();
  #last = 0;

  /** A name that was never used in this session. */
  next(): Handle {
    this.#last += 1;
    // Counted from 1, and 2^32 are more than a session makes.
    return this.#last as Handle;
  }

  set(name: Handle, object: HandledObject): void {
    this.#objects.set(name, object);
  }

  delete(name: Handle): void {
    this.#objects.delete(name);
  }

  clear(): void {
    this.#objects.clear();
  }

  get(name: Handle): HandledObject | undefined {
    return this.#objects.get(name);
  }

  /** How many names there are of a kind. */
  count(kind: HandledObject["kind"]): number {
    return [...this.#objects.values()].filter((object) => object.kind === kind).length;
  }

  streams(): [Handle, EventStream][] {
    return [...this.#objects].flatMap(([name, object]) =>
      object.kind === "stream" ? [[name, object.stream] as [Handle, EventStream]] : [],
    );
  }

  /** Throws HandleError. */
  require(name: Handle): HandledObject {
    const object = this.#objects.get(name);
    if (object === undefined) throw new HandleError(`this session has no handle ${name}`);
    return object;
  }
}

/** Throws HandleError when the name is another kind of thing's. */
export function expectMap(object: HandledObject, name: string): LoadedMap {
  if (object.kind !== "map") throw wrongKind(name, object.kind, "a map");
  return object.map;
}

export function expectProgram(object: HandledObject, name: string): LoadedProgram {
  if (object.kind !== "program") throw wrongKind(name, object.kind, "a program");
  return object.program;
}

export function expectMapOrProgram(object: HandledObject, name: string): LoadedMap | LoadedProgram {
  return object.kind === "map" ? object.map : expectProgram(object, name);
}

export function expectBtf(object: HandledObject, name: string): LoadedBtf {
  if (object.kind !== "btf") throw wrongKind(name, object.kind, "types");
  return object.btf;
}

export function expectAttachment(object: HandledObject, name: string): Attachment {
  if (object.kind !== "attachment") throw wrongKind(name, object.kind, "an attachment");
  return object.attachment;
}

export function expectStream(object: HandledObject, name: string): EventStream {
  if (object.kind !== "stream") throw wrongKind(name, object.kind, "a stream");
  return object.stream;
}

function wrongKind(name: string, actual: string, expected: string): HandleError {
  return new HandleError(`${name} is no name of ${expected}: it is one of ${article(actual)}`);
}

function article(kind: string): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
