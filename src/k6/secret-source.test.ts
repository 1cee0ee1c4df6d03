import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GharialError } from '../base/errors.ts';
import { parseSecretSources } from './secret-source.ts';

const FILES: Readonly<Record<string, string>> = {
  'a.txt': 'user=bob\n\npassword=p=q \r\n',
  'bad.txt': 'user=bob\ntopsecret\n',
};

function readText(path: string): string {
  const text = FILES[path];
  if (text === undefined) throw new Error(`no file ${path}`);
  return text;
}

const parse = (...specs: string[]) => parseSecretSources(specs, readText);

test('a mock source has its values in the flag', () => {
  assert.deepEqual(parse('mock=a=1,b=x y=z'), {
    sources: [{ name: 'mock', values: { a: '1', b: 'x y=z' } }],
    defaultName: 'mock',
  });
});

test('a file source has one value a line; all after the first = belongs to it', () => {
  for (const spec of ['file=a.txt', 'file=filename=a.txt']) {
    assert.deepEqual(parse(spec).sources[0]?.values, { user: 'bob', password: 'p=q ' });
  }
});

test('of several sources one may be the default, and names tell them apart', () => {
  const { sources, defaultName } = parse('mock=default,cool=1', 'mock=name=other,cool=2');
  assert.equal(defaultName, 'mock');
  assert.deepEqual(
    sources.map(({ name, values }) => [name, values['cool']]),
    [
      ['mock', '1'],
      ['other', '2'],
    ],
  );
  assert.equal(parse('mock=a=1', 'file=a.txt').defaultName, undefined);
  assert.equal(parse().defaultName, undefined);
});

test('faults are told without showing a secret', () => {
  const faults: [string[], RegExp][] = [
    [['vault=x=topsecret'], /there is no secret source type "vault"/],
    [['url=urlTemplate=http://x'], /url sources are not supported/],
    [['mock=topsecret'], /is not key=value/],
    [['file=bad.txt'], /line 2 of "bad\.txt" is not key=value/],
    [['file=none.txt'], /the file cannot be read: no file none\.txt/],
    [['file='], /it names no file/],
    [['file'], /it names no file/],
    [['mock=a=1', 'mock=b=2'], /there is already a secret source named "mock"/],
    [['mock=default,a=1', 'mock=name=b,default,a=2'], /"mock" is the default source already/],
  ];
  for (const [specs, message] of faults) {
    assert.throws(
      () => parse(...specs),
      (error) =>
        error instanceof GharialError &&
        error.code === 'SECRET_SOURCE_INVALID' &&
        error.exitCode === 104 &&
        message.test(error.message) &&
        !error.message.includes('topsecret'),
      specs.join(' '),
    );
  }
});
