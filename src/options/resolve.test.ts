import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResolve, type Lookup, type LookupAddress } from './resolve.ts';
import type { DnsSettings } from './values.ts';

const V4: LookupAddress[] = [
  { address: '10.0.0.1', family: 4 },
  { address: '10.0.0.2', family: 4 },
];
const V6: LookupAddress[] = [{ address: '2001:db8::1', family: 6 }];

class Bench {
  nowMs = 0;
  readonly asked: string[] = [];
  records: readonly LookupAddress[] = [...V4, ...V6];
  failure: NodeJS.ErrnoException | null = null;
  /** Answers are held back while this is set. */
  held: (() => void)[] | undefined;

  readonly lookup: Lookup = (host, done) => {
    this.asked.push(host);
    const answer = (): void => done(this.failure, this.failure === null ? this.records : []);
    if (this.held === undefined) answer();
    else this.held.push(answer);
  };

  resolver(
    options: {
      hosts?: Readonly<Record<string, string>>;
      blockHostnames?: readonly string[];
      blacklistIPs?: readonly string[];
      dns?: Partial<DnsSettings>;
    } = {},
  ): (host: string, port?: number) => string {
    const resolve = createResolve(
      {
        hosts: options.hosts ?? {},
        blockHostnames: options.blockHostnames ?? [],
        blacklistIPs: options.blacklistIPs ?? [],
        dns: { ttl: '5m', select: 'first', policy: 'preferIPv4', ...options.dns },
      },
      this.lookup,
      { nowMs: () => this.nowMs, randomInt: (bound) => bound - 1 },
    );
    return (host, port = 80) => {
      let answer = 'no answer';
      resolve(host, port, (error, addresses) => {
        const [first] = addresses;
        answer = error === null ? `${first?.address} ${first?.port}` : error.message;
      });
      return answer;
    };
  }
}

test('hosts map names to addresses: exact before pattern, longest pattern first, port kept', () => {
  const resolve = new Bench().resolver({
    hosts: {
      'a.test': '1.1.1.1',
      'a.test:8080': '2.2.2.2:90',
      '*.test': '3.3.3.3',
      '*.b.test': '[::1]:443',
      '9.9.9.9': '8.8.8.8',
    },
  });
  assert.equal(resolve('a.test', 81), '1.1.1.1 81');
  assert.equal(resolve('A.TEST', 8080), '2.2.2.2 90');
  assert.equal(resolve('x.y.test'), '3.3.3.3 80');
  assert.equal(resolve('x.b.test'), '::1 443');
  assert.equal(resolve('9.9.9.9'), '8.8.8.8 80');
  assert.equal(resolve('test'), '10.0.0.1 80');
});

test('a pattern does not match the bare apex', () => {
  const resolve = new Bench().resolver({ blockHostnames: ['*.test'] });
  assert.equal(resolve('foo.test'), 'hostname (foo.test) is in a blocked pattern (*.test)');
  assert.equal(resolve('test'), '10.0.0.1 80');
});

test('blocked names are refused before anything else, IP literals are no names', () => {
  const bench = new Bench();
  const resolve = bench.resolver({ blockHostnames: ['*'], hosts: { 'a.test': '1.1.1.1' } });
  assert.match(resolve('a.test'), /blocked pattern/);
  assert.equal(resolve('127.0.0.1'), '127.0.0.1 80');
  assert.deepEqual(bench.asked, []);
});

test('blacklisted ranges are refused at the end, wherever the address came from', () => {
  const resolve = new Bench().resolver({
    blacklistIPs: ['10.0.0.0/8', '127.1.2.3/8', 'fc00::/7'],
    hosts: { 'mapped.test': '127.0.0.1' },
  });
  assert.equal(resolve('any.test'), 'IP (10.0.0.1) is in a blacklisted range (10.0.0.0/8)');
  assert.equal(resolve('mapped.test'), 'IP (127.0.0.1) is in a blacklisted range (127.0.0.0/8)');
  assert.equal(
    resolve('::ffff:10.1.1.1'),
    'IP (::ffff:10.1.1.1) is in a blacklisted range (10.0.0.0/8)',
  );
  assert.equal(resolve('fd00::1'), 'IP (fd00::1) is in a blacklisted range (fc00::/7)');
  assert.equal(resolve('11.0.0.1'), '11.0.0.1 80');
});

test('policy chooses the family', () => {
  const answers = (policy: DnsSettings['policy'], records?: LookupAddress[]): string => {
    const bench = new Bench();
    if (records !== undefined) bench.records = records;
    return bench.resolver({ dns: { policy } })('x.test');
  };
  assert.equal(answers('preferIPv4'), '10.0.0.1 80');
  assert.equal(answers('preferIPv6'), '2001:db8::1 80');
  assert.equal(answers('preferIPv4', V6), '2001:db8::1 80');
  assert.equal(answers('onlyIPv4', V6), 'lookup x.test: no such host');
  assert.equal(answers('onlyIPv6', V4), 'lookup x.test: no such host');
  assert.equal(answers('any', [...V6, ...V4]), '2001:db8::1 80');
});

test('select chooses among the addresses', () => {
  const three = (select: DnsSettings['select']): string[] => {
    const resolve = new Bench().resolver({ dns: { select } });
    return [1, 2, 3].map(() => resolve('x.test').split(' ')[0] ?? '');
  };
  assert.deepEqual(three('first'), ['10.0.0.1', '10.0.0.1', '10.0.0.1']);
  assert.deepEqual(three('roundRobin'), ['10.0.0.1', '10.0.0.2', '10.0.0.1']);
  assert.deepEqual(three('random'), ['10.0.0.2', '10.0.0.2', '10.0.0.2']);
});

test('answers are kept for the time to live', () => {
  const asked = (ttl: string, gapMs: number): number => {
    const bench = new Bench();
    const resolve = bench.resolver({ dns: { ttl } });
    for (let i = 0; i < 3; i++, bench.nowMs += gapMs) resolve(i === 1 ? 'X.test' : 'x.test');
    return bench.asked.length;
  };
  assert.equal(asked('1m', 1000), 1);
  assert.equal(asked('1m', 61_000), 3);
  assert.equal(asked('inf', 1e12), 1);
  assert.equal(asked('0', 0), 3);
});

test('thousands who ask for the same name at once cause one question', () => {
  const bench = new Bench();
  bench.held = [];
  const resolve = createResolve(
    {
      hosts: {},
      blockHostnames: [],
      blacklistIPs: [],
      dns: { ttl: '5m', select: 'first', policy: 'any' },
    },
    bench.lookup,
  );
  let answers = 0;
  for (let i = 0; i < 1000; i++) resolve('x.test', 80, () => answers++);
  for (const answer of bench.held) answer();
  assert.deepEqual([bench.asked.length, answers], [1, 1000]);
});

test('failed look-ups are not kept and say what k6 says', () => {
  const bench = new Bench();
  const resolve = bench.resolver();
  bench.failure = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  assert.equal(resolve('x.test'), 'lookup x.test: no such host');
  bench.failure = Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
  assert.equal(resolve('x.test'), 'lookup x.test: getaddrinfo EAI_AGAIN');
  bench.failure = null;
  assert.equal(resolve('x.test'), '10.0.0.1 80');
});
