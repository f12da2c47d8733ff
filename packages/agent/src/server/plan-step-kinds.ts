import { type PlanStep } from "@sonde/protocol";

const kinds: Readonly<Record<PlanStep["kind"], true>> = {
  createMap: true,
  fillMap: true,
  fillSlots: true,
  freezeMap: true,
  loadBtf: true,
  openModuleBtf: true,
  loadProgram: true,
  attachTracepoint: true,
  attachRawTracepoint: true,
  attachTracing: true,
  attachKprobe: true,
  attachUprobe: true,
  attachKprobeMulti: true,
  attachUprobeMulti: true,
  attachPerfEvent: true,
  runProgram: true,
  openStream: true,
  openTaskStream: true,
};

/** The kinds of steps that this agent knows, which hello tells. */
export const planStepKinds: readonly string[] = Object.keys(kinds);
