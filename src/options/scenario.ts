/**
 * Scenarios: the fields every executor takes, their defaults and their rules. Parsing gives a spec
 * (what was written), resolving gives a config (defaults filled in, ready to run) or the faults.
 */
import {
  durationKind,
  hintsOf,
  intKind,
  isRecord,
  type Kind,
  matchFields,
  optionFault,
  recordKind,
  stringKind,
  stringMapKind,
  typeFault,
} from './kind.ts';
import { type StageSpec, scenarioStagesKind } from './stages.ts';

/** The fields of a scenario as written; absent = not set. */
export interface ScenarioFields {
  readonly startTimeMs?: number;
  readonly gracefulStopMs?: number;
  readonly exec?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly vus?: number;
  readonly iterations?: number;
  readonly maxDurationMs?: number;
  readonly durationMs?: number;
  readonly startVUs?: number;
  readonly stages?: readonly StageSpec[];
  readonly gracefulRampDownMs?: number;
  readonly rate?: number;
  readonly startRate?: number;
  readonly timeUnitMs?: number;
  readonly preAllocatedVUs?: number;
  readonly maxVUs?: number;
}

export interface ScenarioSpec {
  readonly executor: string;
  readonly fields: ScenarioFields;
}

export interface Stage {
  readonly durationMs: number;
  readonly target: number;
}

interface ScenarioBase {
  readonly name: string;
  readonly startTimeMs: number;
  readonly gracefulStopMs: number;
  /** Name of the exported function. */
  readonly exec: string;
  /** Laid over `__ENV` while a VU works for this scenario. */
  readonly env: Readonly<Record<string, string>>;
  /** Added to all samples of its iterations. */
  readonly tags: Readonly<Record<string, string>>;
  /** What was written, for `exec.test.options` and descriptions. */
  readonly given: ScenarioFields;
}
export interface SharedIterationsConfig extends ScenarioBase {
  readonly executor: 'shared-iterations';
  readonly vus: number;
  readonly iterations: number;
  readonly maxDurationMs: number;
}
export interface PerVuIterationsConfig extends ScenarioBase {
  readonly executor: 'per-vu-iterations';
  readonly vus: number;
  readonly iterations: number;
  readonly maxDurationMs: number;
}
export interface ConstantVusConfig extends ScenarioBase {
  readonly executor: 'constant-vus';
  readonly vus: number;
  readonly durationMs: number;
}
export interface RampingVusConfig extends ScenarioBase {
  readonly executor: 'ramping-vus';
  readonly startVUs: number;
  readonly stages: readonly Stage[];
  readonly gracefulRampDownMs: number;
}
export interface ConstantArrivalRateConfig extends ScenarioBase {
  readonly executor: 'constant-arrival-rate';
  readonly rate: number;
  readonly timeUnitMs: number;
  readonly durationMs: number;
  readonly preAllocatedVUs: number;
  readonly maxVUs: number;
}
export interface RampingArrivalRateConfig extends ScenarioBase {
  readonly executor: 'ramping-arrival-rate';
  readonly startRate: number;
  readonly timeUnitMs: number;
  readonly stages: readonly Stage[];
  readonly preAllocatedVUs: number;
  readonly maxVUs: number;
}
/** k6 before 2.0: the number of VUs is steered while the test runs. */
export interface ExternallyControlledConfig extends ScenarioBase {
  readonly executor: 'externally-controlled';
  readonly vus: number;
  readonly maxVUs: number;
  /** 0 = until stopped. */
  readonly durationMs: number;
}
export type ScenarioConfig =
  | SharedIterationsConfig
  | PerVuIterationsConfig
  | ConstantVusConfig
  | RampingVusConfig
  | ConstantArrivalRateConfig
  | RampingArrivalRateConfig
  | ExternallyControlledConfig;
export type ExecutorName = ScenarioConfig['executor'];

const MAX_TARGET = 100_000_000;
const DURATION_MIN_MS = 1000;
const DEFAULT_MAX_DURATION_MS = 600_000;
const DEFAULT_GRACEFUL_MS = 30_000;

interface FieldRow {
  /** Property of ScenarioFields. */
  readonly property: keyof ScenarioFields;
  readonly parse: (json: unknown) => ScenarioFields;
  readonly write: (fields: ScenarioFields) => unknown;
}

function field<K extends keyof ScenarioFields>(
  property: K,
  kind: Kind<Exclude<ScenarioFields[K], undefined>>,
): FieldRow {
  return {
    property,
    parse: (json) => ({ [property]: kind.fromJson(json) }),
    write: (fields) => {
      const value = fields[property];
      if (value === undefined) return null;
      return kind.toJson(value as Exclude<ScenarioFields[K], undefined>);
    },
  };
}

