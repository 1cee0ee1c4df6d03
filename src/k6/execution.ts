/** The module `k6/execution`: facts about the VU, scenario, instance and test, and test control. */
import { type Coroutine, Op } from '../suspend/op.ts';
import { hostFunction } from '../suspend/runtime.ts';
import { userFrames } from '../suspend/stack.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { isTagValue, SCRIPT_TAGS_MAX, tagValueMessage, tooManyTagsMessage } from './sample-tags.ts';
import { NativeError } from './script-error.ts';

const OUTSIDE_SCENARIO = 'getting scenario information outside of the VU context is not supported';

/** An object whose enumerable properties are computed at each access and cannot be assigned. */
function liveObject(getters: Readonly<Record<string, () => unknown>>): object {
  const target = {};
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(target, name, {
      get,
      set: () => {
        throw new TypeError(`Cannot assign to read only property '${name}'`);
      },
      enumerable: true,
    });
  }
  return target;
}

/** `test.abort()` never returns: nobody resumes what waits for this. */
class NeverOp extends Op {
  start(): void {}

  cancel(): void {}
}

/** What a script sees as an object of texts that it may read, set, delete and enumerate. */
interface TextMap {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
  names(): string[];
  /** The TypeError's text for a value that may not be set. */
  refusal(name: string): string;
}

/** A live object over the map; what it has not itself comes from `Object.prototype`, as in k6. */
function createLiveMap(map: TextMap): object {
  const own = (key: string | symbol): string | undefined =>
    typeof key === 'string' ? map.get(key) : undefined;
  return new Proxy<object>(
    {},
    {
      get: (target, key) => own(key) ?? Reflect.get(target, key),
      has: (target, key) => own(key) !== undefined || key in target,
      set: (_target, key, value: unknown) => {
        if (!isTagValue(value)) throw new TypeError(map.refusal(String(key)));
        map.set(String(key), String(value));
        return true;
      },
      deleteProperty: (_target, key) => {
        map.delete(String(key));
        return true;
      },
      ownKeys: () => map.names(),
      getOwnPropertyDescriptor: (_target, key) => {
        const value = own(key);
        if (value === undefined) return undefined;
        return { value, writable: true, enumerable: true, configurable: true };
      },
    },
  );
}

function createTagMap(host: VuHost): object {
  return createLiveMap({
    get: (name) => host.tags.get(name),
    set: (name, value) => {
      const tags = host.tags.with(name, value);
      const count = tags.keys.length;
      if (count > SCRIPT_TAGS_MAX) throw new TypeError(tooManyTagsMessage(count));
      host.setTags(tags);
    },
    delete: (name) => host.setTags(host.tags.without(name)),
    names: () => host.tags.entries().map(([name]) => name),
    refusal: tagValueMessage,
  });
}

function createMetadataMap(host: VuHost): object {
  return createLiveMap({
    get: (name) => host.metadata.get(name),
    set: (name, value) => host.setMetadata(new Map(host.metadata).set(name, value)),
    delete: (name) => {
      const metadata = new Map(host.metadata);
      metadata.delete(name);
      host.setMetadata(metadata);
    },
    names: () => [...host.metadata.keys()],
    refusal: (name) =>
      `invalid value for metric metadata '${name}': only String, Boolean and Number types are accepted as a metric metadata value`,
  });
}

function createVuObject(host: VuHost): object {
  const guard = (): void => {
    if (host.phase === 'init') {
      throw new NativeError('getting VU information in the init context is not supported');
    }
  };
  const tags = createTagMap(host);
  const metadata = createMetadataMap(host);
  const guarded = (read: () => unknown) => (): unknown => {
    guard();
    return read();
  };
  const metrics = liveObject({ tags: guarded(() => tags), metadata: guarded(() => metadata) });
  const vu = liveObject({
    idInInstance: guarded(() => host.facts.idInInstance),
    idInTest: guarded(() => host.facts.idInTest),
    iterationInInstance: guarded(() => host.facts.iterationInInstance),
    // In setup and teardown too, where no iteration has begun.
    iterationInScenario: guarded(() => Math.max(host.facts.iterationInScenario, 0)),
    metrics: guarded(() => metrics),
  });
  // k6 lets a script assign the whole map; that has no lasting effect.
  Object.defineProperty(vu, 'tags', { get: guarded(() => tags), set: () => {}, enumerable: true });
  return vu;
}

