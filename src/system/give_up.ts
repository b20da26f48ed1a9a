/**
 * Drops the permission to call native code as soon as the C library is loaded. The program imports
 * this module before all others, so that no code of a dependency runs with the permission.
 *
 * @module
 */
import "./libc.ts";
import "./reuse_port.ts"; // It takes an address in memory, which needs the permission too.

Deno.permissions.revokeSync({ name: "ffi" });
