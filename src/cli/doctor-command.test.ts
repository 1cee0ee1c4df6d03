import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMemoryLimitBytes, readOpenFilesMax, readSourcePorts } from '../library/host-limits.ts';
import { describeHost, doctorCommand, type HostFacts, whatLacks } from './doctor-command.ts';
import { fakeContext } from './testing/fake-context.ts';

const GIB = 1024 ** 3;
const FACTS: HostFacts = {
  openFilesMax: 20_000,
  sourcePorts: { first: 32768, last: 60999 },
  addresses: ['10.0.0.2'],
  freeBytes: 4 * GIB,
  totalBytes: 8 * GIB,
  cores: 2,
};

test('says what each limit allows and which is the lowest', () => {
  const text = describeHost(FACTS, 1);
  assert.match(text, /open files \(ulimit -n\) +20,000: 19,936 connections\n/);
  assert.match(
    text,
    /source ports +32768-60999: 28,232 connections to one address and port, from 1 /,
  );
  assert.match(text, /Up to 19,936 connections .*\n {2}- open files: ulimit -n 39936 /);
  assert.match(describeHost(FACTS, 3), /84,696 connections .* from 3 source addresses/);
});

test('names everything that a number of connections lacks, and nothing else', () => {
  assert.deepEqual(whatLacks(FACTS, 1, 10_000), []);
  const many = whatLacks({ ...FACTS, freeBytes: GIB }, 1, 100_000);
  assert.equal(many.length, 3);
  assert.match(many[0] ?? '', /ulimit -n 100064/);
  assert.match(many[1] ?? '', /ip_local_port_range="1024 65535" and --local-ips with 2 addresses/);
  assert.match(many[2] ?? '', /about 1,683 MiB free, 6,566 MiB with TLS/);
  assert.match(whatLacks(FACTS, 1, 40_000)[1] ?? '', /65535"$/);
  const wide = { ...FACTS, openFilesMax: undefined, sourcePorts: { first: 1024, last: 65535 } };
  assert.deepEqual(whatLacks(wide, 1, 65_000), [
    'source ports: --local-ips with 2 addresses of this host',
  ]);
});

test('the command prints this host, and fails with advice if it is too small', () => {
  const context = fakeContext();
  assert.equal(doctorCommand([], context), 0);
  assert.match(context.stdout.text, /source ports/);
  assert.equal(doctorCommand(['--connections', '1'], context), 0);
  assert.throws(() => doctorCommand(['--connections', '9000000000'], context), {
    code: 'HOST_LIMITS',
    message: 'this host cannot hold 9,000,000,000 connections',
  });
  assert.throws(() => doctorCommand(['--connections', 'many'], context), /above 0/);
  assert.throws(() => doctorCommand(['x'], context), /accepts no args/);
});

test('reads what Linux says, and does without', () => {
  const linux = (path: string): string | undefined =>
    ({
      '/proc/sys/net/ipv4/ip_local_port_range': '1024\t65000\n',
      '/proc/self/limits':
        'Limit  Soft  Hard\nMax open files            1024                 4096                 files\n',
      '/sys/fs/cgroup/memory.max': '1073741824\n',
    })[path];
  assert.deepEqual(readSourcePorts(linux), { first: 1024, last: 65000 });
  assert.equal(readOpenFilesMax(linux), 1024);
  assert.equal(readMemoryLimitBytes(linux), GIB);
  const nothing = (): undefined => undefined;
  assert.deepEqual(readSourcePorts(nothing), { first: 32768, last: 60999 });
  assert.equal(readOpenFilesMax(nothing), undefined);
  assert.equal(readMemoryLimitBytes(nothing), undefined);
  assert.equal(
    readMemoryLimitBytes(() => 'max\n'),
    undefined,
  );
});