function createScenarioObject(host: VuHost): object {
  const scenario = (): NonNullable<VuHost['facts']['scenario']> => {
    const facts = host.facts.scenario;
    if (facts === undefined) throw new NativeError(OUTSIDE_SCENARIO);
    return facts;
  };
  return liveObject({
    name: () => scenario().name,
    executor: () => scenario().executor,
    startTime: () => Math.floor(scenario().startTimeMs),
    progress: () => scenario().progress,
    iterationInInstance: () => scenario().iterationInInstance,
    iterationInTest: () => scenario().iterationInTest,
  });
}

function createInstanceObject(host: VuHost): object {
  const guarded = (read: () => number) => (): number => {
    if (host.phase === 'init') {
      throw new NativeError('getting instance information in the init context is not supported');
    }
    return read();
  };
  const instance = (): VuHost['facts']['instance'] => host.facts.instance;
  return liveObject({
    currentTestRunDuration: guarded(() => instance().currentTestRunDurationMs),
    iterationsCompleted: guarded(() => instance().iterationsCompleted),
    iterationsInterrupted: guarded(() => instance().iterationsInterrupted),
    vusActive: guarded(() => instance().vusActive),
    vusInitialized: guarded(() => instance().vusInitialized),
  });
}

/** ` at default (file:///…/script.js:4:7)`: where the script calls from. */
function callerPosition(): string {
  const [frame] = userFrames();
  if (frame === undefined) return '';
  const place = `${frame.file}:${frame.line}:${frame.column}`;
  return frame.name === '' ? ` at ${place}` : ` at ${frame.name} (${place})`;
}

function createTestObject(host: VuHost): object {
  // The VU is interrupted within the call; where nothing can wait, an error unwinds what is left of it.
  const abort = hostFunction(
    host,
    'exec.test.abort',
    0,
    function* (message?: unknown): Coroutine<void> {
      host.abortTest(message === undefined ? '' : `${String(message)}${callerPosition()}`);
      yield* new NeverOp();
    },
  );
  const test = liveObject({
    options: () => {
      if (host.phase === 'init') {
        throw new NativeError('getting test options in the init context is not supported');
      }
      return host.testOptions;
    },
  });
  Object.defineProperty(test, 'abort', { value: abort, enumerable: true });
  Object.defineProperty(test, 'fail', {
    value: (message?: unknown): void => {
      if (host.phase === 'init') {
        throw new NativeError('execution.test.fail() called outside of VU context');
      }
      host.failTest(message === undefined ? '' : String(message));
    },
    enumerable: true,
  });
  return test;
}

/**
 * `k6/execution` bound to one VU. The named exports are live objects that may be imported anywhere and
 * check the context at each property; the default export checks at `exec.vu` already, as k6 does.
 */
export function createExecutionModule(host: VuHost): ScriptModule {
  const named = {
    instance: createInstanceObject(host),
    scenario: createScenarioObject(host),
    test: createTestObject(host),
    vu: createVuObject(host),
  };
  const inInit = (message: string): void => {
    if (host.phase === 'init') throw new NativeError(message);
  };
  return {
    named,
    default: liveObject({
      instance: () => {
        inInit('getting instance information in the init context is not supported');
        return named.instance;
      },
      scenario: () => {
        inInit(OUTSIDE_SCENARIO);
        return named.scenario;
      },
      test: () => named.test,
      vu: () => {
        inInit('getting VU information in the init context is not supported');
        return named.vu;
      },
    }),
  };
}
