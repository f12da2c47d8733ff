import { describe, expect } from "@jest/globals";
import { linux618x64 } from "../../packages/host/test/targets/linux-6.18-x64.js";
import { printed } from "../support/printed.js";
import { requiresFeature } from "../support/requires.js";
import { ProgramRun } from "../support/run-program.js";

const testRun = requiresFeature(
  ...(["raw_tracepoint", "program_run", "ringbuf", "bpf_loop", "for_each_map_elem"] as const),
);

/** Kernels before 5.17 jump back, those before 5.3 have loops written out. */
const kernels = [
  { name: "called back", without: [] },
  { name: "jumping back", without: ["bpf_loop"] },
  { name: "written out", without: ["bpf_loop", "bounded_loops"] },
] as const;

describe("loops in the kernel", () => {
  for (const { name, without } of kernels) {
    testRun(`go over ranges, ${name}`, () => {
      expect(printed("for ($i : 2..5) { print($i); }", { without })).toEqual(["2", "3", "4"]);
      expect(printed("$n = 7; for ($i : 0..10) { $n += $i; } print($n);", { without })).toEqual([
        "52",
      ]);
      expect(
        printed(
          "for ($i : -2..20) { if ($i == 0) { continue; } if ($i == 3) { break; } print($i); } print(99);",
          { without },
        ),
      ).toEqual(["-2", "-1", "1", "2", "99"]);
      expect(
        printed(
          "for ($i : 0..3) { for ($j : 0..3) { if ($j > $i) { break; } print(($i, $j)); } }",
          {
            without,
          },
        ),
      ).toEqual(["(0, 0)", "(1, 0)", "(1, 1)", "(2, 0)", "(2, 1)", "(2, 2)"]);
      expect(
        printed("for ($i : 0..3) { if ($i == 1) { return; } print($i); } print(99);", { without }),
      ).toEqual(["0"]);
      expect(printed("for ($i : 5..5) { print($i); } for ($i : 5..2) { print($i); }")).toEqual([]);
    });
  }

  for (const { name, without } of kernels.slice(0, 2)) {
    testRun(`go on while something is so, ${name}`, () => {
      expect(
        printed("$i = 0; while ($i < 3) { print($i); $i++; } print($i);", { without }),
      ).toEqual(["0", "1", "2", "3"]);
      expect(
        printed(
          "$i = 0; while (true) { $i++; if ($i % 2) { continue; } if ($i > 6) { break; } print($i); }",
          { without },
        ),
      ).toEqual(["2", "4", "6"]);
      expect(
        printed(
          "$i = 0; while ($i < 3) { $j = 0; while ($j < $i) { print(($i, $j)); $j++; } $i++; }",
          { without },
        ),
      ).toEqual(["(1, 0)", "(2, 0)", "(2, 1)"]);
      expect(printed("$i = 0; while ($i++ < 3) { print($i); }", { without })).toEqual([
        "1",
        "2",
        "3",
      ]);
    });

    testRun(`share variables of every kind with what is around them, ${name}`, () => {
      expect(
        printed(
          '$s = "none"; $t = (0, "x"); $p = curtask; for ($i : 0..4) { if ($i == 2) { $s = comm; $t = ($i, $s); } print($s == "none"); }' +
            "print($s == comm); print($t.0); print($t.1 == comm); print($p == curtask);",
          { without },
        ),
      ).toEqual(["true", "true", "false", "false", "true", "2", "true", "true"]);
      expect(
        printed(
          'for ($i : 0..3) { let $s = ""; if ($i == 1) { $s = "one"; } for ($j : 0..1) { print((($i, $j), $s)); } }',
          { without },
        ),
      ).toEqual(["((0, 0), )", "((1, 0), one)", "((2, 0), )"]);
    });
  }

  testRun("go over ranges that vary", () => {
    expect(
      printed("@a = 3; $a = @a; @b = 6; for ($i : $a..@b) { @b = 9; print($i + 0); }"),
    ).toEqual(["3", "4", "5"]);
    expect(printed("@a = 2; for ($i : 0..@a) { for ($j : $i..@a) { print(($i, $j)); } }")).toEqual([
      "(0, 0)",
      "(0, 1)",
      "(1, 1)",
    ]);
  });

  testRun("know what was asked for before them, and nothing that was asked for in them", () => {
    expect(
      printed(
        "@n = 0; $n = @n; $m = 1; for ($i : 0..$n) { $m += pid; } print(pid > 0); for ($i : 0..2) { $m = pid; } print($m == pid);",
      ),
    ).toEqual(["true", "true"]);
  });

  testRun("go round more often than the verifier would follow", () => {
    expect(
      printed(
        "$n = 0; for ($i : 0..1000000) { $n += $i & 1; } print($n); $i = 0; while ($i < 500000) { $i++; } print($i);",
      ),
    ).toEqual(["500000", "500000"]);
  });

  testRun("begin records, look into maps and use the scratch memory", () => {
    expect(
      printed(
        'for ($i : 0..3) { @m[$i, "k"] = $i * 10; @n[comm] += $i; printf("%s %d %s", str(curtask->comm) == comm ? "abc" : "", @m[$i, "k"], "z"); } print(@n[comm] + 0);',
      ),
    ).toEqual(["abc 0 z", "abc 10 z", "abc 20 z", "3"]);
  });

  testRun("can end the whole program from within", () => {
    expect(
      printed(
        "for ($i : 0..3) { for ($j : 0..3) { print($j); if ($j == 1) { exit(); } } } print(9);",
      ),
    ).toEqual(["0", "1", "exit"]);
  });
});

describe("loops over maps in the kernel", () => {
  testRun("have the key and the value of each entry", () => {
    expect(
      printed("@m[1] = 2; @m[3] = 4; for ($kv : @m) { print($kv.0 * 10 + $kv.1); }").sort(),
    ).toEqual(["12", "34"]);
    expect(printed("@m[1] = 2; for ($kv : @m) { print($kv); }")).toEqual(["(1, 2)"]);
    expect(
      printed(
        '@m[1, "one"] = ("a", 5); for ($kv : @m) { print($kv); print($kv.0.1); print($kv.1.0); print($kv.0); }',
      ),
    ).toEqual(["((1, one), (a, 5))", "one", "a", "(1, one)"]);
  });

  testRun("copy, change and delete entries", () => {
    using run = new ProgramRun(
      'BEGIN { @m["a"] = 1; @m["b"] = 2; @m["c"] = 3; @n = 0; for ($kv : @m) { @n += $kv.1; @copy[$kv.1] = $kv.0; if ($kv.1 == 2) { delete(@m, $kv.0); } @all[$kv] = 1; } }',
      linux618x64,
    );
    run.start();
    expect(run.map("@n")).toMatchObject([{ value: { value: { value: 6n } } }]);
    expect(run.map("@m")).toHaveLength(2);
    expect(run.map("@copy")).toHaveLength(3);
    expect(run.map("@all")).toHaveLength(3);
  });

  testRun("stand in each other", () => {
    expect(
      printed(
        "@a[1] = 10; @a[2] = 20; @b[3] = 30; for ($x : @a) { for ($y : @b) { print($x.1 + $y.1 + $x.0); } }",
      ).sort(),
    ).toEqual(["41", "52"]);
  });

  testRun("end with break, and sum up what is outside", () => {
    expect(
      printed(
        "@a[1] = 10; @a[2] = 20; @a[3] = 30; $n = 0; $sum = 0; for ($kv : @a) { $n++; if ($n == 2) { break; } $sum += $kv.1; } print($n); print($sum > 0 && $sum < 40);",
      ),
    ).toEqual(["2", "true"]);
  });
});
