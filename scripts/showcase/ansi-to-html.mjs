// Text of a terminal with its colours (SGR sequences) as a page.
const COLOURS = {
  30: '#484f58',
  31: '#ff7b72',
  32: '#56d364',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#56d4dd',
  37: '#e6edf3',
};
const BRIGHT = 60;
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const ESCAPE = String.fromCharCode(27);
const SEQUENCE = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`);
const CODES = new RegExp(`^${ESCAPE}\\[([\\d;]*)m$`);

export function ansiToHtml(text) {
  const style = { colour: undefined, isBold: false, isFaint: false };
  const html = text
    .split(SEQUENCE)
    .map((part) => {
      const codes = CODES.exec(part)?.[1];
      if (codes === undefined) return span(part, style);
      applyCodes(codes.split(';').map(Number), style);
      return '';
    })
    .join('');
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #0d1117; }
    pre { display: inline-block; margin: 0; padding: 18px 22px; color: #c9d1d9; background: #0d1117;
      font: 13px/1.35 'DejaVu Sans Mono', ui-monospace, monospace; }
  </style><pre>${html}</pre>`;
}

function span(text, { colour, isBold, isFaint }) {
  const escaped = text.replace(/[&<>]/g, (character) => ESCAPES[character]);
  const css = [
    colour === undefined ? '' : `color:${colour}`,
    isBold ? 'font-weight:700' : '',
    isFaint ? 'opacity:.6' : '',
  ].filter((rule) => rule !== '');
  return css.length === 0 ? escaped : `<span style="${css.join(';')}">${escaped}</span>`;
}

function applyCodes(codes, style) {
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(style, { colour: undefined, isBold: false, isFaint: false });
    else if (code === 1) style.isBold = true;
    else if (code === 2) style.isFaint = true;
    else if (code === 22) Object.assign(style, { isBold: false, isFaint: false });
    else if (code === 39) style.colour = undefined;
    else if (code === 38 && codes[at + 1] === 2) {
      style.colour = `rgb(${codes.slice(at + 2, at + 5).join(',')})`;
      at += 4;
    } else if (code === 38 && codes[at + 1] === 5) {
      style.colour = COLOURS[30 + ((codes[at + 2] ?? 0) % 8)];
      at += 2;
    } else style.colour = COLOURS[code] ?? COLOURS[code - BRIGHT] ?? style.colour;
  }
}
