import { InternalError } from "../asm/internal-error.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry } from "../output/value.js";
import { formatFolded, mergeSamples } from "../picture/folded.js";
import { labelFrame, pictureFrames, type StackValue } from "../picture/picture-frames.js";
import {
  type PictureFrame,
  type PictureUnit,
  type StackPicture,
  type StackSample,
} from "../picture/stack-picture.js";
import { escapeText } from "./escape-text.js";
import {
  frameLines,
  frameNames,
  KeyReader,
  numberOf,
  type FrameStyle,
  type ShownStacks,
} from "./stack-frames.js";
import { type ToolRow } from "./tool.js";

/** How a tool shows a map of threads' stacks: its keys are comm, an id, and `stackKeys(stacks)`. */
export interface ThreadStacksStyle {
  readonly stacks: ShownStacks;
  readonly frames: FrameStyle;
  /** A line between a process's stack and the kernel's. */
  readonly isDelimited: boolean;
  readonly isFolded: boolean;
  readonly title: string;
  readonly unit: PictureUnit;
  /** What the number is called in JSON. */
  readonly valueName: string;
}

interface ThreadStacks {
  readonly comm: string;
  readonly pid: bigint;
  readonly user: StackValue | undefined;
  readonly kernel: StackValue | undefined;
  readonly value: bigint;
}

/** The map of this name; it is there. */
export function mapNamed(maps: readonly MapEvent[], name: string): MapEvent {
  const map = maps.find((one) => one.name === name);
  if (map === undefined) throw new InternalError(`the program has not printed ${name}`);
  return map;
}

export function threadRows(map: MapEvent, style: ThreadStacksStyle): readonly ToolRow[] {
  return style.isFolded
    ? foldedRows(threadPicture(map, style))
    : map.entries.map((entry) => rowOf(readEntry(entry, style.stacks), style));
}

/** Each stack on a line, in text; in JSON with its frames. */
export function foldedRows(picture: StackPicture): readonly ToolRow[] {
  return mergeSamples(picture).map((sample) => ({
    text: () => formatFolded({ samples: [sample] }).trimEnd(),
    json: () => ({
      frames: sample.frames.map(({ name }) => name),
      [picture.unit]: sample.weight,
    }),
  }));
}

export function threadPicture(map: MapEvent, style: ThreadStacksStyle): StackPicture {
  const samples = map.entries.map((entry) => sampleOf(readEntry(entry, style.stacks), style));
  return { title: style.title, unit: style.unit, samples };
}

function readEntry(entry: MapEntry, shown: ShownStacks): ThreadStacks {
  const key = new KeyReader(entry);
  const comm = key.text();
  return { comm, pid: key.integer(), ...key.stacks(shown), value: numberOf(entry.value) };
}

function rowOf(thread: ThreadStacks, style: ThreadStacksStyle): ToolRow {
  const { comm, pid, user, kernel, value } = thread;
  return {
    text: () =>
      [
        ...frameLines(kernel, style.frames),
        ...(isDelimited(thread, style) ? ["    --"] : []),
        ...frameLines(user, style.frames),
        `    ${"-".padEnd(16)} ${escapeText(comm)} (${pid})`,
        `        ${value}`,
        "",
      ].join("\n"),
    json: () => ({
      comm,
      pid: Number(pid),
      kernel: frameNames(kernel),
      user: frameNames(user),
      [style.valueName]: value,
    }),
  };
}

/** A process's code called the kernel's. */
function sampleOf(thread: ThreadStacks, style: ThreadStacksStyle): StackSample {
  const { comm, user, kernel, value } = thread;
  const mark: PictureFrame = { name: "-", kind: "mark" };
  return {
    frames: [
      labelFrame(comm),
      ...(user === undefined ? [] : pictureFrames(user)),
      ...(isDelimited(thread, style) ? [mark] : []),
      ...(kernel === undefined ? [] : pictureFrames(kernel)),
    ],
    weight: value,
  };
}

function isDelimited({ user, kernel }: ThreadStacks, style: ThreadStacksStyle): boolean {
  return (
    style.isDelimited &&
    user?.frames.length !== 0 &&
    kernel?.frames.length !== 0 &&
    user !== undefined &&
    kernel !== undefined
  );
}
