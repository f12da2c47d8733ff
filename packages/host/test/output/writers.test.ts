import { describe, expect, test } from "@jest/globals";
import { JsonWriter } from "../../src/output/json-writer.js";
import { TextWriter } from "../../src/output/text-writer.js";
import { type MapEvent } from "../../src/output/trace-writer.js";
import { type MapValue, type TraceEvent, type Value } from "../../src/output/value.js";
import { type StackMode } from "../../src/spec/value-type.js";
import { capture, integer, string } from "./support.js";

function mapOf(
  name: string,
  ...entries: readonly (readonly [readonly Value[], MapValue])[]
): MapEvent {
  return {
    kind: "map",
    name,
    entries: entries.map(([key, value]) => ({ key, value })),
    isAggregation: true,
  };
}

const number = (value: bigint): MapValue => ({ kind: "number", value });
const tuple: Value = { kind: "tuple", elements: [integer(1n), string("two"), integer(-3n)] };
function stackOf(space: "kernel" | "user", mode: StackMode): Value {
  const frames = [
    { address: 0xffff0004n, symbol: { name: "vfs_read", offset: 4n } },
    { address: 0xffff0010n, symbol: { name: "vfs_read", offset: 16n, file: "/bin/app" } },
    { address: 0xffff9999n, symbol: undefined },
  ];
  return { kind: "stack", space, mode, frames };
}
const histogram: MapValue = {
  kind: "histogram",
  isLinear: false,
  buckets: [
    { low: undefined, high: -1n, count: 1n },
    { low: 0n, high: 0n, count: 1n },
    { low: 1n, high: 1n, count: 0n },
    { low: 2n, high: 3n, count: 2n },
  ],
};

