/** What came over a link isn't what the other end of this same program would send: the link is of no use any more. */
export class LinkFault extends Error {
  readonly code = "LINK_BROKEN";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "LinkFault";
  }
}
