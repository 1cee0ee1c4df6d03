/**
 * A flow graph in which only interesting values travel: functions that may block, host objects, and
 * whatever is needed to find out where those go. Everything else stays where it was written, so the
 * cost follows the taint and not the size of the program.
 *
 * Two things move a value out of its origin: it is *tainted* (it blocks or leads to something that
 * does), or somebody *demands* it (a tainted value arrived at a call whose callee is not known yet, and
 * the search backwards came to this origin).
 */

/** A place a value can be in: a binding, a property name of a unit, a parameter, an expression. */
export type Place = number;

/** The place nothing ever reaches: literals, results of arithmetic, globals without interest. */
export const NOWHERE: Place = 0;

/** How much a search backwards asks for; each level includes those before it. */
export const Demand = {
  Nothing: 0,
  /** Which units' objects can be here. Does not look into other units. */
  Units: 1,
  /** Which functions and classes can be here. */
  Functions: 2,
  /** Which object literals and instances can be here. */
  Objects: 3,
} as const;
export type Demand = (typeof Demand)[keyof typeof Demand];

interface Wake {
  readonly value: Value;
  readonly from: Demand;
}

interface Supplier {
  readonly place: Place;
  /** What a demand for units, and one for functions or more, asks of the supplier. */
  readonly forUnits: Demand;
  readonly forFunctions: Demand;
}

/** Somebody who wants to know what arrives at a place. */
export interface Use {
  /** Called once per value that arrives, and again when the value's `blocks` changes. Idempotent. */
  onValue?(value: Value): void;
  /** Called once, when the first tainted value arrives. */
  onTaint?(): void;
}

/** Elements of arrays, maps, sets; numeric keys. */
export const ELEMENT = '[]';
/** Written under a key that is not known. */
export const DYNAMIC = '[*]';
/** A function written out in a package under a key that is not known: `proto[name] = function () {…}`. */
export const METHOD = '[m]';

/** What a value is; the flow rules tell the kinds apart, the graph does not care. */
export interface What {
  readonly kind: string;
}

/** An abstract value: a function, a class, an object literal, a host object, "something of that package". */
export class Value {
  /** Where it is written; it starts to travel from here. NOWHERE for values that are put somewhere directly. */
  origin: Place;
  /** Set once, when the value is made. */
  what: What;
  /** Properties known per value, by name or as ELEMENT / DYNAMIC. */
  readonly fields = new Map<string, Place>();
  /** Collects all fields; made when the first read under an unknown key comes. */
  anyField: Place | undefined;
  /** Values this one takes properties from: prototype, spread, `Object.assign`. */
  parents: Place | undefined;
  readonly parentUses: Use[] = [];
  /** What other units write into this object under unknown keys. */
  foreignWrites: Value | undefined;
  isTracked = false;
  isTainted = false;
  /** Calling it (or constructing it) may suspend. */
  blocks = false;
  readonly holders: Place[] = [];

  constructor(what: What) {
    this.origin = NOWHERE;
    this.what = what;
  }

  /** A value whose description refers back to it. */
  static describedBy<T extends What>(make: (value: Value) => T): T {
    const value = new Value(NOT_YET);
    const what = make(value);
    value.what = what;
    return what;
  }
}

const NOT_YET: What = { kind: 'not described yet' };

/** Bounds on the work: what a unit may cost before it is given up, as a base and per place of the unit. */
export interface FlowLimits {
  readonly stepsBase: number;
  readonly stepsPerPlace: number;
}

/** The unit of a place, as a small number; the graph keeps a budget per home. */
export type Home = number;

export class FlowGraph {
  readonly #next: (Place[] | undefined)[] = [undefined];
  readonly #previous: (Place[] | undefined)[] = [undefined];
  readonly #values: (Set<Value> | undefined)[] = [undefined];
  readonly #uses: (Use[] | undefined)[] = [undefined];
  readonly #origins: (Wake[] | undefined)[] = [undefined];
  readonly #offers: (Value[] | undefined)[] = [undefined];
  readonly #suppliers: (Supplier[] | undefined)[] = [undefined];
  readonly #demanded: Demand[] = [Demand.Nothing];
  readonly #isTainted: boolean[] = [false];
  readonly #edges = new Set<number>();
  readonly #newlyTainted: Value[] = [];
  readonly #newlyBlocking: Value[] = [];
  readonly #queuePlaces: Place[] = [];
  readonly #queueValues: Value[] = [];
  readonly #homes: Home[] = [0];
  readonly #placesOf: number[] = [0];
  readonly #stepsOf: number[] = [0];
  readonly #isFrozen: boolean[] = [false];
  #steps = 0;
  readonly #limits: FlowLimits;
  readonly #onOverrun: (home: Home) => void;

