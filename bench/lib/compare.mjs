// Compares what a unit of work costs clients of one server: the slope of CPU time between a short and a
// long run, which leaves start-up out. The server counts the work.
import { findK6, GHARIAL, measure, median, spread } from './measure.mjs';

/** `[command, args, env]` of gharial and, if on PATH, k6, for a script that reads `-e` variables. */
export async function scriptClients(script, flagsFor) {
  const runFlags = (rounds) => ['run', '-q', ...flagsFor(rounds), script];
  const k6 = await findK6();
  return {
    gharial: (rounds) => [process.execPath, [GHARIAL, ...runFlags(rounds), '--workers', '1'], {}],
    ...(k6 === undefined ? {} : { k6: (rounds) => [k6, runFlags(rounds), {}] }),
  };
}

/**
 * Runs all clients in turn, RUNS times (environment; 5), stops the server and prints µs of CPU per unit, each
 * beside the first client. Each client is a function from rounds to `[command, args, env]`.
 */
export async function compareClients({ server, clients, width, rounds, title, unit }) {
  const runs = Number(process.env.RUNS ?? 5);
  const units = (rounds.long - rounds.short) * width;
  const cpuOf = async (client, count) => {
    const [command, args, env] = client(count);
    await server.stats();
    const result = await measure(command, args, { env });
    const counts = await server.stats();
    if (result.code !== 0 || counts.messages !== count * width) {
      throw new Error(
        `unequal work: exit ${result.code}, ${JSON.stringify(counts)}\n${result.stderr}`,
      );
    }
    return result.cpuMs;
  };
  const microseconds = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, client] of Object.entries(clients)) {
      const cpuMs = (await cpuOf(client, rounds.long)) - (await cpuOf(client, rounds.short));
      microseconds[name].push((cpuMs * 1000) / units);
    }
  }
  server.stop();
  console.log(`${width} ${title(units)}, ${runs} runs, counted by the server`);
  const [baseline] = Object.keys(clients);
  for (const [name, values] of Object.entries(microseconds)) {
    const ratio = median(values.map((value, i) => value / microseconds[baseline][i]));
    console.log(
      `${name.padEnd(8)} ${spread(values)} us CPU per ${unit}, ${ratio.toFixed(2)} x ${baseline}`,
    );
  }
}
