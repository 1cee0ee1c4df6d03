/** How the page hears of the run, and what it asks the server for. */
import type { HistoryRow, RunState, RunView } from '../protocol.ts';
import type { Store } from './store.ts';

/** Follows the events of the server until the run is over. */
export function follow(store: Store): void {
  const events = new EventSource('/events');
  const on = <T>(name: string, take: (data: T) => void): void => {
    events.addEventListener(name, (event) => {
      take(JSON.parse((event as MessageEvent<string>).data) as T); // of our own server
    });
  };
  on<RunView>('view', (view) => {
    store.setView(view);
    store.setLink('live');
  });
  on<HistoryRow>('row', (row) => store.addRow(row));
  on<RunState>('state', (state) => store.setState(state));
  on<RunView>('end', (view) => {
    events.close();
    store.setView(view);
    store.setLink('over');
  });
  events.onerror = () => store.setLink('lost');
}

export type Steering = 'pause' | 'resume' | 'stop';

/** Asks the server to steer the test. Resolves to what it refused with, or ''. */
export async function steer(what: Steering): Promise<string> {
  try {
    const response = await fetch(`/${what}`, { method: 'POST', headers: { 'x-gharial': '1' } });
    return response.ok ? '' : await response.text();
  } catch {
    return 'gharial does not answer any more';
  }
}
