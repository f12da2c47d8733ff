import fc from "fast-check";

/** What a probe offers to its expressions. */
interface ProbeKind {
  readonly probe: string;
  readonly integers: readonly string[];
  readonly strings: readonly string[];
}

const kinds: readonly ProbeKind[] = [
  {
    probe: "tracepoint:syscalls:sys_enter_openat",
    integers: ["args.dfd", "args.flags", "*(uint16 *)args.filename"],
    strings: ["str(args.filename)", "str(args.filename, 12)", "str(args.filename, $i)"],
  },
  {
    probe: "tracepoint:sched:sched_switch",
    integers: ["args.prev_pid", "args.next_prio", "args.prev_state"],
    strings: ["args.prev_comm", "args.next_comm"],
  },
  {
    probe: "tracepoint:sched:sched_process_exec",
    integers: ["args.pid", "args.old_pid"],
    strings: ["args.filename"],
  },
  { probe: "uprobe:libc:malloc", integers: ["arg0", "arg1"], strings: ["str(arg0)"] },
  { probe: "uretprobe:libc:malloc", integers: ["retval"], strings: ["str(retval)"] },
  { probe: "rawtracepoint:sys_enter", integers: ["arg1"], strings: ["comm"] },
  { probe: "profile:hz:99", integers: ["elapsed"], strings: ["comm"] },
  { probe: "BEGIN", integers: ["@o"], strings: ["@text"] },
];

interface Expressions {
  readonly integer: string;
  readonly condition: string;
  readonly string: string;
}

function expressionsOf(kind: ProbeKind): fc.LetrecValue<Expressions> {
  const { integers, strings } = kind;
  return fc.letrec<{ integer: string; condition: string; string: string }>((tie) => ({
    integer: fc.oneof(
      { maxDepth: 3, depthIdentifier: "value" },
      fc.constantFrom(
        ...integers,
        ..."pid tid uid gid cpu nsecs rand $i $j $b @n @k[1] @k[pid] @pair[1].0 $t.0 3 -7 0 0x123456789a 4294967295".split(
          " ",
        ),
      ),
      fc
        .tuple(tie("integer"), fc.constantFrom(..."+ - * / % & | ^".split(" ")), tie("integer"))
        .map((parts) => `(${parts.join(" ")})`),
      fc
        .tuple(
          fc.constantFrom("-", "~", "(int8)", "(uint16)", "(int32)", "(uint64)"),
          tie("integer"),
        )
        .map(([operator, operand]) => `${operator}(${operand})`),
      fc
        .tuple(tie("integer"), fc.constantFrom("<<", ">>"), fc.nat(63))
        .map(([value, operator, distance]) => `(${value} ${operator} ${distance})`),
      fc
        .tuple(tie("condition"), tie("integer"), tie("integer"))
        .map(([condition, a, b]) => `(${condition} ? (int64)(${a}) : (int64)(${b}))`),
      tie("integer").map((key) => `@k[(int64)(${key})]`),
      fc.constantFrom("$i++", "++$j", "@n++", "--@k[1]"),
    ),
    condition: fc.oneof(
      { maxDepth: 3, depthIdentifier: "value" },
      fc
        .tuple(tie("integer"), fc.constantFrom(..."== != < <= > >=".split(" ")), tie("integer"))
        .map((parts) => `(${parts.join(" ")})`),
      fc
        .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
        .map((parts) => `(${parts.join(" ")})`),
      tie("condition").map((condition) => `!${condition}`),
      fc
        .tuple(tie("string"), fc.constantFrom("==", "!="), tie("string"))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc
        .tuple(tie("string"), fc.nat(20))
        .map(([a, length]) => `(strncmp(${a}, "a prefix", ${length + 1}) == 0)`),
      tie("integer").map((key) => `has_key(@k, (int64)(${key}))`),
    ),
    string: fc.oneof(
      { maxDepth: 2, depthIdentifier: "text" },
      fc.constantFrom(...strings, "comm", '"constant"', '""', "$s", "@text", "@pair[2].1", "$t.1"),
      fc
        .tuple(tie("condition"), tie("string"), tie("string"))
        .map(([condition, a, b]) => `(${condition} ? ${a} : ${b})`),
    ),
  }));
}

/** Whether programs may have loops that kernels before 5.17 do not run. */
interface Loops {
  readonly hasLoops: boolean;
}

