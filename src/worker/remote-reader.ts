/**
 * Files that a remote script opens: fetched, cached and pinned as its modules are. `open()` has its
 * result at once, so the thread waits while another one fetches.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { GharialError } from '../base/errors.ts';
import { openError, type ReadBytes } from '../script/open-files.ts';
import type { RemoteFiles } from '../script/script-bundle.ts';
import type { FetchAnswer, FetchOrder } from './remote-reader-main.ts';

const ENTRY = new URL('./remote-reader-main.js', import.meta.url);
/** All redirects together; the fetch has a limit for each. */
const TIMEOUT_MS = 300_000;

/** @param files undefined = there is nowhere to get files from. */
export function createRemoteReader(files: RemoteFiles | undefined): ReadBytes {
  return (url) => {
    if (files === undefined) throw openError(`open() can't fetch "${url}": remote files are off`);
    const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const { port1, port2 } = new MessageChannel();
    const order: FetchOrder = { url, files, done, port: port2 };
    const thread = new Worker(ENTRY, { workerData: order, transferList: [port2] });
    Atomics.wait(done, 0, 0, TIMEOUT_MS);
    const message: FetchAnswer | undefined = receiveMessageOnPort(port1)?.message;
    void thread.terminate();
    if (message === undefined) throw openError(`open() can't fetch "${url}": no answer`);
    if ('bytes' in message) return message.bytes;
    const { code, text, hint, exitCode } = message;
    throw new GharialError(code, text, { exitCode, ...(hint === undefined ? {} : { hint }) });
  };
}
