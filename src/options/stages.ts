/** Stages: `DURATION:TARGET` on the command line and in the environment, objects in JSON. */
import { formatDuration, parseDuration, parseExtendedDuration } from '../base/duration.ts';
import {
  durationKind,
  intKind,
  isRecord,
  type Kind,
  matchFields,
  optionFault,
  typeFault,
} from './kind.ts';

/** One ramp segment as given; validation wants both parts. */
export interface StageSpec {
  readonly durationMs?: number;
  readonly target?: number;
}

const TYPE_NAME = '[]lib.Stage';
const STAGE_FIELDS = ['duration', 'target'] as const;

/** The `stages` option; unknown fields of a stage are left out. */
export const stagesKind: Kind<readonly StageSpec[]> = {
  placeholder: 'duration:target',
  typeName: TYPE_NAME,
  namesFlag: false,
  fromText: (text, source, previous = []) => {
    const stages = [...previous];
    for (const item of text === '' ? [] : text.split(',')) {
      try {
        stages.push(parseStage(item, source === 'flag' ? parseDuration : parseExtendedDuration));
      } catch (error) {
        if (source === 'env' || !(error instanceof Error)) throw error;
        throw optionFault(`error for stage ${stages.length}: ${error.message}`, error);
      }
      if (source === 'flag' && stages.at(-1)?.durationMs === undefined) {
        throw optionFault(`stage ${stages.length - 1} doesn't have a specified duration`);
      }
    }
    return stages;
  },
  fromJson: (json) => stagesFromJson(json, false),
  unknownFields: (json) => (Array.isArray(json) ? json.flatMap(unknownOfStage) : []),
  toJson: (stages) =>
    stages.map(({ durationMs, target }) => ({
      duration: durationMs === undefined ? null : formatDuration(durationMs),
      target: target ?? null,
    })),
};

/** The `stages` of a scenario: an unknown field is a fault. */
export const scenarioStagesKind: Kind<readonly StageSpec[]> = {
  ...stagesKind,
  fromJson: (json) => stagesFromJson(json, true),
};

function stagesFromJson(json: unknown, isStrict: boolean): readonly StageSpec[] {
  if (!Array.isArray(json)) throw typeFault(json, TYPE_NAME);
  return json.map((stage: unknown) => stageFromJson(stage, isStrict));
}

function parseStage(text: string, parse: (text: string) => number): StageSpec {
  const colon = text.indexOf(':');
  const duration = colon < 0 ? text : text.slice(0, colon);
  const target = colon < 0 ? '' : text.slice(colon + 1);
  return {
    ...(duration === '' ? {} : { durationMs: parse(duration) }),
    ...(target === '' ? {} : { target: intKind.fromJson(target) }),
  };
}

function unknownOfStage(json: unknown): readonly string[] {
  return isRecord(json) ? matchFields(json, STAGE_FIELDS).unknown : [];
}

function stageFromJson(json: unknown, isStrict: boolean): StageSpec {
  if (!isRecord(json)) throw typeFault(json, 'lib.Stage');
  const { fields, unknown } = matchFields(json, STAGE_FIELDS);
  if (isStrict && unknown.length > 0)
    throw optionFault(`json: unknown field ${JSON.stringify(unknown[0])}`);
  return {
    ...(fields.has('duration')
      ? { durationMs: durationKind.fromJson(fields.get('duration')) }
      : {}),
    ...(fields.has('target') ? { target: intKind.fromJson(fields.get('target')) } : {}),
  };
}
