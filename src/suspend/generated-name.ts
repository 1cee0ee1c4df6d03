/** The names the emitter gives, as stack traces show them. */

const GENERATED = /^#?\$\$(?:[0-9a-z]+_)?([a-z]+)\d*(?:\$|$)/;

/** `$$c$foo` is `foo`, `#$$t7$load` is `load`; names that stand for nothing become ''. */
export function stripGenerated(name: string): string {
  return name.replace(GENERATED, '');
}

/** True for the twin of a constructor. */
export function isConstructorTwin(name: string): boolean {
  return GENERATED.exec(name)?.[1] === 'new';
}
