/**
 * Entry of a worker thread: takes orders from the main thread, runs its share of the VUs and
 * scenarios, sends logs, samples and snapshots up.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerInit } from '../bridge/messages.ts';
import { WorkerRun } from './worker-run.ts';

const port = parentPort;
if (port === null) throw new Error('worker/main.ts is the entry of a worker thread');

const send = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer);
};
const init = workerData as WorkerInit; // border: sent by engine/pool.ts
let run: WorkerRun | undefined;
port.on('message', (message: ToWorker) => {
  if (message.kind === 'load') run = new WorkerRun(init, message.script, send);
  else run?.handle(message);
});
