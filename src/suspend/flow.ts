/**
 * The rules by which values move, put together: units and the parts that know property reads and
 * writes, calls, inheritance, and what follows from a call that may block. Knows no syntax; the
 * `analyze-*.ts` translate syntax into these rules, and `graph.solve()` runs them.
 */
import type { BlockingTable } from './analysis-result.ts';
import { Calls } from './flow-calls.ts';
import { FlowGraph, type FlowLimits, Value } from './flow-graph.ts';
import { HostValues } from './flow-host.ts';
import { inherit } from './flow-inheritance.ts';
import { Marks } from './flow-marks.ts';
import { type ClassInfo, HELPER_UNIT, type Unit } from './flow-model.ts';
import { Objects } from './flow-objects.ts';
import { Reads } from './flow-reads.ts';
import { Writes } from './flow-writes.ts';

export class Flow {
  readonly graph: FlowGraph;
  /** All units but the global object's, by name. */
  readonly units = new Map<string, Unit>();
  readonly hosts: HostValues;
  readonly objects: Objects;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly calls: Calls;
  readonly marks: Marks;
  /** Its fields are the properties of the global object. */
  readonly globals: Unit;

  constructor(blocking: BlockingTable, limits: FlowLimits) {
    this.graph = new FlowGraph(limits, (home) => this.marks.giveUp(home));
    this.hosts = new HostValues(blocking);
    this.marks = new Marks(this.graph, this.units);
    this.objects = new Objects(this.graph, (unit, key) => this.reads.announceProperty(unit, key));
    this.reads = new Reads(this.graph, this.objects, this.hosts, this.units);
    this.writes = new Writes(this.graph, this.objects);
    this.calls = new Calls(this.graph, this.objects, this.reads, this.hosts, this.marks);
    this.globals = this.#newUnit('<global>', false);
  }

  unit(name: string): Unit {
    let unit = this.units.get(name);
    if (unit === undefined) {
      unit = this.#newUnit(name, name === '.');
      this.units.set(name, unit);
      // What the helpers do is said where they are called; their bodies would only mix everything.
      if (name === HELPER_UNIT) this.graph.freeze(unit.home);
    }
    return unit;
  }

  #newUnit(name: string, isUser: boolean): Unit {
    const home = this.graph.newHome();
    const unit = Value.describedBy(
      (value): Unit => ({
        kind: 'unit',
        name,
        isUser,
        home,
        refersTo: new Set(),
        value,
        definedKeys: new Set(),
        mixed: this.graph.newPlace(home),
        mixedValues: new Set(),
        entrances: [],
        generators: this.graph.newPlace(home),
        loads: [],
        functions: [],
        calls: [],
        widened: undefined,
      }),
    );
    this.graph.use(unit.mixed, { onValue: (value) => this.reads.mixIn(unit, value) });
    return unit;
  }

  /** The class has its `extends` clause and its members: its parents follow whatever the clause can be. */
  inherit(info: ClassInfo): void {
    inherit(this.graph, this.objects, this.marks, info);
  }
}
