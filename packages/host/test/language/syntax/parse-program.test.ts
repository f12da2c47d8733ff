import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseProgram } from "../../../src/language/syntax/parse-program.js";
import { printBlock, printExpression } from "./print-tree.js";

/** Faults as "start-end message". */
function faults(source: string): string[] {
  return parseProgram(source).diagnostics.map(
    ({ span, message }) => `${span.start}-${span.end} ${message}`,
  );
}

function parseOneExpression(text: string): string {
  const { program, diagnostics } = parseProgram(`BEGIN{@=${text}}`);
  expect(diagnostics).toEqual([]);
  const [statement] = program.blocks[0]?.body.statements ?? [];
  return statement?.kind === "assignment" ? printExpression(statement.value) : "no assignment";
}

function parseBody(text: string): string {
  const { program, diagnostics } = parseProgram(`BEGIN{${text}}`);
  expect(diagnostics).toEqual([]);
  const [block] = program.blocks;
  return block === undefined ? "no block" : printBlock(block.body);
}

describe("expressions", () => {
  const cases: [string, string][] = [
    ["1+2*3", "(+ 1 (* 2 3))"],
    ["1*2+3", "(+ (* 1 2) 3)"],
    ["1-2-3", "(- (- 1 2) 3)"],
    ["(1-(2-3))", "(- 1 (- 2 3))"],
    ["1<<2+3", "(<< 1 (+ 2 3))"],
    ["1<2==3>4", "(== (< 1 2) (> 3 4))"],
    ["1&2==3", "(& 1 (== 2 3))"],
    ["1|2^3&4", "(| 1 (^ 2 (& 3 4)))"],
    ["1||2&&3|4", "(|| 1 (&& 2 (| 3 4)))"],
    ["a%b/c", "(/ (% a b) c)"],
    ["a?b:c?d:e", "(?: a b (?: c d e))"],
    ["a||b?c:d", "(?: (|| a b) c d)"],
    ["a?b?c:d:e", "(?: a (?: b c d) e)"],
    ["-1", "(- 1)"],
    ["!-~x", "(! (- (~ x)))"],
    ["-x.y", "(- (.y x))"],
    ["-a*b", "(* (- a) b)"],
    ["*p+1", "(+ (* p) 1)"],
    ["&$x", "(& $x)"],
    ["args.a.b[3]", "(index (.b (.a args)) 3)"],
    ["args->filename", "(->filename args)"],
    ["$t.0.1", "(.1 (.0 $t))"],
    ["@x++", "(_++ @x)"],
    ["--$x", "(--_ $x)"],
    ["++@x[1]", "(++_ @x[1])"],
    ["@x[pid,comm]", "@x[pid, comm]"],
    ["@x[1][2]", "(index @x[1] 2)"],
    ["f()", "(call f)"],
    ["str(args.a,10)", "(call str (.a args) 10)"],
    ["f(1,)", "(call f 1)"],
    ["(1,2)", "(tuple 1 2)"],
    ["(1,(2,3),)", "(tuple 1 (tuple 2 3))"],
    ["((1))", "1"],
    ["(uint32)x", "(cast uint32 x)"],
    ["(int8)-1", "(cast int8 (- 1))"],
    ["(uint8)a+b", "(+ (cast uint8 a) b)"],
    ["(uint8)(a+b)", "(cast uint8 (+ a b))"],
    ["(struct sock *)arg0", "(cast struct sock* arg0)"],
    ["(char **)p", "(cast char** p)"],
    ["(foo *)p", "(cast foo* p)"],
    ["(pid)", "pid"],
    ["(pid)*2", "(* pid 2)"],
    ["(unsigned long long)x", "(cast unsigned long long x)"],
    ["(int8[4])x", "(cast int8[4] x)"],
    ["(uid_t)x", "(cast uid_t x)"],
    ["(const char *)p", "(cast char* p)"],
    ["(foo)x", "(cast foo x)"],
    ["(int32[])x", "(cast int32[] x)"],
    ["(typeof($x))1", "(cast typeof($x) 1)"],
    ["offsetof(struct sock, a.b)", "(offsetof struct sock a.b)"],
    ["offsetof(*$p, a)", "(offsetof (* $p) a)"],
    ["sizeof(typeof(int8 *))", "(sizeof typeof(int8*))"],
    ["sizeof(uint64)", "(sizeof uint64)"],
    ["sizeof(struct sock *)", "(sizeof struct sock*)"],
    ["sizeof(pid)", "(call sizeof pid)"],
    ["true", "true"],
    ["$1+$#", "(+ $1 $#)"],
    ["a/b/c", "(/ (/ a b) c)"],
    ["10ms", "10000000"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(parseOneExpression(text)).toBe(expected);
  });
});

