// One client of a bench in a process of its own.
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
