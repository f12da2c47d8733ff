import fc from "fast-check";

/** Probes that between them have everything that can be read. */
const probes = [
  "BEGIN",
  "END",
  "i:1s",
  "uprobe:libc:malloc",
  "uretprobe:libc:malloc",
  "kprobe:vfs_read",
  "rt:sched_switch",
  "t:syscalls:sys_enter_openat",
  "t:sched:sched_switch",
  "t:sched:sched_process_exec",
  "t:raw_syscalls:sys_enter",
];

const leaves = [
  ...'0 1 7 -1 300 0xffffffffffffffff 1u true "a" "bash" "" pid tid comm nsecs elapsed cpu rand curtask probe func retval'.split(
    " ",
  ),
  ..."arg0 arg1 args.filename args.dfd args.prev_comm args.id args.args[2] $x $y @a @b @c $1 $#".split(
    " ",
  ),
  "str($2)",
  "str(arg0)",
  "str(args.filename)",
  "curtask->pid",
  "curtask->comm",
  "curtask->cpus",
  "curtask->level",
  "curtask->own",
  "curtask->parent->state",
  "(uint8[4])pid",
  "&$x",
  "*(&$x)",
  'getopt("n", 5)',
  'getopt("s", "text")',
  "twice(pid)",
  'both("a", $x)',
];

/** Before the probes, so that they can be used in them. */
const macros = "macro twice(x) { x + x } macro both(a, $b) { $b = $b; (a, $b) } ";

/** Text of an expression, most often one that means something. */
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthIdentifier: "expression" },
    { weight: 4, arbitrary: fc.constantFrom(...leaves) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          tie("any"),
          fc.constantFrom(..."+ - * / % & | ^ << >> && || == != < <= > >=".split(" ")),
          tie("any"),
        )
        .map((parts) => `(${parts.join(" ")})`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            "-",
            "!",
            "~",
            "*",
            "(uint8)",
            "(int32)",
            "(uint64)",
            "(uint16 *)",
            "(bool)",
            "++",
            "(struct task_struct *)",
            "(int8[8])",
            "(enum state)",
            "ksym",
            "kptr",
          ),
          tie("any"),
        )
        .map(([operator, operand]) => `${operator}(${operand})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("any"), tie("any"), tie("any"))
        .map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    },
    { weight: 1, arbitrary: fc.tuple(tie("any"), tie("any")).map(([a, b]) => `(${a}, ${b})`) },
    { weight: 1, arbitrary: tie("any").map((a) => `@m[${a}]`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          tie("any"),
          fc.constantFrom(".1", ".pid", "->own.map_count", "[1]", "[pid]", ".cpus[cpu]"),
        )
        .map(([a, part]) => `(${a})${part}`),
    },
    { weight: 1, arbitrary: fc.tuple(tie("any"), tie("any")).map(([a, b]) => `(${a})[${b}]`) },
    { weight: 1, arbitrary: fc.tuple(tie("any"), tie("any")).map(([a, b]) => `str(${a}, ${b})`) },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("any"), tie("any")).map(([a, b]) => `strncmp(${a}, ${b}, 3)`),
    },
    { weight: 1, arbitrary: tie("any").map((a) => `strcontains(${a}, "ab")`) },
    { weight: 1, arbitrary: tie("any").map((a) => `has_key(@m, ${a})`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("is_str", "is_integer", "comptime ", "twice"), tie("any"))
        .map(([name, a]) => `${name}(${a})`),
    },
  ),
})).any;

const statement = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, depthIdentifier: "statement" },
    { weight: 4, arbitrary: expression.map((a) => `$x = ${a};`) },
    { weight: 2, arbitrary: expression.map((a) => `$y = ${a};`) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom("@a", "@b", "@m[1]", "@m[pid, 2]", "$x"),
          fc.constantFrom("=", "+=", "/=", ">>="),
          expression,
        )
        .map((parts) => `${parts.join(" ")};`),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("sum", "hist", "avg", "max"), expression)
        .map(([name, a]) => `@c = ${name}(${a});`),
    },
    { weight: 1, arbitrary: expression.map((a) => `@d[${a}] = count();`) },
    { weight: 1, arbitrary: expression.map((a) => `@h[${a}] = lhist(pid, 0, 100, 10);`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("%d", "%s", "%5x", "%p"), expression)
        .map(([format, a]) => `printf("${format}\\n", ${a});`),
    },
    { weight: 1, arbitrary: expression.map((a) => `print(${a});`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(expression, expression)
        .map(([a, b]) => `emit("e", "a", ${a}, "b", ${b});`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "print(@a);",
        "clear(@c);",
        "zero(@m);",
        "delete(@m, 1);",
        "exit(2);",
        "time();",
        "return;",
        "join(args.filename);",
        "@a++;",
        "let $x;",
        "let $y: uint8 = 3;",
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(expression, tie("any"), tie("any"))
        .map(([a, b, c]) => `if (${a}) { ${b} } else { ${c} }`),
    },
    { weight: 1, arbitrary: tie("any").map((a) => `unroll(2) { ${a} }`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("$i", "$j"), expression, expression, tie("any"))
        .map(([i, a, b, body]) => `for (${i} : ${a}..${b}) { ${body} }`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("@m", "@d", "@a"), tie("any"))
        .map(([map, body]) => `for ($kv : ${map}) { print($kv); $y = $kv.1; ${body} }`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(expression, tie("any"))
        .map(([a, body]) => `while (${a}) { ${body} if ($x) { break; } continue; }`),
    },
  ),
})).any;

const block = fc
  .tuple(
    fc.constantFrom(...probes),
    fc.option(expression),
    fc.array(statement, { minLength: 1, maxLength: 5 }),
  )
  .map(
    ([probe, predicate, body]) =>
      `${probe} ${predicate === null ? "" : `/${predicate}/ `}{ ${body.join(" ")} }`,
  );

/** Text of a program that parses; about one in ten has nothing wrong with it. */
export const anyProgram = fc
  .array(block, { minLength: 1, maxLength: 2 })
  .map((blocks) => macros + blocks.join("\n"));

/** Programs of a single statement, of which more have nothing wrong with them. */
export const anySmallProgram = fc
  .tuple(fc.constantFrom(...probes), statement)
  .map(([probe, body]) => `${macros}${probe} { $x = 1; $y = comm; @a = 1; @m[1] = 2; ${body} }`);