/** Every field by its JSON name. */
const FIELD_ROWS: Readonly<Record<string, FieldRow>> = {
  startTime: field('startTimeMs', durationKind),
  gracefulStop: field('gracefulStopMs', durationKind),
  env: field('env', stringMapKind),
  exec: field('exec', stringKind),
  tags: field('tags', stringMapKind),
  options: field('options', recordKind),
  vus: field('vus', intKind),
  iterations: field('iterations', intKind),
  maxDuration: field('maxDurationMs', durationKind),
  duration: field('durationMs', durationKind),
  startVUs: field('startVUs', intKind),
  stages: field('stages', scenarioStagesKind),
  gracefulRampDown: field('gracefulRampDownMs', durationKind),
  rate: field('rate', intKind),
  startRate: field('startRate', intKind),
  timeUnit: field('timeUnitMs', durationKind),
  preAllocatedVUs: field('preAllocatedVUs', intKind),
  maxVUs: field('maxVUs', intKind),
};

const COMMON_FIELDS = ['startTime', 'gracefulStop', 'env', 'exec', 'tags', 'options'] as const;

/** JSON names of the fields each executor takes beside the common ones. */
export const EXECUTOR_FIELDS: Readonly<Record<ExecutorName, readonly string[]>> = {
  'shared-iterations': ['vus', 'iterations', 'maxDuration'],
  'per-vu-iterations': ['vus', 'iterations', 'maxDuration'],
  'constant-vus': ['vus', 'duration'],
  'ramping-vus': ['startVUs', 'stages', 'gracefulRampDown'],
  'constant-arrival-rate': ['rate', 'timeUnit', 'duration', 'preAllocatedVUs', 'maxVUs'],
  'ramping-arrival-rate': ['startRate', 'timeUnit', 'stages', 'preAllocatedVUs', 'maxVUs'],
  'externally-controlled': ['vus', 'duration', 'maxVUs'],
};

const EXECUTORS_HINT = `the executors are ${Object.keys(EXECUTOR_FIELDS).join(', ')}`;

/**
 * Parses the `scenarios` option. Every fault of every scenario is found.
 * @throws GharialError OPTION_INVALID
 */
