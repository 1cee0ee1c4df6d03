import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormData } from './formdata.ts';

async function read(form: FormData): Promise<[string, string | [string, string, string]][]> {
  // Node's own reader of such bodies is the judge.
  const type = `multipart/form-data; boundary=${form.boundary}`;
  const response = new Response(form.body(), { headers: { 'content-type': type } });
  const entries: [string, string | [string, string, string]][] = [];
  for (const [name, value] of await response.formData()) {
    if (typeof value === 'string') entries.push([name, value]);
    else entries.push([name, [value.name, value.type, await value.text()]]);
  }
  return entries;
}

test('fields and files keep their order and may share a name', async () => {
  const form = new FormData();
  form.append('text', 'grüße\r\nzwei');
  form.append('files', { data: 'one', filename: 'one.txt', content_type: 'text/plain' });
  form.append('files', { data: new Uint8Array([50, 51]).buffer, filename: '2"3.bin' });
  form.append('raw', new Uint8Array([52]).subarray(0, 1));
  form.append('named', 'inline', 'inline.txt');
  form.append('number', 7);
  assert.deepEqual(await read(form), [
    ['text', 'grüße\r\nzwei'],
    ['files', ['one.txt', 'text/plain', 'one']],
    ['files', ['2"3.bin', 'application/octet-stream', '23']],
    ['raw', ['blob', 'application/octet-stream', '4']],
    ['named', ['inline.txt', 'application/octet-stream', 'inline']],
    ['number', '7'],
  ]);
});

test('each form has a boundary of its own', () => {
  assert.notEqual(new FormData().boundary, new FormData().boundary);
});

test('a form without parts is its end alone', () => {
  const form = new FormData();
  assert.equal(new TextDecoder().decode(form.body()), `--${form.boundary}--\r\n`);
});
