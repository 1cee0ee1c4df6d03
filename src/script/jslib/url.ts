/**
 * Our stand-in for `https://jslib.k6.io/url/<version>/index.js`: scripts have both classes as globals,
 * this gives them under the names that the module exports.
 */
const OwnUrl: typeof globalThis.URL = globalThis.URL;
const OwnUrlSearchParams: typeof globalThis.URLSearchParams = globalThis.URLSearchParams;

export { OwnUrl as URL, OwnUrlSearchParams as URLSearchParams };
