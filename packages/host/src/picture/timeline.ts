import { plainValue } from "../output/plain-value.js";
import { type Value } from "../output/value.js";
import { ProtobufWriter } from "./protobuf-writer.js";

/** A record of a program: what it calls itself, and its fields. */
export interface TimedRecord {
  readonly name: string;
  readonly fields: Readonly<Record<string, Value>>;
}

interface TimelineEvent extends TimedRecord {
  readonly start: bigint;
  /** For what has taken time: it ended when the record was made. */
  readonly end: bigint | undefined;
}

// The numbers of fields in Perfetto's protos/perfetto/trace: trace.proto, trace_packet.proto, and in track_event
// track_event.proto, track_descriptor.proto, process_descriptor.proto, thread_descriptor.proto, debug_annotation.proto.
const tracePacket = 1;
const packetField = { timestamp: 8, sequence: 10, trackEvent: 11, trackDescriptor: 60 };
const trackField = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5 };
const processField = { pid: 1, name: 6 };
const threadField = { pid: 1, tid: 2, name: 5 };
const eventField = { annotation: 4, type: 9, track: 11, name: 23 };
const eventType = { sliceBegin: 1, sliceEnd: 2, instant: 3 };
const annotationField = { bool: 2, signed: 4, text: 6, name: 10 };
/** All packets are of one writer. */
const sequence = 1;

/**
 * Records on tracks of their processes, threads and CPUs, as a file for ui.perfetto.dev. A record has its time in the field `nsecs`;
 * `pid`, `tid`, `comm` and `cpu` say where it belongs, and `duration` (nanoseconds) makes it one that has taken time.
 */
export class Timeline {
  readonly #events: TimelineEvent[] = [];

  /** Records without a time are left out. */
  add({ name, fields }: TimedRecord): void {
    const at = integerOf(fields["nsecs"]);
    if (at === undefined) return;
    const duration = integerOf(fields["duration"]);
    const hasTaken = duration !== undefined && duration >= 0n && duration <= at;
    const end = hasTaken ? at : undefined;
    this.#events.push({ name, fields, start: hasTaken ? at - duration : at, end });
  }

  get eventCount(): number {
    return this.#events.length;
  }

  encode(): Uint8Array {
    const trace = new TraceFile();
    const inOrder = [...this.#events].sort((left, right) => Number(left.start - right.start));
    for (const event of inOrder) {
      const comm = textOf(event.fields["comm"]);
      trace.event(trace.trackOf(event, comm), event, event.name);
      const cpu = integerOf(event.fields["cpu"]);
      if (cpu === undefined) continue;
      const name = comm === undefined ? event.name : `${event.name} (${comm})`;
      trace.event(trace.cpuTrack(cpu, event), event, name);
    }
    return trace.finish();
  }
}

/** Writes packets: each track before what is on it. */
class TraceFile {
  readonly #writer = new ProtobufWriter();
  readonly #tracks = new Map<string, number>();
  /** When the last event of a track ends: what takes time must not overlap there. */
  readonly #ends = new Map<number, bigint>();

  finish(): Uint8Array {
    return this.#writer.finish();
  }

  event(track: number, event: TimelineEvent, name: string): void {
    const { start, end, fields } = event;
    this.#packet(start, track, (writer) => {
      writer.number(eventField.type, end === undefined ? eventType.instant : eventType.sliceBegin);
      writer.text(eventField.name, name);
      for (const [field, value] of Object.entries(fields)) {
        if (field !== "nsecs") writeAnnotation(writer, field, value);
      }
    });
    if (end === undefined) return;
    this.#packet(end, track, (writer) => {
      writer.number(eventField.type, eventType.sliceEnd);
    });
  }

  /** Of a record's thread, or what else it says of where it was made. */
  trackOf(event: TimelineEvent, comm: string | undefined): number {
    const pid = integerOf(event.fields["pid"]);
    const tid = integerOf(event.fields["tid"]) ?? pid;
    if (pid === undefined || tid === undefined) return this.#laneOf("", 0, event);
    const process = this.#track(`process ${pid}`, 0, (writer) => {
      writer.message(trackField.process, (one) => {
        one.number(processField.pid, pid);
        if (comm !== undefined) one.text(processField.name, comm);
      });
    });
    const thread = this.#track(`thread ${tid}`, process, (writer) => {
      writer.message(trackField.thread, (one) => {
        one.number(threadField.pid, pid).number(threadField.tid, tid);
        if (comm !== undefined) one.text(threadField.name, comm);
      });
    });
    return event.end === undefined ? thread : this.#laneOf(`thread ${tid}`, thread, event);
  }

  cpuTrack(cpu: bigint, event: TimelineEvent): number {
    const all = this.#named("CPUs", "CPUs", 0);
    const track = this.#named(`cpu ${cpu}`, `CPU ${cpu}`, all);
    return event.end === undefined ? track : this.#laneOf(`cpu ${cpu}`, track, event);
  }

  /** The first track of an event's name there on which nothing takes time while it does. */
  #laneOf(place: string, parent: number, { name, start, end }: TimelineEvent): number {
    for (let lane = 0; ; lane++) {
      const track = this.#named(`${place} ${name} ${lane}`, name, parent);
      if (end === undefined) return track;
      if ((this.#ends.get(track) ?? 0n) > start) continue;
      this.#ends.set(track, end);
      return track;
    }
  }

  #named(key: string, name: string, parent: number): number {
    return this.#track(key, parent, (writer) => {
      writer.text(trackField.name, name);
    });
  }

  #track(key: string, parent: number, describe: (writer: ProtobufWriter) => void): number {
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const uuid = this.#tracks.size + 1;
    this.#tracks.set(key, uuid);
    this.#writer.message(tracePacket, (packet) => {
      packet.number(packetField.sequence, sequence);
      packet.message(packetField.trackDescriptor, (track) => {
        track.number(trackField.uuid, uuid).number(trackField.parent, parent);
        describe(track);
      });
    });
    return uuid;
  }

  #packet(at: bigint, track: number, describe: (writer: ProtobufWriter) => void): void {
    this.#writer.message(tracePacket, (packet) => {
      packet.number(packetField.timestamp, at).number(packetField.sequence, sequence);
      packet.message(packetField.trackEvent, (event) => {
        event.number(eventField.track, track);
        describe(event);
      });
    });
  }
}

function writeAnnotation(writer: ProtobufWriter, name: string, value: Value): void {
  const plain = plainValue(value);
  writer.message(eventField.annotation, (annotation) => {
    annotation.text(annotationField.name, name);
    if (typeof plain === "boolean") annotation.choice(annotationField.bool, plain ? 1 : 0);
    else if (typeof plain === "number" || typeof plain === "bigint") {
      annotation.choice(annotationField.signed, plain);
    } else {
      annotation.text(annotationField.text, typeof plain === "string" ? plain : jsonText(plain));
    }
  });
}

function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "bigint" ? item.toString() : item,
  );
}

function integerOf(value: Value | undefined): bigint | undefined {
  return value?.kind === "integer" ? value.value : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === "string" || value?.kind === "text" ? value.value : undefined;
}