const cases: readonly {
  name: string;
  event: TraceEvent;
  text: string;
  notice?: string;
  json: string;
}[] = [
  {
    name: "printf",
    event: { kind: "printf", text: '0 "\\\n\t\u0001', args: [] },
    text: '0 "\\\n\t\u0001',
    json: '{"type": "printf", "data": "0 \\"\\\\\\n\\t\\u0001"}',
  },
  {
    name: "time",
    event: { kind: "time", text: "09:06:12\n" },
    text: "09:06:12\n",
    json: '{"type": "time", "data": "09:06:12\\n"}',
  },
  {
    name: "join",
    event: { kind: "join", text: "ls -l" },
    text: "ls -l\n",
    json: '{"type": "join", "data": "ls -l"}',
  },
  {
    name: "a kernel stack",
    event: { kind: "value", value: stackOf("kernel", "bpftrace") },
    text: "\n        vfs_read+4\n        vfs_read+16\n        0xffff9999\n\n",
    json: '{"type": "value", "data": "\\n        vfs_read+4\\n        vfs_read+16\\n        0xffff9999\\n"}',
  },
  {
    name: "a stack with addresses",
    event: { kind: "value", value: stackOf("kernel", "perf") },
    text: "\n\tffff0004 vfs_read+4\n\tffff0010 vfs_read+16\n\tffff9999 0xffff9999\n\n",
    json: '{"type": "value", "data": "\\n\\tffff0004 vfs_read+4\\n\\tffff0010 vfs_read+16\\n\\tffff9999 0xffff9999\\n"}',
  },
  {
    name: "a user stack with addresses and files",
    event: { kind: "value", value: stackOf("user", "perf") },
    text: "\n\tffff0004 vfs_read+4 ([unknown])\n\tffff0010 vfs_read+16 (/bin/app)\n\tffff9999 0xffff9999 ([unknown])\n\n",
    json: '{"type": "value", "data": "\\n\\tffff0004 vfs_read+4 ([unknown])\\n\\tffff0010 vfs_read+16 (/bin/app)\\n\\tffff9999 0xffff9999 ([unknown])\\n"}',
  },
  {
    name: "bare addresses",
    event: { kind: "value", value: stackOf("user", "raw") },
    text: "\nffff0004\nffff0010\nffff9999\n\n",
    json: '{"type": "value", "data": "\\nffff0004\\nffff0010\\nffff9999\\n"}',
  },
  {
    name: "stacks in keys, an empty one among them",
    event: mapOf(
      "@s",
      [[{ kind: "stack", space: "user", mode: "bpftrace", frames: [] }], number(43n)],
      [[stackOf("kernel", "bpftrace"), string("cat")], number(1n)],
    ),
    text: "@s[]: 43\n@s[\n        vfs_read+4\n        vfs_read+16\n        0xffff9999\n, cat]: 1\n",
    json: '{"type": "map", "data": {"@s": {"": 43, "\\nvfs_read+4\\nvfs_read+16\\n0xffff9999\\n,cat": 1}}}',
  },
  {
    name: "a stack as a value",
    event: mapOf("@s", [[], { kind: "plain", value: stackOf("kernel", "bpftrace") }]),
    text: "@s: \n        vfs_read+4\n        vfs_read+16\n        0xffff9999\n\n",
    json: '{"type": "map", "data": {"@s": "\\n        vfs_read+4\\n        vfs_read+16\\n        0xffff9999\\n"}}',
  },
  {
    name: "number",
    event: { kind: "value", value: integer(5n) },
    text: "5\n",
    json: '{"type": "value", "data": 5}',
  },
  {
    name: "number that no double holds",
    event: { kind: "value", value: integer((1n << 53n) + 1n) },
    text: "9007199254740993\n",
    json: '{"type": "value", "data": "9007199254740993"}',
  },
  {
    name: "number that a double holds",
    event: { kind: "value", value: integer(1n << 63n) },
    text: "9223372036854775808\n",
    json: '{"type": "value", "data": 9223372036854775808}',
  },
  {
    name: "pointer",
    event: { kind: "value", value: { kind: "pointer", value: 255n } },
    text: "0xff\n",
    json: '{"type": "value", "data": 255}',
  },
  {
    name: "boolean",
    event: { kind: "value", value: { kind: "boolean", value: false } },
    text: "false\n",
    json: '{"type": "value", "data": false}',
  },
  {
    name: "tuple",
    event: { kind: "value", value: tuple },
    text: "(1, two, -3)\n",
    json: '{"type": "value", "data": [1,"two",-3]}',
  },
  {
    name: "cut string",
    event: { kind: "value", value: string("abc", true) },
    text: "abc..\n",
    json: '{"type": "value", "data": "abc.."}',
  },
  {
    name: "map without keys",
    event: mapOf("@m", [[], number(3n)]),
    text: "@m: 3\n",
    json: '{"type": "map", "data": {"@m": 3}}',
  },
  {
    name: "string in a map",
    event: mapOf("@s", [[], { kind: "plain", value: string("x") }]),
    text: "@s: x\n",
    json: '{"type": "map", "data": {"@s": "x"}}',
  },
  {
    name: "map with keys",
    event: mapOf(
      "@k",
      [[integer(1n), string("a b")], number(1n)],
      [[integer(2n), string("b")], number(2n)],
    ),
    text: "@k[1, a b]: 1\n@k[2, b]: 2\n",
    json: '{"type": "map", "data": {"@k": {"1,ab": 1, "2,b": 2}}}',
  },
  {
    name: "map with a tuple as its key",
    event: mapOf("@t", [[tuple], { kind: "plain", value: tuple }]),
    text: "@t[1, two, -3]: (1, two, -3)\n",
    json: '{"type": "map", "data": {"@t": {"1,two,-3": [1,"two",-3]}}}',
  },
  { name: "empty map", event: mapOf("@e"), text: "", json: "" },
  {
    name: "average",
    event: mapOf("@a", [[], { kind: "average", count: 2n, total: 3n, average: 1n }]),
    text: "@a: 1\n",
    json: '{"type": "stats", "data": {"@a": 1}}',
  },
  {
    name: "statistics",
    event: mapOf("@st", [[integer(1n)], { kind: "statistics", count: 3n, average: 1n, total: 3n }]),
    text: "@st[1]: { .count = 3, .average = 1, .total = 3 }\n",
    json: '{"type": "stats", "data": {"@st": {"1": {"count": 3, "average": 1, "total": 3}}}}',
  },
  {
    name: "histogram",
    event: mapOf("@h", [[], histogram]),
    text: [
      "@h:",
      "(..., 0)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
      "[0]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
      "[1]                    0 |                                                    |",
      "[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
      "\n",
    ].join("\n"),
    json: '{"type": "hist", "data": {"@h": [{"max": -1, "count": 1},{"min": 0, "max": 0, "count": 1},{"min": 1, "max": 1, "count": 0},{"min": 2, "max": 3, "count": 2}]}}',
  },
  {
    name: "histogram by key",
    event: mapOf("@h", [
      [integer(7n)],
      {
        kind: "histogram",
        isLinear: true,
        step: 5n,
        buckets: [{ low: 10n, high: undefined, count: 1n }],
      },
    ]),
    text: `@h[7]:\n[10, ...)              1 |${"@".repeat(52)}|\n\n`,
    json: '{"type": "hist", "data": {"@h": {"7": [{"min": 10, "count": 1}]}}}',
  },
  {
    name: "tool's record",
    event: { kind: "event", name: "open", fields: { pid: integer(3n), path: string("/etc") } },
    text: "open pid=3 path=/etc\n",
    json: '{"type": "event", "name": "open", "data": {"pid": 3, "path": "/etc"}}',
  },
  {
    name: "one probe",
    event: { kind: "attached", probes: 1 },
    text: "",
    notice: "Attached 1 probe\n",
    json: '{"type": "attached_probes", "count": 1, "data": {"probes": 1}}',
  },
  {
    name: "two probes",
    event: { kind: "attached", probes: 2 },
    text: "",
    notice: "Attached 2 probes\n",
    json: '{"type": "attached_probes", "count": 2, "data": {"probes": 2}}',
  },
  {
    name: "loss",
    event: { kind: "lost", count: 12n },
    text: "",
    notice: "Lost 12 events\n",
    json: '{"type": "lost_events", "data": {"events": 12}}',
  },
];

