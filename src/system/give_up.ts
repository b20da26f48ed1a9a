/**
 * Gives up the permission to call native code as soon as the C library is loaded. The program
 * imports this module before all others: no code of any dependency runs while it is held.
 *
 * @module
 */
import "./libc.ts";

Deno.permissions.revokeSync({ name: "ffi" });
