import { openFile } from "./files.js";
import { type Kernel } from "./kernel.js";
import { type OwnedFd } from "./owned-fd.js";
import { controlFlagsOffset, terminalOf } from "./terminal.js";

/** Opens a serial port as a raw line of 8 bits without parity or flow control, not to block on. Throws SyscallError. */
export function openSerialPort(kernel: Kernel, path: string, baud: number): OwnedFd {
  const { O_RDWR, O_NONBLOCK } = kernel.openFlags;
  const terminal = terminalOf(kernel.machine.architecture);
  const port = openFile(kernel, path, O_RDWR | O_NONBLOCK);
  try {
    const settings = new Uint8Array(terminal.sizeBytes);
    const view = kernel.view(settings);
    const little = kernel.isLittleEndian;
    const { BOTHER, CS8, CREAD, CLOCAL } = terminal.flags;
    view.setUint32(controlFlagsOffset, BOTHER | CS8 | CREAD | CLOCAL, little);
    settings[terminal.minimumOffset] = 1;
    view.setUint32(terminal.inputSpeedOffset, baud, little);
    view.setUint32(terminal.outputSpeedOffset, baud, little);
    const what = `set ${path} to ${baud} baud`;
    kernel.require(what, "ioctl", port.fd, terminal.setRequest, settings);
    // Others would take bytes away; whoever may override it (root) still can.
    kernel.require(`take ${path} for this agent alone`, "ioctl", port.fd, terminal.exclusiveRequest, 0); // prettier-ignore
    return port;
  } catch (error) {
    port.close();
    throw error;
  }
}

/** Bytes written that have not left yet; 0 where the driver does not tell. */
export function unsentBytes(kernel: Kernel, port: OwnedFd): number {
  const count = new Uint8Array(4);
  const { outputQueueRequest } = terminalOf(kernel.machine.architecture);
  if (kernel.call("ioctl", port.fd, outputQueueRequest, count) < 0) return 0;
  return kernel.view(count).getInt32(0, kernel.isLittleEndian);
}