describe("TextWriter", () => {
  test.each(cases)("writes a $name", ({ event, text, notice = "" }) => {
    const captured = capture((sink) => new TextWriter(sink));
    captured.writer.event(event);
    expect(captured.output()).toBe(text);
    expect(captured.notices()).toBe(notice);
  });

  test("ends with two newlines and the maps", () => {
    const captured = capture((sink) => new TextWriter(sink));
    captured.writer.end([
      mapOf("@", [[], number(1n)]),
      mapOf("@e"),
      mapOf("@h", [[], histogram]),
      mapOf("@x", [[], number(2n)]),
    ]);
    expect(captured.output()).toMatch(/^\n\n@: 1\n@h:\n(.*\|\n){4}\n@x: 2\n$/);
  });
});

describe("JsonWriter", () => {
  test.each(cases)("writes a $name as a line of JSON", ({ event, json }) => {
    const captured = capture((sink) => new JsonWriter(sink));
    captured.writer.event(event);
    expect(captured.output()).toBe(json === "" ? "" : `${json}\n`);
    expect(captured.notices()).toBe("");
    if (json !== "") expect(JSON.parse(captured.output())).toHaveProperty("type");
  });

  test("ends with the maps alone", () => {
    const captured = capture((sink) => new JsonWriter(sink));
    captured.writer.end([mapOf("@e"), mapOf("@x", [[], number(2n)])]);
    expect(captured.output()).toBe('{"type": "map", "data": {"@x": 2}}\n');
  });
});
