/** Version of this package. A tidy test keeps it equal to package.json's. */
export const VERSION = '0.1.0';
