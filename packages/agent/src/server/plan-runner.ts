import { type Handle, type PlanStep, type PlanStepResult, type Reference } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { HandleError, RefusalError } from "../kernel/errors.js";
import { type StreamOutlet } from "../resources/event-stream.js";
import { type LoadedBtf } from "../resources/loaded-btf.js";
import { type LoadedMap } from "../resources/loaded-map.js";
import { type LoadedProgram } from "../resources/loaded-program.js";
import { type Pacer } from "../resources/pacer.js";
import { type ProbeEvents } from "../resources/probe-events.js";
import { type Resource } from "../resources/resource.js";
import { type Scope } from "../resources/scope.js";
import {
  expectBtf,
  expectMap,
  expectMapOrProgram,
  expectProgram,
  type HandledObject,
  type HandleTable,
} from "./handle-table.js";
import { runStep, type StepContext, type StepOutcome } from "./plan-steps.js";
import { PlanStepError } from "./wire-errors.js";

/** Where a plan's results go. */
export interface PlanContext {
  readonly target: Target;
  readonly probeEvents: ProbeEvents;
  readonly scope: Scope;
  readonly handles: HandleTable;
  readonly outlet: Omit<StreamOutlet, "stream">;
}

/**
 * Does the steps in order; then enables what was attached, and lets the streams flow. When a step is refused, everything
 * of the plan is undone, newest first, before the PlanStepError is thrown.
 */
export async function runPlan(
  context: PlanContext,
  steps: readonly PlanStep[],
  pacer: Pacer,
): Promise<PlanStepResult[]> {
  const run = new PlanRun(context);
  let index = 0;
  try {
    for (const step of steps) {
      await pacer.pause();
      run.step(step);
      index += 1;
    }
    for (index = 0; index < steps.length; index++) run.enable(index);
  } catch (error) {
    await run.undo();
    if (error instanceof RefusalError) throw new PlanStepError(index, error);
    throw error;
  }
  run.startStreams();
  return run.results;
}

class PlanRun implements StepContext {
  readonly target: Target;
  readonly probeEvents: ProbeEvents;
  readonly results: PlanStepResult[] = [];
  readonly #context: PlanContext;
  readonly #objects: (HandledObject | undefined)[] = [];
  readonly #resources: Resource[] = [];
  readonly #names: Handle[] = [];

  constructor(context: PlanContext) {
    this.#context = context;
    this.target = context.target;
    this.probeEvents = context.probeEvents;
  }

  step(step: PlanStep): void {
    const outcome = runStep(this, step);
    const { mechanism, returnValue, refusal, log } = outcome;
    const name = this.#keep(outcome);
    this.#objects.push(outcome.made?.object);
    this.results.push({
      ...(name === undefined ? {} : { handle: name }),
      ...(mechanism === undefined ? {} : { mechanism }),
      ...(returnValue === undefined ? {} : { returnValue }),
      ...(refusal === undefined ? {} : { refusal }),
      ...(log === undefined ? {} : { log }),
    });
  }

  enable(index: number): void {
    const object = this.#objects[index];
    if (object?.kind === "map") object.map.pin();
    if (object?.kind === "attachment") object.attachment.enable();
  }

  startStreams(): void {
    for (const object of this.#objects) {
      if (object?.kind === "stream") object.stream.start();
    }
  }

  async undo(): Promise<void> {
    const { handles, scope } = this.#context;
    for (const name of this.#names) handles.delete(name);
    await scope.closeOnly(this.#resources);
  }

  requireMap(reference: Reference): LoadedMap {
    return expectMap(this.#resolve(reference), describe(reference));
  }

  requireProgram(reference: Reference): LoadedProgram {
    return expectProgram(this.#resolve(reference), describe(reference));
  }

  requireMapOrProgram(reference: Reference): LoadedMap | LoadedProgram {
    return expectMapOrProgram(this.#resolve(reference), describe(reference));
  }

  requireBtf(reference: Reference): LoadedBtf {
    return expectBtf(this.#resolve(reference), describe(reference));
  }

  createOutlet(): StreamOutlet {
    const { handles, outlet } = this.#context;
    return { ...outlet, stream: handles.next() };
  }

  #resolve(reference: Reference): HandledObject {
    if ("handle" in reference) return this.#context.handles.require(reference.handle);
    const object = this.#objects[reference.step];
    if (object === undefined) {
      throw new HandleError(`step ${reference.step} is not before this one, or made nothing`);
    }
    return object;
  }

  #keep({ made, name }: StepOutcome): Handle | undefined {
    if (made === undefined) return undefined;
    const { handles, scope } = this.#context;
    const given = name ?? handles.next();
    this.#resources.push(scope.add(made.resource));
    this.#names.push(given);
    handles.set(given, made.object);
    return given;
  }
}

function describe(reference: Reference): string {
  return "handle" in reference ? `handle ${reference.handle}` : `step ${reference.step}`;
}
