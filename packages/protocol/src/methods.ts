import * as z from "zod/mini";
import { btfTypesParams, btfTypesResult } from "./btf-types.js";
import { handle } from "./handles.js";
import { plan, planStepResult } from "./plan.js";
import { bytes, exactBytes, text, u16, u32, u64 } from "./primitives.js";
import { targetClocks, targetDescription, targetFeatures } from "./target.js";

/** How far a host has come with one channel of a stream. */
const streamProgress = z.strictObject({
  stream: handle,
  channel: u16,
  /** Every byte before this position has come. */
  received: u64,
  /** Every byte before this position has been consumed. */
  consumed: u64,
});
export type StreamProgress = z.infer<typeof streamProgress>;

/** What people call a session that they have detached from. */
const sessionLabel = z.string().check(z.regex(/^[A-Za-z0-9_.-]{1,64}$/));
/** The hosts' own: what the next one must know to go on. */
const note = bytes(65_536);
/** Whether the newest records or the oldest are kept when a buffer that nobody reads is full. */
const keeps = z.enum(["newest", "oldest"]);
export type Keeps = z.infer<typeof keeps>;
/** Two weeks, in seconds. */
const longestRun = 1_209_600;

/** So often a program is run at one request. */
const mostRuns = 1000;

const nothing = z.object({});
const noParams = z.strictObject({});
const path = z.string().check(z.regex(/^\/[^\0]{0,4094}$/));

/**
 * Every request a host can make and its reply. The agent validates params (unknown keys refused); the host validates
 * results (unknown keys ignored).
 */
