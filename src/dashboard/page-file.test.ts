import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderPage, toScriptData } from './page-file.ts';

test('no text can end the script element that holds it', () => {
  const names = ['</script><img src=x onerror=alert(1)>', '<!--<script>', '$& $1 $`', '\u2028"\\'];
  const data = toScriptData(names);
  assert.ok(!data.includes('<'));
  assert.deepEqual(JSON.parse(data), names);
});

test('the title is text, whatever the script is called', () => {
  const page = renderPage('</title><script>alert(1)</script> & "$&"', undefined);
  assert.ok(
    page.includes(
      '<title>&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62; &#38; &#34;$&#38;&#34;</title>',
    ),
  );
});

test('the page needs nothing from elsewhere', () => {
  const page = renderPage('offline', undefined);
  const withoutLicences = page.replace(/<!--.*?-->/gs, '');
  // The namespace of SVG is a name, not an address; nothing is fetched from it.
  const addresses = withoutLicences.match(/https?:\/\/[\w.-]+/g) ?? [];
  assert.deepEqual(
    [...new Set(addresses)].filter((address) => !address.endsWith('www.w3.org')),
    [],
  );
  assert.match(page, /Copyright \(c\) 2015-present Jason Miller/);
  assert.match(page, /Leon Sorokin/);
});
