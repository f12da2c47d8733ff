import { versionCode } from "../text/version-code.js";
import { type FittedObject, fitObject } from "../object/build-spec.js";
import { type KernelSymbolExtern } from "../object/externs.js";
import { type KernelSettings } from "../object/kernel-settings.js";
import { ObjectError } from "../object/object-error.js";
import { type ObjectFile } from "../object/object-file.js";
import { type Selection } from "../object/select-programs.js";
import { readKernelConfiguration } from "../session/kernel-configuration.js";
import { type ModuleTypes } from "../session/module-types.js";
import { type Session } from "../session/session.js";

/** Fits an object to the target's types and symbols, which are asked for as far as they are needed. Throws ObjectError. */
export async function fitToTarget(
  session: Session,
  file: ObjectFile,
  selection: Selection,
): Promise<FittedObject> {
  const addresses = await untypedAddresses(session, file, selection.externs);
  const addressOf = (name: string): bigint | undefined => addresses.get(name);
  const usesTypes = selection.needsTypes || typedExterns(file, selection.externs).length > 0;
  const fit = async (modules: readonly ModuleTypes[]): Promise<FittedObject> => {
    const fitted = usesTypes
      ? await session.types.ask((kernel) =>
          fitObject(file, selection, { types: { kernel, modules }, addressOf }),
        )
      : undefined;
    return fitted ?? fitObject(file, selection, { types: undefined, addressOf });
  };
  try {
    const fitted = await fit([]);
    if (!isWanting(fitted)) return fitted;
  } catch (error) {
    // An extern that the kernel itself does not have may be a module's.
    if (!(error instanceof ObjectError)) throw error;
    if ((await session.modules.all()).length === 0) throw error;
  }
  return await fit(await session.modules.all());
}

/** Whether something was not found, which a module may have. */
function isWanting({ functions, externs }: FittedObject): boolean {
  const lacksTypes = [...functions.values()].some(({ relocations }) =>
    relocations.some(({ value, poisoned }) => value === undefined || poisoned !== undefined),
  );
  return lacksTypes || [...externs.values()].some(({ kind }) => kind === "absent");
}

function typedExterns(file: ObjectFile, used: ReadonlySet<string>): readonly KernelSymbolExtern[] {
  return kernelSymbols(file, used).filter(
    ({ isFunction, type }) => isFunction || type !== undefined,
  );
}

function kernelSymbols(file: ObjectFile, used: ReadonlySet<string>): readonly KernelSymbolExtern[] {
  return file.externs.filter(
    (extern): extern is KernelSymbolExtern =>
      extern.kind === "kernelSymbol" && used.has(extern.name),
  );
}

async function untypedAddresses(
  session: Session,
  file: ObjectFile,
  used: ReadonlySet<string>,
): Promise<ReadonlyMap<string, bigint>> {
  const names = kernelSymbols(file, used)
    .filter(({ isFunction, type }) => !isFunction && type === undefined)
    .map(({ name }) => name);
  const found = new Map<string, bigint>();
  if (names.length === 0) return found;
  const symbols = await session.kernelSymbols();
  const addresses = await symbols.addressesOf(names);
  for (const [at, name] of names.entries()) {
    const address = addresses[at];
    if (address !== undefined) found.set(name, address);
  }
  return found;
}

/** What the object's settings are read from; `configuration`: the user's own, in place of the target's. */
export async function kernelSettings(
  session: Session,
  file: ObjectFile,
  configuration: string | undefined,
): Promise<KernelSettings> {
  const { release, features } = session.target;
  const isUsed = file.externs.some(({ kind }) => kind === "kconfig");
  const isAsked = file.externs.some(
    ({ kind, name }) => kind === "kconfig" && name.startsWith("CONFIG_"),
  );
  const read = isAsked && configuration === undefined;
  const found = read ? await readKernelConfiguration(session.files, release) : undefined;
  return {
    configuration: configuration ?? found?.text,
    versionCode: versionCode(release),
    hasAttachCookie: features.includes("attach_cookie"),
    hasSyscallWrapper: isUsed && (await hasSyscallWrapper(session)),
  };
}

/** What comes before "_sys_NAME" where system calls have wrappers (arch/…/include/asm/syscall_wrapper.h). */
const wrapperPrefixes: Readonly<Record<string, string>> = {
  x64: "__x64",
  ia32: "__ia32",
  arm64: "__arm64",
  s390x: "__s390x",
  riscv64: "__riscv",
  ppc64: "__powerpc",
};

/** Whether the kernel has functions as "__x64_sys_bpf" for its system calls. */
async function hasSyscallWrapper(session: Session): Promise<boolean> {
  return (await wrappedName(session, "bpf")) !== undefined;
}

async function wrappedName(session: Session, name: string): Promise<string | undefined> {
  const prefix = wrapperPrefixes[session.target.architecture];
  if (prefix === undefined) return undefined;
  const wrapper = `${prefix}_sys_${name}`;
  return (await hasSymbol(session, wrapper)) ? wrapper : undefined;
}

/** The kernel's function of a system call, whatever the architecture calls it; undefined when there is none. */
export async function systemCallFunction(
  session: Session,
  name: string,
): Promise<string | undefined> {
  const wrapped = await wrappedName(session, name);
  if (wrapped !== undefined) return wrapped;
  for (const other of [`__se_sys_${name}`, `sys_${name}`]) {
    if (await hasSymbol(session, other)) return other;
  }
  return undefined;
}

async function hasSymbol(session: Session, name: string): Promise<boolean> {
  const lines = await session.files.lines("/proc/kallsyms", `* ? ${name}`);
  return lines.length > 0;
}
