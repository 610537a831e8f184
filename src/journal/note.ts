/** Something that happened beside the sales and that an operator wants to read in the log. */
export interface Note {
  readonly kind: "torn" | "snapshot" | "snapshot_skipped" | "snapshot_failed" | "room" | "no_room";
  readonly message: string;
}