export function parseScenarioSpecs(json: unknown): Readonly<Record<string, ScenarioSpec>> {
  if (!isRecord(json)) throw typeFault(json, 'lib.ScenarioConfigs');
  const specs: Record<string, ScenarioSpec> = {};
  const faults: unknown[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (value === null || value === undefined) continue;
    try {
      specs[name] = parseScenarioSpec(name, value);
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) {
    throw optionFault(faults.map(messageOf).join('; '), undefined, hintsOf(faults));
  }
  return specs;
}

/** The JSON form of a scenario: every field its executor takes, unset = null. */
export function scenarioToJson(executor: string, fields: ScenarioFields): Record<string, unknown> {
  const json: Record<string, unknown> = { executor };
  for (const name of fieldNames(executor)) json[name] = FIELD_ROWS[name]?.write(fields) ?? null;
  return json;
}

/** Fills in defaults and checks the rules; all faults of the scenario are given. */
export function resolveScenario(
  name: string,
  spec: ScenarioSpec,
): { readonly config: ScenarioConfig | undefined; readonly faults: readonly string[] } {
  const faults = commonFaults(name, spec.fields);
  const base: ScenarioBase = {
    name,
    startTimeMs: spec.fields.startTimeMs ?? 0,
    gracefulStopMs: spec.fields.gracefulStopMs ?? DEFAULT_GRACEFUL_MS,
    exec: spec.fields.exec ?? 'default',
    env: spec.fields.env ?? {},
    tags: spec.fields.tags ?? {},
    given: spec.fields,
  };
  const config = resolveExecutor(base, spec.executor, spec.fields, faults);
  return { config: faults.length === 0 ? config : undefined, faults };
}

function parseScenarioSpec(name: string, json: unknown): ScenarioSpec {
  if (!isRecord(json)) throw typeFault(json, 'executor.baseConfig');
  const executor = json['executor'];
  if (executor === undefined || executor === null || executor === '') {
    throw optionFault(
      `scenario '${name}' doesn't have a specified executor type`,
      undefined,
      EXECUTORS_HINT,
    );
  }
  if (typeof executor !== 'string') throw typeFault(executor, 'string');
  if (!Object.hasOwn(EXECUTOR_FIELDS, executor)) {
    throw optionFault(`unknown executor type '${executor}'`, undefined, EXECUTORS_HINT);
  }
  const { fields, unknown } = matchFields(json, ['executor', ...fieldNames(executor)]);
  const faults = unknown.map((key) => `json: unknown field ${JSON.stringify(key)}`);
  const causes: unknown[] = [];
  let parsed: ScenarioFields = {};
  for (const [key, value] of fields) {
    try {
      parsed = { ...parsed, ...FIELD_ROWS[key]?.parse(value) };
    } catch (error) {
      faults.push(`${key}: ${messageOf(error)}`);
      causes.push(error);
    }
  }
  if (faults.length > 0) {
    throw optionFault(`scenario '${name}': ${faults.join(', ')}`, undefined, hintsOf(causes));
  }
  return { executor, fields: parsed };
}

function fieldNames(executor: string): readonly string[] {
  const own = isExecutorName(executor) ? EXECUTOR_FIELDS[executor] : [];
  return [...COMMON_FIELDS, ...own];
}

function isExecutorName(name: string): name is ExecutorName {
  return Object.hasOwn(EXECUTOR_FIELDS, name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function commonFaults(name: string, fields: ScenarioFields): string[] {
  const faults: string[] = [];
  if (!/^[0-9a-zA-Z_-]+$/.test(name)) {
    faults.push(
      'the scenario name should contain only numbers, latin letters, underscores, and dashes',
    );
  }
  if (fields.exec === '') faults.push('exec value cannot be empty');
  if ((fields.startTimeMs ?? 0) < 0) faults.push("the startTime can't be negative");
  if ((fields.gracefulStopMs ?? 0) < 0) faults.push("the gracefulStop timeout can't be negative");
  return faults;
}

function resolveExecutor(
  base: ScenarioBase,
  executor: string,
  fields: ScenarioFields,
  faults: string[],
): ScenarioConfig | undefined {
  switch (executor) {
    case 'shared-iterations':
      return resolveSharedIterations(base, fields, faults);
    case 'per-vu-iterations':
      return resolvePerVuIterations(base, fields, faults);
    case 'constant-vus':
      return resolveConstantVus(base, fields, faults);
    case 'ramping-vus':
      return resolveRampingVus(base, fields, faults);
    case 'constant-arrival-rate':
      return resolveConstantArrivalRate(base, fields, faults);
    case 'ramping-arrival-rate':
      return resolveRampingArrivalRate(base, fields, faults);
    case 'externally-controlled':
      return resolveExternallyControlled(base, fields, faults);
    default:
      faults.push(`unknown executor type '${executor}'`);
      return undefined;
  }
}

function resolveSharedIterations(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): SharedIterationsConfig {
  const { vus = 1, iterations = 1, maxDurationMs = DEFAULT_MAX_DURATION_MS } = fields;
  checkVus(vus, faults);
  if (iterations < vus) {
    faults.push(
      `the number of iterations (${iterations}) can't be less than the number of VUs (${vus})`,
    );
  }
  checkMinimum('maxDuration', maxDurationMs, faults);
  return { ...base, executor: 'shared-iterations', vus, iterations, maxDurationMs };
}

function resolvePerVuIterations(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): PerVuIterationsConfig {
  const { vus = 1, iterations = 1, maxDurationMs = DEFAULT_MAX_DURATION_MS } = fields;
  checkVus(vus, faults);
  if (iterations <= 0) faults.push('the number of iterations must be more than 0');
  checkMinimum('maxDuration', maxDurationMs, faults);
  return { ...base, executor: 'per-vu-iterations', vus, iterations, maxDurationMs };
}

function resolveConstantVus(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): ConstantVusConfig {
  const { vus = 1 } = fields;
  checkVus(vus, faults);
  const durationMs = checkDuration(fields, faults);
  return { ...base, executor: 'constant-vus', vus, durationMs };
}

function resolveRampingVus(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): RampingVusConfig {
  const { startVUs = 1, gracefulRampDownMs = DEFAULT_GRACEFUL_MS } = fields;
  if (startVUs < 0) faults.push("the number of start VUs can't be negative");
  if (startVUs > MAX_TARGET) faults.push(`the startVUs exceed max limit of ${MAX_TARGET}`);
  const stages = checkStages(fields.stages, faults);
  if (startVUs === 0 && stages.length > 0 && stages.every(({ target }) => target <= 0)) {
    faults.push("either startVUs or one of the stages' target values must be greater than 0");
  }
  if (gracefulRampDownMs < 0) faults.push("the gracefulRampDown timeout can't be negative");
  return { ...base, executor: 'ramping-vus', startVUs, stages, gracefulRampDownMs };
}

function resolveConstantArrivalRate(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): ConstantArrivalRateConfig {
  if (fields.rate === undefined) faults.push("the iteration rate isn't specified");
  else if (fields.rate <= 0) faults.push('the iteration rate must be more than 0');
  const timeUnitMs = checkTimeUnit(fields, faults);
  const durationMs = checkDuration(fields, faults);
  const vus = checkAllocation(fields, faults);
  const rate = fields.rate ?? 0;
  return { ...base, executor: 'constant-arrival-rate', rate, timeUnitMs, durationMs, ...vus };
}

function resolveRampingArrivalRate(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): RampingArrivalRateConfig {
  const { startRate = 0 } = fields;
  if (startRate < 0) faults.push("the startRate value can't be negative");
  const timeUnitMs = checkTimeUnit(fields, faults);
  const stages = checkStages(fields.stages, faults);
  const vus = checkAllocation(fields, faults);
  return { ...base, executor: 'ramping-arrival-rate', startRate, timeUnitMs, stages, ...vus };
}

function resolveExternallyControlled(
  base: ScenarioBase,
  fields: ScenarioFields,
  faults: string[],
): ExternallyControlledConfig {
  const { vus = 0, durationMs = 0 } = fields;
  const { maxVUs = vus } = fields;
  if (vus < 0) faults.push("the number of VUs can't be negative");
  if (maxVUs < vus) {
    faults.push(`the number of maxVUs (${maxVUs}) can't be less than the number of VUs (${vus})`);
  }
  if (maxVUs <= 0) faults.push('the number of maxVUs must be more than 0');
  if (durationMs < 0) faults.push("the duration can't be negative");
  if (base.startTimeMs !== 0)
    faults.push("the externally-controlled executor can't have a startTime");
  if (fields.gracefulStopMs !== undefined) {
    faults.push("the externally-controlled executor can't have a gracefulStop");
  }
  const own = { vus, maxVUs, durationMs, gracefulStopMs: 0 };
  return { ...base, ...own, executor: 'externally-controlled' };
}

function checkVus(vus: number, faults: string[]): void {
  if (vus <= 0) faults.push('the number of VUs must be more than 0');
}

function checkMinimum(name: string, valueMs: number, faults: string[]): void {
  if (valueMs < DURATION_MIN_MS) {
    faults.push(`the ${name} must be at least 1s, but is ${String(durationKind.toJson(valueMs))}`);
  }
}

function checkDuration({ durationMs }: ScenarioFields, faults: string[]): number {
  if (durationMs === undefined) faults.push('the duration is unspecified');
  else checkMinimum('duration', durationMs, faults);
  return durationMs ?? 0;
}

function checkTimeUnit({ timeUnitMs = 1000 }: ScenarioFields, faults: string[]): number {
  if (timeUnitMs <= 0) faults.push('the timeUnit must be more than 0');
  return timeUnitMs;
}

function checkAllocation(
  fields: ScenarioFields,
  faults: string[],
): { readonly preAllocatedVUs: number; readonly maxVUs: number } {
  const { preAllocatedVUs = 0, maxVUs = preAllocatedVUs } = fields;
  if (fields.preAllocatedVUs === undefined) {
    faults.push("the number of preAllocatedVUs isn't specified");
  } else if (preAllocatedVUs < 0) {
    faults.push("the number of preAllocatedVUs can't be negative");
  }
  if (maxVUs < preAllocatedVUs) faults.push("maxVUs can't be less than preAllocatedVUs");
  else if (maxVUs === 0 && fields.preAllocatedVUs !== undefined) {
    faults.push('the number of maxVUs must be more than 0');
  }
  return { preAllocatedVUs, maxVUs };
}

function checkStages(specs: readonly StageSpec[] | undefined, faults: string[]): readonly Stage[] {
  if (specs === undefined || specs.length === 0) {
    faults.push('at least one stage has to be specified');
    return [];
  }
  for (const [i, { durationMs, target }] of specs.entries()) {
    const number = i + 1;
    if (durationMs === undefined) faults.push(`stage ${number} doesn't have a duration`);
    else if (durationMs < 0) faults.push(`the duration for stage ${number} can't be negative`);
    if (target === undefined) faults.push(`stage ${number} doesn't have a target`);
    else if (target < 0) faults.push(`the target for stage ${number} can't be negative`);
    else if (target > MAX_TARGET) {
      faults.push(`target for stage ${number} exceeds max limit of ${MAX_TARGET}`);
    }
  }
  return specs.map(({ durationMs = 0, target = 0 }) => ({ durationMs, target }));
}
