/**
 * Colours and dashes of lines. The hues are those of Okabe and Ito, which people with any kind of colour
 * vision can tell apart, made lighter for the dark theme; dashes repeat the difference without colour.
 */
const LIGHT = [
  '#0072b2',
  '#d55e00',
  '#00866a',
  '#b0489c',
  '#9a6a00',
  '#3a8fc4',
  '#7a5c45',
  '#5b6470',
];
const DARK = [
  '#58b4ee',
  '#ff9a5c',
  '#35d0a5',
  '#ef9ad6',
  '#f0c24b',
  '#a5d8ff',
  '#d3b49c',
  '#aab4c0',
];
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [9, 3, 2, 3]];

export function colourOf(index: number): string {
  const colours = isDark() ? DARK : LIGHT;
  return colours[index % colours.length] ?? '#888';
}

/** The first round of colours is solid. */
export function dashOf(index: number): readonly number[] {
  return DASHES[Math.floor(index / LIGHT.length) % DASHES.length] ?? [];
}

export interface Ink {
  readonly text: string;
  readonly grid: string;
  readonly fail: string;
  /** Behind everything. */
  readonly ground: string;
}

export function inkOf(): Ink {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: read('--muted'),
    grid: read('--grid'),
    fail: read('--bad'),
    ground: read('--panel'),
  };
}

export type Theme = 'light' | 'dark';

/** The theme chosen here, else the system's. */
export function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen !== undefined) return chosen === 'dark';
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
