/** Pages among HTTP answers: their HTML, and the requests that their forms and links stand for. */
import { parseHtml } from './html.ts';
import { formText } from './http-body.ts';
import { HttpResponse, responseText } from './http-response.ts';
import { resolveUrl } from './http-url.ts';
import { NativeError } from './script-error.ts';
import { UrlSyntaxError } from './ws-url.ts';

/** Arguments of the request that a form or a link stands for. */
export interface PageRequest {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly params: unknown;
}

/** `res.html([selector])`. */
export function htmlOf(text: string, selector: unknown): unknown {
  const document = parseHtml(text);
  return selector === undefined ? document : document.find(String(selector));
}

function responseOf(receiver: unknown, call: string): HttpResponse {
  if (receiver instanceof HttpResponse) return receiver;
  throw new TypeError(`${call} needs a response`);
}

function option(options: unknown, name: string): unknown {
  if (typeof options !== 'object' || options === null) return undefined;
  const value: unknown = Reflect.get(options, name);
  return value === null ? undefined : value;
}

function selectorOption(options: unknown, name: string, fallback: string): string {
  const value = option(options, name);
  return value === undefined ? fallback : String(value);
}

function addressFrom(response: HttpResponse, reference: string): string {
  try {
    return resolveUrl(response.url, reference);
  } catch (error) {
    throw error instanceof UrlSyntaxError ? new NativeError(error.message) : error;
  }
}

/**
 * `res.submitForm({ formSelector, submitSelector, fields, params })`.
 *
 * @throws NativeError if the page has no such form.
 */
export function submitFormRequest(receiver: unknown, options: unknown): PageRequest {
  const response = responseOf(receiver, 'submitForm');
  const formSelector = selectorOption(options, 'formSelector', 'form');
  const form = parseHtml(responseText(response, 'HTML')).find(formSelector);
  if (form.size() === 0) {
    throw new NativeError(
      `no form found for selector '${formSelector}' in response '${response.url}'`,
    );
  }
  const method = String(form.attr('method') ?? 'GET').toUpperCase();
  const action = form.attr('action');
  const url = action === undefined ? response.url : addressFrom(response, String(action));
  const values: Record<string, unknown> = { ...form.serializeObject() };
  const submit = form.find(selectorOption(options, 'submitSelector', '[type="submit"]'));
  const submitName = submit.attr('name');
  const submitValue = submit.val();
  if (submitName !== undefined && submitValue !== undefined) {
    values[String(submitName)] = submitValue;
  }
  Object.assign(values, option(options, 'fields'));
  const params = option(options, 'params');
  if (method !== 'GET') return { method, url, body: values, params };
  return { method, url: withQuery(url, formText(Object.entries(values))), body: undefined, params };
}

/** The values take the place of the query of the form's address, as browsers do. */
function withQuery(url: string, query: string): string {
  const bare = url.replace(/[?#].*$/, '');
  return query === '' ? bare : `${bare}?${query}`;
}

/**
 * `res.clickLink({ selector, params })`.
 *
 * @throws NativeError if the page has no such link.
 */
export function clickLinkRequest(receiver: unknown, options: unknown): PageRequest {
  const response = responseOf(receiver, 'clickLink');
  const selector = selectorOption(options, 'selector', 'a[href]');
  const link = parseHtml(responseText(response, 'HTML')).find(selector);
  if (link.size() === 0) {
    throw new NativeError(
      `no element found for selector '${selector}' in response '${response.url}'`,
    );
  }
  const href = link.attr('href');
  if (href === undefined) {
    throw new NativeError(
      `no valid href attribute value found on element '${selector}' in response '${response.url}'`,
    );
  }
  const url = addressFrom(response, String(href));
  return { method: 'GET', url, body: undefined, params: option(options, 'params') };
}
