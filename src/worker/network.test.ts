import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkPlan } from '../bridge/messages.ts';
import { NO_DIAL_LIMITS } from '../k6/dial-limits.ts';
import { consolidate } from '../options/consolidate.ts';
import { NO_PROXIES } from '../options/proxies.ts';
import type { Layer } from '../options/values.ts';
import { createNetwork } from './network.ts';

const PLAN: NetworkPlan = {
  localIPs: '',
  sourcePorts: { first: 40_000, last: 40_001 },
  proxies: NO_PROXIES,
  tlsSessionReuse: true,
  dialLimits: NO_DIAL_LIMITS,
  wsDebug: '',
  wsDebugVus: '',
  wsDebugSecrets: false,
};

function network(plan: Partial<NetworkPlan>, values: Layer['values'] = {}) {
  const layer: Layer = { origin: 'script', values };
  const { options } = consolidate({
    layers: [layer],
    exportedFunctions: undefined,
    defaultUserAgent: '',
  });
  return createNetwork(options, { ...PLAN, ...plan }, (_host, _port, done) => done(null, []));
}

test('hosts with the same client certificate share one settings object, whose context is costly', () => {
  const certificate = (...domains: string[]) => ({
    domains,
    cert: 'C',
    key: 'K',
    password: undefined,
  });
  const { tlsFor } = network(
    {},
    { tlsAuth: [certificate('a.test', '*.b.test'), certificate()] },
  )(1);
  assert.equal(tlsFor('a.test'), tlsFor('a.test'));
  assert.equal(tlsFor('a.test'), tlsFor('x.b.test'));
  assert.equal(tlsFor('c.test'), tlsFor('d.test'));
  assert.notEqual(tlsFor('a.test'), tlsFor('c.test'));
  assert.equal(tlsFor('a.test').cert, 'C');
  assert.equal(tlsFor('a.test').reusesSessions, true);
  assert.equal(network({ tlsSessionReuse: false })(1).tlsFor('x').reusesSessions, false);
});

test('VUs take the addresses of --local-ips in turn, and share their ports', () => {
  const networkFor = network({ localIPs: '10.0.0.1-10.0.0.2' });
  assert.deepEqual(
    [0, 1, 2, 3].map((vu) => networkFor(vu).localAddress),
    ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.1'],
  );
  const to = { address: '10.9.9.9', family: 4, port: 80 } as const;
  const leases = [1, 3, 1].map((vu) => networkFor(vu).leaseSource?.(to));
  const names = leases.map((lease) =>
    lease instanceof Error ? '' : `${lease?.address}:${lease?.port}`,
  );
  assert.deepEqual(names.slice(0, 2).sort(), ['10.0.0.1:40000', '10.0.0.1:40001']);
  assert.match(names[2] ?? '', /^10\.0\.0\.2:/, 'the next address, once the own one is used up');
  assert.equal(network({})(1).leaseSource, undefined);
});

test('--ws-debug is for the VUs it names', () => {
  const networkFor = network({ wsDebug: 'frames', wsDebugVus: '2' });
  assert.deepEqual(
    [1, 2].map((vu) => networkFor(vu).wsDebug),
    ['off', 'frames'],
  );
  assert.equal(network({})(1).wsDebug, 'off');
});
