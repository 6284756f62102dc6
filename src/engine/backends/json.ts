/** What JSON can hold, and therefore what survives a restart. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
