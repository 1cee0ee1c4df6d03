// Servers and clients of a bench in processes of their own.
import { fork } from 'node:child_process';

/** What the bench `file`, started again as `--client engine` of `work`, sends back. Rejects if it fails. */
export function forkClient(file, engine, work, port, root) {
  return new Promise((resolve, reject) => {
    const child = fork(file, [work, '--client', engine, '--port', String(port), '--root', root], {
      execArgv: ['--expose-gc', ...process.execArgv],
    });
    child.once('message', resolve);
    child.once(
      'exit',
      (code) => code !== 0 && reject(new Error(`${engine} ${work}: exit ${code}`)),
    );
  });
}

/** Starts the bench `file` with `args` as a server that calls `beServer`. */
export async function forkServer(file, args) {
  const child = fork(file, args);
  const answer = () => new Promise((resolve) => child.once('message', resolve));
  const port = await answer();
  return {
    port,
    /** What the server has counted since the last time. */
    async takeCounts() {
      child.send('counts');
      return answer();
    },
    stop: () => child.kill(),
  };
}

/** In the server's process: `serve(onPort)` returns a function that takes the counts, or a promise of it. */
export async function beServer(serve) {
  const takeCounts = await serve((port) => process.send(port));
  process.on('message', () => process.send(takeCounts()));
}
