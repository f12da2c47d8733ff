/** Something of a session's that lives in the kernel or watches it. */
export interface Resource {
  /**
   * Stops it from recording anything more, as far as that is quick, and gives up the descriptors whose closing (which
   * may be slow) does the rest. What was recorded stays readable. Idempotent.
   */
  disable?(): readonly number[];

  /**
   * Lets go of it: after this it calls nothing and touches no mapping. Gives up the descriptors that are left, in the
   * order in which they must be closed. Called once.
   */
  release(): readonly number[];

  /** What can only be done when its descriptors are closed. May throw a RefusalError. */
  afterClose?(): void;
}
