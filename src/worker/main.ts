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
const run = new WorkerRun(workerData as WorkerInit, send); // border: sent by engine/pool.ts
port.on('message', (message: ToWorker) => {
  run.handle(message);
});
