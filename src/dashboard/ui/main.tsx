/** Starts the page: with the run that is embedded, or with the one that the server tells of. */
import { render } from 'preact';
import type { RunView } from '../protocol.ts';
import { App } from './app.tsx';
import { follow } from './connection.ts';
import { Store } from './store.ts';
import 'uplot/dist/uPlot.min.css';
import './page.css';

const store = new Store();
const embedded = document.getElementById('run-data')?.textContent ?? '';
if (embedded === '') {
  follow(store);
} else {
  store.setView(JSON.parse(embedded) as RunView); // written by gharial
  store.setLink('report');
}
const app = document.getElementById('app');
if (app !== null) render(<App store={store} />, app);
