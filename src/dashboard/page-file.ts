/**
 * The page as text. One file serves both: with a run embedded it is the report, without it asks the server
 * for one. It is made from `ui/` by scripts/build-page.mjs.
 */
import { readFileSync } from 'node:fs';
import type { RunView } from './protocol.ts';

const PAGE_URL = new URL('./page.html', import.meta.url);
const DATA_MARK = '<!--run-->';
const TITLE_MARK = '<!--title-->';

/** @param run what a report shows; undefined = the live page. */
export function renderPage(title: string, run: RunView | undefined): string {
  const template = readFileSync(PAGE_URL, 'utf8');
  const data = run === undefined ? '' : toScriptData(run);
  return fill(fill(template, TITLE_MARK, escapeHtml(title)), DATA_MARK, data);
}

/** The policy that the page brings along, for the server to say too. */
export function policyOf(page: string): string {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
  if (policy === undefined) throw new Error('page.html has no content security policy');
  return policy;
}

function fill(template: string, mark: string, text: string): string {
  const at = template.indexOf(mark);
  if (at < 0) throw new Error(`page.html has no ${mark}`);
  return template.slice(0, at) + text + template.slice(at + mark.length);
}

/** JSON that can stand in a script element: nothing in it can end the element or begin a comment. */
export function toScriptData(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
