// Bundles the page of `--web` and `--report` into one file, dist/dashboard/page.html: script, styles and the
// licences of what is in it. Nothing is fetched when it is opened. The policy names the hashes of its own
// script and styles, so nothing else runs in it.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'src', 'dashboard', 'ui');
const { outputFiles } = await build({
  entryPoints: [join(folder, 'main.tsx')],
  bundle: true,
  minify: true,
  write: false,
  outdir: 'out',
  format: 'iife',
  target: ['chrome105', 'firefox105', 'safari16'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
});
// An end tag within a string would end the element.
const script = textOf('.js').replaceAll('</script', '<\\/script');
const styles = textOf('.css');
const licences = ['preact', 'uplot'].map((name) => `${name}:\n\n${licenceOf(name)}`).join('\n\n');
const policy = [
  "default-src 'none'",
  `script-src '${hashOf(script)}'`,
  `style-src '${hashOf(styles)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
const icon = `data:image/svg+xml,${encodeURIComponent(readFileSync(join(folder, 'icon.svg'), 'utf8').trim())}`;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<!-- This page contains code of others.

${licences.replaceAll('--', '- -')}
-->
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="gharial">
<link rel="icon" href="${icon}">
<title><!--title--></title>
<style>${styles}</style>
</head>
<body>
<noscript>This page draws its charts with JavaScript, which is switched off.</noscript>
<div id="app"></div>
<script type="application/json" id="run-data"><!--run--></script>
<script>${script}</script>
</body>
</html>
`;
writeFileSync(join(root, 'dist', 'dashboard', 'page.html'), page);

function textOf(extension) {
  const file = outputFiles.find(({ path }) => path.endsWith(extension));
  if (file === undefined) throw new Error(`the bundle has no ${extension}`);
  return file.text.trim();
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function licenceOf(name) {
  const require = createRequire(join(root, 'package.json'));
  return readFileSync(
    join(dirname(require.resolve(`${name}/package.json`)), 'LICENSE'),
    'utf8',
  ).trim();
}
