/** A wait that can be given up. */
export interface Wait {
  readonly promise: Promise<void>;
  cancel(): void;
}

/** Node's timers take 31 bits of ms; nothing here waits longer. */
const WAIT_MS_MAX = 2 ** 31 - 1;

export function waitFor(ms: number): Wait {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, WAIT_MS_MAX));
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
