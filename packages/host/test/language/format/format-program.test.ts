import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { formatProgram } from "../../../src/language/format/format-program.js";
import { parse } from "../../../src/language/parse.js";

function format(source: string): string {
  const { program, diagnostics } = parse(source);
  expect(diagnostics).toEqual([]);
  return formatProgram(source, program?.blocks ?? []);
}

describe("a formatted program", () => {
  test("has a statement to a line, and its comments where they were", () => {
    const source = `#!/usr/bin/env sonde
/* what it
   is for */
#define N 5
struct s{int a;  char b[4];}; // as the kernel has it
config={missing_probes="warn";max_map_keys=5}
let @m=hash( 10 );
macro add($x,@y,z){$x+=1;@y[z]=1;$x}


// the first
BEGIN{printf("%d\\n",1+2*3);// after
  // before
  $a=-1;--$a;$b=$a - -1;@x[1,"a"]++;
  if($a==1){print($a)}else if ($a>2) {} else{ print(3) }
  for($i:0..N){break;}  while($a<10){$a++}
  unroll(3) { $a-=1 }
  let $z:int32=5;
  $p=(struct s *)curtask;print((*$p).a);print($p->a*$a);print(&@x);
  $r=(a=1,b="x y");$c=$a?1:2;$d=$a?:!$c;
  $e={let $f=(uint8)$a;$f};
  return;
}
t:syscalls:sys_enter_openat , // these
uprobe:/lib/libc.so*:"malloc"/pid==1&&comm!="x"/{@[args.dfd]=hist(pid,2);delete(@x,(1,"a"))}
#ifdef MISSING
kprobe:f{ exit( ) }
#endif
interval:1s/ 1 / { }
`;
    expect(format(source)).toBe(`#!/usr/bin/env sonde
/* what it
   is for */
#define N 5
struct s{int a;  char b[4];}; // as the kernel has it
config = {
  missing_probes = "warn";
  max_map_keys = 5;
}
let @m = hash(10);
macro add($x, @y, z)
{
  $x += 1;
  @y[z] = 1;
  $x
}

// the first
BEGIN
{
  printf("%d\\n", 1 + 2 * 3); // after
  // before
  $a = -1;
  --$a;
  $b = $a - -1;
  @x[1, "a"]++;
  if ($a == 1) {
    print($a);
  } else if ($a > 2) {} else {
    print(3);
  }
  for ($i : 0..N) {
    break;
  }
  while ($a < 10) {
    $a++;
  }
  unroll (3) {
    $a -= 1;
  }
  let $z : int32 = 5;
  $p = (struct s*)curtask;
  print((*$p).a);
  print($p->a * $a);
  print(&@x);
  $r = (a=1, b="x y");
  $c = $a ? 1 : 2;
  $d = $a ?: !$c;
  $e = {
    let $f = (uint8)$a;
    $f
  };
  return;
}
t:syscalls:sys_enter_openat, // these
uprobe:/lib/libc.so*:"malloc"
/pid == 1 && comm != "x"/
{
  @[args.dfd] = hist(pid, 2);
  delete(@x, (1, "a"));
}
#ifdef MISSING
kprobe:f
{
  exit();
}
#endif
interval:1s
/1/
{}
`);
  });

  const tools = join(import.meta.dirname, "../../../tools");
  const files = readdirSync(tools).filter((name) => name.endsWith(".bt"));
  test.each(files)("%s does not change when it is formatted again", (name) => {
    const once = format(readFileSync(join(tools, name), "utf8"));
    expect(format(once)).toBe(once);
  });
});
