import { type Kernel } from "../../kernel/kernel.js";
import { DescriptorStream } from "./descriptor-stream.js";
import { WriteReadiness } from "./write-readiness.js";

const standardInput = 0;
const standardOutput = 1;

/** include/uapi/asm-generic/fcntl.h */
const F_GETFL = 3;
const F_SETFL = 4;

/** Standard input and output as one stream of bytes. */
export function openStdioStream(kernel: Kernel): DescriptorStream {
  setNonBlocking(kernel, standardInput);
  setNonBlocking(kernel, standardOutput);
  return new DescriptorStream({
    kernel,
    writeReadiness: new WriteReadiness(kernel),
    input: standardInput,
    output: standardOutput,
  });
}

function setNonBlocking(kernel: Kernel, fd: number): void {
  const flags = kernel.call("fcntl", fd, F_GETFL);
  kernel.call("fcntl", fd, F_SETFL, flags | kernel.openFlags.O_NONBLOCK);
}
