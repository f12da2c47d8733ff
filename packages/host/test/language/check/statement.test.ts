import { describe, expect, test } from "@jest/globals";
import { requireProgram } from "./check-source.js";
import { printChecked, printCheckedStatement, printType } from "./print-checked.js";

/** The statements of the last probe. */
function statements(body: string, probe = "BEGIN"): string[] {
  const program = requireProgram(`${probe} { ${body} }`);
  return program.probes.at(-1)?.body.map(printCheckedStatement) ?? [];
}

describe("statements", () => {
  const cases: { body: string; expected: string[] }[] = [
    { body: "$x = 1; @a = $x", expected: ["(= $0:s8 1:s64)", "(= (map 0):s8 $0:s8)"] },
    { body: "$x = pid; $x += 2", expected: ["(= $0:u64 pid:u32)", "(add= $0:u64 2:s64)"] },
    {
      body: "let $x: uint8 = 255; @ = $x",
      expected: ["(= $0:u8 255:s64)", "(= (map 0):u8 $0:u8)"],
    },
    { body: "let $x; $x = pid", expected: ["(= $0:u32 0:u32)", "(= $0:u32 pid:u32)"] },
    {
      body: "@ = { let $x = pid; $x++; $x }",
      expected: ["(= (map 0):u64 {(= $0:u64 pid:u32); (update $0:u64 1 old):u64; $0:u64}:u64)"],
    },
    { body: "@ = { pid }", expected: ["(= (map 0):u32 pid:u32)"] },
    {
      body: "@ = pid ?: 7",
      expected: ["(= (map 0):u32 {(= $0:u32 pid:u32); (if $0:u32 $0:u32 7:s64):u32}:u32)"],
    },
    { body: "@ = 0 ?: 7", expected: ["(= (map 0):s8 7:s64)"] },
    {
      body: "@ = if pid { 1 } else { 2 }",
      expected: ["(= (map 0):s8 (if pid:u32 1:s64 2:s64):s8)"],
    },
    {
      body: "$r = (a=1, b=comm); @ = $r.b",
      expected: [
        "(= $0:(a=s8,b=str16) (tuple 1:s64 comm:str16):(a=s8,b=str16))",
        "(= (map 0):str16 (@1 $0:(a=s8,b=str16)):str16)",
      ],
    },
    {
      body: "$r = (a=1, b=2); $r = (b=3, a=4)",
      expected: [
        "(= $0:(a=s8,b=s8) (tuple 1:s64 2:s64):(a=s8,b=s8))",
        "(= $0:(a=s8,b=s8) (tuple 4:s64 3:s64):(a=s8,b=s8))",
      ],
    },
    {
      body: "$p = curtask; $p++; $p -= 2",
      expected: [
        "(= $0:kernel* curtask:kernel*)",
        "(update $0:kernel* 104 old):kernel*",
        "(subtract= $0:kernel* 208:s64)",
      ],
    },
    { body: "_ = nsecs", expected: ["nsecs:u64"] },
    {
      body: "for ($i : 0..pid) { if ($i) { break } continue }",
      expected: ["(for $0 0:s64 pid:u32 {(if $0:s64 {(break)} {}); (continue)})"],
    },
    { body: "while (0) { @++ } for ($i : 3..3) { @++ }", expected: [] },
    { body: "while (true) { @++ }", expected: ["(while 1:bool {(update (map 0):s64 1 old):s64})"] },
    {
      body: "@a[1, comm] = pid; for ($kv : @a) { @b = $kv.1; @c = $kv.0.1; @d = $kv }",
      expected: [
        "(= (map 0 1:s64 comm:str16):u32 pid:u32)",
        "(for $0 (map 0) {(= (map 1):u32 (@20 $0:((s8,str16),u32)):u32); (= (map 2):str16 (@1 (@0 $0:((s8,str16),u32)):(s8,str16)):str16); (= (map 3):((s8,str16),u32) $0:((s8,str16),u32))})",
      ],
    },
    { body: "return pid", expected: ["pid:u32", "(return)"] },
    {
      body: "{ @x++; @y-- }",
      expected: ["(update (map 0):s64 1 old):s64", "(update (map 1):s64 -1 old):s64"],
    },
    {
      body: 'let $x: string = comm; $x = "a"',
      expected: ["(= $0:str1025 comm:str16)", '(= $0:str1025 "a":str2)'],
    },
    { body: "let $x; $x = comm", expected: ["(= $0:str16 comm:str16)"] },
    {
      body: "@x++; --@y[1]",
      expected: ["(update (map 0):s64 1 old):s64", "(update (map 1 1:s64):s64 -1 new):s64"],
    },
    {
      body: "$i = 0; $j = $i++",
      expected: ["(= $0:s64 0:s64)", "(= $1:s64 (update $0:s64 1 old):s64)"],
    },
    {
      body: "@ += 5; @ <<= 1",
      expected: ["(add= (map 0):s64 5:s64)", "(shiftLeft= (map 0):s64 1:s64)"],
    },
    { body: "@b = 1; @a = @b", expected: ["(= (map 1):s8 1:s64)", "(= (map 0):s8 (get 1):s8)"] },
    {
      body: "if (pid) { @ = 1 } else { @ = 2 }",
      expected: ["(if pid:u32 {(= (map 0):s8 1:s64)} {(= (map 0):s8 2:s64)})"],
    },
    { body: "if (0) { @ = 1 } else { @ = 2 }", expected: ["(= (map 0):s8 2:s64)"] },
    {
      body: "pid ? exit() : clear(@); @ = 1",
      expected: ["(if pid:u32 {(record 0 0:u32 control)} {(control 1)})", "(= (map 0):s8 1:s64)"],
    },
    {
      body: "unroll(3) { @++ } return",
      expected: ["(unroll 3 {(update (map 0):s64 1 old):s64})", "(return)"],
    },
    {
      body: "@[pid] = count(); @b = sum(nsecs - 1)",
      expected: ["(aggregate 0 [pid:u32])", "(aggregate 1 [] (subtract nsecs:u64 1:s64):s64)"],
    },
    { body: "@ = hist(nsecs, 2)", expected: ["(aggregate 0 [] nsecs:u64)"] },
    {
      body: "@[1] = 2; delete(@[1]); delete(@, 1); delete(@, (1))",
      expected: [
        "(= (map 0 1:s64):s8 2:s64)",
        "(delete 0 1:s64)",
        "(delete 0 1:s64)",
        "(delete 0 1:s64)",
      ],
    },
    { body: "@ = 1; delete(@)", expected: ["(= (map 0):s8 1:s64)", "(delete 0)"] },
    { body: "@ = count(); delete(@)", expected: ["(aggregate 0 [])", "(delete 0)"] },
    {
      body: "@[pid, comm] = 1; if (has_key(@, (1, comm))) { exit(3) }",
      expected: [
        "(= (map 0 pid:u32 comm:str16):s8 1:s64)",
        "(if (has 0 1:s64 comm:str16):bool {(record 0 3:s64 control)} {})",
      ],
    },
    {
      body: 'printf("a"); printf("%d %s", pid, comm)',
      expected: ["(record 0)", "(record 1 pid:u32 comm:str16)"],
    },
    {
      body: "print(pid); print((1, comm)); print(comm)",
      expected: [
        "(record 0 pid:u32)",
        "(record 1 (tuple 1:s64 comm:str16):(s8,str16))",
        "(record 2 comm:str16)",
      ],
    },
    { body: 'time(); time("%H"); time()', expected: ["(control 0)", "(control 1)", "(control 0)"] },
    { body: 'emit("e", "a", pid)', expected: ["(record 0 pid:u32)"] },
    {
      body: '$t = (1, "a"); $t = (pid, comm); @ = $t',
      expected: [
        '(= $0:(s64,str16) (tuple 1:s64 "a":str2):(s64,str16))',
        "(= $0:(s64,str16) (tuple pid:u32 comm:str16):(s64,str16))",
        "(= (map 0):(s64,str16) $0:(s64,str16))",
      ],
    },
  ];
  test.each(cases)("$body", ({ body, expected }) => {
    expect(statements(body)).toEqual(expected);
  });

  test("join reads an array of pointers of the caller's", () => {
    expect(statements("join(args.argv)", "t:syscalls:sys_enter_execve")).toEqual([
      "(record 0 (list ctx@24+8:user* user))",
    ]);
  });

  test("a tuple that is too narrow for its place is taken apart", () => {
    const source = 'BEGIN { $a = (1, "x"); $b = $a; $b = (1, comm); }';
    const body = requireProgram(source).probes[0]?.body.map(printCheckedStatement);
    expect(body?.[1]).toBe(
      "(= $1:(s8,str16) (tuple (@0 $0:(s8,str2)):s8 (@1 $0:(s8,str2)):str2):(s8,str16))",
    );
  });
});

