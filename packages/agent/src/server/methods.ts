import { type Handle, lazily, type RequestContext, type RequestHandlers } from "@sonde/protocol";
import { readClocks } from "../features/clocks.js";
import { describeTarget } from "../features/describe-target.js";
import { answerKernelSymbols } from "../questions/kernel-symbols.js";
import { readIterator } from "../resources/read-iterator.js";
import { readVdso } from "../questions/vdso.js";
import { dumpAndClearMap, dumpMap } from "../resources/map-dump.js";
import { type LoadedMap } from "../resources/loaded-map.js";
import { type LoadedProgram } from "../resources/loaded-program.js";
import { Pacer } from "../resources/pacer.js";
import { FileAccess } from "./file-access.js";
import { expectAttachment, expectMap, expectProgram, expectStream } from "./handle-table.js";
import { runPlan } from "./plan-runner.js";
import { type SessionMethods } from "./session-methods.js";
import { type SessionState } from "./session-state.js";

/** What answers each method of the protocol, for one session, but those that are about sessions. */
export function createHandlers(session: SessionState): Omit<RequestHandlers, keyof SessionMethods> {
  const { target } = session.agent;
  const files = lazily(() => new FileAccess(target, { everything: session.allowsPrograms }));
  const { system } = target.kernel;

  const requireMap = (name: Handle): LoadedMap =>
    expectMap(session.handles.require(name), `handle ${name}`);
  const requireProgram = (name: Handle): LoadedProgram =>
    expectProgram(session.handles.require(name), `handle ${name}`);
  const pacerWhile = ({ signal }: RequestContext, isWanted: () => boolean): Pacer =>
    new Pacer(system, () => !signal.aborted && isWanted());

  return {
    "target.describe": () => describeTarget(target),

    async "target.features"(_params, request) {
      const pacer = pacerWhile(request, () => true);
      return { features: await session.agent.features.all(() => pacer.pause()) };
    },

    "clock.read": () => readClocks(target.kernel),

    async "plan.run"({ steps }, request) {
      const { scope } = session;
      const pacer = pacerWhile(request, () => !scope.isClosed);
      return { results: await runPlan(session.planContext, steps, pacer) };
    },

    async "map.dump"({ map: name, clear }, request) {
      const map = requireMap(name);
      const pacer = pacerWhile(request, () => map.isOpen);
      return clear ? dumpAndClearMap(target, map, pacer) : dumpMap(target, map, pacer);
    },

    "map.lookup": ({ map, key }) => ({ value: requireMap(map).lookup(key) ?? null }),

    "map.update"({ map, key, value }) {
      requireMap(map).update(key, value);
      return {};
    },

    "map.delete": ({ map, key }) => ({ wasPresent: requireMap(map).delete(key) }),

    "program.run": ({ program, times }) => ({
      returnValue: requireProgram(program).run(times),
    }),

    "program.statistics": ({ programs }) => ({
      programs: programs.map((name) => requireProgram(name).statistics()),
    }),

    async "iterator.read"({ attachment: name, limitBytes }, request) {
      const { link } = expectAttachment(session.handles.require(name), `handle ${name}`);
      return readIterator(
        target,
        link,
        limitBytes,
        pacerWhile(request, () => true),
      );
    },

    "session.countRunTime"() {
      session.countRunTime();
      return {};
    },

    async "session.disable"() {
      await session.scope.disable();
      return {};
    },

    async "stream.flush"({ stream: name }) {
      const stream = expectStream(session.handles.require(name), `handle ${name}`);
      const { positions, lost } = await stream.flush();
      return { positions: [...positions], lost };
    },

    "agent.stop"({ force }) {
      session.agent.stop(force);
      return {};
    },

    async "process.start"({ argv, waits }) {
      return { pid: (await session.startProcess(argv, waits)).pid };
    },

    "process.go"({ pid }) {
      session.requireProcess(pid).go();
      return {};
    },

    "process.read": async ({ pid }, { signal }) => session.readProcess(pid, signal),

    async "file.read"({ path, offset, limitBytes }, request) {
      return files().read(
        path,
        offset,
        limitBytes,
        pacerWhile(request, () => true),
      );
    },

    async "file.lines"({ path, pattern }, request) {
      return {
        lines: await files().lines(
          path,
          pattern,
          pacerWhile(request, () => true),
        ),
      };
    },

    "file.list": ({ path }) => ({ names: files().list(path) }),

    "file.stat"({ path }) {
      const file = files().stat(path);
      if (file === null) return { file: null };
      const { sizeBytes, modified, device, inode } = file;
      return { file: { path: file.path, sizeBytes, modified, device, inode } };
    },

    async "tracePipe.read"({ limitBytes, waitMilliseconds }, { signal }) {
      const end = system.now() + waitMilliseconds;
      const isWanted = (): boolean => !signal.aborted && system.now() < end;
      return { data: await session.tracePipe.read(limitBytes, isWanted) };
    },

    async "btf.types"({ questions }, request) {
      const pacer = pacerWhile(request, () => true);
      return session.agent.types.answer(questions, () => pacer.pause());
    },

    "vdso.read": () => ({ image: readVdso(target.kernel) }),

    async "symbols.kernel"(questions, request) {
      const pacer = pacerWhile(request, () => true);
      return answerKernelSymbols(target.kernel, questions, () => pacer.pause());
    },
  };
}
