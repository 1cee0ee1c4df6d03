/** Version of this package. A tidy test keeps it equal to package.json's. */
export const VERSION = '0.1.0';

/** The k6 version whose file layouts are written: machine-readable summary, archive. */
export const K6_LAYOUT_VERSION = '2.2.0';
