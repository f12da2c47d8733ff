import { type Machine } from "../system/system.js";
import { NotSupportedError } from "./errors.js";
import { openFile } from "./files.js";
import { type Kernel } from "./kernel.js";
import { type OwnedFd } from "./owned-fd.js";

/** include/uapi/asm-generic/ioctls.h, include/uapi/asm-generic/termbits.h (struct termios2, 44 bytes) */
const TCSETS2 = 0x402c_542b;
const TIOCOUTQ = 0x5411;
const TIOCEXCL = 0x540c;
const BOTHER = 0o10_000;
const CS8 = 0o60;
const CREAD = 0o200;
const CLOCAL = 0o4_000;
const termiosSizeBytes = 44;
const controlFlagsOffset = 8;
/** c_cc begins after four words of flags and the line discipline's byte. */
const controlCharactersOffset = 17;
const VMIN = 6;
const inputSpeedOffset = 36;
const outputSpeedOffset = 40;

/** Those whose terminals differ from the generic ones. */
const ownTerminals: readonly Machine["architecture"][] = ["mips", "mipsel", "ppc64"];

/**
 * Opens a serial port as a raw line of 8 bits without parity or flow control, not to block on. Throws SyscallError, and
 * NotSupportedError on processors whose terminals differ.
 */
export function openSerialPort(kernel: Kernel, path: string, baud: number): OwnedFd {
  if (ownTerminals.includes(kernel.machine.architecture)) {
    throw new NotSupportedError(`open ${path}: serial ports on ${kernel.machine.architecture}`);
  }
  const { O_RDWR, O_NONBLOCK } = kernel.openFlags;
  const port = openFile(kernel, path, O_RDWR | O_NONBLOCK);
  try {
    const settings = new Uint8Array(termiosSizeBytes);
    const view = kernel.view(settings);
    const little = kernel.isLittleEndian;
    view.setUint32(controlFlagsOffset, BOTHER | CS8 | CREAD | CLOCAL, little);
    settings[controlCharactersOffset + VMIN] = 1;
    view.setUint32(inputSpeedOffset, baud, little);
    view.setUint32(outputSpeedOffset, baud, little);
    kernel.require(`set ${path} to ${baud} baud`, "ioctl", port.fd, TCSETS2, settings);
    // Others would take bytes away; whoever may override it (root) still can.
    kernel.require(`take ${path} for this agent alone`, "ioctl", port.fd, TIOCEXCL, 0);
    return port;
  } catch (error) {
    port.close();
    throw error;
  }
}

/** Bytes written that have not left yet; 0 where the driver does not tell. */
export function unsentBytes(kernel: Kernel, port: OwnedFd): number {
  const count = new Uint8Array(4);
  if (kernel.call("ioctl", port.fd, TIOCOUTQ, count) < 0) return 0;
  return kernel.view(count).getInt32(0, kernel.isLittleEndian);
}