describe("statements", () => {
  const cases: [string, string][] = [
    ["", "{}"],
    ["if 1 { }; { };", "{(if 1 {}); {}}"],
    ["f();", "{(call f)}"],
    ["@a=1;$b=2", "{(= @a 1); (= $b 2)}"],
    ["@a+=1;@b<<=2;$c|=3", "{(+= @a 1); (<<= @b 2); (|= $c 3)}"],
    ["let $x", "{(let $x)}"],
    ["let $x = 1;", "{(let $x 1)}"],
    ["let $x: uint16 = 1", "{(let $x: uint16 1)}"],
    ["if (a) { f() }", "{(if a {(call f)})}"],
    ["if a == 1 { f() } else { g() }", "{(if (== a 1) {(call f)} {(call g)})}"],
    ["if(a){}else if(b){}else{c()}", "{(if a {} {(if b {} {(call c)})})}"],
    ["if (a) {} f()", "{(if a {}); (call f)}"],
    ["unroll(3) { @++ }", "{(unroll 3 {(_++ @)})}"],
    ["while ($i < 3) { $i++; break }", "{(while (< $i 3) {(_++ $i); (break)})}"],
    ["for ($kv : @m) { continue }", "{(for $kv @m {(continue)})}"],
    ["for $i : 0..10 { }", "{(for $i 0 10 {})}"],
    ["return;", "{(return)}"],
    ["return 1", "{(return 1)}"],
    ["{ f() }", "{{(call f)}}"],
    ["pid == 1 ? f() : g()", "{(?: (== pid 1) (call f) (call g))}"],
    ["/* c */ f() // d\n", "{(call f)}"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(parseBody(text)).toBe(expected);
  });
});

describe("probes", () => {
  const parts = (source: string): (string[] | string)[] => {
    const { program, diagnostics } = parseProgram(source);
    expect(diagnostics).toEqual([]);
    return program.blocks.flatMap((block) => [
      ...block.attachPoints.map((attachPoint) => attachPoint.parts.map(({ text }) => text)),
      ...(block.predicate === undefined ? [] : [printExpression(block.predicate)]),
    ]);
  };
  const cases: { source: string; expected: (string[] | string)[] }[] = [
    { source: "BEGIN{}", expected: [["BEGIN"]] },
    { source: "begin { } END { }", expected: [["begin"], ["END"]] },
    { source: "BEGIN // first\n{}", expected: [["BEGIN"]] },
    {
      source: "tracepoint:syscalls:sys_enter_* {}",
      expected: [["tracepoint", "syscalls", "sys_enter_*"]],
    },
    {
      source: "t:a:b,t:c:d , t:e:f, {}",
      expected: [
        ["t", "a", "b"],
        ["t", "c", "d"],
        ["t", "e", "f"],
      ],
    },
    { source: "kprobe:f/pid==1/{}", expected: [["kprobe", "f"], "(== pid 1)"] },
    { source: "t:a:b/pid==1/{}", expected: [["t", "a", "b"], "(== pid 1)"] },
    { source: "t:a/b {}", expected: [["t", "a", "b"]] },
    { source: "kprobe:f /pid/2 == 1/ {}", expected: [["kprobe", "f"], "(== (/ pid 2) 1)"] },
    { source: "kprobe:f /a/ /* c */\n{}", expected: [["kprobe", "f"], "a"] },
    { source: "u:/bin/bash:readline {}", expected: [["u", "/bin/bash", "readline"]] },
    { source: "u:/bin/bash:readline/pid/{}", expected: [["u", "/bin/bash", "readline"], "pid"] },
    { source: 'u:"/a b/c,{":f {}', expected: [["u", "/a b/c,{", "f"]] },
    { source: 'u:a:"x::y(int, char)" {}', expected: [["u", "a", "x::y(int, char)"]] },
    { source: "u:a:x::y {}", expected: [["u", "a", "x", "", "y"]] },
    { source: "u:./a:f+0x10 {}", expected: [["u", "./a", "f+0x10"]] },
    { source: "#!/usr/bin/env sonde\nBEGIN{}", expected: [["BEGIN"]] },
  ];
  test.each(cases)("$source", ({ source, expected }) => {
    expect(parts(source)).toEqual(expected);
  });

  test("the span of a probe is its text", () => {
    const source = "  t:a:b  {}";
    const [attachPoint] = parseProgram(source).program.blocks[0]?.attachPoints ?? [];
    expect(attachPoint?.span).toEqual({ start: 2, end: 7 });
    expect(attachPoint?.parts.map(({ span }) => source.slice(span.start, span.end))).toEqual([
      "t",
      "a",
      "b",
    ]);
  });
});

