import { helpers } from "../../asm/helpers.js";
import {
  type CheckedProbe,
  type CheckedProgram,
  type CheckedStatement,
} from "../check/checked-program.js";
import { type VirtualRegister } from "../ir.js";
import { hasFeature, type Lowering, lossOffsets, ownMaps } from "./lowering.js";
import { behind, constant, pointerTo } from "./program-builder.js";

/** Counts one record that the host will not get. */
export function countLostRecord(lowering: Lowering): void {
  addToLoss(lowering, lossOffsets.lostRecords);
}

/** Counts one map update that the kernel refused, as when the map is full. */
export function countRefusedUpdate(lowering: Lowering): void {
  addToLoss(lowering, lossOffsets.refusedUpdates);
}

/** From here on no program does anything any more but those that run at the end: exit(). */
export function markExit(lowering: Lowering): void {
  if (!hasFeature(lowering.target, "map_value_pointer") || isTest(lowering.probe)) return;
  withArrayValue(lowering, ownMaps.loss, (value) => {
    lowering.builder.store(behind(value, lossOffsets.hasExited), 8, constant(1));
  });
}

/** Ends a program that is run after exit(). Where its value has to be looked up, only the host leaves out what still comes. */
export function endAfterExit(lowering: Lowering, end: string): void {
  const { builder, probe, program, target } = lowering;
  const { attachment } = probe;
  const runsAtEnd = attachment.kind === "run" && attachment.when === "end";
  const canExit = program.layout.records.some(({ kind }) => kind === "exit");
  if (runsAtEnd || isTest(probe) || !canExit || !hasFeature(target, "map_value_pointer")) return;
  withArrayValue(lowering, ownMaps.loss, (value) => {
    const hasExited = builder.load(behind(value, lossOffsets.hasExited), 8, false);
    builder.jumpIf("ne", hasExited, constant(0), end);
  });
}

/** Of a program that exits whenever it is run, and may be run on several CPUs at once: ends all runs but the first. */
export function claimExit(lowering: Lowering, end: string): void {
  const { builder, probe, program, target } = lowering;
  const { attachment } = probe;
  const runsOnEach = attachment.kind === "perfEvent" && attachment.cpus === "each";
  const canClaim = hasFeature(target, "map_value_pointer") && hasFeature(target, "atomic_fetch");
  if (!runsOnEach || !canClaim || !alwaysExits(probe.body, program)) return;
  withArrayValue(lowering, ownMaps.loss, (value) => {
    const to = builder.register();
    const address = behind(value, lossOffsets.hasExited);
    builder.emit({ kind: "exchange", to, address, size: 8, value: constant(1) });
    builder.jumpIf("ne", to, constant(0), end);
  });
}

/** Whether exit() is reached, as far as is seen at once. */
function alwaysExits(body: readonly CheckedStatement[], { layout }: CheckedProgram): boolean {
  const exit = body.findIndex((statement) => {
    return statement.kind === "record" && layout.records[statement.record]?.kind === "exit";
  });
  const before = body.slice(0, Math.max(0, exit));
  return exit !== -1 && !before.some(({ kind }) => branching.has(kind));
}

/** After these, others may not be reached. */
const branching: ReadonlySet<CheckedStatement["kind"]> = new Set([
  "if",
  "unroll",
  "while",
  "range",
  "entries",
  "jump",
  "return",
]);

/** Those that exit end themselves alone. */
function isTest({ attachment }: CheckedProbe): boolean {
  return attachment.kind === "run" && (attachment.when === "test" || attachment.when === "bench");
}

function addToLoss(lowering: Lowering, offset: number): void {
  const { builder } = lowering;
  const one = builder.register();
  withArrayValue(lowering, ownMaps.loss, (value) => {
    builder.move(one, constant(1));
    builder.emit({ kind: "atomicAdd", address: behind(value, offset), size: 8, value: one });
  });
}

/** A pointer to the only value of an array map of ours; before 5.2 it has to be looked up. */
export function withArrayValue(
  lowering: Lowering,
  map: string,
  use: (value: VirtualRegister) => void,
): void {
  const { builder, memory, target } = lowering;
  if (hasFeature(target, "map_value_pointer")) {
    const value = builder.register();
    builder.emit({ kind: "mapValue", to: value, map, offset: 0 });
    use(value);
    return;
  }
  const absent = builder.newLabel("absent");
  const value = memory.during(4, `key of ${map}`, (key) => {
    builder.store(key, 4, constant(0));
    return builder.call(helpers.map_lookup_elem, { kind: "map", map }, pointerTo(key));
  });
  // Arrays always have their value, but the verifier does not know that.
  builder.jumpIf("eq", value, constant(0), absent);
  use(value);
  builder.label(absent);
}
