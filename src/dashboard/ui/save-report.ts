/** Makes the report in the page itself: it works after gharial has gone. */
import type { RunView } from '../protocol.ts';
import type { Store } from './store.ts';

export function saveReport(store: Store): void {
  const view = store.toView();
  if (view === undefined) return;
  const copy = document.documentElement.cloneNode(true);
  if (!(copy instanceof HTMLElement)) return;
  const app = copy.querySelector('#app');
  const data = copy.querySelector('#run-data');
  if (app === null || data === null) return;
  app.replaceChildren();
  data.textContent = toScriptData(view);
  delete copy.dataset['theme'];
  const blob = new Blob([`<!doctype html>\n${copy.outerHTML}\n`], { type: 'text/html' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${baseName(view.facts.script)}-report.html`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** As the server writes it: nothing in it can end the element. */
function toScriptData(view: RunView): string {
  return JSON.stringify(view).replaceAll('<', '\\u003c');
}

function baseName(script: string): string {
  const name = script.split(/[/\\]/).at(-1) ?? '';
  return name.replace(/\.\w+$/, '').replace(/[^\w.-]+/g, '-') || 'gharial';
}
