// Says which files a program looks for in vain on a target: node failed-opens.js [TARGET [SECONDS [PROGRAM]]]
import { connect, ProgramError, renderDiagnostic, type MapEntry, type Value } from "@sonde/host";

const [address = "local:", seconds = "5", program = ""] = process.argv.slice(2);

const source = `
  tracepoint:syscalls:sys_enter_openat /$1 == 0 || comm == str($2)/ { @path[tid] = args.filename; }
  tracepoint:syscalls:sys_exit_openat /has_key(@path, tid)/ {
    if (args.ret < 0) {
      printf("%s %d %s", comm, -args.ret, str(@path[tid]));
      @failures[comm] = count();
    }
    delete(@path, tid);
  }
`;

try {
  await using target = await connect(address);
  const compiled = await target.compile(source, {
    positional: [program === "" ? "0" : "1", program],
  });
  await using trace = await target.start(compiled);
  // Events that are under way still come, and then the loop ends.
  const stop = (): void => void trace.stop();
  const timer = setTimeout(stop, Number(seconds) * 1000);
  process.once("SIGINT", stop);

  for await (const event of trace.events()) {
    if (event.kind === "attached") console.log(`${event.probes} probes attached`);
    // Every kind of event has a type of its own: this one a text, and its arguments as values.
    if (event.kind === "printf") {
      const [comm, errno, path] = event.args;
      console.log(`${show(comm)}: error ${show(errno)} for ${show(path)}`);
    }
    if (event.kind === "lost") console.log(`(${event.count} events were lost)`);
  }
  clearTimeout(timer);

  const counts: MapEntry[] = [];
  for await (const entry of trace.map("@failures")) counts.push(entry);
  for (const { key, value } of counts.reverse()) {
    if (value.kind === "number") console.log(`${value.value} ${show(key[0])}`);
  }
} catch (error) {
  if (!(error instanceof ProgramError)) throw error;
  for (const one of error.diagnostics) {
    process.stderr.write(renderDiagnostic(one, { source, sourceName: "failed-opens" }));
  }
  process.exitCode = 1;
}

/** 64-bit integers are bigint; strings are strings. */
function show(value: Value | undefined): string {
  switch (value?.kind) {
    case "string":
    case "text":
      return value.value;
    case "integer":
      return value.value.toString();
    default:
      return "?";
  }
}
