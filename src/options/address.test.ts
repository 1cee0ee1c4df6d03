import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, isInRange, parseCidr, parseIp } from './address.ts';
import { parseLocalIps } from './local-ips.ts';

test('knows IP literals from other texts, as Node does', () => {
  const texts = [
    '1.2.3.4',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '::1::',
    ':::',
    '::ffff:1.2.3.4',
    '64:ff9b::1.2.3.4',
    '1.2.3.4::',
    'fe80::12345',
    'g::',
    '',
    'localhost',
  ];
  for (const text of texts) assert.equal(parseIp(text) !== undefined, isIP(text) > 0, text);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      assert.equal(parseIp(text) !== undefined, isIP(text) > 0, text);
    }),
  );
});

test('an address is written so that it reads as itself', () => {
  assert.equal(formatIp({ family: 6, value: 1n }), '::1');
  assert.equal(formatIp({ family: 6, value: 1n << 112n }), '1::');
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const ip = parseIp(text);
      assert.ok(ip !== undefined);
      assert.deepEqual(parseIp(formatIp(ip)), ip);
    }),
  );
});

test('ranges hold the addresses that share their prefix', () => {
  const inRange = (address: string, cidr: string): boolean => {
    const [ip, range] = [parseIp(address), parseCidr(cidr)];
    assert.ok(ip !== undefined && range !== undefined);
    return isInRange(ip, range);
  };
  assert.ok(inRange('10.255.0.1', '10.0.0.0/8'));
  assert.ok(!inRange('11.0.0.0', '10.0.0.0/8'));
  assert.ok(inRange('200.1.1.1', '0.0.0.0/0'));
  assert.ok(inRange('1.2.3.4', '1.2.3.4/32'));
  assert.ok(inRange('::ffff:10.0.0.1', '10.0.0.0/8'));
  assert.ok(!inRange('::1', '0.0.0.0/0'));
  assert.ok(inRange('2001:db8::7', '2001:db8::/32'));
  for (const bad of ['1.2.3.4', '1.2.3.4/33', '1.2.3/8', '::/129', '1.2.3.4/', 'x/8']) {
    assert.equal(parseCidr(bad), undefined, bad);
  }
});

test('local addresses go round; network and broadcast of larger ranges stay out', () => {
  const first = (text: string, count: number): string[] => {
    const pool = parseLocalIps(text);
    return Array.from({ length: count }, (_, i) => pool.addressOf(i + 1));
  };
  assert.deepEqual(first('10.0.0.1,10.0.0.8-10.0.0.9', 4), [
    '10.0.0.1',
    '10.0.0.8',
    '10.0.0.9',
    '10.0.0.1',
  ]);
  assert.deepEqual(first('192.168.0.0/30', 3), ['192.168.0.1', '192.168.0.2', '192.168.0.1']);
  assert.deepEqual(first('192.168.0.0/31', 2), ['192.168.0.0', '192.168.0.1']);
  assert.deepEqual(first('fd00::/127', 2), ['fd00::', 'fd00::1']);
  for (const bad of ['foo', '10.0.0.9-10.0.0.1', '10.0.0.1-::1', '10.0.0.0/40', '10.0.0.1,']) {
    assert.throws(() => parseLocalIps(bad), /is not a valid IP, IP range or CIDR/, bad);
  }
});
