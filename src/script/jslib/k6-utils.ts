/**
 * Our stand-in for `https://jslib.k6.io/k6-utils/<version>/index.js`: it becomes part of the bundle
 * of a script that imports that URL, so this is script code, written against k6's modules alone.
 * `findBetween` differs by version; the loader adds it from `createFindBetween`.
 */
import { check as checkBuiltIn } from 'k6';
import exec from 'k6/execution';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** An integer between `min` and `max`, both included. */
export function randomIntBetween(min: number, max: number): number {
  return Math.floor(Math.random() * (max - min + 1) + min);
}

/** One element of the array; undefined if it is empty. */
export function randomItem<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(Math.random() * items.length)];
}

export function randomString(length: number, charset = LETTERS): string {
  let text = '';
  for (let count = 0; count < length; count++) {
    text += charset[Math.floor(Math.random() * charset.length)];
  }
  return text;
}

/** A version 4 UUID in lower case (RFC 9562 §5.4); `secure` takes its bits from the global `crypto`. */
export function uuidv4(secure = false): string {
  const bytes = new Uint8Array(16);
  if (secure && typeof crypto === 'object') crypto.getRandomValues(bytes);
  else for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(Math.random() * 256);
  let text = '';
  for (const [at, byte] of bytes.entries()) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += '-';
    let value = byte;
    if (at === 6) value = (byte & 0x0f) | 0x40;
    if (at === 8) value = (byte & 0x3f) | 0x80;
    text += value.toString(16).padStart(2, '0');
  }
  return text;
}

type Found = string | null | (string | null)[];
type FindBetween = (content: string, left: string, right: string, repeat?: boolean) => Found;

/**
 * Makes `findBetween`. Versions before 1.2 answer `''` (or `[]` when repeating) for no match, later
 * ones `null`.
 */
export function createFindBetween(answersEmpty: boolean): FindBetween {
  return (content, left, right, repeat = false) => {
    const found: string[] = [];
    let at = 0;
    do {
      const start = content.indexOf(left, at);
      if (start === -1) break;
      const end = content.indexOf(right, start + left.length);
      if (end === -1) break;
      found.push(content.slice(start + left.length, end));
      // Two empty markers match everywhere: without a step of at least one that would never end.
      at = Math.max(end + right.length, at + 1);
    } while (repeat && at < content.length);
    if (found.length === 0) return answersEmpty ? (repeat ? [] : '') : null;
    return repeat ? found : (found[0] ?? null);
  };
}

interface Stage {
  duration: string;
  target: number;
}

/**
 * Stages of a ramping executor that follow the bell curve: `numberOfStages` steps between a ramp up
 * and a ramp down, the peak at `maxVUs`.
 */
export function normalDistributionStages(
  maxVUs: number,
  durationSeconds: number,
  numberOfStages = 10,
): Stage[] {
  const edge = `${Math.ceil(durationSeconds / 6)}s`;
  const middle = `${Math.ceil((4 * durationSeconds) / (6 * numberOfStages))}s`;
  // The density relative to its peak: the constant factor falls out when the peak is scaled to maxVUs.
  const densities: number[] = [];
  for (let step = 0; step <= numberOfStages; step++) {
    const x = -2 + (4 * step) / numberOfStages;
    densities.push(Math.exp(-(x * x) / 2));
  }
  const peak = Math.max(...densities);
  const stages = densities.map((density, step) => ({
    duration: step === 0 ? edge : middle,
    target: Math.round((density / peak) * maxVUs),
  }));
  stages.push({ duration: edge, target: 0 });
  return stages;
}

/** Index of the stage that the running scenario is in by now; the last one when all are over. */
export function getCurrentStageIndex(): number {
  const stages = currentStages();
  const elapsedMs = Date.now() - exec.scenario.startTime;
  let endMs = 0;
  for (const [index, stage] of stages.entries()) {
    endMs += parseDuration(stage.duration);
    if (elapsedMs < endMs) return index;
  }
  return stages.length - 1;
}

/** Sets the VU tag `stage` to the index of the current stage. */
export function tagWithCurrentStageIndex(): void {
  setVuTag('stage', String(getCurrentStageIndex()));
}

/** Sets the VU tag `stage_profile` to `ramp-up`, `steady` or `ramp-down`. */
export function tagWithCurrentStageProfile(): void {
  setVuTag('stage_profile', currentStageProfile());
}

function setVuTag(name: string, value: string): void {
  exec.vu.metrics.tags[name] = value;
}

function currentStageProfile(): string {
  const index = getCurrentStageIndex();
  const stages = currentStages();
  const target = stages[index]?.target;
  const previous = stages[index - 1]?.target;
  if (previous === undefined || target === undefined || target > previous) return 'ramp-up';
  return target === previous ? 'steady' : 'ramp-down';
}

function currentStages(): readonly Stage[] {
  const scenarios = exec.test.options.scenarios as
    | Readonly<Record<string, { readonly stages?: readonly Stage[] | null }>>
    | null
    | undefined;
  const stages = scenarios?.[exec.scenario.name]?.stages;
  if (stages === undefined || stages === null || stages.length === 0) {
    throw new Error(
      'only ramping-vus or ramping-arravial-rate supports stages, it is not possible to get a stage ' +
        'index on other executors.',
    );
  }
  return stages;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `1m30s`, `100ms`, `2d4h`; a number without unit counts as milliseconds. */
export function parseDuration(text: string): number {
  if (text === undefined || text === null || text.length === 0) throw new Error('str is empty');
  const seen = new Set<string>();
  let totalMs = 0;
  let rest = text;
  while (rest !== '') {
    const [part = '', digits = '', unit = ''] = /^(\d*\.?\d*)([^\d.]*)/.exec(rest) ?? [];
    const unitMs = unit === '' ? 1 : UNIT_MS[unit];
    if (unitMs === undefined) throw new Error(`${unit} is an unsupported time unit`);
    if (seen.has(unit)) throw new Error(`${unit} time unit is provided multiple times`);
    if (digits === '' || digits === '.') throw new Error(`${text} is not a duration`);
    seen.add(unit);
    totalMs += Number(digits) * unitMs;
    rest = rest.slice(part.length);
  }
  return totalMs;
}

type Tags = Record<string, string>;

/**
 * The built-in `check` that also takes promises and async functions: then it returns a promise of the
 * verdict and emits each check when its value is there. A rejected predicate fails its check and
 * rejects the result.
 */
export function check<V>(
  value: V,
  sets: Record<string, unknown>,
  tags?: Tags,
): boolean | Promise<boolean> {
  if (sets === undefined || sets === null) return checkBuiltIn(value, sets, tags);
  const emit = (name: string, outcome: unknown): boolean =>
    checkBuiltIn(value, { [name]: () => Boolean(outcome) }, tags);

  let isPassed = true;
  const pending: Promise<boolean>[] = [];
  for (const [name, predicate] of Object.entries(sets)) {
    let outcome: unknown;
    try {
      outcome = typeof predicate === 'function' ? predicate(value) : predicate;
    } catch (error) {
      emit(name, false);
      throw error;
    }
    if (isThenable(outcome)) {
      const settled = Promise.resolve(outcome).then(
        (result) => emit(name, result),
        (error: unknown) => {
          emit(name, false);
          throw error;
        },
      );
      pending.push(settled);
    } else if (!emit(name, outcome)) {
      isPassed = false;
    }
  }
  if (pending.length === 0) return isPassed;
  return Promise.all(pending).then((verdicts) => isPassed && verdicts.every(Boolean));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
