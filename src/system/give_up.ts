/**
 * Gives up the permission to call native code as soon as the C library is loaded. The program
 * imports this module before all others: no code of any dependency runs while it is held.
 *
 * @module
 */
import "./libc.ts";
import "./reuse_port.ts"; // It asks for an address in memory, which needs the permission too.

Deno.permissions.revokeSync({ name: "ffi" });
