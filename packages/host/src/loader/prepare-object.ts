import { buildObjectSpec, type FittedObject } from "../object/build-spec.js";
import { LackingError, ObjectError } from "../object/object-error.js";
import { type ObjectFile } from "../object/object-file.js";
import {
  type ProgramChoice,
  type SelectedProgram,
  type Selection,
  selectPrograms,
} from "../object/select-programs.js";
import { type Setting, setVariables } from "../object/set-variables.js";
import { type Session } from "../session/session.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { chooseAlternatives } from "./alternatives.js";
import { AttachmentFinder } from "./find-attachments.js";
import { fitToTarget, kernelSettings } from "./kernel-knowledge.js";
import { type MapSize, withMapSizes } from "./map-sizes.js";
import { UsdtSpecs } from "./usdt-specs.js";

/** What of an object is wanted on a target. */
export interface ObjectRequest extends ProgramChoice {
  /** Variables that get other values than the object's. */
  readonly set?: readonly Setting[];
  /** The kernel's configuration, in place of what the target tells. */
  readonly kernelConfiguration?: string;
  readonly mapSizes?: readonly MapSize[];
  /** Where maps are that are pinned by name; /sys/fs/bpf unless said. */
  readonly pinFolder?: string;
  /** Programs of user functions run in this process alone. */
  readonly pid?: number;
  /** Programs are loaded, wherever they would run, and attached to nothing. */
  readonly isUnattached?: boolean;
}

/** A program, and why it is not loaded or not attached. */
export interface Remark {
  readonly program: string;
  readonly reason: string;
}

/** An object as it is to be loaded into one target. */
export interface PreparedObject {
  readonly file: ObjectFile;
  readonly spec: ObjectSpec;
  readonly selection: Selection;
  readonly fitted: FittedObject;
  /** Programs that are not loaded: there is no such place on the target, or another program does the same. */
  readonly leftOut: readonly Remark[];
  /** Programs that are loaded, and that nothing says the place of. */
  readonly unattached: readonly Remark[];
  /** By program: instructions that must not be reached, with the reasons. */
  readonly poisoned: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** Finds out what an object needs to know of a target, and makes its blueprint there. Throws ObjectError, RemoteError, TargetError. */
export async function prepareObject(
  session: Session,
  file: ObjectFile,
  request: ObjectRequest = {},
): Promise<PreparedObject> {
  requireByteOrder(session, file);
  const data = setVariables(file, request.set ?? []);
  const usdt = new UsdtSpecs(session.target, file);
  const { places, leftOut, unattached } = await place(session, file, request, usdt);
  const only = places.map(({ program }) => program.function.name);
  const selection = selectPrograms(file, { ...request, only });
  const fitted = await fitToTarget(session, file, selection);
  const built = buildObjectSpec(file, selection, fitted, {
    target: session.target,
    settings: await kernelSettings(session, file, request.kernelConfiguration),
    attachments: places.flatMap(({ attachments }) => attachments),
    data,
    ...(request.pinFolder === undefined ? {} : { pinFolder: request.pinFolder }),
  });
  const maps = withMapSizes(usdt.fill(built.spec.maps), request.mapSizes ?? []);
  const spec = { ...built.spec, maps };
  return { file, spec, selection, fitted, leftOut, unattached, poisoned: built.poisoned };
}

function requireByteOrder({ target }: Session, { byteOrder, name }: ObjectFile): void {
  if (target.byteOrder === byteOrder) return;
  throw new ObjectError(
    `object ${name}: it is ${byteOrder}-endian, and the target is ${target.byteOrder}-endian`,
    { hint: `compile it with clang -target ${target.byteOrder === "big" ? "bpfeb" : "bpfel"}` },
  );
}

interface Placed {
  readonly program: SelectedProgram;
  readonly attachments: readonly AttachmentSpec[];
}

/** Finds where the chosen programs run. Those that cannot are left out, unless they were asked for by name. */
async function place(
  session: Session,
  file: ObjectFile,
  request: ObjectRequest,
  usdt: UsdtSpecs,
): Promise<{
  readonly places: readonly Placed[];
  readonly leftOut: readonly Remark[];
  readonly unattached: readonly Remark[];
}> {
  const { programs } = selectPrograms(file, request);
  if (request.isUnattached === true) {
    const places = programs.map((program) => ({ program, attachments: [] }));
    return { places, leftOut: [], unattached: [] };
  }
  const finder = new AttachmentFinder(session, usdt, request.pid);
  const places: Placed[] = [];
  const leftOut: Remark[] = [];
  const unattached: Remark[] = [];
  for (const program of programs) {
    const { name } = program.function;
    const finding = await finder.find(program);
    if (finding.kind === "found") {
      places.push({ program, attachments: finding.attachments });
    } else if (finding.kind === "unsaid") {
      places.push({ program, attachments: [] });
      if (!isTailCalled(file, name)) unattached.push({ program: name, reason: finding.reason });
    } else if (isAskedFor(name, request)) {
      throw new LackingError(`program ${name}: ${finding.reason}`);
    } else {
      leftOut.push({ program: name, reason: finding.reason });
    }
  }
  const [first] = leftOut;
  if (places.length === 0 && first !== undefined) {
    throw new LackingError(
      leftOut.length === 1
        ? `program ${first.program}: ${first.reason}`
        : `none of ${leftOut.length} programs can run there: ${first.program}: ${first.reason}`,
      {
        hint: "sonde object FILE says what the target lacks; --attach PROGRAM=PROBE names another place",
      },
    );
  }
  const chosen = chooseAlternatives(places, request);
  return { places: chosen.places, leftOut: [...leftOut, ...chosen.leftOut], unattached };
}

function isAskedFor(name: string, { only, attach }: ProgramChoice): boolean {
  return only?.includes(name) === true || attach?.has(name) === true;
}

/** Others go on with it: it need not be attached. */
function isTailCalled({ maps }: ObjectFile, program: string): boolean {
  return maps.some(
    (map) =>
      map.kind === "declared" &&
      map.definition.type === "prog_array" &&
      [...map.slots.values()].includes(program),
  );
}
