/** A serial port that cannot be opened. */
export class SerialPortError extends Error {
  override readonly name = "SerialPortError";
}
