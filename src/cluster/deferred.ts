export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(cause: Error): void;
}

/** A promise that somebody else settles; what `Promise.withResolvers` is from Node 22 on. */
export function deferred(): Deferred {
  let settle: Pick<Deferred, "resolve" | "reject"> = { resolve: () => {}, reject: () => {} };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
