import { describe, expect } from "@jest/globals";
import { ProgramLoader } from "../support/load-program.js";
import { requiresFeature } from "../support/requires.js";
import { printed } from "../support/printed.js";

const testRun = requiresFeature("raw_tracepoint", "program_run", "ringbuf", "btf");

describe("the kernel's types in the kernel", () => {
  testRun("are read through pointers", () => {
    const truths = [
      "curtask->pid == (int32)tid",
      "curtask->tgid == (int32)pid",
      "curtask->comm == comm",
      "curtask->group_leader->pid == (int32)pid",
      "curtask->mm->mm_users.counter > 0",
      "*(int32 *)((uint64)curtask + offsetof(struct task_struct, pid)) == (int32)tid",
    ];
    expect(printed(truths.map((truth) => `print(${truth});`).join(" "))).toEqual(
      truths.map(() => "true"),
    );
  });

  testRun("are copied, kept and printed whole", () => {
    const [list, isKept, isSame] = printed(
      "print(curtask->tasks); $l = curtask->tasks; @l = $l; $m = @l; print($m.next == $l.next); print(@l.prev == $l.prev);",
    );
    expect(list).toMatch(/^\{ \.next = 0x[0-9a-f]+, \.prev = 0x[0-9a-f]+ \}$/);
    expect([isKept, isSame]).toEqual(["true", "true"]);
  });

  testRun("have bit-fields", () => {
    // A process that runs a program has one of the two.
    expect(
      printed("print(curtask->in_execve); print(curtask->sched_contributes_to_load < 2);"),
    ).toEqual(["0", "true"]);
  });

  testRun("have names for numbers", () => {
    expect(
      printed(
        'print(PIDTYPE_TGID); print((enum pid_type)3); printf("%d", PIDTYPE_SID); @e = PIDTYPE_PID; print((@e, 1));',
      ),
    ).toEqual(["PIDTYPE_TGID", "PIDTYPE_SID", "3", "(PIDTYPE_PID, 1)"]);
  });
});

describe("arrays, strings and tuples in the kernel", () => {
  testRun("are made of integers, and back", () => {
    expect(
      printed(
        "$a = (int8[8])12345; print($a); print($a[0]); print((uint64)$a); @n = 1; $i = @n; print($a[$i]); print(((uint8[4])0x01020304)[3]);" +
          "$b = (uint16[2])0x00010002; print($b); print($b == (uint16[2])0x00010002); print($b == (uint16[2])1);",
      ),
    ).toEqual(["[57,48,0,0,0,0,0,0]", "57", "12345", "48", "1", "[2,1]", "true", "false"]);
  });

  testRun("have characters, none beyond their end", () => {
    expect(
      printed(
        '$s = "hello"; print($s[1]); @n = 4; $i = @n; print($s[$i]); @n = 100; $j = @n; print($s[$j]); print("world"[0]);',
      ),
    ).toEqual(["101", "111", "0", "119"]);
  });

  testRun("are compared as a whole", () => {
    expect(
      printed(
        '$t = (1, "x", (2, 3)); print($t == (1, "x", (2, 3))); print($t != (1, "y", (2, 3))); print($t.2.1); print($t[1]); @t = $t; print(@t.2 == (2, 3)); @k[$t] = 7; print((@k[1, "x", (2, 3)], 0));',
      ),
    ).toEqual(["true", "true", "3", "x", "true", "(7, 0)"]);
  });
});