test("the config block is read into names and values", () => {
  const { program, diagnostics } = parseProgram(
    'config = { max_strlen = 64; missing_probes = warn; print_maps_on_exit = false; x = "y" } BEGIN{}',
  );
  expect(diagnostics).toEqual([]);
  expect(program.config.map(({ name, value }) => [name, value])).toEqual([
    ["max_strlen", 64n],
    ["missing_probes", "warn"],
    ["print_maps_on_exit", false],
    ["x", "y"],
  ]);
});

describe("faults are reported where they are", () => {
  const cases: { name: string; source: string; expected: string[] }[] = [
    {
      name: "an empty program",
      source: " // nothing\n",
      expected: ["0-12 No probes to attach"],
    },
    {
      name: "a missing expression",
      source: "BEGIN { @ = ; }",
      expected: ["12-13 syntax: expected expression"],
    },
    {
      name: "a missing semicolon",
      source: "BEGIN { f() g() }",
      expected: ["12-13 syntax: expected ';'"],
    },
    {
      name: "a missing brace at the end",
      source: "BEGIN { f();",
      expected: ["12-12 syntax: expected '}'"],
    },
    {
      name: "a missing block",
      source: "kprobe:f",
      expected: ["8-8 syntax: expected '{'"],
    },
    {
      name: "a missing probe",
      source: "{ f() }",
      expected: ["0-1 syntax: expected attach point"],
    },
    {
      name: "an unclosed call",
      source: "BEGIN { f(1; }",
      expected: ["11-12 syntax: expected ')'"],
    },
    {
      name: "an unclosed parenthesis",
      source: "BEGIN { @ = (1 + 2; }",
      expected: ["18-19 syntax: expected ')'"],
    },
    {
      name: "an unclosed string",
      source: 'BEGIN { printf("a); }',
      expected: ["15-21 syntax: unterminated string"],
    },
    {
      name: "an unclosed predicate",
      source: "kprobe:f /pid == 1 {}",
      expected: ["19-20 syntax: expected '/'"],
    },
    {
      name: "a number that is none",
      source: "BEGIN { @ = 12x; }",
      expected: ["14-15 syntax: invalid integer suffix 'x'"],
    },
    {
      name: "a map without a key in its brackets",
      source: "BEGIN { @[] = 1 }",
      expected: ["8-11 syntax: @[] has no key"],
    },
    {
      name: "a declaration without a variable",
      source: "BEGIN { let x = 1 }",
      expected: ["12-13 syntax: expected variable after 'let'"],
    },
    {
      name: "a field without a name",
      source: "BEGIN { @ = args. }",
      expected: ["18-19 syntax: expected field name after '.'"],
    },
    {
      name: "an unknown character",
      source: "BEGIN { @ = # }",
      expected: ['12-13 syntax: unexpected character "#"'],
    },
    {
      name: "a directive that is none",
      source: "#includ <linux/fs.h>\nBEGIN {}",
      expected: ["0-7 syntax: invalid preprocessing directive"],
    },
    {
      name: "a condition without an end",
      source: "#ifdef A\nBEGIN {}",
      expected: ["0-6 syntax: unterminated conditional directive"],
    },
    {
      name: "an end without a condition",
      source: "BEGIN {}\n#endif",
      expected: ["9-15 syntax: #endif without #if"],
    },
    {
      name: "what a definition stands for",
      source: "#define A 1 +\nBEGIN { @ = A }",
      expected: ["13-13 syntax: expected expression"],
    },
    {
      name: "more than one value in a definition",
      source: "#define A 1 2\nBEGIN { @ = A }",
      expected: ["12-13 syntax: expected the end of the definition"],
    },
    {
      name: "a structure without a body",
      source: "struct s x BEGIN {}",
      expected: ["0-10 syntax: struct s has no body"],
    },
    {
      name: "a member without a name",
      source: "struct s { int; int 5; } BEGIN {}",
      expected: ["20-21 syntax: expected a name"],
    },
    {
      name: "a declared map without its size",
      source: "let @m = hash;\nBEGIN {}",
      expected: ["13-14 syntax: expected '('"],
    },
    {
      name: "a macro without parentheses",
      source: "macro one { 1 }\nBEGIN {}",
      expected: ["10-11 syntax: expected '('"],
    },
    {
      name: "a macro that uses itself",
      source: "macro m(x) { m(x) }\nBEGIN { @ = m(1) }",
      expected: ["13-17 Recursive macro call detected. Call chain: m > m"],
    },
    {
      name: "a macro that is given something else than it takes",
      source: "macro m($x) { $x }\nBEGIN { @ = m(1) }",
      expected: ["31-35 Call to m() has arguments that do not match any definition."],
    },
    {
      name: "a map in a macro that it was not given",
      source: "macro m() { @a = 1 }\nBEGIN { m() }",
      expected: [
        "12-14 Unhygienic access to map: @a. Maps must be passed into the macro as arguments.",
      ],
    },
  ];
  test.each(cases)("$name", ({ source, expected }) => {
    expect(faults(source)).toEqual(expected);
  });

  test("each statement and each block is tried, so that several faults are shown", () => {
    const source = "BEGIN { @ = ; $x = 1; if (a { b() } @y = 2 +; } kprobe:f { g( } END { h( }";
    expect(faults(source).map((fault) => fault.split(" ")[0])).toEqual([
      "12-13",
      "28-29",
      "44-45",
      "62-63",
      "73-74",
    ]);
    const { program } = parseProgram(source);
    expect(program.blocks.map(({ body }) => printBlock(body))).toEqual(["{(= $x 1)}", "{}", "{}"]);
  });

  test("no more than 20 are shown", () => {
    expect(faults(`BEGIN { ${"@ = ;".repeat(100)} }`)).toHaveLength(20);
  });
});