  /** @param onOverrun a home used up its budget; it is expected to call `freeze`. */
  constructor(limits: FlowLimits, onOverrun: (home: Home) => void) {
    this.#limits = limits;
    this.#onOverrun = onOverrun;
  }

  newHome(): Home {
    this.#placesOf.push(0);
    this.#stepsOf.push(0);
    this.#isFrozen.push(false);
    return this.#placesOf.length - 1;
  }

  /** Nothing arrives at places of this home any more. */
  freeze(home: Home): void {
    this.#isFrozen[home] = true;
  }

  isFrozen(home: Home): boolean {
    return this.#isFrozen[home] === true;
  }

  get stepCount(): number {
    return this.#steps;
  }

  newPlace(home: Home): Place {
    const place = this.#next.length;
    this.#homes.push(home);
    this.#placesOf[home] = (this.#placesOf[home] ?? 0) + 1;
    this.#next.push(undefined);
    this.#previous.push(undefined);
    this.#values.push(undefined);
    this.#uses.push(undefined);
    this.#origins.push(undefined);
    this.#offers.push(undefined);
    this.#suppliers.push(undefined);
    this.#demanded.push(Demand.Nothing);
    this.#isTainted.push(false);
    return place;
  }

  valuesAt(place: Place): ReadonlySet<Value> | undefined {
    return this.#values[place];
  }

