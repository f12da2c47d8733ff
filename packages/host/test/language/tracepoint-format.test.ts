import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  parseTracepointFormat,
  significantBytes,
  type TracepointField,
} from "../../src/language/tracepoint-format.js";
import { readFormat } from "./formats/read-format.js";

/** A field as "name@offset+size shape". */
function show(field: TracepointField): string {
  const { shape } = field;
  const place = `${field.name}@${field.offset}+${field.sizeBytes}`;
  const integer = (type: { isSigned: boolean; sizeBytes?: number }): string =>
    `${type.isSigned ? "signed" : "unsigned"}${type.sizeBytes ?? ""}`;
  switch (shape.kind) {
    case "integer":
      return `${place} ${integer(shape)}`;
    case "pointer":
      return `${place} pointer${shape.target === undefined ? "" : ` to ${integer(shape.target)}`}`;
    case "array":
      return `${place} ${shape.length} of ${integer(shape.element)}`;
    case "dataLocation":
      return `${place} ${shape.isRelative ? "relative" : "absolute"} location`;
    default:
      return `${place} ${shape.kind}`;
  }
}

const fieldsOf = (name: string): string[] =>
  parseTracepointFormat(readFormat(name) ?? "").map(show);

describe("recorded formats", () => {
  const cases: { name: string; expected: string[] }[] = [
    {
      name: "syscalls:sys_enter_openat",
      expected: [
        "__syscall_nr@8+4 signed",
        "dfd@16+8 signed",
        "filename@24+8 pointer to signed1",
        "flags@32+8 signed",
        "mode@40+8 unsigned",
      ],
    },
    { name: "syscalls:sys_exit_openat", expected: ["__syscall_nr@8+4 signed", "ret@16+8 signed"] },
    {
      name: "syscalls:sys_enter_execve",
      expected: [
        "__syscall_nr@8+4 signed",
        "filename@16+8 pointer to signed1",
        "argv@24+8 pointer",
        "envp@32+8 pointer",
      ],
    },
    {
      name: "syscalls:sys_enter_kill",
      expected: ["__syscall_nr@8+4 signed", "pid@16+8 signed", "sig@24+8 signed"],
    },
    {
      name: "sched:sched_switch",
      expected: [
        "prev_comm@8+16 string",
        "prev_pid@24+4 signed",
        "prev_prio@28+4 signed",
        "prev_state@32+8 signed",
        "next_comm@40+16 string",
        "next_pid@56+4 signed",
        "next_prio@60+4 signed",
      ],
    },
    {
      name: "sched:sched_process_exec",
      expected: ["filename@8+4 absolute location", "pid@12+4 signed", "old_pid@16+4 signed"],
    },
    { name: "raw_syscalls:sys_enter", expected: ["id@8+8 signed", "args@16+48 6 of unsigned8"] },
    {
      name: "block:block_rq_issue",
      expected: [
        "dev@8+4 unsigned",
        "sector@16+8 unsigned",
        "nr_sector@24+4 unsigned",
        "bytes@28+4 unsigned",
        "ioprio@32+2 unsigned",
        "rwbs@34+10 string",
        "comm@44+16 string",
        "cmd@60+4 absolute location",
      ],
    },
    {
      name: "kmem:kmem_cache_alloc",
      expected: [
        "call_site@8+8 unsigned",
        "ptr@16+8 pointer",
        "name@24+4 absolute location",
        "bytes_req@32+8 unsigned",
        "bytes_alloc@40+8 unsigned",
        "gfp_flags@48+8 unsigned",
        "node@56+4 signed",
        "accounted@60+1 unsigned",
      ],
    },
    {
      name: "net:net_dev_queue",
      expected: ["skbaddr@8+8 pointer", "len@16+4 unsigned", "name@20+4 absolute location"],
    },
    {
      name: "tcp:tcp_probe",
      expected: [
        "saddr@8+28 28 of unsigned1",
        "daddr@36+28 28 of unsigned1",
        "sport@64+2 unsigned",
        "dport@66+2 unsigned",
        "family@68+2 unsigned",
        "mark@72+4 unsigned",
        "data_len@76+2 unsigned",
        "snd_nxt@80+4 unsigned",
        "snd_una@84+4 unsigned",
        "snd_cwnd@88+4 unsigned",
        "ssthresh@92+4 unsigned",
        "snd_wnd@96+4 unsigned",
        "srtt@100+4 unsigned",
        "rcv_wnd@104+4 unsigned",
        "sock_cookie@112+8 unsigned",
        "skbaddr@120+8 pointer",
        "skaddr@128+8 pointer",
      ],
    },
    {
      name: "arm:sys_enter_openat",
      expected: [
        "__syscall_nr@8+4 signed",
        "dfd@12+4 signed",
        "filename@16+4 pointer to signed1",
        "flags@20+4 signed",
        "mode@24+4 unsigned",
      ],
    },
  ];
  test.each(cases)("$name", ({ name, expected }) => {
    expect(fieldsOf(name)).toEqual(expected);
  });

  test("every recorded format has fields, and none of the common ones", () => {
    const files = readdirSync(new URL("./formats/", import.meta.url)).filter((file) =>
      file.endsWith(".txt"),
    );
    expect(files.length).toBeGreaterThanOrEqual(12);
    for (const file of files) {
      const fields = parseTracepointFormat(readFormat(file.replace(/\.txt$/, "")) ?? "");
      expect(fields.length).toBeGreaterThan(0);
      expect(fields.filter(({ name }) => name.startsWith("common_"))).toEqual([]);
    }
  });
});