describe("any text", () => {
  test("nesting without end is refused", () => {
    for (const piece of [
      "(",
      "!",
      "{",
      "@[",
      "f(",
      "a?",
      "if a {",
      "-",
      "(uint8)",
      "1+(",
      "{if a{",
    ]) {
      expect(faults(`BEGIN { ${piece.repeat(100_000)}`).length).toBeGreaterThan(0);
    }
  });

  test("chains without end are refused", () => {
    for (const piece of ["+1", ".a", "[1]", "?1:1", "++", "&&1"]) {
      const { diagnostics } = parseProgram(`BEGIN { @ = 1${piece.repeat(20_000)} }`);
      expect(diagnostics.length).toBeGreaterThan(0);
    }
  });

  const pieces = fc.constantFrom(
    ..."struct s { int a : 3 ; } enum typedef union #define #ifdef #else #endif #include".split(
      " ",
    ),
    ..."BEGIN { } ( ) [ ] / , ; : . = == + ++ - * & ! ? -> @ @x $x $1 $# if else unroll while for let return config 12 0x1 1s".split(
      " ",
    ),
    '"a"',
    '"',
    "\\",
    "//",
    "/*",
    "*/",
    " ",
    "\n",
    "tracepoint:a:b",
    "uprobe:/a:b",
    "printf(",
    "struct",
    "#",
    "😀",
    "\0",
  );

  test("is parsed quickly, without an exception, and with spans inside of it", () => {
    const source = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.array(pieces, { maxLength: 80 }).map((parts) => parts.join("")),
      fc.array(pieces, { maxLength: 80 }).map((parts) => `BEGIN { ${parts.join(" ")} }`),
    );
    const start = performance.now();
    fc.assert(
      fc.property(source, (text) => {
        const { program, diagnostics } = parseProgram(text);
        for (const { span, message } of diagnostics) {
          expect(span.start).toBeGreaterThanOrEqual(0);
          expect(span.end).toBeGreaterThanOrEqual(span.start);
          expect(span.end).toBeLessThanOrEqual(text.length);
          expect(message).not.toBe("");
        }
        expect(
          program.blocks.length + program.types.length + program.config.length > 0 ||
            diagnostics.length > 0,
        ).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
