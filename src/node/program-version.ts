/** As in package.json; a test keeps them equal. */
export const PROGRAM_VERSION = '0.1.0'
