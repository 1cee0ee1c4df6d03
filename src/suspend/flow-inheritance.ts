/** What classes and their instances inherit, whatever the `extends` clause turns out to be. */
import { Demand, type FlowGraph, NOWHERE } from './flow-graph.ts';
import type { Marks } from './flow-marks.ts';
import { type ClassInfo, meaningOf } from './flow-model.ts';
import type { Objects } from './flow-objects.ts';

export function inherit(graph: FlowGraph, objects: Objects, marks: Marks, info: ClassInfo): void {
  if (info.superPlace === NOWHERE) return;
  const instanceParents = objects.parents(info.instance);
  graph.flow(info.superPlace, objects.parents(info.value));
  graph.supply(instanceParents, info.superPlace, Demand.Units, Demand.Functions);
  // An instance of a foreign class's child is itself something of that unit.
  graph.supply(info.instancePlace, info.superPlace, Demand.Units, Demand.Functions);
  graph.use(info.superPlace, {
    onValue: (value) => {
      const what = meaningOf(value);
      if (what.kind === 'class' || what.kind === 'function') {
        graph.flow(objects.instancePlace(what), instanceParents);
      } else if (what.kind === 'unit' || what.kind === 'host') {
        graph.put(instanceParents, value);
        graph.put(info.instancePlace, value);
      }
      if (!info.constructorInfo && value.blocks) marks.suspendClass(info, value);
    },
  });
  // A foreign parent calls methods of the child through `this`.
  graph.use(info.instancePlace, {
    onTaint: () => graph.demand(info.superPlace, Demand.Functions),
  });
}