export const methods = {
  /** First of all: versions and, with a key, the agent's side of the mutual challenge. */
  hello: {
    params: z.strictObject({
      major: u32,
      minor: u32,
      /** "sonde 0.1.0", for the agent's log. */
      client: text(128),
      nonce: exactBytes(32),
    }),
    result: z.object({
      major: u32,
      minor: u32,
      /** "sonde-agent 0.1.0", and what it was told to do without: "-ringbuf". */
      agent: text(1024),
      /** Names of the methods and of the plan steps that this agent knows. */
      methods: z.array(text(64)),
      planSteps: z.array(text(64)),
      authentication: z.enum(["none", "key"]),
      nonce: exactBytes(32),
      /** HMAC of the handshake under the key, which proves the agent; empty without authentication. */
      proof: bytes(32),
      /** How long this agent keeps the session when its link has broken; 0: it ends with the link. */
      leaseSeconds: u32,
      /** The session that begins with this link: whoever names it later can resume it. */
      session: exactBytes(16),
    }),
  },
  /** The host's side of the challenge; only after it is anything else answered when hello said "key". */
  authenticate: { params: z.strictObject({ proof: exactBytes(32) }), result: nothing },
  /**
   * From here on this link's messages are compressed: the host's after this request, the agent's after the reply. The
   * host need not wait for it.
   */
  "session.compress": {
    params: z.strictObject({ method: z.literal("deflate") }),
    result: nothing,
  },
  /**
   * The first request on a new link: goes on with a session whose link has broken. Answers from the `answers`-th on are sent
   * again, in order; requests after the `requests`-th never came and are sent again by the host. Streams go on from `received`.
   */
  "session.resume": {
    params: z.strictObject({
      session: exactBytes(16),
      /** How many answers of the session have come. */
      answers: u64,
      streams: z.array(streamProgress).check(z.maxLength(4096)),
    }),
    result: z.object({
      /** How many requests of the session have come. */
      requests: u64,
      /** Records that did not fit, counted on the kernel's side since each stream's start. */
      lost: z.array(z.object({ stream: handle, lost: u64 })),
    }),
  },
  /**
   * The session gets a name that people can remember, and needs no host any more: when this link closes it goes on alone,
   * until someone stops it. After `seconds` nothing more is recorded.
   */
  "session.detach": {
    params: z.strictObject({
      name: sessionLabel,
      keeps,
      note,
      seconds: z.optional(u32.check(z.gte(1), z.lte(longestRun))),
    }),
    result: nothing,
  },
  /**
   * The first request on a new link: goes on with a detached session. It is named anew, as this link's hello says; requests and
   * answers are counted from 0. Streams go on from `positions` (0 for channels that are not named).
   */
  "session.attach": {
    params: z.strictObject({
      name: sessionLabel,
      /** Take it from the host that is attached; else that is an error. */
      takeOver: z.boolean(),
    }),
    result: z.object({
      note,
      keeps,
      /** Since it was detached. */
      ageMilliseconds: u64,
      /** Its seconds are over: nothing is recorded any more. */
      isOver: z.boolean(),
      streams: z.array(
        z.object({
          stream: handle,
          /** Records that did not fit, and records that were dropped from the buffer, since the stream's start. */
          lost: u64,
          dropped: u64,
          positions: z.array(z.object({ channel: u16, position: u64 })),
        }),
      ),
    }),
  },
  /** This host goes, and leaves the detached session alone at once, without a lease; `note` replaces the old one. */
  "session.leave": { params: z.strictObject({ note: z.optional(note) }), result: nothing },
  /** The detached sessions, oldest first. */
  "session.list": {
    params: noParams,
    result: z.object({
      sessions: z.array(
        z.object({
          name: sessionLabel,
          ageMilliseconds: u64,
          isAttached: z.boolean(),
          isOver: z.boolean(),
          keeps,
          maps: u32,
          programs: u32,
          attachments: u32,
          streams: u32,
          lost: u64,
          dropped: u64,
          /** In the buffers, and not consumed by a host. */
          waitingBytes: u64,
        }),
      ),
    }),
  },
  /** Ends a detached session, whoever is attached; the reply comes when nothing of it is left. */
  "session.stop": { params: z.strictObject({ name: sessionLabel }), result: nothing },
  "target.describe": { params: noParams, result: targetDescription },
  /** Asks the kernel what it can do: some dozens of small system calls, where the host has not kept the answers. */
  "target.features": { params: noParams, result: z.object({ features: targetFeatures }) },
  /** The target's clocks at a moment between the request and its answer: from those the host tells how they stand to its own. */
  "clock.read": { params: noParams, result: targetClocks },
  /** Creates, loads, fills, attaches and opens, in order; all or nothing. */
  "plan.run": { params: plan, result: z.object({ results: z.array(planStepResult) }) },
  /**
   * All entries, in one reply. For per-CPU maps a value is every possible CPU's, one after the other, each padded to 8
   * bytes. `clear: true` also removes them (arrays: writes zeros), entry by entry atomically where the kernel can.
   */
  "map.dump": {
    params: z.strictObject({ map: handle, clear: z.boolean() }),
    result: z.object({
      count: u32,
      /** Keys and values back to back, in the same order. */
      keys: bytes(268_435_456),
      values: bytes(268_435_456),
    }),
  },
  "map.lookup": {
    params: z.strictObject({ map: handle, key: bytes(65_536) }),
    result: z.object({ value: z.nullable(bytes(4_194_304)) }),
  },
  "map.update": {
    params: z.strictObject({ map: handle, key: bytes(65_536), value: bytes(4_194_304) }),
    result: nothing,
  },
  "map.delete": {
    params: z.strictObject({ map: handle, key: bytes(65_536) }),
    result: z.object({ wasPresent: z.boolean() }),
  },
  /** Runs a raw tracepoint program, once unless said. */
  "program.run": {
    params: z.strictObject({
      program: handle,
      times: z.optional(u32.check(z.gte(1), z.lte(mostRuns))),
    }),
    result: z.object({ returnValue: u32 }),
  },
  /** Run and miss counts of programs (bpf_prog_info), in the order asked. */
  "program.statistics": {
    params: z.strictObject({ programs: z.array(handle).check(z.maxLength(4096)) }),
    result: z.object({
      programs: z.array(
        z.object({
          recursionMisses: u64,
          /** Counted while `session.countRunTime` is in force. */
          runCount: u64,
          runTimeNanoseconds: u64,
          verifiedInstructions: u32,
          translatedSizeBytes: u32,
        }),
      ),
    }),
  },
  /** Runs an iterator's program over all that it iterates, and gives what it writes: a text, most of the time. */
  "iterator.read": {
    params: z.strictObject({ attachment: handle, limitBytes: u32.check(z.lte(16_777_216)) }),
    /** `isEnd`: it wrote no more than that. */
    result: z.object({ data: bytes(16_777_216), isEnd: z.boolean() }),
  },
  /** Disables every attachment of the session, so that nothing more is recorded; what was recorded stays readable. */
  "session.disable": { params: noParams, result: nothing },
  /**
   * From here on until the session ends, or what it made is cleared, the kernel measures how long programs run
   * (BPF_ENABLE_STATS, since 5.8), which itself takes each run some 20 ns.
   */
  "session.countRunTime": { params: noParams, result: nothing },
  /**
   * Sends what the buffer still holds (as credit allows); `positions` is where the stream will then stand, one for each
   * channel (a ring buffer has one, a perf event array one for each CPU), `lost` the records the kernel side counted.
   */
  "stream.flush": {
    params: z.strictObject({ stream: handle }),
    result: z.object({ positions: z.array(u64), lost: u64 }),
  },
  /** Closes everything of the session, newest first; the reply comes when nothing is left. */
  "session.close": { params: noParams, result: nothing },
  /** Ends the agent, if it was started so that hosts may; refused while others have sessions there unless `force` is set. */
  "agent.stop": { params: z.strictObject({ force: z.boolean() }), result: nothing },
  /**
   * Starts a program in a process group of its own, where the agent lets hosts do so; it ends with the session. One that
   * `waits` is a process already, and becomes the program with `process.go`.
   */
  "process.start": {
    params: z.strictObject({
      argv: z.array(text(65_536)).check(z.minLength(1), z.maxLength(1024)),
      waits: z.boolean(),
    }),
    result: z.object({ pid: u32 }),
  },
  "process.go": { params: z.strictObject({ pid: u32 }), result: nothing },
  /** What a program has written since it was last asked; answered when there is something, or when it has ended. */
  "process.read": {
    params: z.strictObject({ pid: u32 }),
    result: z.object({
      output: bytes(4_194_304),
      errors: bytes(4_194_304),
      /** `signal` is the name of the one that ended it, else "". */
      end: z.nullable(z.object({ code: u32, signal: text(16) })),
    }),
  },
  /** A part of a file on the allow-list. `limitBytes` at most; fewer at the end of the file. */
  "file.read": {
    params: z.strictObject({ path, offset: u64, limitBytes: u32.check(z.lte(16_777_216)) }),
    result: z.object({ data: bytes(16_777_216), isEnd: z.boolean() }),
  },
  /** The lines of a text file on the allow-list that match a pattern with * and ?, each with its newline. */
  "file.lines": {
    params: z.strictObject({ path, pattern: text(512) }),
    result: z.object({ lines: bytes(4_194_304) }),
  },
  /** Names in a directory on the allow-list, sorted. */
  "file.list": {
    params: z.strictObject({ path }),
    result: z.object({ names: z.array(text(255)) }),
  },
  /** What a path is once its links are followed, for a file on the allow-list; `null` when there is none. */
  "file.stat": {
    params: z.strictObject({ path }),
    result: z.object({
      file: z.nullable(z.object({ path, sizeBytes: u64, modified: u64, device: u64, inode: u64 })),
    }),
  },
  /**
   * What has come to tracefs' trace_pipe, which the session has open from the first request on; nothing when nothing comes
   * in `waitMilliseconds`. Whoever reads takes: what is in an answer is not there any more.
   */
  "tracePipe.read": {
    params: z.strictObject({
      limitBytes: u32.check(z.gte(1), z.lte(65_536)),
      waitMilliseconds: u32.check(z.lte(10_000)),
    }),
    result: z.object({ data: bytes(65_536) }),
  },
  /**
   * Some of the kernel's types, where all of them (`file.read`, 5 MB) are too many for the line. Types are cut off at
   * structs, unions, enums and prototypes that are not asked for: they come by name and size.
   */
  "btf.types": { params: btfTypesParams, result: btfTypesResult },
  /** The library that the kernel maps into processes of the agent's word size, an ELF file; empty where there is none. */
  "vdso.read": { params: noParams, result: z.object({ image: bytes(65_536) }) },
  /** Some of the kernel's symbols, where all of them (/proc/kallsyms, 5 MB) are too many for the line. */
  "symbols.kernel": {
    params: z.strictObject({
      addresses: z.array(u64).check(z.maxLength(1024)),
      names: z.array(text(512)).check(z.maxLength(256)),
    }),
    result: z.object({
      /** All addresses are zero there: the agent may not see them (kernel.kptr_restrict). */
      isHidden: z.boolean(),
      /** In which each address lies; null when in none. `module` is "" for the kernel itself. */
      symbols: z.array(z.nullable(z.object({ name: text(512), offset: u64, module: text(64) }))),
      /** Where the first symbol of each name is, data too; 0 when there is none. */
      addresses: z.array(u64),
    }),
  },
} as const satisfies Record<string, { params: z.ZodMiniType; result: z.ZodMiniType }>;

export type MethodName = keyof typeof methods;
export type Params<M extends MethodName> = z.input<(typeof methods)[M]["params"]>;
export type ParsedParams<M extends MethodName> = z.output<(typeof methods)[M]["params"]>;
export type Result<M extends MethodName> = z.output<(typeof methods)[M]["result"]>;
export type ResultInput<M extends MethodName> = z.input<(typeof methods)[M]["result"]>;
