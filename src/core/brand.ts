declare const brand: unique symbol

/** A `T` that only its own factory makes: two brands over `string` do not mix. Costs nothing at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
