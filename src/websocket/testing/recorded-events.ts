/** Writes down what a connection reports, in order, in a form that reads well in a test. */
import type { ConnectionEvents, DialTimings, Ending, HandshakeResponse } from '../api.ts';

export class RecordedEvents implements ConnectionEvents {
  /** `open`, `text hi`, `binary 0102`, `ping …`, `pong …`, `peer-close 1000 bye`, `end local-close 1000`. */
  readonly log: string[] = [];
  sentBytes = 0;
  receivedBytes = 0;
  atMs = 0;
  response: HandshakeResponse | undefined = undefined;
  timings: DialTimings | undefined = undefined;
  remoteAddress = '';
  ending: Ending | undefined = undefined;
  /** Called after each entry of the log. */
  onEntry: (entry: string) => void = () => {};
  private readonly waiters: { readonly prefix: string; readonly done: () => void }[] = [];

  /** Resolves once an entry begins with `prefix`; at once if one does already. */
  async until(prefix: string): Promise<void> {
    if (this.log.some((entry) => entry.startsWith(prefix))) return;
    await new Promise<void>((done) => this.waiters.push({ prefix, done }));
  }

  async untilEnd(): Promise<Ending> {
    await this.until('end ');
    if (this.ending === undefined) throw new Error('no ending');
    return this.ending;
  }

  onOpen(response: HandshakeResponse, timings: DialTimings, remoteAddress: string): void {
    this.response = response;
    this.timings = timings;
    this.remoteAddress = remoteAddress;
    this.add('open');
  }

  onText(text: string, atMs: number): void {
    this.atMs = atMs;
    this.add(`text ${text}`);
  }

  onBinary(payload: ArrayBuffer, atMs: number): void {
    this.atMs = atMs;
    this.add(`binary ${Buffer.from(payload).toString('hex')}`);
  }

  onPing(payload: Uint8Array): void {
    this.add(`ping ${Buffer.from(payload).toString('latin1')}`);
  }

  onPong(payload: Uint8Array): void {
    this.add(`pong ${Buffer.from(payload).toString('latin1')}`);
  }

  onPeerClose(code: number, reason: string): void {
    this.add(`peer-close ${code} ${reason}`);
  }

  onEnd(ending: Ending): void {
    this.ending = ending;
    this.add(`end ${ending.cause} ${ending.code}`);
  }

  onBytes(sentBytes: number, receivedBytes: number): void {
    this.sentBytes += sentBytes;
    this.receivedBytes += receivedBytes;
  }

  private add(entry: string): void {
    this.log.push(entry);
    this.onEntry(entry);
    for (const waiter of this.waiters) if (entry.startsWith(waiter.prefix)) waiter.done();
  }
}