  /** What is at `from` is also at `to`. */
  flow(from: Place, to: Place): void {
    if (this.#connect(from, to)) {
      append(this.#previous, to, from);
      const level = this.#demanded[to] ?? Demand.Nothing;
      if (level !== Demand.Nothing) this.demand(from, level);
    }
  }

  /** As `flow`, but the search for units ends here: `from` belongs to another unit. */
  flowAcross(from: Place, to: Place): void {
    if (this.#connect(from, to)) this.supply(to, from, Demand.Nothing, Demand.Functions);
  }

  #connect(from: Place, to: Place): boolean {
    if (from === NOWHERE || to === NOWHERE || from === to) return false;
    const key = from * 0x4000000 + to;
    if (this.#edges.has(key)) return false;
    this.#edges.add(key);
    append(this.#next, from, to);
    const values = this.#values[from];
    if (values !== undefined) for (const value of [...values]) this.put(to, value);
    return true;
  }

  use(place: Place, use: Use): void {
    if (place === NOWHERE) return;
    append(this.#uses, place, use);
    const values = this.#values[place];
    if (values !== undefined && use.onValue) for (const value of [...values]) use.onValue(value);
    if (this.#isTainted[place]) use.onTaint?.();
  }

  /** `value` is written at `place`; it stays asleep until it is tainted or demanded. */
  originate(place: Place, value: Value, from: Demand): void {
    value.origin = place;
    this.wake(place, value, from);
    if (value.isTracked) this.put(place, value);
  }

  /** Demanding `place` wakes `value`, which travels from its own origin. */
  wake(place: Place, value: Value, from: Demand): void {
    append(this.#origins, place, { value, from });
    if ((this.#demanded[place] ?? 0) >= from) this.track(value);
  }

  /** Demanding `place` puts `value` there: for values that have no single origin. */
  offer(place: Place, value: Value): void {
    append(this.#offers, place, value);
    if (this.#demanded[place] !== Demand.Nothing) this.put(place, value);
  }

  /** Demanding `place` also demands `supplier`: the object of a member read, the callee of a result. */
  supply(place: Place, supplier: Place, forUnits: Demand, forFunctions: Demand): void {
    if (place === NOWHERE || supplier === NOWHERE) return;
    append(this.#suppliers, place, { place: supplier, forUnits, forFunctions });
    const level = this.#demanded[place] ?? Demand.Nothing;
    if (level === Demand.Units) this.demand(supplier, forUnits);
    else if (level !== Demand.Nothing) this.demand(supplier, forFunctions);
  }

  put(place: Place, value: Value): void {
    if (place === NOWHERE || this.#isFrozen[this.#homes[place] ?? 0]) return;
    let values = this.#values[place];
    if (values === undefined) {
      values = new Set();
      this.#values[place] = values;
    } else if (values.has(value)) {
      return;
    }
    values.add(value);
    value.holders.push(place);
    this.#queuePlaces.push(place);
    this.#queueValues.push(value);
  }

  track(value: Value): void {
    if (value.isTracked) return;
    value.isTracked = true;
    this.put(value.origin, value);
  }

  /** `value` leads to something that blocks: it travels, and wakes whoever waits for taint. */
  taint(value: Value): void {
    if (value.isTainted) return;
    value.isTainted = true;
    this.track(value);
    this.#newlyTainted.push(value);
  }

  /** Calling `value` may suspend from now on: everyone who has seen it looks again. */
  setBlocks(value: Value): void {
    if (value.blocks) return;
    value.blocks = true;
    this.taint(value);
    this.#newlyBlocking.push(value);
  }

  /** Searches backwards for whatever can be at `place` and lets it travel. */
  demand(place: Place, level: Demand): void {
    if (place === NOWHERE || level === Demand.Nothing) return;
    const places: Place[] = [place];
    const levels: Demand[] = [level];
    for (;;) {
      const at = places.pop();
      const want = levels.pop();
      if (at === undefined || want === undefined) return;
      if ((this.#demanded[at] ?? 0) >= want) continue;
      this.#demanded[at] = want;
      this.#count(at);
      for (const { value, from } of this.#origins[at] ?? []) if (want >= from) this.track(value);
      for (const value of this.#offers[at] ?? []) this.put(at, value);
      for (const from of this.#previous[at] ?? []) {
        places.push(from);
        levels.push(want);
      }
      for (const supplier of this.#suppliers[at] ?? []) {
        const wanted = want === Demand.Units ? supplier.forUnits : supplier.forFunctions;
        if (wanted === Demand.Nothing) continue;
        places.push(supplier.place);
        levels.push(wanted);
      }
    }
  }

  /** Runs until nothing moves any more. */
  solve(): void {
    for (;;) {
      this.#announce();
      const place = this.#queuePlaces.pop();
      const value = this.#queueValues.pop();
      if (place === undefined || value === undefined) return;
      if (this.#isFrozen[this.#homes[place] ?? 0]) continue;
      this.#count(place);
      const next = this.#next[place];
      if (next !== undefined) for (let i = 0; i < next.length; i++) this.put(next[i] ?? 0, value);
      this.#dispatch(place, value);
      if (value.isTainted) this.#taintPlace(place);
    }
  }

  /** Tells the holders of values that became tainted or blocking; a queue, because each may start the next. */
  #announce(): void {
    for (;;) {
      const tainted = this.#newlyTainted.pop();
      if (tainted !== undefined) {
        for (let i = 0; i < tainted.holders.length; i++) {
          this.#taintPlace(tainted.holders[i] ?? NOWHERE);
        }
        continue;
      }
      const blocking = this.#newlyBlocking.pop();
      if (blocking === undefined) return;
      for (let i = 0; i < blocking.holders.length; i++) {
        this.#dispatch(blocking.holders[i] ?? NOWHERE, blocking);
      }
    }
  }

  #dispatch(place: Place, value: Value): void {
    const uses = this.#uses[place];
    if (uses === undefined) return;
    for (let i = 0; i < uses.length; i++) uses[i]?.onValue?.(value);
  }

  #taintPlace(place: Place): void {
    if (this.#isTainted[place]) return;
    this.#isTainted[place] = true;
    const uses = this.#uses[place];
    if (uses !== undefined) for (let i = 0; i < uses.length; i++) uses[i]?.onTaint?.();
  }

  #count(place: Place): void {
    this.#steps++;
    const home = this.#homes[place] ?? 0;
    const steps = (this.#stepsOf[home] ?? 0) + 1;
    this.#stepsOf[home] = steps;
    const { stepsBase, stepsPerPlace } = this.#limits;
    if (steps <= stepsBase + stepsPerPlace * (this.#placesOf[home] ?? 0)) return;
    if (!this.#isFrozen[home]) this.#onOverrun(home);
  }
}

function append<T>(lists: (T[] | undefined)[], place: Place, item: T): void {
  const list = lists[place];
  if (list === undefined) lists[place] = [item];
  else list.push(item);
}
