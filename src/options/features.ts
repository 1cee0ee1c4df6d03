/** k6's feature flags: which there are, and what they do to options. */
import type { LayerValues } from './values.ts';

export const FEATURES = ['native-histograms', 'merge-run-tags', 'freeze-env'] as const;
export type Feature = (typeof FEATURES)[number];

/** The flags that are on: those of the highest source that names any. */
export function activeFeatures({ features = [] }: Pick<LayerValues, 'features'>): Feature[] {
  return FEATURES.filter((feature) => features.includes(feature));
}

/** What each active flag adds to the tags of every sample. */
export function featureTags(features: readonly Feature[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    features.map((feature) => [`k6_feature_${feature.replaceAll('-', '_')}`, 'true']),
  );
}
