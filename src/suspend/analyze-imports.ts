/** Imports of host modules; all other modules are in the bundle. */
import type * as acorn from 'acorn';
import type { HostModuleTable } from './analysis-result.ts';
import type { Names } from './analyze-names.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { NOWHERE, type Place } from './flow-graph.ts';
import { hostImport, hostNamespace } from './flow-host.ts';

export class Imports {
  readonly #walk: SyntaxWalk;
  readonly #names: Names;

  constructor(walk: SyntaxWalk, names: Names) {
    this.#walk = walk;
    this.#names = names;
  }

  declaration(node: acorn.ImportDeclaration): void {
    const { flow, scopes } = this.#walk;
    const specifier = node.source.value;
    const table = this.#table(specifier);
    if (typeof specifier !== 'string' || !table) return;
    for (const spec of node.specifiers) {
      const binding = scopes.bindingOf.get(spec.local);
      if (!binding) continue;
      const imported = importedName(spec);
      const host =
        imported === undefined
          ? hostNamespace(specifier, table)
          : hostImport(specifier, table, imported);
      if (host) flow.graph.put(this.#names.placeOf(binding), flow.hosts.newValue(host));
    }
  }

  /** The namespace of a host module, NOWHERE if nothing in it blocks. */
  namespace(specifier: unknown): Place {
    const { flow } = this.#walk;
    const table = this.#table(specifier);
    if (typeof specifier !== 'string' || !table) return NOWHERE;
    const place = this.#walk.newPlace();
    flow.graph.put(place, flow.hosts.newValue(hostNamespace(specifier, table)));
    return place;
  }

  #table(specifier: unknown): HostModuleTable | undefined {
    const { modules } = this.#walk.context.blocking;
    if (typeof specifier !== 'string' || !Object.hasOwn(modules, specifier)) return undefined;
    return modules[specifier];
  }
}

/** The name an import takes from its module; undefined for the module as a whole. */
function importedName(spec: acorn.ImportDeclaration['specifiers'][number]): string | undefined {
  if (spec.type === 'ImportDefaultSpecifier') return 'default';
  if (spec.type === 'ImportNamespaceSpecifier') return undefined;
  const { imported } = spec;
  return imported.type === 'Identifier' ? imported.name : String(imported.value);
}
