// A process of its own, so that the first time is the first: fits an object to a kernel's types and plans it, over and over, and
// prints how long each time took in milliseconds: node relocate-once.js OBJECT BTF TIMES
import { readFileSync } from "node:fs";
import { openBtf } from "../packages/host/dist/btf/btf.js";
import { buildObjectSpec, fitObject } from "../packages/host/dist/object/build-spec.js";
import { parseObject } from "../packages/host/dist/object/parse-object.js";
import { selectPrograms } from "../packages/host/dist/object/select-programs.js";
import { buildPlan } from "../packages/host/dist/session/build-plan.js";

const [object = "", btf = "", times = "1"] = process.argv.slice(2);
const bytes = readFileSync(object);
const types = readFileSync(btf);

/** @type {readonly import("../packages/host/dist/spec/target-description.js").FeatureName[]} */
const features = [
  "map_value_pointer",
  "map_mmapable",
  "probe_read_kernel",
  "program_btf",
  "btf_datasec",
  "btf_global_function",
  "btf_float",
  "btf_decl_tag",
  "btf_type_tag",
  "btf_enum64",
];

/** The kernel's types, which stay known from one object to the next. */
let kernel = openBtf(types);

async function once() {
  const file = await parseObject(bytes, "object.bpf.o");
  const selection = selectPrograms(file, {});
  const known = { types: { kernel, modules: [] }, addressOf: () => undefined };
  const { spec } = buildObjectSpec(file, selection, fitObject(file, selection, known), {
    target: { features, pageSize: 4096, byteOrder: file.byteOrder },
    settings: {
      configuration: "",
      versionCode: 0x06_00_00,
      hasAttachCookie: true,
      hasSyscallWrapper: true,
    },
    attachments: [],
  });
  return buildPlan(spec, {
    byteOrder: file.byteOrder,
    creditBytes: 1 << 20,
    gatherMilliseconds: 2,
    perfPages: 64,
    btfId: () => ({ id: 1, module: undefined }),
  });
}

for (let time = 0; time < Number(times); time++) {
  const start = performance.now();
  if (time === 0) kernel = openBtf(types);
  await once();
  console.log((performance.now() - start).toFixed(2));
}
