/** Host objects and members of the blocking table as values of the analysis. */
import type { BlockingTable, HostMember, HostMembers, HostModuleTable } from './analysis-result.ts';
import { Value } from './flow-graph.ts';

/** A host member (`sleep`), a host object (`http`) or both. */
export interface HostInfo {
  readonly kind: 'host';
  /** For people: `http.get (k6/http)`. */
  readonly label: string;
  readonly member: HostMember | undefined;
  /** Members given directly (a module namespace); else those of the member's type. */
  readonly members: HostMembers | undefined;
  /** Came out of a host call (a response), as opposed to an import. */
  readonly isReturned: boolean;
}

const NO_MEMBERS: HostMembers = {};

function hostOf(label: string, member: HostMember, isReturned = false): HostInfo {
  return { kind: 'host', label, member, members: undefined, isReturned };
}

/** What `import * as x`, `require(x)` and `import(x)` give. */
export function hostNamespace(specifier: string, table: HostModuleTable): HostInfo {
  const members = table.default ? { ...table.named, default: table.default } : table.named;
  return { kind: 'host', label: specifier, member: table.default, members, isReturned: false };
}

/** What one import specifier gives, or undefined when nothing behind it blocks. */
export function hostImport(
  specifier: string,
  table: HostModuleTable,
  imported: string,
): HostInfo | undefined {
  if (imported === 'default') {
    if (table.default) return hostOf(specifier, table.default);
    return hostNamespace(specifier, table);
  }
  if (!Object.hasOwn(table.named, imported)) return undefined;
  const member = table.named[imported];
  return member && hostOf(`${imported} (${specifier})`, member);
}

function hostMembers(table: BlockingTable, host: HostInfo): HostMembers {
  if (host.members) return host.members;
  const type = host.member?.type;
  if (type === undefined || !Object.hasOwn(table.types, type)) return NO_MEMBERS;
  return table.types[type] ?? NO_MEMBERS;
}

function hostMember(table: BlockingTable, host: HostInfo, name: string): HostInfo | undefined {
  const members = hostMembers(table, host);
  if (!Object.hasOwn(members, name)) return undefined;
  const member = members[name];
  return member && hostOf(`${host.label}.${name}`, member, host.isReturned);
}

/**
 * Members of types that calls and constructors give, under names that mean nothing else: a script
 * that loses track of a response still blocks in `response.submitForm()`.
 */
export function memberNamesOfGivenTypes(table: BlockingTable): Map<string, HostInfo> {
  const names = new Map<string, HostInfo>();
  const given = new Set<string>();
  const collect = (members: HostMembers) => {
    for (const member of Object.values(members)) {
      if (member.returns !== undefined) given.add(member.returns);
      if (member.constructs !== undefined) given.add(member.constructs);
    }
  };
  for (const { named } of Object.values(table.modules)) collect(named);
  for (const members of Object.values(table.types)) collect(members);
  for (const type of given) {
    for (const [name, member] of Object.entries(table.types[type] ?? NO_MEMBERS)) {
      if (member.blocks || member.callsBack) names.set(name, hostOf(`${type}.${name}`, member));
    }
  }
  return names;
}

/** The values of host objects and members: one each, so that `res = res.submitForm()` comes to an end. */
export class HostValues {
  readonly #table: BlockingTable;
  readonly #members = new Map<Value, Map<string, Value>>();
  readonly #types = new Map<string, Value>();

  constructor(table: BlockingTable) {
    this.#table = table;
  }

  /** A value that travels from the start. */
  newValue(host: HostInfo): Value {
    const value = new Value(host);
    value.isTracked = true;
    value.isTainted = true;
    value.blocks = host.member?.blocks === true;
    return value;
  }

  /** Something of a type of the table, as host calls give it. */
  ofType(type: string): Value {
    let value = this.#types.get(type);
    if (value === undefined) {
      value = this.newValue(hostOf(type, { type }, true));
      this.#types.set(type, value);
    }
    return value;
  }

  memberNames(host: HostInfo): string[] {
    return Object.keys(hostMembers(this.#table, host));
  }

  /** The member `name` of `value`, which stands for `host`; undefined when nothing behind it blocks. */
  member(value: Value, host: HostInfo, name: string): Value | undefined {
    const info = hostMember(this.#table, host, name);
    if (info === undefined) return undefined;
    let known = this.#members.get(value);
    if (known === undefined) {
      known = new Map();
      this.#members.set(value, known);
    }
    let member = known.get(name);
    if (member === undefined) {
      member = this.newValue(info);
      known.set(name, member);
    }
    return member;
  }
}
