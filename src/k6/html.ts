/** The module `k6/html`: parseHTML. */

import type { ScriptModule } from './host.ts';
import { parseDocument } from './html-document.ts';
import { Selection } from './html-selection.ts';

export type { Selection };

/** Parses HTML; never fails. The Selection holds the document. */
export function parseHtml(text: string): Selection {
  return new Selection([parseDocument(text)]);
}

/** `k6/html`. It keeps no state; the object is the VU's own. */
export function createHtmlModule(): ScriptModule {
  const named = { parseHTML: (text?: unknown): Selection => parseHtml(String(text)) };
  return { named, default: named };
}
