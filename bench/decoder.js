// node bench/decoder.js: records a second through the host's decoder alone, without a kernel, an agent or an output.
// `printf("%d %s %llu\n", pid, comm, nsecs)`, spans of 256 kB as they come from a ring buffer. After `npm run build`.
import { createRecordDecoder } from "../packages/host/dist/output/record-decoder.js";
import { RingCursor } from "../packages/host/dist/output/ring-span.js";
import { utc } from "../packages/host/dist/output/strftime.js";
import { createTextRenderer } from "../packages/host/dist/output/text-renderer.js";

const recordsPerSpan = 6000;
const rounds = 100;

/** @type {import("../packages/host/dist/spec/trace-layout.js").TraceLayout} */
const layout = {
  records: [
    {
      kind: "printf",
      format: [conversion("d", ""), " ", conversion("s", ""), " ", conversion("u", "ll"), "\n"],
      fields: [
        { type: { kind: "integer", sizeBytes: 4, isSigned: false }, offset: 4 },
        { type: { kind: "string", capacityBytes: 16 }, offset: 8 },
        { type: { kind: "integer", sizeBytes: 8, isSigned: false }, offset: 16 },
      ],
      fixedSizeBytes: 24,
    },
  ],
  maps: [],
  names: [],
  probeCount: 1,
  printsMapsAtExit: true,
};

/** @type {import("../packages/host/dist/output/decode-context.js").DecodeContext} */
const context = {
  byteOrder: "little",
  architecture: "x64",
  possibleCpuCount: 1,
  realtimeMinusBoottime: 0n,
  realtimeMinusMonotonic: 0n,
  timeZone: utc,
  now: () => 0n,
  resolveKernelSymbol: () => undefined,
  resolveUserSymbol: () => undefined,
  resolveStack: () => undefined,
  resolveControlGroup: () => [],
  resolveUserName: () => undefined,
};

function conversion(/** @type {string} */ letter, /** @type {string} */ length) {
  return { flags: "", width: undefined, precision: undefined, length, conversion: letter };
}

function createSpan() {
  const records = Array.from({ length: recordsPerSpan }, (_, index) => {
    const comm = Buffer.from(`worker-${index % 100}`);
    const record = Buffer.alloc(8 + 24 + Math.ceil(comm.length / 8) * 8);
    record.writeUInt32LE(24 + comm.length, 0);
    record.writeUInt32LE(1000 + index, 12);
    record.writeUInt16LE(comm.length, 16);
    record.writeBigUInt64LE(1_234_567_890_123_456n + BigInt(index), 24);
    comm.copy(record, 32);
    return record;
  });
  return new Uint8Array(Buffer.concat(records));
}

const span = createSpan();
const cursor = new RingCursor("little");
const decoder = createRecordDecoder(layout, context);
const renderer = createTextRenderer(layout, context);

/** Records a second of CPU time, warmed up. */
function measure(/** @type {() => number} */ visit) {
  let sum = 0;
  let start = process.cpuUsage();
  for (let round = -rounds / 4; round < rounds; round++) {
    if (round === 0) start = process.cpuUsage();
    cursor.reset(span);
    while (cursor.next()) sum += visit();
  }
  const { user, system } = process.cpuUsage(start);
  if (sum === 0) throw new RangeError("nothing was visited");
  return (recordsPerSpan * rounds) / ((user + system) / 1e6);
}

const rates = {
  "walk the span": measure(() => cursor.length),
  "decode and format": measure(() => {
    const record = decoder.decode(cursor.bytes, cursor.offset, cursor.length);
    return record.kind === "printf" ? record.text.length : 0;
  }),
  "render as text": measure(() => {
    renderer.render(cursor.bytes, cursor.offset, cursor.length);
    return renderer.pendingSizeBytes > 60_000 ? renderer.take().length : 0;
  }),
};
for (const [name, rate] of Object.entries(rates)) {
  console.log(`${name.padEnd(20)}${(rate / 1e6).toFixed(2).padStart(8)} million records/s`);
}