function statementOf(
  { integer, condition, string }: fc.LetrecValue<Expressions>,
  { hasLoops }: Loops,
): fc.Arbitrary<string> {
  const leaf = fc.oneof(
    fc
      .tuple(
        fc.constantFrom("$i", "$j", "@n", "@k[1]", "@k[pid]"),
        fc.constantFrom("=", "+=", "-="),
        integer,
      )
      .map(([place, operator, value]) => `${place} ${operator} (int64)(${value});`),
    integer.map((value) => `$b = (uint8)(${value});`),
    string.map((value) => `$s = ${value};`),
    string.map((value) => `@text = ${value};`),
    fc.tuple(integer, string).map(([a, b]) => `$t = ((int64)(${a}), ${b});`),
    fc.tuple(integer, string).map(([a, b]) => `@pair[pid] = ((int64)(${a}), ${b});`),
    fc.constant("@pair[1] = $t;"),
    string.map((key) => `@c[${key}] = count();`),
    fc
      .tuple(fc.constantFrom("sum", "avg", "min", "max", "stats", "hist"), integer)
      .map(([call, value]) => `@${call}[cpu] = ${call}(${value});`),
    fc
      .tuple(fc.constantFrom("sum", "avg", "min", "max", "stats", "hist"), integer)
      .map(([call, value]) => `@one_${call} = ${call}(${value});`),
    integer.map((value) => `@l = lhist(${value}, -5, 100, 7);`),
    fc.tuple(integer, string, string).map(([a, b, c]) => `printf("%d %s %s", ${a}, ${b}, ${c});`),
    fc.tuple(string, integer).map(([a, b]) => `emit("e", "text", ${a}, "number", ${b});`),
    fc.tuple(integer, string).map(([a, b]) => `print((${a}, ${b}));`),
    integer.map((key) => `delete(@k[(int64)(${key})]);`),
    fc.constantFrom(
      "@n++;",
      "$i--;",
      "print(@n);",
      "clear(@k);",
      "time();",
      "return;",
      "exit();",
      "join(@n);",
    ),
  );
  return fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 2, depthIdentifier: "statement" },
      { weight: 4, arbitrary: leaf },
      {
        weight: 1,
        arbitrary: fc
          .tuple(condition, fc.array(tie("any"), { maxLength: 3 }), tie("any"))
          .map(
            ([test, then, otherwise]) => `if (${test}) { ${then.join(" ")} } else { ${otherwise} }`,
          ),
      },
      { weight: 1, arbitrary: tie("any").map((body) => `unroll(2) { ${body} }`) },
      { weight: 1, arbitrary: loopOf(tie("any"), { condition, integer }, { hasLoops }) },
    ),
  })).any;
}

/** Variables of loops have names that hardly any other has, as none may hide another. */
function loopOf(
  statement: fc.Arbitrary<string>,
  { condition, integer }: Pick<fc.LetrecValue<Expressions>, "condition" | "integer">,
  { hasLoops }: Loops,
): fc.Arbitrary<string> {
  const body = fc.tuple(
    statement,
    fc.constantFrom("", "if ($j > 3) { break; }", "if ($b == 1) { continue; }"),
    statement,
  );
  const range = fc
    .tuple(fc.nat(9999), fc.nat(3), body)
    .map(([name, end, all]) => `for ($r${name} : 0..${end}) { $i += $r${name}; ${all.join(" ")} }`);
  if (!hasLoops) return range;
  return fc.oneof(
    range,
    fc
      .tuple(fc.nat(9999), integer, body)
      .map(([name, end, all]) => `for ($r${name} : $i..(int64)(${end})) { ${all.join(" ")} }`),
    fc.tuple(condition, body).map(([test, all]) => `while (${test}) { ${all.join(" ")} }`),
    fc
      .tuple(fc.nat(9999), body)
      .map(([name, all]) => `for ($e${name} : @k) { $j += $e${name}.1; ${all.join(" ")} }`),
    fc
      .tuple(fc.nat(9999), body)
      .map(([name, all]) => `for ($e${name} : @pair) { $t = $e${name}.1; ${all.join(" ")} }`),
  );
}

/** Declares every variable and map with the type that the expressions take it to have. */
const declarations =
  "$i = (int64)1; $j = (int64)2; $b = (uint8)3; $s = str((uint64)0); $t = ((int64)0, str((uint64)0)); " +
  "if ($b == 9) { @n = (int64)0; @o = (int64)0; @k[(int64)1] = (int64)0; @text = $s; @pair[(int64)1] = $t; }";

/** Text of a program with one probe that has nothing wrong with it, most of the time. */
export const arbitrarySource = (loops: Loops): fc.Arbitrary<string> =>
  fc.constantFrom(...kinds).chain((kind) => {
    const expressions = expressionsOf(kind);
    const statements = fc.array(statementOf(expressions, loops), { minLength: 1, maxLength: 6 });
    return fc.tuple(fc.option(expressions.condition), statements).map(([predicate, body]) => {
      const filter = predicate === null || predicate.includes("$") ? "" : `/${predicate}/ `;
      return `${kind.probe} ${filter}{ ${declarations} ${body.join(" ")} }`;
    });
  });
