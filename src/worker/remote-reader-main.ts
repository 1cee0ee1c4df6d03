/** Entry of the thread that fetches one file for a thread that waits (see remote-reader.ts). */
import { type MessagePort, workerData } from 'node:worker_threads';
import { ExitCode, GharialError } from '../base/errors.ts';
import { createRemoteFetch } from '../script/remote-fetch.ts';
import { RemoteModules } from '../script/remote-modules.ts';
import type { RemoteFiles } from '../script/script-bundle.ts';

export interface FetchOrder {
  readonly url: string;
  readonly files: RemoteFiles;
  /** Set to 1 and notified when the answer is on the port. */
  readonly done: Int32Array;
  readonly port: MessagePort;
}

export type FetchAnswer =
  | { readonly bytes: SharedArrayBuffer }
  | {
      readonly code: GharialError['code'];
      readonly text: string;
      readonly hint: string | undefined;
      readonly exitCode: ExitCode;
    };

const { url, files, done, port } = workerData as FetchOrder; // border: sent by remote-reader.ts
try {
  port.postMessage({ bytes: await fetchFile() } satisfies FetchAnswer);
} catch (error) {
  const { code, message, hint, exitCode } =
    error instanceof GharialError ? error : unexpected(error);
  port.postMessage({ code, text: message, hint, exitCode } satisfies FetchAnswer);
}
Atomics.store(done, 0, 1);
Atomics.notify(done, 0);

async function fetchFile(): Promise<SharedArrayBuffer> {
  const { lockPath, cacheDir, updatesLock, proxies } = files;
  const fetch = createRemoteFetch(proxies);
  const remote = new RemoteModules(lockPath, { cacheDir, updatesLock, fetch });
  const { body } = await remote.loadFile(url);
  remote.save(); // a folder that cannot be written has been warned of when the script was loaded
  const bytes = new SharedArrayBuffer(body.length);
  new Uint8Array(bytes).set(body);
  return bytes;
}

function unexpected(error: unknown): GharialError {
  const text = error instanceof Error ? error.message : String(error);
  return new GharialError('SCRIPT_OPEN', text, { exitCode: ExitCode.scriptException });
}