describe("single fields", () => {
  const cases: [string, string[]][] = [
    [
      "\tfield:__rel_loc char[] msg;\toffset:12;\tsize:4;\tsigned:0;",
      ["msg@12+4 relative location"],
    ],
    ["\tfield:__data_loc u64[] addrs;\toffset:12;\tsize:4;\tsigned:0;", ["addrs@12+4 opaque"]],
    ["\tfield:char comm[TASK_COMM_LEN];\toffset:8;\tsize:16;\tsigned:1;", ["comm@8+16 string"]],
    ["\tfield:struct list_head list;\toffset:8;\tsize:16;\tsigned:0;", ["list@8+16 opaque"]],
    ["\tfield:unsigned long args[];\toffset:24;\tsize:0;\tsigned:0;", ["args@24+0 opaque"]],
    ["\tfield:enum zone_type zone;\toffset:8;\tsize:4;\tsigned:0;", ["zone@8+4 unsigned"]],
    ["\tfield:void *ptr;\toffset:8;\tsize:8;\tsigned:0;", ["ptr@8+8 pointer"]],
    ["\tfield:u32 x;\toffset:8;\tsize:4;", ["x@8+4 unsigned"]],
    ['print fmt: "a", REC->a', []],
    ["\tfield:;\toffset:8;\tsize:4;\tsigned:0;", []],
  ];
  test.each(cases)("%s", (line, expected) => {
    expect(parseTracepointFormat(line).map(show)).toEqual(expected);
  });
});

test("a system call's int is the low half of its register", () => {
  const [, dfd, filename, , mode] = parseTracepointFormat(
    readFormat("syscalls:sys_enter_openat") ?? "",
  );
  const place = (field: TracepointField | undefined, byteOrder: "little" | "big"): unknown =>
    field === undefined ? undefined : significantBytes(field, byteOrder);
  expect(place(dfd, "little")).toEqual({ offset: 16, sizeBytes: 4 });
  expect(place(dfd, "big")).toEqual({ offset: 20, sizeBytes: 4 });
  expect(place(mode, "big")).toEqual({ offset: 46, sizeBytes: 2 });
  expect(place(filename, "big")).toEqual({ offset: 24, sizeBytes: 8 });
});

test("any text is read without an exception", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      parseTracepointFormat(text);
      parseTracepointFormat(`field:${text};offset:8;size:4;signed:0;`);
    }),
  );
});
