// Prints ten opens as they happen, then how many there were by program.
import { connect } from "@sonde/host";

const target = await connect(process.argv[2] ?? "local:");
const program = await target.compile(`
  tracepoint:syscalls:sys_enter_openat {
    printf("%s %s\\n", comm, str(args.filename));
    @opens[comm] = count();
  }
`);
const trace = await target.start(program);

let seen = 0;
for await (const event of trace.events()) {
  if (event.kind === "printf") {
    const [comm, path] = event.args; // typed values: strings, bigints, …
    console.log(`${comm.value} opened ${path.value}`);
    if (++seen === 10) break;
  }
}

for await (const { key, value } of trace.map("@opens")) {
  console.log(`${key[0].value}: ${value.value}`);
}
await target.close(); // nothing is left in the target's kernel
