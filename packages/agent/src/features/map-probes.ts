import {
  BPF_F_MMAPABLE,
  BPF_F_NO_PREALLOC,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_RINGBUF,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from "../kernel/uapi.js";
import { type MapAttributes } from "../kernel/bpf.js";
import { answerOf, answerOfCreation, defineProbe, type ProbeAnswer } from "./probe.js";
import { type Target } from "./target.js";
import { exit, loadMap, move, tryProgram } from "./trial-program.js";

const createMap = "bpf(BPF_MAP_CREATE)";
const refusal = { supported: [], unsupported: ["EINVAL", "ENOTSUPP", "EOPNOTSUPP"] } as const;

const oneValue: MapAttributes = {
  name: "sonde_probe",
  type: BPF_MAP_TYPE_ARRAY,
  keySizeBytes: 4,
  valueSizeBytes: 8,
  maxEntries: 1,
  flags: 0,
};

/** Asks something of a map that exists only meanwhile. */
function withMap(
  target: Target,
  attributes: Partial<MapAttributes>,
  ask: (map: number) => ProbeAnswer,
): ProbeAnswer {
  const { kernel, bpf } = target;
  const map = bpf.createMap({ ...oneValue, ...attributes });
  if (map < 0) return answerOf(kernel, createMap, map, { supported: [], unsupported: [] });
  try {
    return ask(map);
  } finally {
    kernel.call("close", map);
  }
}

function tryMap(target: Target, attributes: Partial<MapAttributes>): ProbeAnswer {
  const map = target.bpf.createMap({ ...oneValue, ...attributes });
  return answerOfCreation(target.kernel, createMap, map, refusal);
}

export const mapProbes = [
  defineProbe({
    name: "ringbuf",
    since: "5.8",
    run: (target) =>
      tryMap(target, {
        type: BPF_MAP_TYPE_RINGBUF,
        keySizeBytes: 0,
        valueSizeBytes: 0,
        maxEntries: target.pageSize,
      }),
  }),
  defineProbe({
    name: "map_mmapable",
    since: "5.5",
    run: (target) => tryMap(target, { flags: BPF_F_MMAPABLE }),
  }),
  defineProbe({
    name: "map_value_pointer",
    since: "5.2",
    run: (target) =>
      withMap(target, {}, (map) =>
        tryProgram(target, [...loadMap(1, BPF_PSEUDO_MAP_VALUE, map), move(0, 0), exit]),
      ),
  }),
  defineProbe({
    name: "map_batch",
    since: "5.6",
    run({ bpf, kernel }) {
      // batch.map_fd
      const result = bpf.askForCommand(BPF_MAP_LOOKUP_BATCH, 36);
      const meaning = { supported: ["EBADF"], unsupported: ["EINVAL"] } as const;
      return answerOf(kernel, "bpf(BPF_MAP_LOOKUP_BATCH)", result, meaning);
    },
  }),
  defineProbe({
    name: "map_lookup_and_delete",
    since: "5.14",
    run: (target) =>
      withMap(target, { type: BPF_MAP_TYPE_HASH }, (map) => {
        const { bpf, kernel } = target;
        const result = bpf.lookupAndDelete(map, new Uint8Array(4), new Uint8Array(8));
        const meaning = { supported: ["ENOENT"], unsupported: ["EINVAL", "ENOTSUPP"] } as const;
        return answerOf(kernel, "bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM)", result, meaning);
      }),
  }),
  defineProbe({
    // Before it, the verifier refuses such a map in a program that runs in an NMI.
    name: "hash_without_preallocation",
    since: "6.1",
    run: (target) =>
      withMap(target, { type: BPF_MAP_TYPE_HASH, flags: BPF_F_NO_PREALLOC }, (map) =>
        tryProgram(
          target,
          [...loadMap(1, BPF_PSEUDO_MAP_FD, map), move(0, 0), exit],
          BPF_PROG_TYPE_PERF_EVENT,
        ),
      ),
  }),
] as const;
