/**
 * `gharial demo`: a chat and echo server until Ctrl-C; with `--run SCRIPT`, one load test against it
 * on free ports and its exit code.
 */
import { ExitCode } from '../base/errors.ts';
import { DEMO_PASSWORD } from '../demo/login.ts';
import type { DemoServer } from '../demo/server.ts';
import { CHAT_PATH, ECHO_PATH, LOGIN_PATH, PRIVATE_PATH, startDemoServer } from '../demo/server.ts';
import type { CommandContext } from './context.ts';
import { parseDemoArgs } from './demo-args.ts';

export type RunCommand = (args: readonly string[], context: CommandContext) => Promise<ExitCode>;

/** @throws GharialError for faulty flags and ports that cannot be had. */
export async function demoCommand(
  args: readonly string[],
  context: CommandContext,
  runCommand: RunCommand,
): Promise<ExitCode> {
  const { settings, script, runArgs } = parseDemoArgs(args);
  const server = await startDemoServer(settings);
  try {
    if (script === undefined) {
      // Listening for the signal first: whoever reads the addresses may send it at once.
      const stopped = untilStopped(context);
      context.stdout.write(describe(server));
      await stopped;
      return ExitCode.ok;
    }
    const { wsUrl, wssUrl, httpUrl } = server;
    const addresses = [`WS_URL=${wsUrl}`, `WSS_URL=${wssUrl}`, `HTTP_URL=${httpUrl}`].flatMap(
      (variable) => ['-e', variable],
    );
    // The addresses come first, so that the user's own -e wins.
    return await runCommand([...addresses, ...runArgs, script], context);
  } finally {
    await server.stop();
  }
}

function describe({ wsUrl, wssUrl, httpUrl }: DemoServer): string {
  return [
    '',
    '  The demo server is listening. Ctrl-C stops it.',
    '',
    `    chat  ${wsUrl}${CHAT_PATH}    (any room name)`,
    `          ${wssUrl}${CHAT_PATH}    (self-signed certificate)`,
    `    echo  ${wsUrl}${ECHO_PATH}`,
    `          ${wssUrl}${ECHO_PATH}`,
    `    login ${httpUrl}${LOGIN_PATH}    (POST user and password "${DEMO_PASSWORD}", then)`,
    `          ${wsUrl}${PRIVATE_PATH}    (any room name)`,
    '',
    '  Put load on it from another terminal:',
    '',
    `    gharial run -e WS_URL=${wsUrl} --vus 10 examples/chat.ts`,
    '',
    '',
  ].join('\n');
}

function untilStopped(context: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = context.onStopSignal(() => {
      unsubscribe();
      resolve();
    });
  });
}
