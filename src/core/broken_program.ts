/**
 * The program itself is damaged: a part of it cannot be loaded. Nothing that it does later would help,
 * so it has to end.
 */
export class BrokenProgram extends Error {}
