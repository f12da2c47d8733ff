import { type UnwindMembers } from "../check/checked-program.js";
import { type UnwindLayout } from "./unwind-map.js";

/** What goes from frame to frame, in u64s on the program's stack; the mapping that the code is in comes last. */
export const state = {
  pc: 0,
  stackPointer: 8,
  framePointer: 16,
  returnAddress: 24,
  depth: 32,
  frames: 40,
  start: 48,
  end: 56,
  /** What is taken off an address to have its place in the file. */
  distance: 64,
  first: 72,
  count: 80,
} as const;
export const stateBytes = 88;
export const mappingWords = [
  state.start,
  state.end,
  state.distance,
  state.first,
  state.count,
] as const;

/** What the functions that unwind a stack are written for. */
export interface UnwindAbout {
  readonly layout: UnwindLayout;
  readonly members: UnwindMembers;
  readonly remembers: boolean;
}