test("a tuple as the only key stands for its elements, wherever it comes from", () => {
  const keys = '1:s64 "x":str2';
  expect(statements('@[1, "x"] = 1; @[(1, "x")] = 1; $t = (1, "x"); @[$t] = 1')).toEqual([
    `(= (map 0 ${keys}):s8 1:s64)`,
    `(= (map 0 ${keys}):s8 1:s64)`,
    `(= $0:(s8,str2) (tuple ${keys}):(s8,str2))`,
    "(= (map 0 (@0 $0:(s8,str2)):s8 (@1 $0:(s8,str2)):str2):s8 1:s64)",
  ]);
});

describe("variables", () => {
  test("an inner block has its own, and sees the outer ones", () => {
    const body = "$x = 1; if (pid) { $x = 2; $y = 3; } if (tid) { $y = comm; } { let $z = comm; }";
    const [probe] = requireProgram(`BEGIN { ${body} }`).probes;
    expect(probe?.scratches.map(({ name, type }) => `${name}:${printType(type)}`)).toEqual([
      "x:s8",
      "y:s8",
      "y:str16",
      "z:str16",
    ]);
  });

  test("each probe of a block has its own", () => {
    const { probes } = requireProgram("BEGIN, END { $x = probe; }");
    expect(probes.map(({ scratches }) => scratches.length)).toEqual([1, 1]);
  });

  test("a later assignment makes a string's room larger", () => {
    const [probe] = requireProgram('BEGIN { $x = "a"; $y = $x; $x = comm; }').probes;
    expect(probe?.scratches.map(({ type }) => printType(type))).toEqual(["str16", "str16"]);
  });
});

test("probe and func are names, one for each place that a block is attached to", () => {
  const source = 'uprobe:libc:malloc* { printf("%s %s", probe, func); }';
  const { probes, layout } = requireProgram(source);
  const values = probes.flatMap(({ body }) =>
    body.map((statement) =>
      statement.kind === "record" ? statement.values.map(printChecked) : [],
    ),
  );
  expect(values).toEqual([
    ["0:name", "1:name"],
    ["2:name", "3:name"],
  ]);
  expect(layout.names).toEqual([
    "uprobe:/usr/lib/libc.so.6:malloc",
    "malloc",
    "uprobe:/usr/lib/libc.so.6:malloc_usable_size",
    "malloc_usable_size",
  ]);
  expect(layout.records).toHaveLength(1);
});

test("elapsed is noticed", () => {
  expect(requireProgram("BEGIN { @ = elapsed }").usesElapsed).toBe(true);
  expect(requireProgram("BEGIN { @ = nsecs }").usesElapsed).toBe(false);
});