describe("blocks and records in the kernel", () => {
  testRun("blocks give values of every kind", () => {
    expect(
      printed(
        `print({ let $x = 20; $x += 1; $x * 2 }); print({ @n++; "text" }); print({ @n++; (1, "b") }); printf("%s %d|", { @n++; comm }, { @n++; @n });
         @s = { let $y = "kept"; $y }; print(@s == { @n++; "kept" }); if { @n++; true } { $n = @n; print($n); } print({ @n++; @s }); _ = { @n++; @s };
         print({ printf("in|"); curtask->tasks.next != 0 });`,
      ).map((text) => text.replace(/^\S+ 4/, "comm 4")),
    ).toEqual(["42", "text", "(1, b)", "comm 4|", "true", "6", "kept", "in|", "true"]);
  });

  testRun("the short choice evaluates its condition once", () => {
    expect(printed("@n = 0; print(@n++ ?: 7); print(@n++ ?: 7); $n = @n; print($n);")).toEqual([
      "7",
      "1",
      "2",
    ]);
  });

  testRun("records have names", () => {
    expect(
      printed(
        `$r = (a=1, b="two", c=(d=3)); print($r); print($r.b); print($r.c.d); @r = $r; print(@r.b); @r = (c=(d=5), b="x", a=9); $s = @r; print($s);
         print(@r == (b="x", c=(d=5), a=9)); print(@r != $r); print((1,)); print(()); @k[(x=1, y=2)] = 5; print((@k[(y=2, x=1)], 0)); $e = (e=PIDTYPE_SID); print($e);`,
      ),
    ).toEqual([
      "{ .a = 1, .b = two, .c = { .d = 3 } }",
      ..."two|3|two".split("|"),
      "{ .a = 9, .b = x, .c = { .d = 5 } }",
      ..."true|true|(1)|()|(5, 0)|{ .e = PIDTYPE_SID }".split("|"),
    ]);
  });

  testRun("pointers move by what they point to", () => {
    const words = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    using loader = new ProgramLoader();
    const start = `$p = (uint32 *)uptr(${loader.addressOf(words)});`;
    expect(
      printed(
        `${start} print(*$p++); print(*$p); $p += 1; print(*$p); --$p; print(*$p); $p -= 1; print($p[2]);`,
      ),
    ).toEqual(["1", "2", "3", "2", "3"]);
  });
});

describe("types that the program defines", () => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, -5, true);
  view.setUint8(4, 0b1010_1101);
  view.setUint16(6, 500, true);
  view.setUint16(8, 600, true);
  bytes.set(new TextEncoder().encode("abcd"), 10);
  view.setBigUint64(16, 77n, true);
  view.setUint8(24, 9);
  view.setUint32(28, 2, true);
  const preamble = `
    #define SHORTS 2
    enum color { RED, GREEN = 2, BLUE };
    struct inner { uint64_t a; };
    struct point {
      int x;
      unsigned low : 4, mid : 3; int top : 1;
      union { unsigned short pair[SHORTS]; struct { short first, second; }; };
      char name[4];
      struct inner inside;
      bool done; enum color color;
      struct point *next; void (*callback)(int, void *);
    };
    typedef struct point point_t;`;

  testRun("are read from a process's memory", () => {
    using loader = new ProgramLoader();
    const address = loader.addressOf(bytes);
    const body = `$p = (point_t *)uptr(${address});
      print($p->x); print($p->low); print($p->mid); print($p->top); print($p->pair); print($p->second); print($p->pair[1]);
      print($p.name); print($p->inside.a); print($p->done); print($p->color); print($p->color == GREEN); print($p->next == 0);
      print(sizeof(struct point)); print(offsetof(struct point, callback)); print(*$p);
      $copy = *$p; print($copy.name); print($copy.name == "abcd"); print($copy.inside); print($copy.top); @kept[$copy.name] = *$p;
      print(@kept["abcd"].pair[0]); print(SHORTS + 1);`;
    expect(printed(body, { preamble })).toEqual(
      "-5|13|2|1|[500,600]|600|600|abcd|77|true|GREEN|true|true|48|40"
        .split("|")
        .concat(
          "{ .x = -5, .low = 13, .mid = 2, .top = 1, .pair = [500,600], .first = 500, .second = 600, .name = abcd, .inside = { .a = 77 }, .done = true, .color = GREEN, .next = 0x0, .callback = 0x0 }",
          "abcd|true|{ .a = 77 }|1|500|3".split("|"),
        ),
    );
  });
});
